"""Clips a reader can listen to: sound and picture as data inside the page."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core.datasets import Dataset
from asd_core.errors import AsdError
from asd_core.features import LogMel
from asd_core.plots import colours, mel_ticks
from asd_core.report.figures import Comparison
from asd_core.report.layout import described, in_words, opening
from asd_core.sound import Clip, Samples, prepare, shared_gain

if TYPE_CHECKING:
    import pandas as pd

MAX_SECONDS = 10.0  # of each clip: a page with eight sounds stays small enough to mail
A_KIND = 3  # misses, and false alarms, that the report plays
LEVELS = 64  # colours of a picture; more cannot be told apart, and cost bytes
FRAME = {"left": 34, "top": 6, "width": 280, "height": 96}  # of a picture, in pixels of its drawing
ScoreRow = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """A clip that the report should play, and why."""

    kind: str
    row: ScoreRow
    remark: str


@dataclass(frozen=True)
class Sound:
    """A clip with its sound and picture as ``data:`` addresses."""

    kind: str
    clip_id: str
    machine_id: str
    remark: str
    audio: str
    picture: str
    frame: dict[str, int]
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]


def examples(
    comparison: Comparison, dataset: Dataset | None, progress: Callable[[float, str], None]
) -> tuple[list[Sound], list[str]]:
    """The leading detector's worst errors, with two clips of the same machine to compare them with.

    Returns:
        The sounds; a sentence for each that could not be read.
    """
    if dataset is None or not comparison.lead:
        return [], []
    wanted = _wanted(comparison, comparison.lead)
    clips, unread = [], []
    for index, one in enumerate(wanted):
        progress(index / len(wanted), "reading recordings")
        try:
            clips.append((one, _read(dataset, one.row)))
        except AsdError as error:
            unread.append(str(error))
    # One gain for all: a loud clip must stay louder than a quiet one.
    gain = shared_gain(*(clip.samples for _, clip in clips))
    return [_sound(one, clip, gain) for one, clip in clips], unread


def _wanted(comparison: Comparison, best: str) -> list[Wanted]:
    subset = comparison.failures[comparison.failures["detector"] == best]
    names = described(subset.columns)
    results = []
    for kind, title in (("miss", "Missed anomaly"), ("false alarm", "False alarm")):
        for row in subset[subset["error"] == kind].head(A_KIND).to_dict("records"):
            share = "all" if row["calibrated"] >= 100 else f"{row['calibrated']:.0f}%"
            where = f"It scores above {share} of this machine's held-out normal clips"
            end = ", so no alarm is raised." if kind == "miss" else "."
            results.append(Wanted(title, row, f"{_about(row, names)}{where}{end}"))
    # What the worst error is compared with must come from the same machine.
    clips = comparison.clips[comparison.clips["detector"] == best]
    clips = clips[clips["machine_id"] == results[0].row["machine_id"]] if results else clips
    return [*results, *_to_compare(clips, names)]


def _to_compare(clips: "pd.DataFrame", names: list[str]) -> list[Wanted]:
    """A normal clip in the middle of its like, and the anomaly that stands out most."""
    normal = clips[clips["label"] == "normal"].sort_values("raw", kind="stable")
    caught = clips[(clips["label"] == "anomaly") & (clips["decision"] == "anomaly")].sort_values(
        "margin", kind="stable"
    )
    results = []
    if len(normal):
        row = normal.iloc[(len(normal) - 1) // 2].to_dict()
        results.append(
            Wanted("To compare: a normal clip", row, "Its score is the median of this machine's normal clips.")
        )
    if len(caught):
        row = caught.iloc[-1].to_dict()
        results.append(
            Wanted("To compare: a detected anomaly", row, f"{_about(row, names)}It lies farthest above its threshold.")
        )
    return results


def _about(row: ScoreRow, names: list[str]) -> str:
    """The clip's attributes as a sentence, none of a normal clip's faults."""
    reported = [in_words(name, row[name]) for name in names if row["label"] == "anomaly" or name != "severity"]
    text = ", ".join(filter(None, reported))
    return f"{opening(text)}. " if text else ""


def _read(dataset: Dataset, row: ScoreRow) -> Clip:
    """The clip as the detectors got it, before any denoising.

    Raises:
        AsdError: also when the recording is not the one that was scored.
    """
    clip = dataset.read(str(row["clip_id"]))
    if row.get("sha256") not in (None, clip.sha256):
        raise AsdError(f"{clip.name} has changed since it was scored: score the data again.")
    inputs = prepare(clip)
    return inputs.with_samples(inputs.samples[:, : round(MAX_SECONDS * inputs.sample_rate)])


def _sound(wanted: Wanted, clip: Clip, gain: float) -> Sound:
    representation = LogMel()
    log_mel = representation.transform(clip)
    n_bands, seconds = len(log_mel), clip.duration
    step = max(1, round(seconds / 5))
    bands, names = mel_ticks(representation)
    left, top, width, height = FRAME.values()
    return Sound(
        kind=wanted.kind,
        clip_id=str(wanted.row["clip_id"]),
        machine_id=str(wanted.row["machine_id"]),
        remark=wanted.remark,
        audio=_data("audio/flac", flac(clip.samples[0], clip.sample_rate, gain)),
        picture=_data("image/png", png(log_mel)),
        frame=FRAME,
        x_ticks=[(left + width * t / seconds, str(t)) for t in range(0, int(seconds) + 1, step)],
        y_ticks=[
            (top + height * (1 - band / n_bands), name)
            for band, name in zip(bands, names, strict=True)
            if name not in ("500", "4000")
        ],
    )


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def flac(samples: Samples, sample_rate: int, gain: float) -> bytes:
    """16-bit FLAC of ``(n_samples,)``: nothing is lost, every current browser plays it, and it is half of a WAV."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(samples * gain, -1.0, 1.0 - 2**-15), sample_rate, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def png(log_mel: "np.ndarray[Any, np.dtype[np.float32]]") -> bytes:
    """A log-mel ``(n_mels, n_frames)`` as a picture in the colours of the pages, low frequencies at the bottom."""
    from PIL import Image

    low, high = np.percentile(log_mel, [1, 99.8])
    share = np.clip((log_mel[::-1] - low) / max(high - low, 1e-6), 0.0, 1.0)
    image = Image.fromarray(np.rint(share * (LEVELS - 1)).astype(np.uint8), mode="P")
    image.putpalette(_palette())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


@cache
def _palette() -> list[int]:
    from plotly.colors import sample_colorscale

    scale = sample_colorscale(colours.SPECTROGRAM, LEVELS, colortype="tuple")
    return [round(255 * part) for colour in scale for part in colour]
