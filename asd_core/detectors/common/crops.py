"""Windows of a spectrogram: random ones to train on, fixed overlapping ones to score."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.features import Array
from asd_core.on_disk import AROUND, end_to_end, looked_at, shapes


def at_least(spectrogram: Array, width: int) -> Array:
    """``(n_mels, n_frames)`` repeated in mirror image until it has ``width`` frames (a clip too short for a crop)."""
    missing = width - spectrogram.shape[1]
    return spectrogram if missing <= 0 else np.pad(spectrogram, ((0, 0), (0, missing)), mode="symmetric")


def random_crops(spectrograms: Sequence[Array], n: int, width: int, rng: np.random.Generator) -> Array:
    """``n`` crops ``(n, n_mels, width)`` at random places of random clips; of a short one as :func:`at_least`."""
    return crops_of(spectrograms, rng.integers(len(spectrograms), size=n), width, rng)


def crops_of(spectrograms: Sequence[Array], chosen: NDArray[np.int64], width: int, rng: np.random.Generator) -> Array:
    """One crop at a random place of each chosen clip: ``(len(chosen), n_mels, width)``."""
    starts = rng.random(len(chosen))
    crops = np.empty((len(chosen), spectrograms[0].shape[0], width), dtype=np.float32)
    for row, (index, start) in enumerate(zip(chosen, starts, strict=True)):
        clip = at_least(spectrograms[int(index)], width)
        first = int(start * (clip.shape[1] - width + 1))
        crops[row] = clip[:, first : first + width]
    return crops


def starts(n_frames: int, width: int, hop: int) -> list[int]:
    """First frames of crops that cover a clip of ``n_frames >= width``, at most ``hop`` apart, the last at its end."""
    count = int(np.ceil((n_frames - width) / hop)) + 1
    return [int(s) for s in np.linspace(0, n_frames - width, count).round()]


def fixed_crops(spectrogram: Array, width: int, hop: int) -> Array:
    """Overlapping crops ``(n_crops, n_mels, width)`` that cover the whole clip, the same ones every time."""
    padded = at_least(spectrogram, width)
    return np.stack([padded[:, s : s + width] for s in starts(padded.shape[1], width, hop)])


def merge_crops(crops: NDArray[np.float32], n_frames: int, width: int, hop: int) -> Array:
    """Values of :func:`fixed_crops`' crops back on the clip's frames ``(n_mels, n_frames)``, averaged on overlaps."""
    padded = max(n_frames, width)
    total = np.zeros((crops.shape[1], padded), dtype=np.float32)
    count = np.zeros(padded, dtype=np.float32)
    for crop, start in zip(crops, starts(padded, width, hop), strict=True):
        total[:, start : start + width] += crop
        count[start : start + width] += 1.0
    return (total / count)[:, :n_frames]


def stacks(spectrogram: Array, n_frames: int) -> Array:
    """Every run of ``n_frames`` frames, end to end: ``(n_mels, n) -> (n - n_frames + 1, n_frames * n_mels)``."""
    padded = at_least(spectrogram, n_frames)
    windows = np.lib.stride_tricks.sliding_window_view(padded.T, n_frames, axis=0)  # (n_stacks, n_mels, n_frames)
    return np.ascontiguousarray(windows.transpose(0, 2, 1), dtype=np.float32).reshape(len(windows), -1)


def merge_stacks(values: Array, n_frames: int, n_mels: int) -> Array:
    """Values of :func:`stacks`' points back on the clip's frames ``(n_mels, n)``, averaged where they overlap."""
    n_stacks = len(values)
    parts = values.reshape(n_stacks, n_frames, n_mels)
    total = np.zeros((n_stacks + n_frames - 1, n_mels), dtype=np.float32)
    count = np.zeros((len(total), 1), dtype=np.float32)
    for offset in range(n_frames):
        total[offset : offset + n_stacks] += parts[:, offset]
        count[offset : offset + n_stacks] += 1.0
    return np.ascontiguousarray((total / count).T)


IN_MEMORY = 256e6  # bytes of frames that a sampler keeps there: more are mapped from a file, at a quarter of the speed


class StackSampler:
    """Random frame stacks of random clips, drawn with replacement."""

    def __init__(self, spectrograms: Sequence[Array], n_frames: int, rng: np.random.Generator) -> None:
        lengths = np.array([max(shape[1], n_frames) for shape in shapes(spectrograms)])
        ends = np.cumsum(lengths)
        of_clips = (at_least(s, n_frames).T for s in spectrograms)
        n_mels = shapes(spectrograms[:1])[0][0]
        self.frames: Array
        self.mapped = 4.0 * ends[-1] * n_mels > IN_MEMORY
        if self.mapped:
            self.frames = end_to_end(of_clips)
        else:
            self.frames = np.empty((ends[-1], n_mels), dtype=np.float32)
            for end, frames in zip(ends, of_clips, strict=True):
                self.frames[end - len(frames) : end] = frames
        # A stack starts anywhere but in a clip's last frames, where it would reach into the next clip.
        self.stacks = np.cumsum(lengths - n_frames + 1)  # up to and including each clip
        self.offsets, self.rng = np.arange(n_frames), rng

    def draw(self, n: int) -> Array:
        """``(n, n_frames * n_mels)``."""
        stack = self.rng.integers(self.stacks[-1], size=n)
        # Each earlier clip adds the last frames in which no stack starts.
        first = stack + np.searchsorted(self.stacks, stack, side="right") * (len(self.offsets) - 1)
        if self.mapped:
            looked_at(n * AROUND)
        return np.asarray(self.frames[first[:, None] + self.offsets].reshape(n, -1))


TOP_FRACTION = 0.1  # of the frames: a short fault is a few frames long and drowns in a mean over ten seconds


def mean_and_top(errors: NDArray[Any]) -> float:
    """Half the mean over frames ``(n_frames,)``, half the mean of the worst tenth."""
    k = max(1, round(TOP_FRACTION * len(errors)))
    top = np.partition(errors, len(errors) - k)[-k:]
    return 0.5 * float(errors.mean()) + 0.5 * float(top.mean())
