"""Densities of plain vectors: what holds for all, and KDE, DBSCAN and LOF as their methods describe them."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neighbors import KernelDensity

from asd_core.detectors import Density
from asd_core.detectors.common.distances import row_blocks
from asd_core.detectors.common.gaussian import Mahalanobis
from asd_core.detectors.common.gmm import Gmm
from asd_core.detectors.common.kde import BANDWIDTHS, Kde
from asd_core.detectors.common.whitening import Whitening
from asd_core.detectors.gaussian import Gaussian
from asd_core.detectors.knn_bands import BandNeighbours
from asd_core.detectors.pca_dbscan import DENSE_SHARE, Dbscan, knee
from asd_core.detectors.pca_lof import Lof
from asd_core.evaluation import auc
from tests.unit.shallow_data import correlated

DENSITIES: dict[str, Density] = {
    "kde": Kde(3),
    "kde without residual": Kde(3, residual=False),
    "kde of all dimensions": Kde(),
    "dbscan": Dbscan(3),
    "dbscan of all dimensions": Dbscan(),
    "lof": Lof(0.99),
    "lof of all dimensions": Lof(),
    "gmm": Gmm(),
    "neighbours": BandNeighbours(4),
    "local neighbours": BandNeighbours(),
    "mahalanobis": Mahalanobis(),
    "gaussian": Gaussian(),
}


@pytest.mark.parametrize("name", DENSITIES)
def test_a_density_learns_any_vectors(name: str) -> None:
    model = DENSITIES[name].fit(correlated(240), seed=0)
    normal, strange = model.score(correlated(100, seed=1)), model.score(correlated(100, seed=2) * 3.0 + 8.0)
    assert auc(normal, strange) > 0.95
    assert normal.shape == (100,)
    assert len(np.unique(normal)) == 100


@pytest.mark.parametrize("name", DENSITIES)
def test_a_score_does_not_depend_on_what_is_scored_with_it(name: str) -> None:
    model, vectors = DENSITIES[name].fit(correlated(240), seed=0), correlated(50, seed=1)
    alone = np.concatenate([model.score(vectors[i : i + 1]) for i in range(50)])
    np.testing.assert_allclose(model.score(vectors), alone, rtol=1e-9)


@pytest.mark.parametrize("name", DENSITIES)
def test_state_round_trip_and_determinism(name: str) -> None:
    vectors = correlated(50, seed=1)
    first = DENSITIES[name].fit(correlated(240), seed=3)
    scores = first.score(vectors)
    again = type(first)().load({key: value.copy() for key, value in first.arrays().items()})
    np.testing.assert_array_equal(again.score(vectors), scores)
    np.testing.assert_array_equal(DENSITIES[name].fit(correlated(240), seed=3).score(vectors), scores)


@pytest.mark.parametrize("name", DENSITIES)
def test_far_away_is_finite_and_ordered(name: str) -> None:
    model = DENSITIES[name].fit(correlated(240), seed=0)
    direction = np.random.default_rng(99).standard_normal((3, 12))[1]
    scores = model.score(np.outer([1e2, 1e3, 1e4], direction))
    assert np.isfinite(scores).all()
    assert (np.diff(scores) > 0).all()


def test_bandwidth_maximises_the_held_out_likelihood() -> None:
    rng = np.random.default_rng(0)
    smooth = rng.standard_normal((240, 2))
    clumps = rng.choice([-3.0, 3.0], (240, 2)) + 0.05 * rng.standard_normal((240, 2))
    narrow, wide = Kde(2).fit(clumps).bandwidth_, Kde(2).fit(smooth).bandwidth_
    assert narrow < 0.5 * wide
    assert BANDWIDTHS[0] <= narrow
    assert 0.2 < wide < 1.0  # Silverman's rule says 0.4 here, a default would say 1


def test_cross_validation_whitens_on_the_training_folds_alone() -> None:
    """Among 30 vectors of 60 dimensions, components fitted on all of them make the held-out ones look too likely."""
    vectors = np.random.default_rng(3).standard_normal((30, 60)) @ np.diag(np.linspace(1.0, 3.0, 60))
    log_likelihood = np.zeros(len(BANDWIDTHS))
    for train, test in KFold(5, shuffle=True, random_state=0).split(vectors):
        whitening = Whitening.fit(vectors[train], 8, seed=0)
        points = whitening.transform(vectors[train])
        for i, width in enumerate(BANDWIDTHS):
            kernels = KernelDensity(bandwidth=width).fit(points)
            log_likelihood[i] += kernels.score(whitening.transform(vectors[test]))
    model = Kde(8).fit(vectors)
    assert model.bandwidth_ == BANDWIDTHS[int(np.argmax(log_likelihood))]
    everywhere = model.whitening_.transform(vectors)  # the components have seen every fold
    seen = GridSearchCV(KernelDensity(), {"bandwidth": BANDWIDTHS}, cv=KFold(5, shuffle=True, random_state=0))
    assert model.bandwidth_ != seen.fit(everywhere).best_params_["bandwidth"]


def test_kde_score_is_minus_log_density() -> None:
    vectors = correlated(100)
    model = Kde(2, residual=False).fit(vectors)
    points, at = model.points_, model.whitening_.transform(vectors[:5])
    kernels = np.exp(-np.square(at[:, None] - points).sum(axis=2) / 2 / model.bandwidth_**2)
    density = kernels.mean(axis=1) / (2 * np.pi * model.bandwidth_**2)
    np.testing.assert_allclose(model.score(vectors[:5]), -np.log(density), rtol=1e-6)


def test_the_residual_sees_what_few_components_miss() -> None:
    outside = np.linalg.svd(np.random.default_rng(99).standard_normal((3, 12)))[2][-1]
    normal, strange = correlated(100, seed=1), correlated(100, seed=2) + 2.0 * outside
    blind, whole = Kde(3, residual=False).fit(correlated(240)), Kde(3).fit(correlated(240))
    assert auc(blind.score(normal), blind.score(strange)) < 0.75
    assert auc(whole.score(normal), whole.score(strange)) > 0.95


def test_dbscan_scores_distance_over_eps_from_cores_alone() -> None:
    vectors = correlated(240)
    model = Dbscan(3).fit(vectors)
    points = model.whitening_.transform(vectors)
    assert model.score(vectors).max() > 0.0
    cores = np.array([np.isclose(np.abs(model.core_ - p).max(axis=1).min(), 0.0, atol=1e-6) for p in points])
    assert model.score(vectors[cores]).max() < 1e-4
    step = model.whitening_.restore(model.core_[:1] + np.r_[100.0, 0.0, 0.0])
    expected = np.linalg.norm(model.core_ - model.whitening_.transform(step), axis=1).min() / model.eps_
    assert model.score(step)[0] == pytest.approx(expected)
    assert model.score(step)[0] > 1.0


def test_dbscan_has_a_core_sample_among_a_handful_of_points() -> None:
    for seed in range(100):
        vectors = np.random.default_rng(seed).normal(size=(6, 64))
        assert np.isfinite(Dbscan(4).fit(vectors).score(vectors)).all()


def test_dbscan_eps_is_the_knee_and_min_samples_twice_the_dimension() -> None:
    from sklearn.neighbors import NearestNeighbors

    vectors = correlated(240)
    model = Dbscan(4).fit(vectors)
    points = model.whitening_.transform(vectors)
    distances = np.sort(NearestNeighbors(n_neighbors=8).fit(points).kneighbors(points)[0][:, -1])
    assert model.eps_ == pytest.approx(knee(distances))
    neighbours = (np.linalg.norm(points[:, None] - points, axis=2) <= model.eps_).sum(axis=1)
    assert len(model.core_) == (neighbours >= 8).sum()
    assert 0 < len(model.core_) < 240  # noise exists: an eps at the curve's end would have none


@pytest.mark.parametrize(("n", "k"), [(240, 20), (12, 6), (100, 5)])
def test_lof_equals_scikit_learn(n: int, k: int) -> None:
    from sklearn.neighbors import LocalOutlierFactor

    model, test = Lof(n_neighbors=k).fit(correlated(n)), correlated(60, seed=1) * 1.5
    points = model.points_.astype(np.float64)
    reference = LocalOutlierFactor(n_neighbors=k, novelty=True).fit(points)
    expected = -reference.score_samples(model.whitening_.transform(test))
    np.testing.assert_allclose(model.score(test), expected, rtol=1e-6)


def test_lof_is_local_and_whitened() -> None:
    rng = np.random.default_rng(0)
    tight, loose = rng.normal(0.0, 0.1, (100, 2)), rng.normal(6.0, 2.0, (100, 2))
    model = Lof(0.99).fit(np.concatenate([tight, loose]))
    near_tight, in_loose = model.score(np.array([[0.9, -0.9], [6.5, 5.0]]))
    assert near_tight > 1.5 * in_loose  # nearer to its cluster, but the cluster is denser
    np.testing.assert_allclose(np.cov(model.points_.T), np.eye(2), atol=1e-3)


def mostly_in_twenty(n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Normal vectors of sixty dimensions, mostly in twenty; and some with noise of their own in half of the sixty."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(5).standard_normal((20, 60))
    normal = rng.standard_normal((2 * n, 20)) @ mixing + 0.5 * rng.standard_normal((2 * n, 60))
    strange = normal[n:].copy()
    strange[:, :30] += 3.0 * rng.standard_normal((n, 30))
    return normal[:n], strange


@pytest.mark.parametrize("name", ["kde", "dbscan", "lof"])
def test_with_few_vectors_all_dimensions_beat_components(name: str) -> None:
    """n - 1 whitened components put all training vectors at one distance from each other."""
    train = mostly_in_twenty(40, 0)[0]
    normal, strange = mostly_in_twenty(150, 1)
    components, whole = {
        "kde": (Kde(8, residual=False), Kde()),
        "dbscan": (Dbscan(4), Dbscan()),
        "lof": (Lof(0.99), Lof()),
    }[name]
    reduced, full = (auc(m.score(normal), m.score(strange)) for m in (components.fit(train), whole.fit(train)))
    assert full > reduced + 0.1


def test_dense_neighbourhoods_hold_a_square_root_of_the_vectors() -> None:
    vectors = correlated(100)
    model = Dbscan().fit(vectors)
    points = Whitening.shrunk(vectors).transform(vectors)
    distances = np.sort(np.linalg.norm(points[:, None] - points, axis=2), axis=1)[:, 9]  # itself is the first of ten
    assert model.eps_ == pytest.approx(np.quantile(distances, DENSE_SHARE))


def test_distances_in_blocks_are_those_of_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    vectors, others = rng.normal(size=(90, 12)), rng.normal(size=(40, 12))
    whole = [model.fit(vectors).score(others) for model in (Lof(), BandNeighbours(4, 3))]
    monkeypatch.setattr("asd_core.detectors.common.distances.AT_ONCE", 1000)
    assert [rows.stop - rows.start for rows in row_blocks(90, 90)] == [11] * 8 + [2]
    for one, model in zip(whole, (Lof(), BandNeighbours(4, 3)), strict=True):
        assert np.allclose(one, model.fit(vectors).score(others), rtol=1e-9)
