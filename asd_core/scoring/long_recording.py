"""Long recordings: scores of a window that slides over them."""

from collections.abc import Callable

import numpy as np

from asd_core.artifacts import ModelSet, left_out, raw_scores
from asd_core.csv_text import csv_of
from asd_core.errors import ClipError
from asd_core.features import Array, Representation, extract_version
from asd_core.lazy import pd
from asd_core.progress import Progress, silent
from asd_core.scoring.decisions import with_decisions
from asd_core.settings import cores, get_settings
from asd_core.sound import SILENCE_RMS, Clip, Kind, version_name

LONG = 20.0  # s; the clips of public sets, from which detectors learn, have up to 18
WINDOW, HOP = 10.0, 5.0  # s; clips of public sets have about ten, and a short fault drowns in a longer one
BATCH = 4  # windows scored between two reports of progress
SCORED = ("start", "end", "detector", "raw", "calibrated")
ABOUT = ("clip", "machine_id", "sample_rate", "version", "denoise", "kind", "model_version")
PROVENANCE = (*ABOUT, "false_alarm_rate")  # of every exported row
COLUMNS = (*SCORED, "threshold", "margin", "decision", *PROVENANCE)


def scan_windows(duration: float, window: float = WINDOW, hop: float = HOP) -> list[tuple[float, float]]:
    """Start and end (s) of windows that cover a recording, the last one at its end; one for a short recording.

    Raises:
        ClipError: for a window or hop that cannot cover it.
    """
    shortest = get_settings().min_clip_seconds
    if window < shortest or not 0.0 < hop <= window:
        raise ClipError(
            f"A window of {window:g} s every {hop:g} s cannot be scored: take {shortest:g} s or more, and a hop no "
            "longer than the window."
        )
    if duration <= window:
        return [(0.0, duration)]
    # The last window ends with the recording. One that would begin nearly where it does repeats it and is left out, as long as nothing (a millisecond) stays uncovered.
    nearly = max(1e-3, min(0.1 * hop, window - hop))
    starts = np.arange(0.0, duration - window - nearly, hop)
    return [(float(start), float(start + window)) for start in [*starts, duration - window]]


def is_long(duration: float) -> bool:
    """Whether a recording (s) is too long for one clip to speak for every moment of it."""
    return duration > LONG


def scan_recording(
    prepared: Clip,
    models: ModelSet,
    machine_id: str,
    *,
    window: float = WINDOW,
    hop: float = HOP,
    recorded: Clip | None = None,
    denoise: float = 0.0,
    kind: Kind = "stationary",
    false_alarm_rate: float | None = None,
    progress: Progress = silent,
    notify: Callable[[str], None] = lambda _: None,
) -> "pd.DataFrame":
    """Scores of every window of a recording by every detector that knows the machine: columns ``COLUMNS``, a row a
    window and detector.

    Each window is scored as a clip. A silent one is not: its figures are nan and its decision is empty.

    Args:
        prepared: the sound as it is to be scored, denoised already where it is to be.
        recorded: the sound before that, for detectors that were trained on denoised sound.
        denoise, kind: how it was denoised, for the record.
        progress: may raise ``Cancelled``.
        notify: called with the sentence that names the detectors that are left out for their pretrained model.

    Raises:
        UnknownMachineError: when no detector knows the machine id. PretrainedError: when no detector is left.
    """
    models = models.for_machine(machine_id)
    rate = get_settings().false_alarm_rate if false_alarm_rate is None else false_alarm_rate
    spans = scan_windows(prepared.duration, window, hop)
    representations, refused = models.representations(), dict[Representation, str]()
    rows: list[tuple[object, ...]] = []
    for first in range(0, len(spans), BATCH):
        progress(first / len(spans), f"window {first + 1} of {len(spans)}")
        inputs = [(span, cut_clip(prepared, *span)) for span in spans[first : first + BATCH]]
        loud = [(span, part) for span, part in inputs if not _is_silent(part)]
        features: dict[Representation, list[Array]] = {r: [] for r in representations}
        for span, part in loud:
            raw_part = part if recorded is None else cut_clip(recorded, *span)
            for representation, values in extract_version(part, raw_part, representations, refused).items():
                features[representation].append(values)
        if sentence := left_out(models, refused):
            notify(sentence)
        models = models.without(refused)
        rows = [row for row in rows if row[2] in models]
        raw = raw_scores(models, features, [machine_id] * len(loud), threads=cores()) if loud else {}
        places = {span: index for index, (span, _) in enumerate(loud)}
        for span, _ in inputs:
            for key in models:
                score = percentile = np.nan
                if span in places:
                    score = float(raw[key][places[span]])
                    percentile = float(models[key].calibration.percentile(score, machine_id))
                at, how = models[key].denoising or (denoise, kind)
                sound = (prepared.name, machine_id, prepared.sample_rate, version_name(at), at, how)
                rows.append((*span, key, score, percentile, *sound, models[key].version))
    progress(1.0, "done")
    table = pd.DataFrame(rows, columns=[*SCORED, *ABOUT])
    return with_decisions(table, models, machine_id, rate)[list(COLUMNS)]


def cut_clip(clip: Clip, start: float, end: float) -> Clip:
    """A stretch of a clip, in seconds."""
    first, last = round(start * clip.sample_rate), round(end * clip.sample_rate)
    return clip.with_samples(clip.samples[:, first:last])


def _is_silent(clip: Clip) -> bool:
    centred = clip.samples - clip.samples.mean()
    return float(np.sqrt(np.mean(np.square(centred)))) < SILENCE_RMS


def scan_csv(table: "pd.DataFrame") -> str:
    """Windows or moments as CSV; what cannot be computed is empty."""
    return csv_of(table)
