"""One clip or many -> scores of the chosen detectors. Pages, command line and batch jobs all call this."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from asd_core.artifacts import Calibration, ModelSet, left_out, raw_scores
from asd_core.features import Representation, extract_version, working_rate
from asd_core.settings import cores, get_settings
from asd_core.sound import Channel, Clip, Kind, denoise_mix, prepare

CLOSE = 0.5  # normal spreads about the threshold, within which a verdict would be a toss-up: one normal clip in twelve
Decision = Literal["normal", "anomaly"]


@dataclass(frozen=True)
class DetectorScore:
    """One detector's score of one clip."""

    detector: str
    raw: float
    calibrated: float  # percentile among the detector's held-out normals of this machine id, 0 to 100
    threshold: float  # on the raw score
    decision: Decision
    margin: float  # normal spreads above the threshold, unbounded: see :func:`asd_core.evaluation.margin`

    @property
    def is_close(self) -> bool:
        """Whether it is too near its threshold to tell."""
        return abs(self.margin) < CLOSE


def score_prepared(
    clip: Clip,
    models: ModelSet,
    machine_id: str,
    recorded: Clip | None = None,
    notify: Callable[[str], None] = lambda _: None,
) -> dict[str, float]:
    """Raw scores of a prepared clip by every detector of the set that knows the machine and whose pretrained model, if it has one,
    can be run.

    Args:
        recorded: the same clip before it was denoised, where it was: for detectors that were trained on denoised sound.
        notify: called with the sentence that names the detectors that are left out for their pretrained model.

    Raises:
        UnknownMachineError: when none knows it. PretrainedError: when no detector is left.
    """
    models = models.for_machine(machine_id)
    refused: dict[Representation, str] = {}
    features = extract_version(clip, recorded or clip, models.representations(), refused)
    if sentence := left_out(models, refused):
        notify(sentence)
    models = models.without(refused)
    inputs = {r: [values] for r, values in features.items()}
    scores = raw_scores(models, inputs, [machine_id], threads=cores())  # somebody waits for this one clip
    return {key: float(values[0]) for key, values in scores.items()}


def decide(key: str, raw: float, calibration: Calibration, machine_id: str, false_alarm_rate: float) -> DetectorScore:
    """A raw score with its percentile, threshold and decision."""
    threshold = calibration.threshold(machine_id, false_alarm_rate).value
    decision: Decision = "anomaly" if raw > threshold else "normal"
    margin = float(calibration.margin(raw, machine_id, false_alarm_rate))
    return DetectorScore(key, raw, float(calibration.percentile(raw, machine_id)), threshold, decision, margin)


def as_scored(
    clip: Clip, models: ModelSet, *, denoise: float = 0.0, kind: Kind = "stationary", channel: Channel | None = None
) -> tuple[Clip, Clip]:
    """A recording as detectors get it, one channel at their rate: denoised, and before that.

    Raises:
        ClipError: when the clip cannot be scored.
    """
    prepared = prepare(clip, sample_rate=working_rate(models.representations(), clip.sample_rate), channel=channel)
    if denoise <= 0.0:
        return prepared, prepared
    mix = denoise_mix(prepared.samples[0], prepared.sample_rate, kind=kind)
    return prepared.with_samples(mix.at(denoise)), prepared


def score_clip(
    clip: Clip,
    models: ModelSet,
    machine_id: str,
    *,
    denoise: float = 0.0,
    kind: Kind = "stationary",
    channel: Channel | None = None,
    false_alarm_rate: float | None = None,
    notify: Callable[[str], None] = lambda _: None,
) -> list[DetectorScore]:
    """Scores of one recording: channel, rate, denoising, representations, detectors, calibration. Detectors that were trained
    on denoised sound get it denoised as they learned it, whatever ``denoise``.

    Returns:
        An entry per detector that knows the machine, :meth:`ModelSet.not_knowing` names the others, and that
        :func:`score_prepared` does not leave out.

    Raises:
        ClipError: when the clip cannot be scored. UnknownMachineError: when no detector knows the machine id.
        PretrainedError: when no detector is left.
    """
    rate = get_settings().false_alarm_rate if false_alarm_rate is None else false_alarm_rate
    models = models.for_machine(machine_id)
    version, recorded = as_scored(clip, models, denoise=denoise, kind=kind, channel=channel)
    raw = score_prepared(version, models, machine_id, recorded, notify)
    return [decide(key, value, models[key].calibration, machine_id, rate) for key, value in raw.items()]
