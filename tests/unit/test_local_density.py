"""Local density normalisation: two spreads become one scale, equal spreads stay as they are, and copies count once."""

import numpy as np
import pytest

from asd_core.detectors.common import distances as distances_module
from asd_core.detectors.common.distances import squared_distances
from asd_core.detectors.common.local_density import in_local_units, local_density
from asd_core.detectors.knn_bands import BandNeighbours, KnnBands
from asd_core.errors import TrainingError
from asd_core.evaluation import auc

RNG = np.random.default_rng(0)


def apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.sqrt(squared_distances(one, other))


def spacing(distances: np.ndarray, n_neighbors: int, decay: float = 1.0) -> np.ndarray:
    """Of references all of whose distances are at hand."""
    return local_density(distances.__getitem__, len(distances), n_neighbors, decay)


def two_domains(n: int, rng: np.random.Generator, *, off: float = 0.0) -> np.ndarray:
    """Vectors of a dense domain at 0 and of one at 100 whose spread is ten times as large; ``off`` spreads away from either."""
    dense, wide = rng.standard_normal((2, n, 6))
    return np.concatenate([dense + off * np.eye(6)[0], 100.0 + 10.0 * (wide + off * np.eye(6)[0])])


def test_domains_of_different_spread_are_evened_out() -> None:
    rng = np.random.default_rng(1)
    references, normal, broken = two_domains(150, rng), two_domains(100, rng), two_domains(100, rng, off=5.0)
    found = {}
    for name, rho in (("plain", None), ("local", spacing(apart(references, references), 5))):
        scores = [in_local_units(apart(v, references), rho).min(axis=1) for v in (normal, broken)]
        found[name] = auc(*scores)
    assert found["plain"] < 0.8
    assert found["local"] > 0.95


def test_where_the_density_is_the_same_everywhere_the_order_is_the_same() -> None:
    ring = 2 * np.pi * np.arange(60) / 60
    references, vectors = np.stack([np.cos(ring), np.sin(ring)], axis=1), RNG.standard_normal((200, 2))
    rho = spacing(apart(references, references), 4)
    np.testing.assert_allclose(rho, rho[0], rtol=1e-9)
    plain, local = (in_local_units(apart(vectors, references), r).min(axis=1) for r in (None, rho))
    np.testing.assert_allclose(local * rho[0], plain, rtol=1e-9)
    np.testing.assert_array_equal(np.argsort(local), np.argsort(plain))


def test_rho_is_the_mean_distance_to_the_nearest_others() -> None:
    line = np.abs(np.subtract.outer([0.0, 1.0, 3.0, 7.0], [0.0, 1.0, 3.0, 7.0]))
    np.testing.assert_allclose(spacing(line, 2), [2.0, 1.5, 2.5, 5.0])
    np.testing.assert_allclose(spacing(line, 2, decay=0.0), [1.0, 1.0, 2.0, 4.0])  # the nearest alone
    np.testing.assert_allclose(spacing(line, 2, decay=0.5), [(1 + 1.5) / 1.5, (1 + 1) / 1.5, 3.5 / 1.5, 7 / 1.5])


def test_more_neighbours_than_references_are_all_of_them() -> None:
    distances = apart(*[RNG.standard_normal((5, 3))] * 2)
    np.testing.assert_allclose(spacing(distances, 64), distances.sum(axis=1) / 4)


def test_copies_of_a_reference_count_once() -> None:
    once = RNG.standard_normal((20, 3))
    copied = np.concatenate([once, np.repeat(once[:3], 6, axis=0)])
    alone, together = spacing(apart(once, once), 4), spacing(apart(copied, copied), 4)
    np.testing.assert_allclose(together[:20], alone, rtol=1e-6)
    np.testing.assert_allclose(together[20:26], alone[0], rtol=1e-6)
    vectors = RNG.standard_normal((10, 3))
    scores = [in_local_units(apart(vectors, r), p).min(axis=1) for r, p in ((once, alone), (copied, together))]
    np.testing.assert_allclose(*scores, rtol=1e-6)


def test_many_references_are_taken_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    once = RNG.standard_normal((60, 6))
    copied = np.concatenate([once, once[10:14]])  # a copy is in another block than what it is of
    whole, bands = spacing(apart(copied, copied), 4), BandNeighbours(3, n_density=4).fit(copied)
    monkeypatch.setattr(distances_module, "AT_ONCE", 7 * len(copied))
    most = 0

    def rows(block: slice) -> np.ndarray:
        nonlocal most
        most = max(most, block.stop - block.start)
        return apart(copied[block], copied)

    np.testing.assert_allclose(local_density(rows, len(copied), 4), whole, rtol=1e-12)
    assert most == 7
    np.testing.assert_allclose(BandNeighbours(3, n_density=4).fit(copied).score(once), bands.score(once), rtol=1e-9)


@pytest.mark.parametrize("references", [np.zeros((1, 3)), np.ones((6, 3))])
def test_without_another_reference_nothing_is_normalised(references: np.ndarray) -> None:
    np.testing.assert_array_equal(spacing(apart(references, references), 4), 1.0)


def test_sub_bands_count_in_their_own_units() -> None:
    """Off by default; on, it is each sub-band's own rho, and comes back from the stored state."""
    rng = np.random.default_rng(3)
    train, test = two_domains(60, rng), two_domains(20, rng)
    plain, off, on = BandNeighbours(2), BandNeighbours(2, n_density=0), BandNeighbours(2, n_density=4)
    for model in (plain, off, on):
        model.fit(train)
    np.testing.assert_array_equal(plain.score(test), off.score(test))
    assert plain.arrays().keys() == off.arrays().keys() == on.arrays().keys() - {"rho"}
    again = BandNeighbours(2, n_density=4).load(on.arrays())
    np.testing.assert_array_equal(again.score(test), on.score(test))
    votes, nearest = on.votes(test)
    part = on._parts[1]
    local = in_local_units(apart(((test - on.mean_) / on.scale_)[:, on._columns[1]], part), on._rho[1])
    np.testing.assert_array_equal(nearest[:, 1], local.argmin(axis=1))
    np.testing.assert_allclose(votes[:, 1], local.min(axis=1) / on.typical_[1])
    spread = [scores[:20].mean() / scores[20:].mean() for scores in (plain.score(test), on.score(test))]
    assert spread[0] < 0.2, "the dense domain's distances are small"
    assert 0.7 < spread[1] < 1.4


def test_the_parameters_reach_the_model() -> None:
    model = KnnBands.create(n_density=3, density_decay=0.5).new_model()
    assert isinstance(model, BandNeighbours)
    assert (model.n_density, model.decay) == (3, 0.5)
    with pytest.raises(TrainingError, match="n_density"):
        KnnBands.create(n_density=65)


def test_what_was_stored_before_there_was_the_parameter_holds() -> None:
    assert KnnBands().parameters() == {"n_subbands": 16}
    assert KnnBands(n_density=4).parameters() == {"n_subbands": 16, "n_density": 4}
    assert KnnBands(**KnnBands(n_density=4, density_decay=0.5).parameters()) == KnnBands(16, 4, 0.5)


def test_stored_neighbours_hold_their_spacing_whatever_the_reader_was_made_with() -> None:
    vectors = np.random.default_rng(0).normal(size=(40, 24))
    plain, spaced = BandNeighbours(4, 3).fit(vectors), BandNeighbours(4, 3, n_density=4, power=0.5).fit(vectors)
    for fitted in (plain, spaced):
        for reader in (BandNeighbours(4, 3), BandNeighbours(4, 3, n_density=4)):
            np.testing.assert_array_equal(reader.load(fitted.arrays()).score(vectors), fitted.score(vectors))
    assert not np.allclose(plain.score(vectors[:5] + 3), spaced.score(vectors[:5] + 3))
