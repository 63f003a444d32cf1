"""Sub-cluster AdaCos with fixed random centres (Wilkinghoff, Sub-cluster AdaCos, IJCNN 2021; ICASSP 2023)."""

from __future__ import annotations

import math

from asd_core.lazy import Tensor, nn, torch

SUB_CLUSTERS = 16  # centres a class


def fixed_scale(n_classes: int) -> float:
    """sqrt(2)·log(16·C - 1), AdaCos' fixed scale (Zhang et al., CVPR 2019, eq. 11) with 16 centres a class."""
    return math.sqrt(2.0) * math.log(SUB_CLUSTERS * n_classes - 1)


def adacos_head(n_classes: int, n_embedding: int) -> nn.Module:
    """Embeddings ``(n, n_embedding)`` -> log p of each class ``(n, n_classes)``.

    p(class) is the sum over its sub-clusters of the softmax over all centres of scale times cosine. The centres are drawn
    once and never trained: trainable ones of one class can move to where any embedding is near (a trivial solution), and in
    many dimensions random directions are far enough apart.
    """

    class SubClusterAdaCos(nn.Module):
        centres: Tensor

        def __init__(self) -> None:
            super().__init__()
            drawn = torch.randn(n_classes * SUB_CLUSTERS, n_embedding)
            self.register_buffer("centres", nn.functional.normalize(drawn))

        def forward(self, embeddings: Tensor) -> Tensor:
            logits = fixed_scale(n_classes) * (nn.functional.normalize(embeddings) @ self.centres.T)
            each = torch.log_softmax(logits, dim=1)
            log_p: Tensor = torch.logsumexp(each.reshape(-1, n_classes, SUB_CLUSTERS), dim=2)
            return log_p

    return SubClusterAdaCos()


def soft_cross_entropy(log_p: Tensor, targets: Tensor) -> Tensor:
    """Mean of -sum(target·log p) for targets ``(n, n_classes)`` that sum to 1: those of mixed clips are between classes."""
    return -(targets * log_p).sum(dim=1).mean()
