"""aiSFX's network (Ma and Lerch, ISMIR 2022), the layers that embeddings are taken from, and the spectrogram that it takes.

Written from the paper and its package (CC BY 4.0): four blocks of two 3 x 3 convolutions, each with batch normalisation and ReLU,
maximum pooling by 2 after the first three; a block's maps are averaged over frequency, and the maximum is taken over time. It looks
at 100 frames (2.3 s) at a time, half of them new; the last piece ends with the clip, which the package leaves out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.features.base import Array
from asd_core.lazy import Tensor, nn, scipy, torch
from asd_core.sound import Samples

RATE = 44100
N_FFT, HOP, N_MELS = 2048, 1024, 96
PIECE, PIECE_HOP = 100, 50  # frames
LARGEST = 9.457798957824707  # of the training spectrograms: the network takes 0 to 1
WIDTHS = (64, 128, 256, 512)
LAYERS = {f"block{k + 1}": k for k in range(len(WIDTHS))}
AT_ONCE = 8  # pieces: a long recording needs no more memory


def mel_spectrogram(samples: Samples) -> Array:
    """log10(1 + 1e4 x mel power) / :data:`LARGEST`, ``(n_frames, 96)``, of samples at 44.1 kHz, frames centred on the hops.

    As Essentia computes it: 2048-point Hann window, HTK's mel scale, triangles that are straight in mel with a sum of 1.
    """
    window = np.hanning(N_FFT).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, N_FFT // 2), N_FFT)[::HOP]
    power = np.empty((len(frames), N_FFT // 2 + 1), dtype=np.float32)
    for first in range(0, len(frames), 64):
        spectrum = scipy.fft.rfft(frames[first : first + 64] * window, axis=1)
        power[first : first + 64] = np.square(spectrum.real) + np.square(spectrum.imag)
    return np.asarray(np.log10(1.0 + 1e4 * (power @ _filters().T)) / LARGEST, dtype=np.float32)


@lru_cache(maxsize=1)
def _filters() -> Array:
    def mel(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
        return 1127.01048 * np.log(1.0 + frequency / 700.0)

    edges = np.linspace(0.0, float(mel(np.array(RATE / 2.0))), N_MELS + 2)
    bins = mel(np.fft.rfftfreq(N_FFT, 1.0 / RATE).astype(np.float64))
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    weights = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12), dtype=np.float32)


def pieces(spectrogram: Array) -> Array:
    """``(n_frames, 96) -> (n_pieces, 100, 96)``: overlapping by half, the last one ends with the clip; a short clip is padded with silence."""
    missing = PIECE - len(spectrogram)
    if missing > 0:
        return np.pad(spectrogram, ((0, missing), (0, 0)))[None]
    starts = [*range(0, len(spectrogram) - PIECE, PIECE_HOP), len(spectrogram) - PIECE]
    return np.stack([spectrogram[start : start + PIECE] for start in starts])


def network() -> nn.Module:
    """Pieces ``(n, 100, 96)`` and the number of a block -> ``(n, WIDTHS[block])``."""

    class Block(nn.Module):
        def __init__(self, n_in: int, n_out: int, pool: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
            self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
            self.bn1, self.bn2 = nn.BatchNorm2d(n_out), nn.BatchNorm2d(n_out)
            self.pool = nn.MaxPool2d(pool)

        def forward(self, x: Tensor) -> Tensor:
            x = torch.relu(self.bn1(self.conv1(x)))
            x = torch.relu(self.bn2(self.conv2(x)))
            pooled: Tensor = self.pool(x)
            return pooled

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            sizes = zip((1, *WIDTHS[:-1]), WIDTHS, (2, 2, 2, 1), strict=True)
            for k, (n_in, n_out, pool) in enumerate(sizes, 1):
                self.add_module(f"block{k}", Block(n_in, n_out, pool))

        def forward(self, x: Tensor, block: int) -> Tensor:
            x = x[:, None]
            for k, part in enumerate(self.children()):
                x = part(x)
                if k == block:
                    break
            return x.mean(dim=3).amax(dim=2)

    return Network()


def with_weights(weights: dict[str, Any]) -> nn.Module:
    """The network with weights of :mod:`asd_core.features.pretrained.checkpoint`.

    Raises:
        RuntimeError: when they are of another network.
    """
    net = network()
    counters = {name: value for name, value in net.state_dict().items() if name.endswith("num_batches_tracked")}
    net.load_state_dict({**counters, **{name: torch.from_numpy(value.copy()) for name, value in weights.items()}})
    return net.eval()


def untrained(seed: int = 0) -> nn.Module:
    """The network as its training began: He's uniform weights (leaky ReLU's gain, as the package has them)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = network()
        for part in net.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_uniform_(part.weight, nonlinearity="leaky_relu")
    return net.eval()


def embed(net: nn.Module, samples: Samples, layer: str) -> Array:
    """Embeddings of the pieces of a clip, ``(n_pieces, WIDTHS[layer])``."""
    cut = torch.from_numpy(pieces(mel_spectrogram(samples)))
    with torch.inference_mode():
        parts = [net(cut[first : first + AT_ONCE], LAYERS[layer]) for first in range(0, len(cut), AT_ONCE)]
        joined: Array = torch.cat(parts).numpy()
    return joined
