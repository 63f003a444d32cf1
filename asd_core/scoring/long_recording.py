"""Long recordings: scores of a window that slides over them, the moments that stand out, and their exports."""

from collections.abc import Iterator

import numpy as np

from asd_core.artifacts import ModelSet, raw_scores
from asd_core.detectors import detector_class
from asd_core.errors import ClipError
from asd_core.features import Array, Representation, extract
from asd_core.lazy import pd
from asd_core.progress import Progress, silent
from asd_core.settings import get_settings
from asd_core.sound import SILENCE_RMS, Clip, Kind

WINDOW, HOP = 10.0, 5.0  # s; detectors were trained on clips of ten seconds, and a short fault drowns in a longer one
BATCH = 4  # windows scored between two reports of progress
PROVENANCE = ("clip", "machine_id", "denoise", "kind", "model_version")  # of every exported row
COLUMNS = ("start", "end", "detector", "raw", "calibrated", "threshold", "decision", *PROVENANCE)


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


def scan_recording(
    prepared: Clip,
    models: ModelSet,
    machine_id: str,
    *,
    window: float = WINDOW,
    hop: float = HOP,
    denoise: float = 0.0,
    kind: Kind = "stationary",
    false_alarm_rate: float | None = None,
    progress: Progress = silent,
) -> "pd.DataFrame":
    """Scores of every window of a recording by every detector that knows the machine: columns ``COLUMNS``, a row a
    window and detector.

    Each window is scored as a clip. A silent one is not: its figures are nan and its decision is empty.

    Args:
        prepared: the sound as it is to be scored, denoised already where it is to be.
        denoise, kind: how it was denoised, for the record.
        progress: may raise ``Cancelled``.

    Raises:
        UnknownMachineError: when no detector knows the machine id.
    """
    models = models.for_machine(machine_id)
    rate = get_settings().false_alarm_rate if false_alarm_rate is None else false_alarm_rate
    spans = scan_windows(prepared.duration, window, hop)
    representations = models.representations()
    rows: list[tuple[object, ...]] = []
    for first in range(0, len(spans), BATCH):
        progress(first / len(spans), f"window {first + 1} of {len(spans)}")
        inputs = [(span, cut_clip(prepared, *span)) for span in spans[first : first + BATCH]]
        loud = [(span, part) for span, part in inputs if not _is_silent(part)]
        features: dict[Representation, list[Array]] = {r: [] for r in representations}
        for _, part in loud:
            for representation, values in extract(part, representations).items():
                features[representation].append(values)
        raw = raw_scores(models, features, [machine_id] * len(loud)) if loud else {}
        places = {span: index for index, (span, _) in enumerate(loud)}
        for span, _ in inputs:
            for key in models:
                score = percentile = np.nan
                if span in places:
                    score = float(raw[key][places[span]])
                    percentile = float(models[key].calibration.percentile(score, machine_id))
                about = (prepared.name, machine_id, denoise, kind, models[key].version)
                rows.append((*span, key, score, percentile, np.nan, "", *about))
    progress(1.0, "done")
    return with_decisions(pd.DataFrame(rows, columns=list(COLUMNS)), models, machine_id, rate)


def cut_clip(clip: Clip, start: float, end: float) -> Clip:
    """A stretch of a clip, in seconds."""
    first, last = round(start * clip.sample_rate), round(end * clip.sample_rate)
    return clip.with_samples(clip.samples[:, first:last])


def with_decisions(table: "pd.DataFrame", models: ModelSet, machine_id: str, false_alarm_rate: float) -> "pd.DataFrame":
    """A scan with the thresholds and decisions of another false-alarm rate: no sound is scored again.

    Args:
        table: see :func:`scan_recording`; of these very models and this machine id.
    """
    keys = table["detector"].unique()
    limits = {key: models[key].calibration.threshold(machine_id, false_alarm_rate).value for key in keys}
    thresholds = table["detector"].map(limits).to_numpy(dtype=np.float64)
    raw = table["raw"].to_numpy(dtype=np.float64)
    decisions = np.where(np.isnan(raw), "", np.where(raw > thresholds, "anomaly", "normal"))
    return table.assign(threshold=thresholds, decision=decisions)


def _is_silent(clip: Clip) -> bool:
    centred = clip.samples - clip.samples.mean()
    return float(np.sqrt(np.mean(np.square(centred)))) < SILENCE_RMS


def flagged_moments(table: "pd.DataFrame") -> "pd.DataFrame":
    """Runs of neighbouring windows above a detector's threshold, each merged into one moment, highest percentile first.

    Columns: ``detector, start, end, peak_start, peak_end, peak_raw, peak_calibrated, n_windows`` and ``PROVENANCE``.
    The peak is the window with the highest raw score.
    """
    moments = []
    for key, windows in table.groupby("detector", sort=False):
        for run in _runs(windows.sort_values("start")):
            peak = run.loc[run["raw"].idxmax()]
            figures = peak[["start", "end", "raw", "calibrated"]].astype(float)
            moments.append((key, run["start"].min(), run["end"].max(), *figures, len(run), *peak[list(PROVENANCE)]))
    columns = ("detector", "start", "end", "peak_start", "peak_end", "peak_raw", "peak_calibrated", "n_windows")
    listed = pd.DataFrame(moments, columns=[*columns, *PROVENANCE])
    return listed.sort_values(["peak_calibrated", "start"], ascending=[False, True], kind="stable", ignore_index=True)


def _runs(windows: "pd.DataFrame") -> Iterator["pd.DataFrame"]:
    """Neighbouring windows that are called anomalies."""
    flagged = (windows["decision"] == "anomaly").to_numpy()
    number = np.cumsum(np.diff(flagged.astype(int), prepend=0) == 1)
    for run in range(1, int(number.max(initial=0)) + 1):
        yield windows[flagged & (number == run)]


def scan_csv(table: "pd.DataFrame") -> str:
    """Windows or moments as CSV; what cannot be computed is empty."""
    return str(table.to_csv(index=False, lineterminator="\n"))


def moments_audacity(moments: "pd.DataFrame") -> str:
    """Moments as an Audacity label track (File > Import > Labels): start, end and text between tabs; where a moment was
    located, the labels are its place, with a second line ``\\``, lowest and highest frequency in Hz."""
    lines = []
    for row in moments.sort_values("start", kind="stable").to_dict("records"):
        title = detector_class(row["detector"]).info.title
        inputs = f", denoised at {row['denoise']:g}" if row["denoise"] else ""
        label = f"{title}: percentile {row['peak_calibrated']:.0f}{inputs}"
        located = np.isfinite(row.get("f0", np.nan))
        start, end = (row["t0"], row["t1"]) if located else (row["start"], row["end"])
        lines.append(f"{start:.6f}\t{end:.6f}\t{label}")
        if located:
            lines.append(f"\\\t{row['f0']:.6f}\t{row['f1']:.6f}")
    return "".join(f"{line}\n" for line in lines)
