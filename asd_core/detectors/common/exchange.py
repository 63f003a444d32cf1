"""Auxiliary tasks made of pairs of normal clips: mixing two, or exchanging a part of one for the other's.

Nothing here is what a fault does to a machine (noise, gain, masking, shifts): what a fault would change must move the
embedding, and a network that is trained with such changes learns to look past them or takes them for a class of its own.
"""

from __future__ import annotations

from asd_core.lazy import Tensor, nn, torch

EXCHANGED = 0.5  # share of clips that are exchanged, or mixed


def mixed_up(waveforms: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Mixup (Zhang et al., ICLR 2018) of waveforms ``(n, n_samples)`` and targets ``(n, n_classes)`` alike, half of them.

    The share is uniform in 0 to 1 (Wilkinghoff, ICASSP 2023).
    """
    n = len(waveforms)
    partner = torch.randperm(n)
    share = torch.where(torch.rand(n, 1) < EXCHANGED, torch.rand(n, 1), torch.ones(n, 1))
    return (
        share * waveforms + (1.0 - share) * waveforms[partner],
        share * targets + (1.0 - share) * targets[partner],
    )


def statistics_exchanged(stft: Tensor, partner: Tensor) -> Tensor:
    """StatEx (Chen et al., ICASSP 2023): each clip ``(n, n_bins, n_frames)`` with its partner's mean and spread over time.

    (x - mean x) / std x · std y + mean y, a frequency; ``partner (n,)`` are places in the batch.
    """
    mean, spread = stft.mean(dim=2, keepdim=True), stft.std(dim=2, keepdim=True).clamp(min=1e-8)
    return (stft - mean) / spread * spread[partner] + mean[partner]


def exchange_targets(targets: Tensor, partner: Tensor, exchanged: Tensor) -> Tensor:
    """Targets of FeatEx and StatEx ``(n, 3·n_classes)`` (Wilkinghoff, Self-supervised learning for ASD, ICASSP 2024).

    (y, 0, 0) for a clip as recorded, (0, y/2, y'/2) for one with a part of its partner's, of class y'.
    """
    nothing = torch.zeros_like(targets)
    as_recorded = torch.cat([targets, nothing, nothing], dim=1)
    with_partner = torch.cat([nothing, targets / 2, targets[partner] / 2], dim=1)
    return torch.where(exchanged[:, None], with_partner, as_recorded)


def partners(n: int) -> tuple[Tensor, Tensor]:
    """For each of ``n >= 2`` clips another one's place in the batch, never its own, and whether to exchange with it."""
    order = torch.randperm(n)
    partner = torch.empty(n, dtype=torch.long)
    partner[order] = order.roll(1)
    return partner, torch.rand(n) < EXCHANGED


def one_hot(labels: Tensor, n_classes: int) -> Tensor:
    """Targets ``(n, n_classes)`` of clips as recorded."""
    return nn.functional.one_hot(labels, n_classes).float()
