"""The contract of every representation: parameters in a frozen dataclass, and one transform."""

from collections.abc import Iterable
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from asd_core.errors import ClipError, PretrainedError
from asd_core.sound import Clip, Samples, resample

Array = NDArray[np.float32]


class Representation(Protocol):
    """Parameters, and the transform they define."""

    kind: ClassVar[str]

    @property
    def sample_rate(self) -> int: ...

    def transform(self, clip: Clip) -> Array:
        """A prepared clip -> features; the shape is the class's.

        Raises:
            ClipError: for a clip of another rate, or of more channels than one.
        """
        ...


def mono(clip: Clip, sample_rate: int) -> Samples:
    """The samples ``(n_samples,)`` of a clip of one channel at a rate.

    Raises:
        ClipError: for another rate, or more channels.
    """
    if clip.sample_rate != sample_rate or clip.n_channels != 1:
        raise ClipError(
            f"{clip.name} has {clip.n_channels} channel(s) at {clip.sample_rate} Hz where one at {sample_rate} Hz "
            "is needed: prepare the clip first."
        )
    samples: Samples = clip.samples[0]
    return samples


Features = dict[Representation, Array]


def working_rate(representations: Iterable[Representation], recorded: int) -> int:
    """The sample rate in Hz at which a clip is prepared (and denoised) for some representations: the one that all of them
    want; where they want several, that of the recording, so that each gets it resampled once.

    Args:
        recorded: the recording's rate.
    """
    rates = {representation.sample_rate for representation in representations}
    return rates.pop() if len(rates) == 1 else recorded


def features_of(clip: Clip, representation: Representation) -> Array:
    """One representation of a prepared clip of any rate."""
    return extract(clip, [representation])[representation]


def extract(
    clip: Clip, representations: Iterable[Representation], refused: dict[Representation, str] | None = None
) -> Features:
    """Each distinct representation of a prepared clip, computed once however many detectors share it.

    Args:
        clip: one channel, prepared at the representations' :func:`working_rate`; those of another rate get it resampled.
        refused: representations without a pretrained model that can be run, each with the reason. Where it is given, they are left
            out, and those found now are added to it.

    Raises:
        PretrainedError: for such a representation, where ``refused`` is not given.
    """
    at_rate = {clip.sample_rate: clip}
    features: Features = {}
    for representation in dict.fromkeys(representations):
        if refused and representation in refused:
            continue
        rate = representation.sample_rate
        if rate not in at_rate:
            at_rate[rate] = resample(clip, rate)
        try:
            features[representation] = representation.transform(at_rate[rate])
        except PretrainedError as error:
            if refused is None:
                raise
            refused[representation] = str(error)
    return features
