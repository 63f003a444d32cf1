"""Representations of a clip. Training and scoring go through the same object, which the artifact stores.

A representation is a frozen dataclass of parameters with ``transform(clip) -> ndarray``. It wants a clip made by
:func:`asd_core.audio.prepare` (one channel, the representation's rate) and refuses another rate.
"""

import math
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from asd_core.audio import Clip, Samples
from asd_core.errors import ArtifactError, ClipError

Array = NDArray[np.float32]


class Representation(Protocol):
    """Parameters, and the transform they define."""

    kind: ClassVar[str]

    @property
    def sample_rate(self) -> int: ...

    def transform(self, clip: Clip) -> Array:
        """``clip`` -> features; the shape is the class's."""
        ...


def hz_to_mel(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hz -> mel on Slaney's scale: linear below 1 kHz, logarithmic above (Auditory Toolbox, 1998)."""
    linear = frequency / (200.0 / 3)
    logarithmic = 15.0 + np.log(np.maximum(frequency, 1e-9) / 1000.0) / (np.log(6.4) / 27.0)
    return np.where(frequency < 1000.0, linear, logarithmic)


def mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of :func:`hz_to_mel`."""
    return np.where(mel < 15.0, mel * (200.0 / 3), 1000.0 * np.exp((np.log(6.4) / 27.0) * (mel - 15.0)))


@lru_cache(maxsize=8)
def mel_frequencies(n_mels: int, sample_rate: int) -> NDArray[np.float64]:
    """Centre frequencies of the mel bands in Hz, ``(n_mels,)``."""
    edges = np.linspace(0.0, float(hz_to_mel(np.array(sample_rate / 2.0))), n_mels + 2)
    return mel_to_hz(edges)[1:-1]


@lru_cache(maxsize=8)
def mel_filterbank(n_mels: int, n_fft: int, sample_rate: int) -> Array:
    """Triangular filters of equal area (Slaney's norm), ``(n_mels, n_fft // 2 + 1)``.

    Equal to ``librosa.filters.mel`` (tested); written out because importing that takes longer than the first page may.
    """
    edges = mel_to_hz(np.linspace(0.0, float(hz_to_mel(np.array(sample_rate / 2.0))), n_mels + 2))
    bins = np.fft.rfftfreq(n_fft, 1.0 / sample_rate)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    area = 2.0 / (edges[2:] - edges[:-2])
    return (np.maximum(0.0, np.minimum(rising, falling)) * area[:, None]).astype(np.float32)


@lru_cache(maxsize=8)
def _window(n_fft: int) -> Array:
    """Periodic Hann window, as every analysis program uses it."""
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n_fft) / n_fft)).astype(np.float32)


BLOCK = 64  # frames transformed at once: they stay in the processor's cache, and a long clip needs no more memory


def mel_power(samples: Samples, *, n_fft: int, hop_length: int, n_mels: int, sample_rate: int) -> Array:
    """Mel-filtered squared magnitudes ``(n_frames, n_mels)``, frames centred on multiples of the hop."""
    from scipy.fft import rfft

    padded = np.pad(samples, n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]
    window, filters = _window(n_fft), _transposed_filterbank(n_mels, n_fft, sample_rate)
    mel = np.empty((len(frames), n_mels), dtype=np.float32)
    for first in range(0, len(frames), BLOCK):
        spectrum = rfft(frames[first : first + BLOCK] * window, axis=1, overwrite_x=True)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        np.matmul(power, filters, out=mel[first : first + BLOCK])
    return mel


@lru_cache(maxsize=8)
def _transposed_filterbank(n_mels: int, n_fft: int, sample_rate: int) -> Array:
    return np.ascontiguousarray(mel_filterbank(n_mels, n_fft, sample_rate).T)


def spectrum_db(samples: Samples, sample_rate: int) -> tuple[Array, Array]:
    """Magnitude of the whole signal's FFT in dB: frequencies in Hz and levels, each ``(n_samples // 2 + 1,)``.

    0 dB is a full-scale sine: magnitudes are divided by half the number of samples.
    """
    from scipy.fft import rfft, rfftfreq

    magnitude = np.abs(rfft(samples)) / (len(samples) / 2.0)
    levels = 20.0 * np.log10(np.maximum(magnitude, 1e-7))
    return rfftfreq(len(samples), 1.0 / sample_rate).astype(np.float32), levels.astype(np.float32)


def _mono(clip: Clip, sample_rate: int) -> Samples:
    if clip.sample_rate != sample_rate or clip.n_channels != 1:
        raise ClipError(
            f"{clip.name} has {clip.n_channels} channel(s) at {clip.sample_rate} Hz where one at {sample_rate} Hz "
            "is needed: prepare the clip first."
        )
    samples: Samples = clip.samples[0]
    return samples


@dataclass(frozen=True)
class LogMel:
    """Log-mel spectrogram in dB re 1.0: ``(n_mels, n_frames)``; a 10 s clip gives ``(128, 313)`` (DCASE's defaults)."""

    kind: ClassVar[str] = "log-mel"
    sample_rate: int = 16000
    n_fft: int = 1024
    hop_length: int = 512
    n_mels: int = 128

    def transform(self, clip: Clip) -> Array:
        """10·log10 of the mel-filtered power spectrogram, floored at -100 dB.

        Equal to ``librosa.power_to_db(..., ref=1.0, top_db=None)``: a floor that followed the clip's own maximum
        would make one loud impact change every quiet frame.
        """
        mel = mel_power(
            _mono(clip, self.sample_rate),
            n_fft=self.n_fft,
            hop_length=self.hop_length,
            n_mels=self.n_mels,
            sample_rate=self.sample_rate,
        )
        np.maximum(mel, np.float32(1e-10), out=mel)
        np.log10(mel, out=mel)
        mel *= np.float32(10.0)
        return np.ascontiguousarray(mel.T)

    def times(self, n_frames: int) -> NDArray[np.float64]:
        """Centres of the frames in seconds."""
        return np.arange(n_frames) * self.hop_length / self.sample_rate

    def frequencies(self) -> NDArray[np.float64]:
        """Centres of the bands in Hz."""
        return mel_frequencies(self.n_mels, self.sample_rate)


@dataclass(frozen=True)
class BandSpectrum:
    """The clip's FFT folded into equal bands: mean power a band in dB, ``(n_bands,)`` float32, 0 dB full scale.

    Averaging over a band makes clips comparable: single FFT bins of two recordings never line up.
    """

    kind: ClassVar[str] = "FFT bands"
    sample_rate: int = 16000
    n_bands: int = 256

    def transform(self, clip: Clip) -> Array:
        from scipy.fft import rfft

        samples = _mono(clip, self.sample_rate)
        power = np.square(np.abs(rfft(samples)) / (len(samples) / 2.0)) * len(samples)
        edges = np.linspace(0, len(power), self.n_bands + 1).astype(int)
        means = np.add.reduceat(power, edges[:-1]) / np.diff(edges)
        return np.asarray(10.0 * np.log10(np.maximum(means, 1e-14)), dtype=np.float32)

    def frequencies(self) -> NDArray[np.float64]:
        """Centres of the bands in Hz."""
        return (np.arange(self.n_bands) + 0.5) * self.sample_rate / 2 / self.n_bands


@dataclass(frozen=True)
class Level:
    """Root mean square of the clip in dB re full scale: ``(1,)``."""

    kind: ClassVar[str] = "level"
    sample_rate: int = 16000

    def transform(self, clip: Clip) -> Array:
        samples = _mono(clip, self.sample_rate)
        rms = np.sqrt(np.mean(np.square(samples), dtype=np.float64))
        return np.array([20.0 * np.log10(max(rms, 1e-8))], dtype=np.float32)


@dataclass(frozen=True)
class Waveform:
    """The rescaled time signal: the first seconds, low-passed and decimated, of unit RMS: ``(n_points,)`` float32.

    A shorter clip is followed by silence. Recordings of one machine do not line up in time: for experiments only.
    """

    kind: ClassVar[str] = "waveform"
    sample_rate: int = 16000
    seconds: float = 10.0
    n_points: int = 4000

    def transform(self, clip: Clip) -> Array:
        from scipy.signal import resample_poly

        length = round(self.seconds * self.sample_rate)
        samples = _mono(clip, self.sample_rate)[:length].astype(np.float64)
        common = math.gcd(self.n_points, length)
        decimated = resample_poly(
            np.pad(samples, (0, length - len(samples))), self.n_points // common, length // common
        )
        rms = np.sqrt(np.mean(np.square(decimated[: max(1, round(len(samples) * self.n_points / length))])))
        return np.asarray(decimated / max(rms, 1e-8), dtype=np.float32)


@dataclass(frozen=True)
class MemberScores:
    """Raw scores of other detectors, ``(n_members,)``: what a fusion learns from. Scoring fills it in, no clip does."""

    kind: ClassVar[str] = "scores of detectors"
    sample_rate: int = 16000

    def transform(self, clip: Clip) -> Array:
        """Raises TypeError: there is nothing to compute from sound."""
        raise TypeError("member scores come from scoring, not from a clip")


REPRESENTATIONS: dict[str, type[LogMel | BandSpectrum | Level | Waveform | MemberScores]] = {
    cls.kind: cls for cls in (LogMel, BandSpectrum, Level, Waveform, MemberScores)
}


def to_config(representation: Representation) -> dict[str, Any]:
    """The representation as JSON."""
    return {"kind": representation.kind, **asdict(representation)}  # type: ignore[call-overload]  # a Protocol is no dataclass to mypy


def from_config(config: dict[str, Any]) -> Representation:
    """The representation a manifest describes.

    Raises:
        ArtifactError: for an unknown kind or parameter.
    """
    parameters = {key: value for key, value in config.items() if key != "kind"}
    kind = config.get("kind")
    if kind not in REPRESENTATIONS:
        raise ArtifactError(f"unknown representation {kind!r}; known: {', '.join(REPRESENTATIONS)}")
    try:
        return REPRESENTATIONS[kind](**parameters)
    except TypeError as error:
        raise ArtifactError(
            f"the representation {kind!r} has parameters this version does not know: {error}"
        ) from error


def pool(log_mel: Array) -> Array:
    """Mean, standard deviation and maximum over time of each band: ``(n_mels, n_frames) -> (3 * n_mels,)``."""
    return np.concatenate([log_mel.mean(axis=1), log_mel.std(axis=1), log_mel.max(axis=1)])
