"""How recordings were made, as far as the files show: rate, channels, level, constant offset and bandwidth.

A detector learns these with the machine: the same sound through another recorder can look like a fault.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import add
from typing import TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from asd_core.sound import Channel, Clip, Samples, channel_label, constant_offsets, select_channel, welch

Key = TypeVar("Key", int, str)

BAND = 250.0  # Hz: wide enough that the harmonics of a hum do not fill a band
NOTHING = 10 * 2.0**-30 / 12  # ten times the power that rounding to 16 bits adds, over all frequencies
LOUDER_DB = 6.0  # beyond all training recordings: another gain or place, hardly the same recorder
NARROWER = 0.95  # of the training's bandwidth: a codec that cuts at 7.5 of 8 kHz is named


class Conditions(BaseModel):
    """Recording conditions of one recording or of several.

    Attributes:
        sample_rates: in Hz, with how many recordings have each.
        channels: numbers of channels, with how many recordings have each.
        analysed: labels of the channels that were analysed, with how many recordings.
        level: lowest and highest RMS of that channel about its mean, in dB of full scale.
        offsets: recordings whose constant offset is removed.
        bandwidth: lowest and highest, in Hz: see :func:`bandwidth`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sample_rates: dict[int, int]
    channels: dict[int, int]
    analysed: dict[str, int]
    level: tuple[float, float]
    offsets: int
    bandwidth: tuple[float, float]

    @property
    def n(self) -> int:
        """How many recordings."""
        return sum(self.sample_rates.values())

    def __add__(self, other: "Conditions") -> "Conditions":
        return Conditions(
            sample_rates=_sum(self.sample_rates, other.sample_rates),
            channels=_sum(self.channels, other.channels),
            analysed=_sum(self.analysed, other.analysed),
            level=_range(self.level, other.level),
            offsets=self.offsets + other.offsets,
            bandwidth=_range(self.bandwidth, other.bandwidth),
        )


def _sum(one: Mapping[Key, int], other: Mapping[Key, int]) -> dict[Key, int]:
    return dict(sorted((Counter(one) + Counter(other)).items()))


def _range(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return min(one[0], other[0]), max(one[1], other[1])


def conditions_of(clip: Clip, channel: Channel) -> Conditions:
    """The conditions of one recording, as it was read.

    Raises:
        ClipError: see :func:`asd_core.sound.select_channel`.
    """
    samples = select_channel(clip, channel).samples
    level = round(float(20 * np.log10(max(float(samples.std(dtype=np.float64)), 1e-12))), 1)
    width = bandwidth(samples[0], clip.sample_rate)
    return Conditions(
        sample_rates={clip.sample_rate: 1},
        channels={clip.n_channels: 1},
        analysed={channel_label(channel): 1},
        level=(level, level),
        offsets=int(constant_offsets(samples).any()),
        bandwidth=(width, width),
    )


def bandwidth(samples: Samples, sample_rate: int) -> float:
    """The frequency in Hz above which a recording ``(n_samples,)`` holds nothing: where the last band ends whose usual level
    (median of Welch's spectrum in :data:`BAND` Hz, which a single tone does not move) is above ten times what rounding to 16
    bits adds. Half the rate for most recordings; less for one that came from a lower rate, a telephone or a codec."""
    n = min(len(samples), sample_rate // 4)
    _, density = welch(samples, sample_rate, n)
    a_band = max(1, round(BAND * n / sample_rate))
    levels = [np.median(density[first : first + a_band]) for first in range(0, len(density), a_band)]
    sounding = np.flatnonzero(np.array(levels) > NOTHING / (sample_rate / 2))
    return float(min(sample_rate / 2, BAND * (sounding[-1] + 1))) if len(sounding) else 0.0


def together(machines: Iterable[Conditions]) -> Conditions | None:
    """The conditions of several machines' recordings as one; ``None`` without any."""
    each = list(machines)
    return reduce(add, each) if each else None


def mixed_rates(counts: Mapping[int, int]) -> str:
    """What to know of recordings at several rates in Hz (with how many have each); empty for one rate."""
    if len(counts) < 2:
        return ""
    described = ", ".join(f"{count} at {rate:,} Hz" for rate, count in counts.items())
    return (
        f"Recordings of different rates ({described}): detectors may tell the rates apart instead of the machine's state; "
        "use recordings of one rate."
    )


def recorded_otherwise(name: str, these: Conditions, training: Conditions) -> str:
    """In what recordings differ from those that detectors learned from; empty where they do not.

    Args:
        name: what they are called in the sentence, with its verb: ``a.wav was``.
    """
    parts = []
    if set(these.sample_rates) - set(training.sample_rates):
        parts.append(f"{_rates(these)} (training: {_rates(training)})")
    if set(these.channels) - set(training.channels):
        parts.append(f"{_listed(these.channels)} channels (training: {_listed(training.channels)})")
    if set(these.analysed) - set(training.analysed):
        parts.append(f"channel {_listed(these.analysed)} analysed (training: {_listed(training.analysed)})")
    if these.level[0] < training.level[0] - LOUDER_DB or these.level[1] > training.level[1] + LOUDER_DB:
        parts.append(f"level {_span(these.level, 0)} dB (training: {_span(training.level, 0)} dB)")
    if these.offsets and not training.offsets:
        parts.append("a constant offset, which is removed (training: none)")
    explained = NARROWER * min(these.sample_rates) / 2  # by their sample rate, which is named already
    if these.bandwidth[0] < min(explained, NARROWER * training.bandwidth[0]):
        low, theirs = (f"{hertz / 1000:.1f} kHz" for hertz in (these.bandwidth[0], training.bandwidth[0]))
        parts.append(f"nothing above {low} (training: {theirs})")
    if not parts:
        return ""
    return (
        f"{name} recorded otherwise than the sound the detectors learned: {'; '.join(parts)}. Such a difference can look like a "
        "fault: record as for the training."
    )


def _rates(conditions: Conditions) -> str:
    return ", ".join(f"{rate:,}" for rate in conditions.sample_rates) + " Hz"


def _listed(counts: Iterable[object]) -> str:
    return ", ".join(map(str, counts))


def _span(limits: tuple[float, float], digits: int) -> str:
    low, high = (f"{value:.{digits}f}" for value in limits)
    return low if low == high else f"{low} to {high}"
