"""The verdict on one recording: from the guard, the scores and how far the detectors can be trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from asd_core.artifacts import detector_in_use, trained_keys
from asd_core.detectors import is_control
from asd_core.evaluation import Standing, bootstrap, enough_held_out, standing
from asd_core.scoring.applicability import Applicability
from asd_core.scoring.clip import DetectorScore
from asd_core.scoring.store import read_scores

GOOD = 0.9  # AUC of a control that tells the classes: nothing can do clearly better on a few clips

Ground = Literal[
    "foreign", "too few normals", "controls alone", "weak", "as a good control", "close", "disagreement", "margin"
]


@dataclass(frozen=True)
class Judgement:
    """A verdict and what it rests on.

    Attributes:
        verdict: anomaly, normal or not sure; empty where no threshold can be set.
        ground: why the verdict is that. ``margin``: the distance from the threshold is enough; ``as a good control``:
            no detector does better than the best control, which tells the classes well itself, and decides the same.
        asked: the score of the leading detector; ``None`` where controls alone are chosen.
        agree: trusted detectors that decide as it does, itself among them; none that is too close to its threshold to tell.
        n_trusted: trusted detectors.
    """

    verdict: Literal["anomaly", "normal", "not sure", ""]
    ground: Ground
    asked: DetectorScore | None
    agree: int
    n_trusted: int


def judge(
    scores: Sequence[DetectorScore], worth: Standing, belongs: Applicability | None, held_out: int, rate: float
) -> Judgement:
    """The verdict on a clip.

    Args:
        scores: of the chosen detectors that know the machine.
        worth: how far detectors can be trusted, these and maybe others.
        belongs: whether the clip may be one of the machine; ``None`` where nobody knows.
        held_out: normal clips behind the thresholds.
        rate: false-alarm rate of the thresholds.
    """
    by_key = {score.detector: score for score in scores}
    worth = worth.of(list(by_key))
    key = worth.chosen()
    asked = by_key[key] if key else None
    same = [by_key[key] for key in worth.trusted if asked and by_key[key].decision == asked.decision]
    agree = sum(not score.is_close for score in same)
    n_trusted = len(worth.trusted)
    ground: Ground = "margin"
    if belongs is not None and not belongs.applicable:
        ground = "foreign"
    elif not enough_held_out(held_out, rate):
        return Judgement("", "too few normals", asked, agree, n_trusted)
    elif asked is None:
        ground = "controls alone"
    elif asked.detector in worth.weak:
        ground = "as a good control" if _says_so_too(asked, by_key, worth) else "weak"
    elif asked.is_close:
        ground = "close"
    elif 2 * len(same) <= n_trusted and n_trusted > 1:
        ground = "disagreement"
    sure = asked is not None and ground in ("margin", "as a good control")
    return Judgement(asked.decision if sure and asked else "not sure", ground, asked, agree, n_trusted)


def _says_so_too(asked: DetectorScore, by_key: Mapping[str, DetectorScore], worth: Standing) -> bool:
    """Whether the best control is good, and on the same side, both clear of their thresholds."""
    best = worth.controls[0] if worth.controls else ""
    if best not in by_key or worth.auc.get(best, 0.0) < GOOD:
        return False
    control = by_key[best]
    return control.decision == asked.decision and not (control.is_close or asked.is_close)


def stored_standing(folder: Path) -> Standing:
    """How far the detectors of a folder can be trusted, by the scores that training stored of the labelled test clips;
    the one that a person has put in use leads."""
    keys = trained_keys(folder)
    measured = standing(bootstrap(read_scores(folder, None)), keys, [key for key in keys if is_control(key)])
    return measured.led_by(detector_in_use(folder))
