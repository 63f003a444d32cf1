"""The log-mel spectrogram, and its summary over time."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from asd_core.features.base import Array, mono
from asd_core.features.mel import mel_frequencies, mel_power
from asd_core.sound import Clip


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
            mono(clip, self.sample_rate),
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


def pool(log_mel: Array) -> Array:
    """Mean, standard deviation and maximum over time of each band: ``(n_mels, n_frames) -> (3 * n_mels,)``."""
    return np.concatenate([log_mel.mean(axis=1), log_mel.std(axis=1), log_mel.max(axis=1)])
