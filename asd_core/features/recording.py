"""The time signal itself, for networks that compute their own spectra."""

from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np

from asd_core.features.base import Array, Representation, mono
from asd_core.features.log_mel import LogMel
from asd_core.sound import Clip


@dataclass(frozen=True)
class Recording:
    """The samples as they are, of any number: ``(n_samples,)`` **float16**, full scale 1.

    Half the size of float32: 320 kB for 10 s, and a thousand clips are 320 MB of a temporary file. Below 1/16 of full scale,
    where machines are recorded, it holds every 16-bit sample exactly, and finer steps of denoised or resampled sound; louder
    samples are held to 1/2048 of themselves.
    """

    kind: ClassVar[str] = "samples"
    sample_rate: int = 16000

    def transform(self, clip: Clip) -> Array:
        # Typed as every representation; whoever computes with it makes it float32 first.
        return cast(Array, mono(clip, self.sample_rate).astype(np.float16))


def map_grid(representation: Representation) -> LogMel | None:
    """The log-mel whose bands and frames a detector's map is on, from what the detector takes; ``None`` without either."""
    if isinstance(representation, LogMel):
        return representation
    return LogMel(sample_rate=representation.sample_rate) if isinstance(representation, Recording) else None
