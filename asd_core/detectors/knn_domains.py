"""Nearest neighbours, a domain at a time: a clip need only be usual in one of the domains that were trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.base import Density, DensityPerId, DetectorInfo, Scores, State, parameter
from asd_core.detectors.common.few_shot import (
    Made,
    leave_one_out,
    memory_mixing,
    nearest_distances,
    nothing_made,
    smote,
)
from asd_core.detectors.common.whitening import standardisation
from asd_core.features import Array, pool
from asd_core.progress import Progress, silent

NOTHING, MIXING, SMOTE = 0, 1, 2  # what a smaller domain is filled up with
MOST_MIXED = (
    10_000  # points of a domain: as many as the 990 of each of ten clips that GenRep mixes, and what memory allows
)
FEWEST = 5  # different clips of a domain: of two or three, the distances are mostly one and the same, and its spread is chance
NARROWEST = 0.1  # of the widest domain's spread: copies of one clip have none
ONE_DOMAIN = "all"  # the name where nobody says which domain a clip is of


class DomainNeighbours(Density):
    """Distance to the nearest training vectors of each domain, standardised within the domain; the smallest counts.

    A domain of few clips lies sparser than one of many, so that its normal clips are far from their neighbours and look
    anomalous. Each domain's distances are therefore counted from the mean, and in standard deviations, of what its own
    training clips get with themselves left out. GenRep (arXiv 2409.05035) takes both from the test's scores, which nobody
    has when a clip comes. The domain of a new clip is not needed: it gets the smallest distance.
    """

    points_: NDArray[np.float32]  # (n, d) training vectors, standardised
    domain_: NDArray[np.int64]  # (n,): place of each one's domain in ``names``
    mean_: NDArray[np.float64]  # (d,)
    scale_: NDArray[np.float64]  # (d,)
    centre_: NDArray[np.float64]  # (n_domains,): mean distance with the clip itself left out
    spread_: NDArray[np.float64]  # (n_domains,): its standard deviation

    def __init__(self, n_neighbors: int = 1, balance: int = NOTHING) -> None:
        self.n_neighbors = n_neighbors
        self.balance = balance
        self.seed = 0
        self.names: list[str] = []

    def fit(self, vectors: NDArray[Any], *, seed: int = 0, domains: Sequence[str] | None = None) -> Self:
        """Learn from ``(n, d)`` normal vectors, each of a domain.

        Args:
            domains: ``(n,)``; one for all where it is not given. One with fewer than :data:`FEWEST` different vectors is counted to
                the largest.
        """
        of = np.asarray([ONE_DOMAIN] * len(vectors) if domains is None else domains).astype(str)
        names, counts = np.unique(of, return_counts=True)
        different = np.array([len(np.unique(vectors[of == name], axis=0)) for name in names])
        few = names[different < FEWEST]
        of[np.isin(of, few)] = names[np.argmax(counts)]
        self.seed = seed
        self.names = [str(name) for name in np.unique(of)]
        self.mean_, self.scale_ = standardisation(vectors)
        self.points_ = ((vectors - self.mean_) / self.scale_).astype(np.float32)
        self.domain_ = np.searchsorted(self.names, of).astype(np.int64)
        self._fill_up()
        alone = [leave_one_out(own, made, self.n_neighbors) for own, made in self._banks]
        self.centre_ = np.array([distances.mean() for distances in alone])
        spread = np.array([distances.std(ddof=1) for distances in alone])
        self.spread_ = np.maximum(spread, max(NARROWEST * float(spread.max()), 1e-9))
        return self

    def _fill_up(self) -> None:
        """The vectors of each domain, and what is made of those of a smaller one: not stored, since it follows from them."""
        points = self.points_.astype(np.float64)
        parts = [points[self.domain_ == place] for place in range(len(self.names))]
        most = max(parts, key=len)
        self._banks = [(own, self._made(own, most)) for own in parts]
        self._whole = [np.concatenate([own, made.points]) for own, made in self._banks]

    def _made(self, own: NDArray[np.float64], most: NDArray[np.float64]) -> Made:
        if self.balance == NOTHING or len(own) == len(most):
            return nothing_made(own)
        if self.balance == SMOTE:
            return smote(own, len(most) - len(own), seed=self.seed)
        return memory_mixing(own, most, n_mixed=max(1, MOST_MIXED // len(own)))

    def by_domain(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Standardised distance to each domain ``(n, n_domains)``: 0 is a usual clip of it."""
        standardised = (vectors - self.mean_) / self.scale_
        distances = [nearest_distances(standardised, bank, self.n_neighbors) for bank in self._whole]
        return np.asarray((np.stack(distances, axis=1) - self.centre_) / self.spread_)

    def score(self, vectors: NDArray[Any]) -> Scores:
        return np.asarray(self.by_domain(vectors).min(axis=1))

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {**super().arrays(), "shape": np.array([self.n_neighbors, self.balance, self.seed])}

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        self.n_neighbors, self.balance, self.seed = (int(value) for value in arrays["shape"])
        super().load(arrays)
        self.names = [str(place) for place in range(len(self.centre_))]  # until their own are known
        self._fill_up()
        return self


@dataclass
class KnnDomains(DensityPerId):
    """A bank of normal clips for each machine id and domain."""

    n_neighbors: int = parameter(1, low=1, high=20, help="Nearest clips of a domain whose mean distance counts.")
    balance: int = parameter(
        NOTHING,
        low=NOTHING,
        high=SMOTE,
        help="A smaller domain is filled up: 0 with nothing, 1 by memory mixing (towards the larger), 2 by SMOTE.",
    )

    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="knn_domains",
        title="kNN per domain",
        origin="beyond",
        scope="machine id",
        paper="Saengthong and Shinozaki, Deep generic representations for domain-generalized anomalous sound detection "
        "(GenRep), arXiv 2409.05035, 2024; Chawla and others, SMOTE, JAIR 16, 2002.",
        decides="Compares the clip with the most similar normal clip of each domain, by that domain's own measure.",
        catches="Catches changes of the whole spectrum, also with few clips of a domain; misses those in few bands.",
        how_it_scores="Distance from the nearest normal clip of each domain (source, target) in mean, spread and maximum of "
        "each mel band, standardised by the distances of that domain's training clips from one another; the smallest counts. "
        "A domain of few clips may be filled up by memory mixing or SMOTE. Which domain a new clip is of is not asked.",
        when_not_to_use="With clips much shorter or longer than those it learned from (a band's maximum grows with the "
        "clip), or for a fault in a few mel bands only. With one domain it is a plain nearest-neighbour distance. It cannot "
        "say where in the clip the fault is.",
        presets={"quick": {}, "paper": {"balance": MIXING}},
    )

    def new_model(self) -> DomainNeighbours:
        return DomainNeighbours(self.n_neighbors, self.balance)

    def vectors(self, features: Sequence[Array]) -> Array:
        return np.stack([pool(log_mel) for log_mel in features])

    def fit(
        self,
        features: Sequence[Array],
        machine_ids: Sequence[str],
        *,
        seed: int = 0,
        progress: Progress = silent,
        domains: Sequence[str] | None = None,
    ) -> Self:
        vectors, of = self.vectors(features), None if domains is None else np.asarray(domains)

        def fit_one(model: Density, chosen: NDArray[np.bool_]) -> Density:
            assert isinstance(model, DomainNeighbours)
            return model.fit(vectors[chosen], seed=seed, domains=None if of is None else list(of[chosen]))

        self.fit_each(machine_ids, fit_one, progress)
        self.diagnostics_["domains"] = self.domains_
        return self

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
        return self.fit(features, machine_ids, seed=seed, progress=progress, domains=domains)

    @property
    def domains_(self) -> dict[str, list[str]]:
        """By machine id the domains that it has a bank of."""
        return {i: list(model.names) for i, model in self.models_.items() if isinstance(model, DomainNeighbours)}

    def state(self) -> State:
        state = super().state()
        state.config["domains"] = self.domains_
        return state

    def restore(self, state: State) -> None:
        super().restore(state)
        for machine_id, model in self.models_.items():
            assert isinstance(model, DomainNeighbours)
            model.names = [str(name) for name in state.config["domains"][machine_id]]
