"""Recordings: bytes or a path -> :class:`Clip`; a clip -> WAV bytes.

Decoding is explicit: no hidden resampling and no silent down-mix. What cannot be scored meaningfully is refused
with one sentence; what can be scored but looks odd (clipped, low rate) is flagged by :func:`flags`.
"""

import hashlib
import io
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from asd_core.errors import ClipError, reason_of
from asd_core.lazy import scipy, soundfile
from asd_core.settings import Settings, get_settings
from asd_core.sound.decoding import (
    FORMATS,
    DamagedError,
    Decoded,
    DecodingError,
    TooLongError,
    TooManyChannelsError,
    decode,
)
from asd_core.sound.highest_bands import PASSED, completed, was_raised

MAX_CHANNELS = 8
USUAL_RATE = 16000  # Hz, of the representations
MAX_RATE = 768_000  # Hz, of the fastest recorders; resampling pads up to 3 s, whose memory the rate decides
SILENCE_RMS = 1e-6  # -120 dBFS: below the noise of a 16-bit file, so nothing was recorded
OFFSET = 1e-3  # of full scale: converters stay far below it
# Name of what :func:`resample` does, which manifests record: who changes what it gives changes this, too.
RESAMPLING = "fourier, highest bands completed"
MIRRORED = 0.05  # s at each end of a recording, for resampling
MISSING = 0.01  # share of a file's sound that may be missing without a word: recorders miscount by some bytes

Samples = NDArray[np.float32]
MEAN: Literal["mean"] = "mean"
Channel = int | Literal["mean"]  # counted from 0, or the mean of all


@dataclass(frozen=True, eq=False)
class Clip:
    """One recording.

    Attributes:
        samples: ``(n_channels, n_samples)`` float32, full scale is 1.
        sample_rate: in Hz.
        sha256: of the source bytes; the identity of the clip, whatever its name.
        name: what the user calls it (a file name).
        notes: what its file lacks, one sentence each; none for most.
    """

    samples: Samples
    sample_rate: int
    sha256: str
    name: str
    notes: tuple[str, ...] = ()

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return float(self.samples.shape[1] / self.sample_rate)

    @property
    def n_channels(self) -> int:
        return int(self.samples.shape[0])

    def with_samples(self, samples: Samples) -> "Clip":
        """The same clip (same identity) with processed samples ``(n_channels, n_samples)`` or ``(n_samples,)``."""
        return replace(self, samples=np.atleast_2d(samples).astype(np.float32, copy=False))


def read_clip(
    source: bytes | str | Path, *, name: str | None = None, settings: Settings | None = None, strict: bool = False
) -> Clip:
    """Decode a recording of 8 to 32 bit or float, mono to 8 channels, at any rate, in one of :data:`FORMATS`.

    A file that stops early is read as far as it goes, and the clip's notes say so.

    Args:
        source: the file's bytes, or its path.
        name: shown in messages; the file's name by default.
        settings: limits on length and size.
        strict: refuse a file that stops early.

    Raises:
        ClipError: naming the file, what is wrong with it, and what to do.
    """
    settings = settings or get_settings()
    source = Path(source) if isinstance(source, str) else source
    name = name or (source.name if isinstance(source, Path) else "the clip")
    data = _read_bytes(source, name, settings)
    if not data:
        raise ClipError(f"{name} is empty (0 bytes): record or export it again.")
    try:
        sound = decode(data, max_seconds=settings.max_clip_seconds, max_channels=MAX_CHANNELS)
    except TooManyChannelsError as error:
        raise ClipError(f"{name} has {error} channels; at most {MAX_CHANNELS} are read: export fewer.") from error
    except TooLongError as error:
        raise ClipError(_too_long(name, error.args[0], settings)) from error
    except DamagedError as error:
        raise ClipError(
            f"{name} is cut off or damaged (no sound of it can be read): copy or export it again."
        ) from error
    except DecodingError as error:
        raise ClipError(f"{name} is not audio that can be read: use {FORMATS}.") from error
    _check_complete(name, sound, settings, strict)
    clip = Clip(sound.samples, sound.sample_rate, hashlib.sha256(data).hexdigest(), name, _notes(name, sound))
    check_scorable(clip, settings=settings)
    return clip


def _check_complete(name: str, sound: Decoded, settings: Settings, strict: bool) -> None:
    """Refuse what stops so early that too little is left, or, when strict, what stops early at all."""
    if sound.missing > MISSING and (strict or sound.seconds < settings.min_clip_seconds):
        there = f"{sound.seconds:.2f} of {sound.expected:.2f} s are there"
        raise ClipError(f"{name} is cut off ({there}): copy or export it again.")
    if sound.unfinished and strict:
        raise ClipError(f"{name} is cut off (its end was never written): copy or export it again.")


def _notes(name: str, sound: Decoded) -> tuple[str, ...]:
    if sound.missing > MISSING:
        there = f"{sound.seconds:.1f} of {sound.expected:.1f} s are there, {sound.missing:.0%} is missing"
        return (f"{name} stops early ({there}): what is there was read.",)
    if sound.unfinished:
        return (f"{name} was never finished by its recorder: the {sound.seconds:.1f} s that are there were read.",)
    return ()


def _read_bytes(source: bytes | Path, name: str, settings: Settings) -> bytes:
    try:
        check_size(name, len(source) if isinstance(source, bytes) else source.stat().st_size, settings)
        return source if isinstance(source, bytes) else source.read_bytes()
    except OSError as error:
        raise ClipError(f"{name} cannot be opened ({reason_of(error)}): check its path.") from error


def check_size(name: str, n_bytes: int, settings: Settings | None = None) -> None:
    """Refuse a file before it is read.

    Raises:
        ClipError: for one that is larger than the settings allow.
    """
    limit = (settings or get_settings()).max_upload_mb
    if n_bytes > limit * 1e6:
        raise ClipError(
            f"{name} has {n_bytes / 1e6:.0f} MB; the limit is {limit:.0f} MB: cut it, or raise ASD_MAX_UPLOAD_MB."
        )


def _too_long(name: str, seconds: float, settings: Settings) -> str:
    return (
        f"{name} lasts {seconds:.0f} s; the limit is {settings.max_clip_seconds:.0f} s: "
        "cut it, or raise ASD_MAX_CLIP_SECONDS."
    )


def check_scorable(clip: Clip, *, settings: Settings | None = None) -> None:
    """Refuse what no detector can score.

    Raises:
        ClipError: for an empty, too short or too long, non-finite or silent clip, or one above :data:`MAX_RATE`.
    """
    settings = settings or get_settings()
    if clip.sample_rate > MAX_RATE:
        raise ClipError(
            f"{clip.name} claims {clip.sample_rate:,} Hz; at most {MAX_RATE:,} Hz are read: export it at the rate of its recorder."
        )
    if clip.samples.size == 0:
        raise ClipError(f"{clip.name} holds no sound (0 samples): record or export it again.")
    if clip.duration < settings.min_clip_seconds:
        raise ClipError(
            f"{clip.name} lasts {clip.duration:.2f} s; at least {settings.min_clip_seconds:.1f} s are needed: "
            "record for longer."
        )
    if clip.duration > settings.max_clip_seconds:
        raise ClipError(_too_long(clip.name, clip.duration, settings))
    if not np.isfinite(clip.samples).all():
        raise ClipError(f"{clip.name} holds values that are not numbers (NaN or infinite): export it again.")
    peak = float(np.abs(clip.samples).max())
    if peak > 8.0:
        raise ClipError(
            f"{clip.name} reaches {peak:.3g} where full scale is 1: export it as 16-bit PCM, or scale its values."
        )
    if float(loudness(clip.samples).max()) < SILENCE_RMS:
        raise ClipError(f"{clip.name} is silent (below -120 dBFS): check the microphone and its cable.")


def loudness(samples: Samples) -> Samples:
    """RMS of each channel of ``(n_channels, n_samples)`` about its mean, full scale is 1: ``(n_channels,)``."""
    centred = samples - samples.mean(axis=1, keepdims=True)
    return np.asarray(np.sqrt(np.mean(np.square(centred), axis=1)))


def samples_of(clip: Clip, channel: Channel) -> Samples:
    """One channel that the clip has, or the mean of all: ``(1, n_samples)``."""
    return np.asarray(clip.samples.mean(axis=0, keepdims=True)) if channel == MEAN else clip.samples[channel][None]


def flags(clip: Clip, channel: Channel | None = None) -> list[str]:
    """What a listener should know before trusting a score of this clip: one sentence each, none when all is well.

    Args:
        channel: that is scored; ``None`` looks at all of them.
    """
    results = list(clip.notes)
    samples = clip.samples if channel is None else samples_of(clip, channel)
    peak = float(np.abs(samples).max())
    at_peak = np.abs(samples) >= max(0.999 * peak, 1e-9)
    runs = at_peak[:, 2:] & at_peak[:, 1:-1] & at_peak[:, :-2]
    if peak > 1.0:
        results.append(f"{clip.name} goes beyond full scale (peak {peak:.2f}): it clips when played.")
    elif peak > 0.5 and int(runs.sum()) >= 10:
        results.append(
            f"{clip.name} looks clipped ({int(at_peak.sum())} samples at its peak): lower the recording gain."
        )
    if clip.sample_rate < 16000:
        results.append(
            f"{clip.name} was recorded at {clip.sample_rate} Hz: it holds nothing above {clip.sample_rate // 2} Hz, "
            "which detectors trained at 16,000 Hz will take for an anomaly."
        )
    if any(was_raised(channel, clip.sample_rate, USUAL_RATE) for channel in samples):
        results.append(
            f"{clip.name} came from a lower rate: what the change took between {PASSED * USUAL_RATE / 2000:.1f} and "
            f"{USUAL_RATE / 2000:.1f} kHz is put back from the sound below."
        )
    offsets = constant_offsets(samples)
    if worst := float(offsets[np.abs(offsets).argmax()]):
        results.append(
            f"{clip.name} has a constant offset ({worst:+.3f} of full scale), which is removed: check the recorder."
        )
    if clip.duration < 2.0:
        results.append(f"{clip.name} lasts {clip.duration:.1f} s: scores of clips under 2 s vary a lot.")
    return results


def select_channel(clip: Clip, channel: Channel) -> Clip:
    """One channel of a clip, counted from 0, or the mean of all.

    Raises:
        ClipError: when the clip has no such channel, or it is silent.
    """
    if channel != MEAN and channel >= clip.n_channels:
        raise ClipError(f"{clip.name} has {clip.n_channels} channel(s), so no channel {channel}: choose another one.")
    mono = clip.with_samples(samples_of(clip, channel))
    check_scorable(mono)
    return mono


def resample(clip: Clip, sample_rate: int) -> Clip:
    """The clip at another rate; the same clip when the rate is that already.

    By Fourier's method, which keeps everything below half of the lower rate as it is: a filter's transition band, some hundred
    Hz wide, would look like a fault to detectors that learned these bands. Mirror images at both ends keep the end from
    ringing in the beginning. Of a recording that was itself raised from the lower rate, what that took is put back: see
    :mod:`asd_core.sound.highest_bands`.
    """
    if clip.sample_rate == sample_rate:
        return clip
    common = math.gcd(clip.sample_rate, sample_rate)
    before, after = (
        clip.sample_rate // common,
        sample_rate // common,
    )  # samples of the shortest stretch that is whole in both
    n = clip.samples.shape[1]
    lead = math.ceil(MIRRORED * common)  # stretches
    stretches = scipy.fft.next_fast_len(math.ceil(n / before) + 2 * lead, real=True)
    padding = (lead * before, (stretches - lead) * before - n)
    padded = np.pad(clip.samples, ((0, 0), padding), mode="symmetric")
    samples = scipy.signal.resample(padded, stretches * after, axis=1)
    first, length = lead * after, math.ceil(n * sample_rate / clip.sample_rate)
    channels = [
        completed(after_it, sample_rate) if was_raised(before_it, clip.sample_rate, sample_rate) else after_it
        for before_it, after_it in zip(clip.samples, samples[:, first : first + length], strict=True)
    ]
    return replace(clip, samples=np.stack(channels).astype(np.float32, copy=False), sample_rate=sample_rate)


def prepare(clip: Clip, *, sample_rate: int = 16000, channel: Channel | None = None) -> Clip:
    """What detectors score: one channel (the settings' by default) at the representations' rate, without a constant offset.

    Raises:
        ClipError: see :func:`select_channel`.
    """
    return resample(
        without_offset(select_channel(clip, get_settings().channel if channel is None else channel)), sample_rate
    )


def constant_offsets(samples: Samples) -> Samples:
    """Means of the channels of ``(n_channels, n_samples)`` that are a recorder's fault; 0 for those that sound explains: within
    :data:`OFFSET`, or a twentieth of the channel's RMS."""
    means = samples.mean(axis=1)
    return np.where(np.abs(means) > np.maximum(OFFSET, loudness(samples) / 20), means, np.float32(0))


def without_offset(clip: Clip) -> Clip:
    """The clip less its channels' constant offsets, which detectors would take for an anomaly; a recording without one is not
    touched."""
    offsets = constant_offsets(clip.samples)
    return clip.with_samples(clip.samples - offsets[:, None]) if offsets.any() else clip


def shared_gain(*signals: Samples, headroom: float = 0.9) -> float:
    """One gain that brings the loudest of several signals to ``headroom``, so that they stay comparable by ear."""
    peak = max((float(np.abs(signal).max()) for signal in signals if signal.size), default=0.0)
    return headroom / peak if peak > 0 else 1.0


def wav_bytes(samples: Samples, sample_rate: int, *, gain: float = 1.0) -> bytes:
    """16-bit WAV of ``(n_samples,)`` or ``(n_channels, n_samples)``; no normalisation but the given gain."""
    buffer = io.BytesIO()
    scaled = np.clip(np.atleast_2d(samples).T * gain, -1.0, 1.0 - 2**-15)
    soundfile.write(buffer, scaled, sample_rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue()
