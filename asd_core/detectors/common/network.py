"""What the network detectors share: standardised input, a training loop with early stopping, and their state.

torch is imported inside the functions: the first page must not wait for it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from asd_core.detectors.base import MIN_TRAINING_CLIPS, Detector, Scores, State, with_prefix
from asd_core.errors import ArtifactError, TrainingError
from asd_core.features import Array
from asd_core.lazy import Tensor, nn, torch
from asd_core.on_disk import long_rows, on_disk, shapes, taken
from asd_core.progress import Progress, report_losses, silent

Batch = TypeVar("Batch")  # a tensor, or several: whatever ``next_batch`` gives and ``loss`` takes
QUARTER = 4  # every fourth frame has the statistics of all
MOST_VALIDATION = 400  # clips: they are in memory as a whole, and tell an epoch from another as well as more do
VALIDATION_FRACTION = 0.1  # of the clips that are fitted on; the calibration clips are never seen here


@cache
def torch_ready() -> None:
    """Import torch and fix its thread count once: results depend on it, and small networks gain nothing from more."""
    torch.set_num_threads(min(2, torch.get_num_threads()))  # OMP_NUM_THREADS=1 still means one
    threadpool_limits(1, user_api="blas")


@contextmanager
def one_thread() -> Iterator[None]:
    """torch, where it is loaded, computes with one thread inside the block: a score is the same from any process to the bit, and a
    network so small gains nothing from a second thread, which waits whenever another program has its core."""
    loaded = sys.modules.get("torch")
    if loaded is None:
        yield
        return
    torch_ready()  # once, or it would change the number inside the block
    before = loaded.get_num_threads()
    loaded.set_num_threads(1)
    try:
        yield
    finally:
        loaded.set_num_threads(before)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """torch's global generator seeded inside the block, and put back after it."""
    torch_ready()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def train_network(
    net: nn.Module,
    *,
    next_batch: Callable[[], Batch],
    loss: Callable[[Batch], Tensor],
    validate: Callable[[], float],
    steps_per_epoch: int,
    epochs: int,
    learning_rate: float,
    patience: int,
    weight_decay: float = 0.0,
    before_epoch: Callable[[int], None] | None = None,
    rate: Callable[[int], float] | None = None,
    keep_best: bool = True,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Adam with a cosine-decayed rate, and then the weights of the best validation epoch.

    ``validate`` sees held-out normal clips only: no anomaly chooses an epoch. ``progress`` gets the loss and the time
    left. ``rate`` (epoch -> factor of the learning rate) replaces the cosine. ``keep_best=False`` takes the weights of the
    last epoch, for an objective that changes on the way: its losses cannot be compared.

    Returns:
        Loss curves, best epoch and seconds, for the manifest.

    Raises:
        TrainingError: when the loss is no longer a number.
    """
    optimiser = torch.optim.Adam(net.parameters(), lr=learning_rate, weight_decay=weight_decay)
    decay: torch.optim.lr_scheduler.LRScheduler
    if rate is None:
        decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, epochs), eta_min=learning_rate * 0.05)
    else:
        decay = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
    train_loss: list[float] = []
    validation_loss: list[float] = []
    best, best_epoch, best_weights = float("inf"), 0, None
    began = time.monotonic()
    for epoch in range(epochs):
        if before_epoch:
            before_epoch(epoch)
        net.train()
        total = 0.0
        for _ in range(steps_per_epoch):
            optimiser.zero_grad()
            value = loss(next_batch())
            backward(value)
            optimiser.step()
            total += float(value.detach())
        decay.step()
        net.eval()
        with torch.inference_mode():
            validation = validate()
        train_loss.append(round(total / steps_per_epoch, 6))
        validation_loss.append(round(validation, 6))
        report_losses(train_loss, validation_loss)
        if not np.isfinite(validation):
            raise TrainingError(f"The loss is no longer a number in epoch {epoch + 1}: lower the learning rate.")
        if not keep_best:
            best_epoch = epoch
        elif validation < best:
            best, best_epoch = validation, epoch
            best_weights = {name: tensor.clone() for name, tensor in net.state_dict().items()}
        elif epoch - best_epoch >= patience:
            break
        progress((epoch + 1) / epochs, f"epoch {epoch + 1} of {epochs}, loss {validation:.4f}")
    if best_weights is not None:
        net.load_state_dict(best_weights)
    net.eval()
    curves = {"train_loss": train_loss, "validation_loss": validation_loss}
    return {**curves, "best_epoch": best_epoch, "seconds": round(time.monotonic() - began, 2)}


def backward(loss: Tensor) -> None:
    """Gradients of ``loss``."""
    loss.backward()  # type: ignore[no-untyped-call]  # torch's own signature is untyped


@dataclass(frozen=True, eq=False)
class Normals:
    """Standardised normal clips: what is fitted on, and what is held out to stop in time."""

    train: Sequence[Array]
    train_ids: list[str]
    held_out: Sequence[Array]
    held_out_ids: list[str]
    train_classes: list[str]  # what a network may learn to tell apart: machine ids, or parts of them
    held_out_classes: list[str]


class NetworkDetector(Detector):
    """One network for the machine type, on the log-mel standardised band by band."""

    net_: nn.Module
    mean_: Array  # (n_mels,) of the training frames, in dB
    scale_: Array  # (n_mels,)

    def build(self) -> nn.Module:
        """The untrained network."""
        raise NotImplementedError(type(self).__name__)

    def learn(self, normals: Normals, *, seed: int, progress: Progress) -> None:
        """Train ``net_``; with ``epochs = 0`` it stays as it was built."""
        raise NotImplementedError(type(self).__name__)

    def for_clips(self, n_clips: int) -> Self:
        detector: Self = replace(self, **self.suited(n_clips))  # type: ignore[type-var]  # every subclass is a dataclass
        detector.given_ = self.given_
        return detector

    def input_scale(self, band: Array) -> float:
        """What a band of the input is divided by: its standard deviation over many frames ``(n,)``."""
        return float(np.maximum(band.std(), 1e-3))

    def learn_input(self, features: Sequence[Array]) -> Sequence[Array]:
        """What the network takes of each clip, after learning what it is standardised by."""
        n = sum(len(range(0, n_frames, QUARTER)) for _, n_frames in shapes(features))
        bands = [(band.mean(), self.input_scale(band)) for band in long_rows((f[:, ::QUARTER] for f in features), n)]
        self.mean_, self.scale_ = np.array(bands, dtype=np.float32).T.copy()
        return on_disk(self.standardise(f) for f in features)

    def input_arrays(self) -> dict[str, NDArray[Any]]:
        """What :meth:`learn_input` learned."""
        return {"mean": self.mean_, "scale": self.scale_}

    def restore_input(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take back what :meth:`input_arrays` gave."""
        self.mean_, self.scale_ = arrays["mean"], arrays["scale"]

    def fit(
        self, features: Sequence[Array], machine_ids: Sequence[str], *, seed: int = 0, progress: Progress = silent
    ) -> Self:
        return self.fit_classes(features, machine_ids, machine_ids, seed=seed, progress=progress)

    def fit_classes(
        self,
        features: Sequence[Array],
        machine_ids: Sequence[str],
        classes: Sequence[str],
        *,
        seed: int = 0,
        progress: Progress = silent,
    ) -> Self:
        """:meth:`fit` with the class of each clip, for a network that learns to tell classes apart."""
        if len(features) < MIN_TRAINING_CLIPS:
            raise TrainingError(
                f"There are {len(features)} clips to learn from; {self.info.title} needs {MIN_TRAINING_CLIPS} or more: "
                "record more normal sound."
            )
        self.machine_ids_, self.diagnostics_ = sorted(set(machine_ids)), {}
        inputs = self.learn_input(features)
        order = np.random.default_rng(seed).permutation(len(inputs))
        n_held = min(max(2, round(VALIDATION_FRACTION * len(order))), MOST_VALIDATION)
        held_out, train = order[:n_held], order[n_held:]
        normals = Normals(
            taken(inputs, train),
            [machine_ids[i] for i in train],
            taken(inputs, held_out),
            [machine_ids[i] for i in held_out],
            [classes[i] for i in train],
            [classes[i] for i in held_out],
        )
        with seeded(seed):
            self.net_ = self.build()
            self.learn(normals, seed=seed, progress=progress)
        self.net_.eval()
        return self

    def standardise(self, log_mel: Array) -> Array:
        """dB -> zero mean and unit variance a band."""
        return np.asarray((log_mel - self.mean_[:, None]) / self.scale_[:, None], dtype=np.float32)

    def score(self, features: Sequence[Array], machine_ids: Sequence[str]) -> Scores:
        self._known(machine_ids)
        with torch.inference_mode():
            scores = [self.score_clip(f, i) for f, i in zip(features, machine_ids, strict=True)]
        return np.array(scores, dtype=np.float64)

    def score_clip(self, log_mel: Array, machine_id: str) -> float:
        """Raw score of one clip, from its log-mel in dB."""
        raise NotImplementedError(type(self).__name__)

    def latent(self, features: Sequence[Array], machine_ids: Sequence[str]) -> Array | None:
        with torch.inference_mode():
            embeddings: Array = torch.stack([self.embedding(self.standardise(f)) for f in features]).numpy()
        return embeddings

    def embedding(self, spectrogram: Array) -> Tensor:
        """Where the network puts a clip, ``(d,)``, from its standardised log-mel."""
        raise NotImplementedError(type(self).__name__)

    def state(self) -> State:
        state = super().state()
        state.arrays |= {**net_arrays(self.net_), **self.input_arrays()}
        return state

    def restore(self, state: State) -> None:
        self.restore_input(state.arrays)
        with seeded(0):  # its first weights are replaced: drawing them must not move the global generator
            self.net_ = self.build()
        try:
            self.net_.load_state_dict(net_weights(state.arrays))
        except RuntimeError as error:
            raise ArtifactError(f"The weights of {self.info.title} do not fit its network: train it again.") from error
        self.net_.eval()


def to_tensor(array: Array) -> torch.Tensor:
    """float32 tensor that shares the array's memory."""
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))


def net_arrays(net: nn.Module) -> dict[str, NDArray[Any]]:
    """A network's weights and running statistics, named ``net/...``."""
    return {f"net/{name}": tensor.detach().numpy() for name, tensor in net.state_dict().items()}


def net_weights(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Tensor]:
    """The inverse of :func:`net_arrays`, for ``load_state_dict``."""
    return {name: torch.from_numpy(array.copy()) for name, array in with_prefix(arrays, "net/").items()}


def channels_last(net: nn.Module) -> nn.Module:
    """The network with its weights in the memory layout in which CPU convolutions are fastest."""
    laid_out: nn.Module = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # incomplete stub
    return laid_out


def saliency(value: Callable[[Tensor], Tensor], inputs: Array) -> Array:
    """|input x gradient of the score|, shaped like ``inputs (n, ...)``: which points the score depends on.

    On standardised input this is the first-order effect of putting a point back to its mean.
    """
    tensor = to_tensor(inputs).requires_grad_()
    (gradient,) = torch.autograd.grad(value(tensor).sum(), tensor)
    return np.asarray((gradient * tensor).abs().detach().numpy(), dtype=np.float32)
