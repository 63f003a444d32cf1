"""The verdict on one recording: from the guard, the scores and how far the detectors can be trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from asd_core.artifacts import detector_in_use, trained_keys
from asd_core.detectors import is_control
from asd_core.evaluation import Reliability, bootstrap, enough_held_out, measure_reliability
from asd_core.scoring.applicability import Applicability
from asd_core.scoring.clip import DetectorScore
from asd_core.scoring.store import read_scores

GOOD_AUC = 0.8  # that the AUC of a control which tells the classes is surely above: nothing can do clearly better on a few clips

ReasonCode = Literal[
    "foreign", "too few normals", "controls alone", "weak", "as a good control", "close", "disagreement", "margin"
]


@dataclass(frozen=True)
class ClipVerdict:
    """A verdict and what it rests on.

    Attributes:
        verdict: anomaly, normal or not sure; empty where no threshold can be set.
        reason_code: why the verdict is that. ``margin``: the distance from the threshold is enough; ``disagreement``: half or more
            of the trusted detectors that can tell decide otherwise; ``as a good control``:
            no detector is clearly better than the best control, which tells the classes well itself, and decides the same.
        leading: the score of the leading detector; ``None`` where controls alone are chosen.
        n_agreeing: trusted detectors that decide as it does, itself among them; none that is too close to its threshold to tell.
        n_trusted: trusted detectors.
    """

    verdict: Literal["anomaly", "normal", "not sure", ""]
    reason_code: ReasonCode
    leading: DetectorScore | None
    n_agreeing: int
    n_trusted: int


def clip_verdict(
    scores: Sequence[DetectorScore],
    reliability: Reliability,
    applicability: Applicability | None,
    held_out: int,
    rate: float,
) -> ClipVerdict:
    """The verdict on a clip.

    Args:
        scores: of the chosen detectors that know the machine.
        reliability: how far detectors can be trusted, these and maybe others.
        applicability: whether the clip may be one of the machine; ``None`` where nobody knows.
        held_out: normal clips behind the deciding threshold.
        rate: false-alarm rate of the thresholds.
    """
    by_key = {score.detector: score for score in scores}
    reliability = reliability.of(list(by_key))
    key = reliability.chosen()
    leading = by_key[key] if key else None
    clear = [by_key[key].decision for key in reliability.trusted if not by_key[key].is_close]
    n_agreeing = clear.count(leading.decision) if leading else 0
    n_trusted = len(reliability.trusted)
    reason_code: ReasonCode = "margin"
    if applicability is not None and not applicability.applicable:
        reason_code = "foreign"
    elif not enough_held_out(held_out, rate):
        return ClipVerdict("", "too few normals", leading, n_agreeing, n_trusted)
    elif leading is None:
        reason_code = "controls alone"
    elif leading.detector in reliability.weak:
        reason_code = "as a good control" if _best_control_agrees(leading, by_key, reliability) else "weak"
    elif leading.is_close:
        reason_code = "close"
    elif clear and 2 * n_agreeing <= len(clear) and n_trusted > 1:
        reason_code = "disagreement"
    sure = leading is not None and reason_code in ("margin", "as a good control")
    return ClipVerdict(
        leading.decision if sure and leading else "not sure", reason_code, leading, n_agreeing, n_trusted
    )


def _best_control_agrees(leading: DetectorScore, by_key: Mapping[str, DetectorScore], reliability: Reliability) -> bool:
    """Whether the best control is surely good, by the lower end of its interval, and on the same side, both clear of their thresholds."""
    best = reliability.controls[0] if reliability.controls else ""
    if best not in by_key or reliability.auc_low.get(best, 0.0) < GOOD_AUC:
        return False
    control = by_key[best]
    return control.decision == leading.decision and not (control.is_close or leading.is_close)


def stored_reliability(folder: Path) -> Reliability:
    """How far the detectors of a folder can be trusted, by the scores that training stored of the labelled test clips;
    the one that a person has put in use leads."""
    keys = trained_keys(folder)
    measured = measure_reliability(bootstrap(read_scores(folder, None)), keys, [key for key in keys if is_control(key)])
    return measured.led_by(detector_in_use(folder))
