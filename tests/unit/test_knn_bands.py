"""Nearest neighbours in each sub-band."""

import numpy as np
import pytest

from asd_core.detectors import Density
from asd_core.detectors.knn_bands import BandNeighbours, KnnBands
from asd_core.features import pool
from tests.unit.shallow_data import FRAMES, MELS, correlated, fitted, log_mels, with_tone


def test_local_neighbours_forgive_distance_where_normals_are_sparse() -> None:
    rng = np.random.default_rng(0)
    clumps = np.concatenate([rng.normal(0.0, 0.1, (100, 3)), rng.normal(10.0, 2.0, (100, 3))])
    at = np.array([[0.0, 0.0, 1.5], [10.0, 10.0, 15.0]])  # beside the tight clump; in the outskirts of the loose one

    def ratio(model: Density) -> float:
        near_tight, near_loose = model.fit(clumps).score(at)
        return float(near_tight / near_loose)

    assert ratio(BandNeighbours()) > 1.5 * ratio(BandNeighbours(local=False))


def test_only_one_band_is_local_unless_it_is_said() -> None:
    vectors = correlated(60)
    assert "axes" in BandNeighbours().fit(vectors).arrays()
    for stored in (BandNeighbours(3), KnnBands().new_model()):  # a sound detector's state stays as it was
        assert set(stored.fit(vectors).arrays()) == {"points", "mean", "scale", "typical", "shape"}


def test_each_sub_band_has_its_own_neighbour() -> None:
    rng = np.random.default_rng(0)
    train = rng.standard_normal((100, 8))
    mixed = np.concatenate([train[:50, :4], train[50:, 4:]], axis=1)  # each half is known, but not together
    assert BandNeighbours(2).fit(train).score(mixed).max() < 1e-5
    assert BandNeighbours(1).fit(train).score(mixed).min() > 0.1


def test_a_sub_band_that_varies_does_not_outvote_the_others() -> None:
    vectors = np.random.default_rng(0).standard_normal((200, 8))
    vectors[:, 4:] = np.sign(vectors[:, 4:]) + 0.01 * vectors[:, 4:]  # sixteen clumps: neighbours are very near
    model = BandNeighbours(2).fit(vectors)
    votes, _ = model.votes(np.random.default_rng(1).permutation(vectors, axis=0)[:50] + 1e-9)
    assert (votes >= 0).all()
    leave_one_out = [BandNeighbours(2).fit(np.delete(vectors, i, 0)).votes(vectors[i : i + 1])[0][0] for i in range(60)]
    np.testing.assert_allclose(np.median(leave_one_out, axis=0), 1.0, rtol=0.35)


def test_neighbours_do_not_depend_on_units() -> None:
    units, test = np.r_[1000.0, np.ones(11)], correlated(10, seed=1)
    plain, scaled = BandNeighbours(3).fit(correlated(100)), BandNeighbours(3).fit(correlated(100) * units)
    np.testing.assert_allclose(scaled.score(test * units), plain.score(test), rtol=1e-3)


def test_sub_bands_are_runs_of_neighbouring_mels_with_all_statistics() -> None:
    model = BandNeighbours(4, 3).fit(np.random.default_rng(0).standard_normal((20, 24)))
    np.testing.assert_array_equal(model._columns[1], [2, 3, 10, 11, 18, 19])
    assert sorted(np.concatenate(model._columns)) == list(range(24))


def test_votes_are_averaged() -> None:
    vectors = correlated(100)
    model = BandNeighbours(3).fit(vectors)
    test = correlated(10, seed=1)
    np.testing.assert_allclose(model.score(test), model.votes(test)[0].mean(axis=1))
    assert model.shares(test[0])[0].sum() == pytest.approx(model.score(test[:1])[0])


def test_knn_explanation_adds_up() -> None:
    detector, clip = fitted(KnnBands()), with_tone(log_mels(1, seed=6)[0])
    shown = detector.explain(clip, "00")
    assert shown is not None
    assert shown.sum() / FRAMES == pytest.approx(detector.score([clip], ["00"])[0], rel=1e-3)
    assert pool(clip).shape == (3 * MELS,)
