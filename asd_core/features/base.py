"""What every representation keeps to: parameters in a frozen dataclass, and one transform."""

from collections.abc import Iterable
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from asd_core.errors import ClipError
from asd_core.sound import Clip, Samples

Array = NDArray[np.float32]


class Representation(Protocol):
    """Parameters, and the transform they define."""

    kind: ClassVar[str]

    @property
    def sample_rate(self) -> int: ...

    def transform(self, clip: Clip) -> Array:
        """``clip`` -> features; the shape is the class's."""
        ...


def _mono(clip: Clip, sample_rate: int) -> Samples:
    if clip.sample_rate != sample_rate or clip.n_channels != 1:
        raise ClipError(
            f"{clip.name} has {clip.n_channels} channel(s) at {clip.sample_rate} Hz where one at {sample_rate} Hz "
            "is needed: prepare the clip first."
        )
    samples: Samples = clip.samples[0]
    return samples


Features = dict[Representation, Array]


def extract(clip: Clip, representations: Iterable[Representation]) -> Features:
    """Each distinct representation of a prepared clip, computed once however many detectors share it."""
    return {representation: representation.transform(clip) for representation in dict.fromkeys(representations)}
