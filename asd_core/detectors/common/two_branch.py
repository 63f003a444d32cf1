"""Two branches, no biases: the spectrum of a whole clip, and its STFT less the mean over time (Wilkinghoff, ICASSP 2023)."""

from __future__ import annotations

from itertools import pairwise

from asd_core.lazy import Tensor, nn, torch

N_FFT, HOP = 1024, 512
LOWEST_BIN = 13  # 203 Hz at 16 kHz: below lies the hall's rumble
N_BINS = N_FFT // 2 + 1 - LOWEST_BIN
SPECTRUM_CHANNELS = 64
KERNELS = ((256, 64), (64, 32), (16, 4))  # width and stride of each 1-D convolution
N_LINEAR = 5
STEM = 16
WIDTHS = (16, 32, 64, 128)  # of the residual blocks; each but the first halves bands and frames
N_BRANCH = 128  # dimensions of a branch's embedding
N_EMBEDDING = 2 * N_BRANCH


def magnitude_stft(waveforms: Tensor) -> Tensor:
    """``(n, n_samples) -> (n, N_BINS, n_frames)`` from 203 Hz up; frame k is a log-mel's frame k + 1.

    Frames lie wholly inside the clip: at its padded ends steady sound would begin and end, and stay when its mean is taken
    away, for the maximum over time to find.
    """
    window = torch.hann_window(N_FFT)
    spectra = torch.stft(waveforms, N_FFT, HOP, window=window, center=False, return_complex=True)
    magnitudes: Tensor = spectra[:, LOWEST_BIN:].abs()
    return magnitudes


def without_mean(stft: Tensor) -> Tensor:
    """Each frequency less its mean over time: what is steady in a clip (other machines, the room's hum) is gone."""
    return stft - stft.mean(dim=2, keepdim=True)


def magnitude_spectrum(waveforms: Tensor) -> Tensor:
    """Of the whole signal at full resolution: ``(n, n_samples) -> (n, n_samples // 2 + 1)``."""
    magnitudes: Tensor = torch.fft.rfft(waveforms).abs()
    return magnitudes


def squeeze_excitation(channels: int) -> nn.Module:
    """Channels weighted by a function of their averages (Hu et al., CVPR 2018); without biases."""

    class SqueezeExcitation(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            narrow = max(4, channels // 8)
            self.weigh = nn.Sequential(
                nn.Linear(channels, narrow, bias=False),
                nn.ReLU(inplace=True),
                nn.Linear(narrow, channels, bias=False),
                nn.Sigmoid(),
            )

        def forward(self, x: Tensor) -> Tensor:
            weights: Tensor = self.weigh(x.flatten(2).mean(dim=2))
            return x * weights.reshape(*weights.shape, *[1] * (x.dim() - 2))

    return SqueezeExcitation()


def residual_block(before: int, after: int, stride: int) -> nn.Module:
    """Two 3x3 convolutions and squeeze-excitation beside a shortcut."""

    class ResidualBlock(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(after, affine=False),
                nn.ReLU(inplace=True),
                nn.Conv2d(after, after, 3, padding=1, bias=False),
                nn.BatchNorm2d(after, affine=False),
                squeeze_excitation(after),
            )
            same = before == after and stride == 1
            self.shortcut = nn.Identity() if same else nn.Conv2d(before, after, 1, stride=stride, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.relu_(self.body(x) + self.shortcut(x))

    return ResidualBlock()


def spectrum_branch(n_points: int) -> nn.Module:
    """Spectra ``(n, 1, n_points) -> (n, N_BRANCH)``: 1-D convolutions, then dense layers."""
    layers: list[nn.Module] = []
    channels, width = 1, n_points
    for kernel, stride in KERNELS:
        layers += [
            nn.Conv1d(channels, SPECTRUM_CHANNELS, kernel, stride, kernel // 2, bias=False),
            nn.ReLU(inplace=True),
            squeeze_excitation(SPECTRUM_CHANNELS),
        ]
        channels, width = SPECTRUM_CHANNELS, width // stride + 1
    layers += [nn.Flatten(), nn.Linear(channels * width, N_BRANCH, bias=False)]
    for _ in range(N_LINEAR - 1):
        layers += [
            nn.BatchNorm1d(N_BRANCH, affine=False),
            nn.ReLU(inplace=True),
            nn.Linear(N_BRANCH, N_BRANCH, bias=False),
        ]
    return nn.Sequential(*layers)


def stft_branch() -> nn.Module:
    """STFTs without their mean ``(n, N_BINS, n_frames) -> (n, N_BRANCH)``: a small residual network, maximum over time."""

    class StftBranch(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.level = nn.BatchNorm1d(
                N_BINS, affine=False
            )  # each frequency alike: low ones are a thousand times as loud
            self.stem = nn.Sequential(
                nn.Conv2d(1, STEM, 7, stride=2, padding=3, bias=False), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
            )
            strides = [1, *[2] * (len(WIDTHS) - 1)]
            pairs = zip(pairwise((STEM, *WIDTHS)), strides, strict=True)
            self.blocks = nn.Sequential(*[residual_block(a, b, stride) for (a, b), stride in pairs])
            bands = N_BINS
            for _ in range(2 + len(WIDTHS) - 1):
                bands = (bands + 1) // 2
            self.embed = nn.Linear(WIDTHS[-1] * bands, N_BRANCH, bias=False)

        def forward(self, centred: Tensor) -> Tensor:
            images = self.level(centred)[:, None].contiguous(memory_format=torch.channels_last)
            strongest = self.blocks(self.stem(images)).amax(dim=3)  # (n, channels, bands)
            embedded: Tensor = self.embed(strongest.flatten(1))
            return embedded

    return StftBranch()


def two_branch_network(length: int, levels: Tensor) -> nn.Module:
    """Waveforms ``(n, length) -> (n, N_EMBEDDING)``.

    No layer has a bias and no normalisation a learned offset: with one, a network of few classes can answer without looking
    at its input (Ruff et al., ICML 2018, proposition 2).

    Args:
        levels: mean magnitudes of training spectra in equal bands ``(n_bands,)``, which spectra are divided by: a network on
            plain magnitudes would see the loudest band alone.
    """
    n_points = length // 2 + 1

    class TwoBranches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.of_spectrum = spectrum_branch(n_points)
            self.level = levels[torch.arange(n_points) * len(levels) // n_points]
            self.of_stft = stft_branch().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # incomplete stub

        def spectrum(self, waveforms: Tensor) -> Tensor:
            return magnitude_spectrum(waveforms).div_(self.level)[:, None]

        def branches(self, spectrum: Tensor, stft: Tensor) -> tuple[Tensor, Tensor]:
            """Both embeddings, each ``(n, N_BRANCH)``, from the spectrum and the STFT as it is."""
            return self.of_spectrum(spectrum), self.of_stft(without_mean(stft))

        def forward(self, waveforms: Tensor) -> Tensor:
            return torch.cat(self.branches(self.spectrum(waveforms), magnitude_stft(waveforms)), dim=1)

    return TwoBranches()


def band_levels(waveforms: list[Tensor], n_bands: int) -> Tensor:
    """Mean magnitudes ``(n_bands,)`` of spectra of waveforms ``(n_samples,)`` in equal bands."""
    total = torch.zeros(n_bands)
    for waveform in waveforms:
        magnitudes = magnitude_spectrum(waveform)
        band = torch.arange(len(magnitudes)) * n_bands // len(magnitudes)
        total += torch.zeros(n_bands).index_add(0, band, magnitudes) / torch.bincount(band, minlength=n_bands)
    return (total / len(waveforms)).clamp(min=1e-6)


def settle(net: nn.Module, batches: list[Tensor]) -> None:
    """Set the running statistics of a network's normalisations to those of some batches, weights as they are.

    Without it the untrained baseline would differ from the trained network by the scale of its input, too.
    """
    norms = [m for m in net.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    usual = [m.momentum for m in norms]
    net.train()
    for module in norms:
        module.reset_running_stats()
        module.momentum = None  # a plain mean of the batches
    with torch.no_grad():
        for batch in batches:
            net(batch)
    for module, momentum in zip(norms, usual, strict=True):
        module.momentum = momentum
    net.eval()


def round_weights(net: nn.Module) -> None:
    """Weights to the nearest float16: as such they are stored, so that a stored network scores as the one that was trained."""
    with torch.no_grad():
        for weight in net.parameters():
            weight.copy_(weight.half().float())
