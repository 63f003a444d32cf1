"""Several small networks trained as one: their weights lie in one tensor, and no member sees another's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from asd_core.lazy import Tensor, nn, torch


def grouped_linear(groups: int, n_inputs: int, n_outputs: int) -> nn.Module:
    """Linear layers without biases side by side: ``(n, groups * n_inputs) -> (n, groups * n_outputs)``.

    Each begins as :class:`torch.nn.Linear` does: uniform within +-1 / sqrt(n_inputs).
    """

    class GroupedLinear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            bound = n_inputs**-0.5
            self.weight = nn.Parameter(torch.empty(groups, n_inputs, n_outputs).uniform_(-bound, bound))

        def forward(self, x: Tensor) -> Tensor:
            by_group = x.reshape(len(x), groups, n_inputs).transpose(0, 1)
            return torch.bmm(by_group, self.weight).transpose(0, 1).reshape(len(x), -1)

    return GroupedLinear()


def grouped_matmul(x: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same in numpy, without torch's price of a call: ``weight (groups, n_inputs, n_outputs)``."""
    groups, n_inputs, n_outputs = weight.shape
    by_group = x.reshape(len(x), groups, n_inputs).transpose(1, 0, 2)
    return np.asarray((by_group @ weight).transpose(1, 0, 2).reshape(len(x), groups * n_outputs))
