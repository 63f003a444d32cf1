"""A small picture of every clip, all on one sheet: a page fetches one file, and only when it needs it.

The demo's sheet is committed with its catalogue, others lie with the user's data. A sheet is named after the very clips
on it, so that a changed dataset never shows the pictures of another.
"""

import hashlib
import io
from collections.abc import Callable
from math import ceil, sqrt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from asd_core.datasets import Dataset
from asd_core.errors import ClipError, DatasetError
from asd_core.features import Array, LogMel
from asd_core.files import write_bytes
from asd_core.progress import Progress, silent
from asd_core.settings import get_settings
from asd_core.sound import prepare

if TYPE_CHECKING:
    import pandas as pd

WIDTH, HEIGHT = 40, 24  # pixels of a picture: time, frequency
QUALITY = 60  # of the WebP file, of 100
RANGE = (1.0, 99.5)  # percentiles of a dataset's levels that are black and white: one scale for all clips
PROBE = 50  # clips, spread over the dataset, that the scale is taken from


def sheet_columns(n_clips: int) -> int:
    """Pictures in a row of the sheet, which is about as wide as it is high."""
    return max(1, ceil(sqrt(n_clips * HEIGHT / WIDTH)))


def sheet_path(path: Path, clips: "pd.DataFrame") -> Path:
    """Where the sheet of some clips is, or will be.

    Args:
        path: of the dataset (``"demo"`` or its folder).
        clips: columns clip_id, sha256, in the order of the pictures.
    """
    lines = (f"{clip_id}\t{sha}" for clip_id, sha in zip(clips["clip_id"], clips["sha256"], strict=True))
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]
    data = get_settings().data_dir
    folder = data / "demo" if str(path) == "demo" else data / "user" / "thumbnails"
    return folder / f"thumbnails-{digest}.webp"


def compute_thumbnails(
    dataset: Dataset,
    clips: "pd.DataFrame",
    *,
    progress: Progress = silent,
    notify: Callable[[str], None] = lambda _: None,
) -> Path:
    """Draw the sheet of some clips of a dataset and store it.

    A clip that cannot be read any more stays black.

    Args:
        clips: columns clip_id, sha256, in the order of the pictures.
        notify: called with a sentence on each clip that cannot be read.
    """
    representation, n = LogMel(), len(clips)
    pictures = np.full((n, HEIGHT, WIDTH), np.nan, dtype=np.float32)
    for index, clip_id in enumerate(clips["clip_id"]):
        if index % 20 == 0:
            progress(index / n, f"clip {index + 1} of {n}")
        try:
            pictures[index] = shrink(representation.transform(prepare(dataset.read(clip_id))))
        except (ClipError, DatasetError) as error:
            notify(str(error))
    path = sheet_path(Path(dataset.location), clips)
    write_bytes(encode(sheet(pictures)), path)
    progress(1.0, "done")
    return path


def shrink(log_mel: Array) -> Array:
    """``(n_mels, n_frames) -> (HEIGHT, WIDTH)`` in dB, low frequencies below: the mean of neighbouring bands, and of the
    frames that share a pixel the loudest, so that a knock of one frame is seen."""
    n_mels, n_frames = log_mel.shape
    rows = np.linspace(0, n_mels, HEIGHT + 1).astype(int)
    bands = np.add.reduceat(log_mel, rows[:-1], axis=0) / np.diff(rows)[:, None]
    if n_frames < WIDTH:
        bands = bands[:, np.arange(WIDTH) * n_frames // WIDTH]
    starts = np.linspace(0, bands.shape[1], WIDTH + 1).astype(int)[:-1]
    return np.asarray(np.maximum.reduceat(bands, starts, axis=1)[::-1], dtype=np.float32)


def sheet(pictures: Array) -> NDArray[np.uint8]:
    """Pictures ``(n, HEIGHT, WIDTH)`` in dB, row by row on one: bytes from black to white."""
    n = len(pictures)
    across = sheet_columns(n)
    down = ceil(n / across)
    probe = pictures[:: max(1, n // PROBE)]
    levels = probe[np.isfinite(probe)]
    low, high = np.percentile(levels, RANGE) if levels.size else (0.0, 1.0)
    scaled = np.clip(np.nan_to_num((pictures - low) / max(high - low, 1e-6), nan=0.0), 0.0, 1.0)
    padded = np.zeros((across * down, HEIGHT, WIDTH), dtype=np.uint8)
    padded[:n] = np.round(255 * scaled)
    grid = padded.reshape(down, across, HEIGHT, WIDTH).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(grid.reshape(down * HEIGHT, across * WIDTH))


def encode(picture: NDArray[np.uint8]) -> bytes:
    """A grey picture as WebP."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).convert("RGB").save(buffer, "WEBP", quality=QUALITY, method=4)
    return buffer.getvalue()
