"""Small synthetic log-mels for the tests of the network detectors: coloured noise with periodic bursts."""

import numpy as np
import torch

from asd_core.detectors.common import network
from asd_core.features import Array

network.torch_ready()
torch.set_num_threads(1)  # the tests' networks are so small that a second thread only waits for the first

BANDS, FRAMES = slice(60, 68), slice(70, 80)  # where a fault is added


def clip(seed: int, *, n_frames: int = 150, machine: int = 0) -> Array:
    """``(128, n_frames)`` in dB: a slope, a hump that depends on the machine, a burst of 6 frames every 30."""
    rng = np.random.default_rng(seed)
    mel, time = np.arange(128)[:, None], np.arange(n_frames)
    steady = -40.0 - 0.1 * mel + 6.0 * np.exp(-0.5 * ((mel - 30 - 40 * machine) / 8.0) ** 2)
    burst = 12.0 * np.exp(-0.5 * ((mel - 90) / 15.0) ** 2) * ((time + rng.integers(30)) % 30 < 6)
    return (steady + burst + rng.normal(0.0, 1.0) + rng.normal(0.0, 2.0, (128, n_frames))).astype(np.float32)


def clips(n: int, *, first: int = 0, n_frames: int = 150) -> tuple[list[Array], list[str]]:
    """``n`` normal clips of machines 00 and 02 in turn."""
    machines = [k % 2 for k in range(n)]
    return [clip(first + k, n_frames=n_frames, machine=m) for k, m in enumerate(machines)], [
        f"0{2 * m}" for m in machines
    ]


def with_fault(log_mel: Array, level: float = 20.0) -> Array:
    """The clip with a tone burst of ``level`` dB over the normal sound in 8 bands x 10 frames."""
    faulty = log_mel.copy()
    faulty[BANDS, FRAMES] += level
    return faulty
