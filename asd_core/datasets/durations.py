"""How many hours of sound a dataset holds, by the headers of its files."""

from contextlib import suppress
from pathlib import Path

import numpy as np

from asd_core.datasets.catalogue import Dataset
from asd_core.errors import ClipError
from asd_core.lazy import soundfile
from asd_core.settings import get_settings

MOST = 2000  # files whose headers are read: a tenth of a second


def clip_lengths(dataset: Dataset, most: int = MOST) -> list[float]:
    """Seconds of each clip that can be read; beyond ``most`` files of so many, spread over the catalogue. Nothing is decoded where a
    file's header tells its length."""
    clip_ids = dataset.catalogue["clip_id"].tolist()
    # Clips that are rendered are all as long as each other.
    n = min(len(clip_ids), most if dataset.root else 1)
    chosen = [clip_ids[i] for i in np.linspace(0, len(clip_ids) - 1, n).astype(int)]
    return [seconds for clip_id in chosen if (seconds := _seconds(dataset, clip_id)) is not None]


def total_duration(dataset: Dataset) -> float:
    """Seconds of sound of all clips, by the mean of :func:`clip_lengths`: clips that cannot be read count as the others."""
    known = clip_lengths(dataset)
    return float(np.mean(known)) * len(dataset.catalogue) if known else 0.0


def _seconds(dataset: Dataset, clip_id: str) -> float | None:
    try:
        source = dataset.source(clip_id)
        if isinstance(source, Path):
            with suppress(soundfile.SoundFileError):  # of a format that FFmpeg reads
                seconds = float(soundfile.info(str(source)).duration)
                if seconds <= get_settings().max_clip_seconds:  # a stream's header promises years
                    return seconds
        return dataset.read(clip_id).duration
    except (ClipError, OSError):
        return None
