"""From a clip to the signal that is played and scored, by cached steps. Keys are hashes and parameters, never arrays."""

import threading
from dataclasses import replace

from asd_core.settings import get_settings
from asd_core.sound import (
    KINDS,
    Channel,
    Clip,
    DenoiseMix,
    Kind,
    Noise,
    Signal,
    denoise_mix,
    noise_region,
    prepare,
    usable_channel,
)
from pages.shared.caching import cache_bytes

# A call takes 30 MB for a clip of 10 s. Sessions that denoise at a time were slower: they wait for the interpreter and for memory.
_TURN = threading.Lock()


@cache_bytes
def _prepared(sha256: str, channel: Channel, sample_rate: int, _clip: Clip) -> Clip:
    return prepare(_clip, sample_rate=sample_rate, channel=channel)


@cache_bytes
def _mix(sha256: str, channel: Channel, sample_rate: int, kind: Kind, noise: Noise, _prepared_clip: Clip) -> DenoiseMix:
    """A clip denoised at strengths 0 and 1: after this, every strength is a cross-fade."""
    samples = _prepared_clip.samples[0]
    reference = noise_region(samples, sample_rate, *noise) if noise else None
    with _TURN:
        return denoise_mix(samples, sample_rate, kind=kind, noise=reference)


@cache_bytes
def _usable(sha256: str, name: str, wanted: Channel, _clip: Clip) -> tuple[Channel, str]:
    return usable_channel(_clip, wanted)


def channel_of(clip: Clip, wanted: Channel) -> tuple[Channel, str]:
    """The channel to analyse, and a note on the choice: see :func:`asd_core.sound.usable_channel`."""
    return _usable(clip.sha256, clip.name, wanted, clip)


def signal_of(
    clip: Clip,
    *,
    channel: Channel | None = None,
    denoiser: bool = False,
    kind: Kind = KINDS[0],
    noise: Noise = None,
    strength: float = 0.0,
    sample_rate: int = 16000,
) -> Signal:
    """The chosen channel of a clip, at the detectors' rate in Hz where they score it (see ``scoring_rate``).

    Args:
        clip: as it was read.
        channel: to analyse; by default the settings', or the first one that has sound where that is silent.
        denoiser: compute the denoising, too; without it the signal is as recorded.
        kind, noise, strength: of the denoising, see :class:`asd_core.sound.Signal`.

    Raises:
        ClipError: when the clip cannot be prepared, or the noise is not in it.
    """
    if channel is None:
        channel = get_settings().channel
        channel = channel_of(clip, channel)[0] if channel < clip.n_channels else channel
    prepared = replace(
        _prepared(clip.sha256, channel, sample_rate, clip), name=clip.name
    )  # the same bytes may have another name
    mix = _mix(clip.sha256, channel, sample_rate, kind, noise, prepared) if denoiser else None
    return Signal(prepared, channel, mix, kind, noise, strength)
