"""Embedding by auxiliary classes: a network that tells machines apart, and the distance to where normal clips lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.base import DetectorInfo, State, parameter, with_prefix
from asd_core.detectors.common.adacos import adacos_head, soft_cross_entropy
from asd_core.detectors.common.cosine_bank import directions
from asd_core.detectors.common.exchange import (
    exchange_targets,
    mixed_up,
    one_hot,
    partners,
    statistics_exchanged,
)
from asd_core.detectors.common.network import NetworkDetector, Normals, saliency, to_tensor, train_network
from asd_core.detectors.common.two_branch import (
    HOP,
    LOWEST_BIN,
    N_EMBEDDING,
    N_FFT,
    band_levels,
    magnitude_stft,
    round_weights,
    settle,
    two_branch_network,
    without_mean,
)
from asd_core.detectors.common.windows import at_length, fixed_windows, random_window, usual_length
from asd_core.features import Array, LogMel, Recording, mel_filterbank
from asd_core.lazy import Tensor, nn, torch
from asd_core.progress import Progress, silent

N_LEVELS = 256  # equal bands whose mean magnitude the spectrum is divided by
LEVELS_FROM = 100  # clips, at most
SETTLED_ON = 8  # batches that the untrained network's normalisations are set by
FEWEST_STEPS = 10  # an epoch, where there are few clips
FEWEST_CLIPS = 5  # of a class: fewer are an accident of their recording, not a state of the machine


def auxiliary_classes(machine_ids: Sequence[str], attributes: Sequence[str]) -> list[str]:
    """The class of each clip: its machine id (DCASE's section) with its attributes, or the id alone where there are none.

    What a machine has fewer than :data:`FEWEST_CLIPS` clips of is one class together, named as the machine; where these are
    still too few, they belong to the machine's largest class.
    """
    if not any(attributes):
        return list(machine_ids)
    classes = [f"{i} {a}" if a else i for i, a in zip(machine_ids, attributes, strict=True)]
    sizes = Counter(classes)
    classes = [i if sizes[c] < FEWEST_CLIPS else c for i, c in zip(machine_ids, classes, strict=True)]
    of_machine = {i: Counter(c for j, c in zip(machine_ids, classes, strict=True) if j == i) for i in set(machine_ids)}
    largest = {i: max(sorted(counts), key=counts.__getitem__) for i, counts in of_machine.items()}
    few = {i for i, counts in of_machine.items() if counts[i] < FEWEST_CLIPS}
    return [largest[i] if c == i in few else c for i, c in zip(machine_ids, classes, strict=True)]


@dataclass
class ActEmbedding(NetworkDetector):
    """Two branches, sub-cluster AdaCos with fixed centres; with one machine, classes made by exchanging parts of clips."""

    epochs: int = parameter(16, low=0, high=1000, help="Passes over the training clips.")
    batch_size: int = parameter(32, low=8, high=256, help="Clips in a step.")
    learning_rate: float = parameter(1e-3, low=1e-6, high=1e-1, help="Adam's first rate; it decays to a twentieth.")

    map_shows: ClassVar[str] = "the score's sensitivity"
    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="act_embedding",
        title="Auxiliary-class embedding",
        origin="beyond",
        scope="machine type",
        representation=Recording(),
        paper="Wilkinghoff, Sub-cluster AdaCos, IJCNN 2021; Design choices for learning embeddings from auxiliary tasks, "
        "ICASSP 2023; Self-supervised learning for anomalous sound detection, ICASSP 2024.",
        decides="Learns what tells machine ids apart; a clip far from all normal clips of its id is an anomaly.",
        catches="Catches changes in what is typical of a machine; misses those that all machines share.",
        how_it_scores="Cosine distance to the nearest of 16 k-means centres of the machine id's training embeddings "
        "(with fewer than 64 clips, to the nearest clip). The embedding joins a branch on the whole clip's spectrum and one on "
        "its STFT less the mean over time. Classes are machine ids with DCASE's attributes (speed, load), those of fewer than 5 clips "
        "together. With one class it learns which clips got a part of another one.",
        when_not_to_use="Where ids differ by recording site: it learns the rooms. For clips much shorter or longer than those "
        "it learned from: short ones are repeated, long ones cut into windows whose distances are averaged.",
        presets={"quick": {"epochs": 4}, "paper": {"batch_size": 64}},
    )

    def learn_input(self, features: Sequence[Array]) -> Sequence[Array]:
        """The clips as they are; the usual length, and the level of each band of a spectrum, are learned."""
        self.length_ = usual_length(features)
        some = features[:: -(-len(features) // LEVELS_FROM)]
        self.scale_ = band_levels(
            [to_tensor(at_length(f, self.length_)[: self.length_]) for f in some], N_LEVELS
        ).numpy()
        return features

    def input_arrays(self) -> dict[str, NDArray[Any]]:
        return {"length": np.array([self.length_]), "scale": self.scale_}

    def restore_input(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.length_, self.scale_ = int(arrays["length"][0]), arrays["scale"]

    def build(self) -> nn.Module:
        return two_branch_network(self.length_, torch.from_numpy(self.scale_))

    def fit_in_domains(
        self,
        features: Sequence[Array],
        machine_ids: Sequence[str],
        domains: Sequence[str],
        *,
        attributes: Sequence[str] = (),
        seed: int = 0,
        progress: Progress = silent,
    ) -> Self:
        classes = auxiliary_classes(machine_ids, attributes)
        return self.fit_classes(features, machine_ids, classes, seed=seed, progress=progress)

    def learn(self, normals: Normals, *, seed: int, progress: Progress) -> None:
        names = sorted({*normals.train_classes, *normals.held_out_classes})
        rng, n, n_classes = np.random.default_rng(seed), len(normals.train), len(names)
        labels = torch.tensor([names.index(c) for c in normals.train_classes])
        held_labels = [names.index(c) for c in normals.held_out_classes]
        size = min(self.batch_size, n)

        def next_batch() -> tuple[Tensor, Tensor]:
            chosen = rng.integers(n, size=size)
            windows = [random_window(normals.train[i], self.length_, rng) for i in chosen]
            return to_tensor(np.stack(windows)), one_hot(labels[chosen], n_classes)

        settle(self.net_, [next_batch()[0] for _ in range(SETTLED_ON)])
        if n_classes > 1:
            loss, validate = self.telling_classes(n_classes, normals, held_labels)
        else:
            loss, validate = self.telling_exchanges(n_classes, normals)
        history = train_network(
            self.net_,
            next_batch=next_batch,
            loss=loss,
            validate=validate,
            steps_per_epoch=max(FEWEST_STEPS, round(n / size)),
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            patience=self.epochs + 1,
            keep_best=False,  # the loss shows how well machines are told apart, not how close together normal clips are
            progress=progress,
        )
        round_weights(self.net_)
        with torch.inference_mode():
            embedded = torch.stack(
                [self.embedding(f) for part in (normals.train, normals.held_out) for f in part]
            ).numpy()
        ids = np.array([*normals.train_ids, *normals.held_out_ids])
        self.bank_ = {i: directions(embedded[ids == i], seed) for i in self.machine_ids_}
        spread = np.mean([np.linalg.norm(embedded[ids == i].std(axis=0)) for i in self.machine_ids_])
        self.diagnostics_ = {**history, "classes": n_classes, "embedding_spread": round(float(spread), 5)}

    def telling_classes(
        self, n_classes: int, normals: Normals, held_labels: Sequence[int]
    ) -> tuple[Callable[[tuple[Tensor, Tensor]], Tensor], Callable[[], float]]:
        """Loss and validation with the classes of :func:`auxiliary_classes`; half of the clips are mixed with another, targets as
        well."""
        head = adacos_head(n_classes, N_EMBEDDING)

        def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
            waveforms, targets = mixed_up(*batch)
            return soft_cross_entropy(head(self.net_(waveforms)), targets)

        def validate() -> float:
            log_p = [head(self.embedding(f)[None])[0, c] for f, c in zip(normals.held_out, held_labels, strict=True)]
            return -float(torch.stack(log_p).mean())

        return loss, validate

    def telling_exchanges(
        self, n_classes: int, normals: Normals
    ) -> tuple[Callable[[tuple[Tensor, Tensor]], Tensor], Callable[[], float]]:
        """Loss and validation where there is one class: which clips got another one's statistics, or another's embedding.

        Clips are not mixed: without a second class that would say nothing, and two strokes at once are what a fault may be.
        """
        heads = [adacos_head(3 * n_classes, N_EMBEDDING) for _ in range(2)]
        net: Any = self.net_

        def exchange(waveforms: Tensor, targets: Tensor, of: int, partner: Tensor, exchanged: Tensor) -> Tensor:
            spectrum, stft = net.spectrum(waveforms), magnitude_stft(waveforms)
            if of == 0:
                stft = torch.where(exchanged[:, None, None], statistics_exchanged(stft, partner), stft)
            one, other = net.branches(spectrum, stft)
            if of == 1:
                other = torch.where(exchanged[:, None], other[partner], other)
            log_p = heads[of](torch.cat([one, other], dim=1))
            return soft_cross_entropy(log_p, exchange_targets(targets, partner, exchanged))

        def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
            return exchange(*batch, int(torch.randint(2, ())), *partners(len(batch[0])))

        def validate() -> float:
            held = [fixed_windows(f, self.length_)[0][0] for f in normals.held_out[: self.batch_size]]
            waveforms, places = to_tensor(np.stack(held)), torch.arange(len(held))
            targets = one_hot(torch.zeros(len(held), dtype=torch.long), n_classes)
            return float(
                sum(exchange(waveforms, targets, of, places.roll(1), places % 2 == 1) for of in range(2))
                / 2  # half each
            )

        return loss, validate

    def embeddings(self, samples: Array) -> Tensor:
        """Unit vectors ``(n_windows, N_EMBEDDING)`` of a clip's windows, one by one: a window's is the same in any clip."""
        windows = to_tensor(fixed_windows(samples, self.length_)[0])
        return nn.functional.normalize(torch.cat([self.net_(window[None]) for window in windows]))

    def embedding(self, spectrogram: Array) -> Tensor:
        """The mean of a clip's windows' unit vectors; takes samples."""
        return self.embeddings(spectrogram).mean(dim=0)

    def distances(self, embeddings: Tensor, machine_id: str) -> Tensor:
        """1 - cosine to the nearest normal direction, ``(n, N_EMBEDDING) -> (n,)``.

        As half the squared distance of unit vectors, which keeps the digits that 1 - 0.9999999 loses.
        """
        points = nn.functional.normalize(embeddings.double())
        normal = nn.functional.normalize(torch.from_numpy(self.bank_[machine_id]).double())
        squared = (points[:, None] - normal[None]).square().sum(dim=2)
        return 0.5 * squared.amin(dim=1)

    def score_clip(self, log_mel: Array, machine_id: str) -> float:
        """Mean distance of a clip's windows; takes samples."""
        return float(self.distances(self.embeddings(log_mel), machine_id).mean())

    def latent(self, features: Sequence[Array], machine_ids: Sequence[str]) -> Array | None:
        with torch.inference_mode():
            embeddings: Array = torch.stack([self.embedding(f) for f in features]).numpy()
        return embeddings

    def explain(self, features: Array, machine_id: str) -> Array | None:
        """|input x gradient| of the STFT branch, as mel bands, on the log-mel's frames; windows are averaged where they overlap.

        What the spectrum branch contributes has no time and is not in it.
        """
        self._known([machine_id])
        net: Any = self.net_
        windows, firsts = fixed_windows(features, self.length_)
        n_frames = 1 + len(features) // HOP
        total = np.zeros((N_FFT // 2 + 1, max(n_frames, 1 + self.length_ // HOP) + 1), dtype=np.float32)
        count = np.zeros(total.shape[1], dtype=np.float32)
        for window, first in zip(to_tensor(windows)[:, None], firsts, strict=True):
            with torch.no_grad():
                of_spectrum = net.of_spectrum(net.spectrum(window))
                centred = without_mean(magnitude_stft(window)).numpy()

            def distance(stft: Tensor, of_spectrum: Tensor = of_spectrum) -> Tensor:
                return self.distances(torch.cat([of_spectrum, net.of_stft(stft)], dim=1), machine_id)

            hot = saliency(distance, centred)[0]
            frames = slice(1 + round(first / HOP), 1 + round(first / HOP) + hot.shape[1])
            total[LOWEST_BIN:, frames] += hot
            count[frames] += 1.0
        mel = LogMel()
        filters = mel_filterbank(mel.n_mels, mel.n_fft, mel.sample_rate)
        filters = filters / filters.sum(axis=1, keepdims=True)
        return np.asarray(filters @ (total / np.maximum(count, 1.0))[:, :n_frames], dtype=np.float32)

    def state(self) -> State:
        state = super().state()
        for name, _ in self.net_.named_parameters():  # rounded when they were learned
            state.arrays[f"net/{name}"] = state.arrays[f"net/{name}"].astype(np.float16)
        state.arrays |= {f"bank/{machine_id}": bank for machine_id, bank in self.bank_.items()}
        return state

    def restore(self, state: State) -> None:
        super().restore(state)
        self.bank_ = with_prefix(state.arrays, "bank/")
