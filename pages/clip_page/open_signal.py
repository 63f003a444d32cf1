"""The signal of the Clip page: the open clip, denoised as the player says."""

from asd_core.sound import DEFAULT_STRENGTH, KINDS, Channel, Clip, Signal
from pages.components.player import chosen_noise
from pages.shared.signals import signal_of

PLAYER = "player"  # key of the Clip page's player


def open_signal(clip: Clip, *, channel: Channel, denoiser: bool, sample_rate: int) -> Signal:
    """The clip's signal at the strength where an untouched player starts.

    Args:
        clip: as it was read.
        channel: to analyse.
        denoiser: whether the denoiser is imported.
        sample_rate: of the signal, in Hz.
    """
    kind, noise = chosen_noise(PLAYER, clip, KINDS[0])
    return signal_of(
        clip,
        channel=channel,
        denoiser=denoiser,
        kind=kind,
        noise=noise,
        strength=DEFAULT_STRENGTH,
        sample_rate=sample_rate,
    )
