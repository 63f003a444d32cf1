"""The shallow detectors learn what they claim: one test for each line of the methods' descriptions."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neighbors import KernelDensity

from asd_core.detectors import Density, Detector, State
from asd_core.detectors.common.distances import row_blocks
from asd_core.detectors.common.gaussian import Mahalanobis
from asd_core.detectors.common.gmm import Gmm
from asd_core.detectors.common.kde import BANDWIDTHS, Kde
from asd_core.detectors.common.shrinkage import shrinkage_intensity
from asd_core.detectors.common.whitening import Whitening, held_out_residual, likely_components, standardisation
from asd_core.detectors.controls import ControlMahalanobis, ControlRandom
from asd_core.detectors.gaussian import Gaussian
from asd_core.detectors.gwrp_gaussian import (
    AUTO,
    CHANGES,
    DECAYS,
    GwrpGaussian,
    least_regret,
    rank_pool,
    rank_weights,
    synthetic_separation,
)
from asd_core.detectors.knn_bands import BandNeighbours, KnnBands
from asd_core.detectors.pca_dbscan import DENSE_SHARE, Dbscan, knee
from asd_core.detectors.pca_lof import Lof, PcaLof
from asd_core.errors import UnknownMachineError
from asd_core.evaluation import auc
from asd_core.features import Waveform, pool
from asd_core.sound import Clip

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
MELS, FRAMES, TONE = 32, 80, 20


def correlated(n: int, d: int = 12, seed: int = 0) -> NDArray[np.float64]:
    """Normal vectors ``(n, d)`` of two kinds, mostly in three dimensions."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).standard_normal((3, d))
    kind = rng.integers(2, size=(n, 1))
    return np.asarray(rng.standard_normal((n, 3)) @ mixing + 6.0 * kind * mixing[0] + 0.2 * rng.standard_normal((n, d)))


def log_mels(n: int, seed: int = 0, frames: int = FRAMES) -> list[NDArray[np.float32]]:
    """Normal log-mels: a spectrum, a level of its own for each clip, noise."""
    rng = np.random.default_rng(seed)
    spectrum = -30.0 + 10.0 * np.cos(np.arange(MELS) / 5.0)[:, None]
    return [
        (spectrum + rng.normal(0.0, 1.0) + rng.normal(0.0, 2.0, (MELS, frames))).astype(np.float32) for _ in range(n)
    ]


def with_tone(log_mel: NDArray[np.float32], gain: float = 14.0) -> NDArray[np.float32]:
    """A burst in one band, frames 40 to 49."""
    changed = log_mel.copy()
    changed[TONE, 40:50] += gain
    return changed


def fitted(detector: Detector, n: int = 60) -> Detector:
    return detector.fit(log_mels(n), ["00", "02"] * (n // 2), seed=0)


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


def test_whitening_makes_unit_uncorrelated_components_and_standardises_first() -> None:
    vectors = correlated(400) * np.r_[1000.0, np.ones(11)]
    points = Whitening.fit(vectors, 3, seed=0).transform(vectors)
    np.testing.assert_allclose(np.cov(points.T), np.eye(3), atol=1e-3)
    rescaled = Whitening.fit(correlated(400), 3, seed=0).transform(correlated(400))
    np.testing.assert_allclose(np.abs(points), np.abs(rescaled), atol=1e-3)


def test_a_band_that_never_moves_cannot_outweigh_the_others() -> None:
    vectors = np.column_stack([correlated(100), np.full(100, -100.0)])
    assert standardisation(vectors)[1][-1] > 1e-3
    moved = vectors[:1] + np.r_[np.zeros(12), 1e-4]
    np.testing.assert_allclose(Kde(3).fit(vectors).score(moved), Kde(3).fit(vectors).score(vectors[:1]), rtol=0.01)


def test_residual_variance_is_that_of_held_out_vectors() -> None:
    vectors = np.random.default_rng(0).standard_normal((40, 60))
    fitted_on = Whitening.fit(vectors, 30, seed=0).residual(vectors).mean() / 30
    held = held_out_residual(vectors, 30, seed=0)
    fresh = Whitening.fit(vectors, 30, seed=0).residual(np.random.default_rng(1).standard_normal((200, 60))).mean() / 30
    assert held > 2 * fitted_on
    assert held == pytest.approx(fresh, rel=0.25)


def test_likely_components_finds_the_rank() -> None:
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((8, 40))
    mixing /= np.linalg.norm(mixing, axis=0)
    vectors = rng.standard_normal((400, 8)) @ mixing + 0.1 * rng.standard_normal((400, 40))
    assert likely_components(vectors, seed=0) == 8


# --- PCA + KDE


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


@pytest.mark.parametrize("seconds", [2.0, 10.0, 60.0])
def test_waveform_has_unit_level_and_one_length(seconds: float) -> None:
    samples = 0.01 * np.sin(2 * np.pi * 50 * np.arange(int(seconds * 16000)) / 16000)
    wave = Waveform().transform(Clip(samples[None].astype(np.float32), 16000, "0", "tone"))
    sounding = wave[: int(min(seconds, 10.0) * 400)]
    assert wave.shape == (4000,)
    assert np.sqrt(np.mean(np.square(sounding))) == pytest.approx(1.0, abs=0.02)
    assert not wave[len(sounding) + 20 :].any()


# --- PCA + DBSCAN


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


# --- PCA + LOF


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


# --- GMM


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


def test_shrunk_whitening_is_mahalanobis_and_keeps_every_dimension() -> None:
    vectors = correlated(30, d=40)
    standardised = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
    whole = Whitening.shrunk(vectors)
    assert whole.axes.shape == (40, 40)
    np.testing.assert_allclose(
        np.square(whole.transform(vectors)).sum(axis=1), Mahalanobis().fit(standardised).score(standardised), rtol=1e-4
    )
    half = Whitening.shrunk(vectors, 0.5)
    np.testing.assert_allclose(np.square(half.deviation), whole.deviation)
    np.testing.assert_allclose(half.restore(half.transform(vectors)), vectors, atol=1e-4)


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


def test_dense_neighbourhoods_hold_a_square_root_of_the_vectors() -> None:
    vectors = correlated(100)
    model = Dbscan().fit(vectors)
    points = Whitening.shrunk(vectors).transform(vectors)
    distances = np.sort(np.linalg.norm(points[:, None] - points, axis=2), axis=1)[:, 9]  # itself is the first of ten
    assert model.eps_ == pytest.approx(np.quantile(distances, DENSE_SHARE))


def close_together(n: int, heavy: bool = False) -> NDArray[np.float64]:
    """Vectors ``(n, 30)`` whose neighbouring dimensions hang together; each with a scale of its own where tails are heavy."""
    rng, lag = np.random.default_rng(0), np.abs(np.subtract.outer(np.arange(30), np.arange(30)))
    vectors = rng.standard_normal((n, 30)) @ np.linalg.cholesky(np.exp(-lag / 20.0)).T
    return np.asarray(vectors / np.sqrt(rng.chisquare(4, (n, 1)) / 4) if heavy else vectors)


def test_a_covariance_is_shrunk_less_where_held_out_vectors_clearly_speak_for_it() -> None:
    """Heavy tails deceive Ledoit and Wolf's estimate, which takes far vectors for a noisy covariance."""
    vectors = close_together(300, heavy=True)
    usual = ledoit_wolf_shrinkage(vectors / vectors.std(axis=0))
    assert shrinkage_intensity(vectors / vectors.std(axis=0), seed=0) < 0.2 * usual
    moved = vectors[:150].copy()
    moved[np.arange(150), np.random.default_rng(1).integers(30, size=150)] += 1.0
    known, new = vectors[150:], vectors[:150]

    def found(model: Density) -> float:
        model.fit(known)
        return auc(model.score(new), model.score(moved))

    assert found(Gaussian()) > found(Mahalanobis()) + 0.02


def test_ledoit_and_wolfs_shrinkage_stays_where_little_speaks_against_it() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((40, 60)) @ (np.eye(60) + 0.3 * rng.standard_normal((60, 60)))
    standardised = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
    assert shrinkage_intensity(standardised, seed=0) == pytest.approx(ledoit_wolf_shrinkage(standardised))
    ours, theirs = (model.fit(standardised).score(standardised) for model in (Gaussian(), Mahalanobis()))
    np.testing.assert_allclose(ours, theirs, rtol=1e-3)


def test_a_mixture_of_one_is_the_gaussian_of_all_dimensions() -> None:
    vectors = close_together(300)
    assert likely_components(vectors, seed=0) < 30
    np.testing.assert_allclose(
        2.0 * Gmm().fit(vectors).score(vectors), Gaussian().fit(vectors).score(vectors), rtol=1e-4
    )


def test_a_mixture_that_was_stored_before_scores_as_it_did() -> None:
    """With as many whitened components as its Gaussians have dimensions, and a residual."""
    vectors = correlated(300)
    model = Gmm(2, 4).fit(vectors)
    points = model.whitening_.transform(vectors)
    expected = -np.logaddexp.reduce(model._log_densities(points), axis=1)
    expected += model.whitening_.residual(vectors) / (2.0 * model.residual_variance_)
    np.testing.assert_allclose(Gmm().load(model.arrays()).score(vectors), expected, rtol=1e-12)


def test_gmm_finds_two_kinds_and_shrinks() -> None:
    assert len(Gmm(n_components=4).fit(correlated(300)).means_) >= 2
    assert len(Gmm().fit(np.random.default_rng(0).standard_normal((300, 4))).means_) == 1
    clumps = np.random.default_rng(0).choice([-1.0, 1.0], (60, 1)) + 1e-6 * np.random.default_rng(1).random((60, 4))
    assert np.abs(Gmm(2, 2).fit(clumps).factors_).max() <= 10.0  # no Gaussian shrinks onto a few vectors
    few = Gmm().fit(correlated(20, d=60))
    assert np.isfinite(few.score(correlated(20, d=60, seed=1))).all()


@pytest.mark.parametrize("model", [Mahalanobis(), Gmm(2), Gmm(n_mixture=None)], ids=["mahalanobis", "gmm", "any"])
def test_shares_sum_to_the_distance(model: Mahalanobis | Gmm) -> None:
    model.fit(correlated(240))
    vector = correlated(1, seed=5)[0]
    centre, pull = model.shares(vector)
    distance = float((vector - centre) @ pull)
    if isinstance(model, Mahalanobis):
        assert distance == pytest.approx(model.score(vector[None])[0])
    else:
        mixed, rest = np.split(model.whitening_.transform(vector[None]), [model.means_.shape[1]], axis=1)
        squared = np.square(rest).sum() - 2.0 * (model._log_densities(mixed) - model.log_weights_).max()
        residual = model.whitening_.residual(vector[None])[0] / model.residual_variance_
        assert distance == pytest.approx(squared + residual, rel=1e-3)


# --- GWRP + Gaussian


def test_ranks_run_from_mean_to_maximum() -> None:
    log_mel = log_mels(1)[0]
    pooled = rank_pool(log_mel, [1.0, 0.0, 0.5], FRAMES)
    np.testing.assert_allclose(pooled[0], log_mel.mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(pooled[1], log_mel.max(axis=1))
    by_hand = np.sort(log_mel[3])[::-1] * 0.5 ** np.arange(FRAMES)
    assert pooled[2, 3] == pytest.approx(by_hand.sum() / (0.5 ** np.arange(FRAMES)).sum(), rel=1e-5)
    assert rank_weights(0.9, FRAMES, FRAMES).sum() == pytest.approx(1.0)


def test_pooling_does_not_depend_on_the_length_of_the_clip() -> None:
    log_mel = log_mels(1)[0]
    short, long = rank_pool(log_mel, [0.9], FRAMES), rank_pool(np.tile(log_mel, (1, 6)), [0.9], FRAMES)
    assert np.abs(short - long).max() < 0.3
    plain = rank_pool(np.tile(log_mel, (1, 6)), [0.9], 6 * FRAMES)
    assert np.abs(short - plain).max() > 0.5


def test_the_decay_is_chosen_on_normals_and_is_not_just_the_smoothest() -> None:
    detector = fitted(GwrpGaussian.create(decay=AUTO))
    assert isinstance(detector, GwrpGaussian)
    assert detector.decay_ in DECAYS
    assert 0.0 < detector.decay_ < 1.0
    bursts = list(detector.diagnostics_["separation"]["burst"].values())
    assert max(bursts) > bursts[-1] + 0.02
    steady = [clip + np.float32(0.5) * clip.max(axis=1, keepdims=True) for clip in log_mels(60)]
    spiky = []
    rng = np.random.default_rng(7)
    for clip in steady:  # machines whose loudest frames vary a lot: their maximum says little
        clip = clip.copy()
        clip[:, rng.integers(FRAMES, size=3)] += rng.uniform(0.0, 40.0, 3).astype(np.float32)
        spiky.append(clip)
    on_spiky = synthetic_separation(spiky, ["00"] * 60, DECAYS, FRAMES)
    assert least_regret(on_spiky) > detector.decay_
    assert GwrpGaussian(decay=0.5).fit(log_mels(20), ["00"] * 20).decay_ == 0.5


def test_every_kind_of_synthetic_anomaly_counts_for_the_decay() -> None:
    by_kind = synthetic_separation(log_mels(60), ["00"] * 60, DECAYS, FRAMES)
    assert list(by_kind) == list(CHANGES)
    assert len({values.tobytes() for values in by_kind.values()}) == 4
    assert synthetic_separation(log_mels(9), ["00"] * 9, DECAYS, FRAMES) == {}


def test_the_decay_of_least_regret_suits_no_kind_alone() -> None:
    decays = np.asarray(DECAYS)
    small, large = 1.0 - decays, decays  # one kind is best found at 0, the other at 1
    assert least_regret({"burst": small}) == 0.0
    assert least_regret({"drift": 5 * large}) == 1.0
    assert least_regret({"burst": small, "drift": large}) == 0.5
    assert least_regret({}) == 0.88


@pytest.mark.parametrize("kind", CHANGES)
def test_synthetic_anomalies_of_a_log_mel(kind: str) -> None:
    """Bursts only add, drops and missing events only remove, a drift starts at nothing; none touches its input."""
    clip = log_mels(1)[0]
    clip[:, 20:30] += 15.0  # its event
    before = clip.copy()
    change = np.mean([CHANGES[kind](clip, np.random.default_rng(seed)) - clip for seed in range(40)], axis=0)
    assert np.array_equal(clip, before)
    assert np.abs(change).max() > 0.1
    if kind == "drift":
        assert not change[:, 0].any()
    else:
        assert (change >= -1e-4).all() if kind == "burst" else (change <= 1e-4).all()
    if kind == "missing event":
        assert change[:, 20:30].mean() < 10 * change[:, 40:].mean() < 0 or not change[:, 40:].any()


def test_gwrp_finds_a_burst_that_the_mean_misses() -> None:
    normal, burst = log_mels(60, seed=5), [with_tone(clip, 5.0) for clip in log_mels(60, seed=6)]
    ids = ["00"] * 60
    gwrp, mean = fitted(GwrpGaussian()), fitted(ControlMahalanobis())
    ours = auc(gwrp.score(normal, ids), gwrp.score(burst, ids))
    assert ours > auc(mean.score(normal, ids), mean.score(burst, ids)) + 0.1


# --- kNN per sub-band


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


# --- detectors of clips

CLIP_DETECTORS = [KnnBands(), PcaLof(), GwrpGaussian(decay=0.9), GwrpGaussian(decay=0.9, n_mixture=2), ControlRandom()]
NAMES = ["knn", "lof", "gwrp", "gwrp mixture", "random"]


def test_a_mixture_goes_into_its_state_and_scores_any_length() -> None:
    """The contract suite sees only default parameters."""
    detector = fitted(GwrpGaussian(decay=0.9, n_mixture=2))
    clips = [clip for frames in (63, 80, 1876) for clip in log_mels(4, seed=frames, frames=frames)]
    ids = ["00", "02"] * 6
    scores = detector.score(clips, ids)
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) == len(clips)
    state = detector.state()
    copied = State({key: value.copy() for key, value in state.arrays.items()}, state.config)
    np.testing.assert_array_equal(type(detector).from_state(copied).score(clips, ids), scores)
    with pytest.raises(UnknownMachineError):
        detector.score(clips[:1], ["77"])


@pytest.mark.parametrize("detector", CLIP_DETECTORS[:4], ids=NAMES[:4])
def test_detectors_find_a_tone(detector: Detector) -> None:
    fitted(detector)
    ids = ["00"] * 40
    strange = detector.score([with_tone(clip) for clip in log_mels(40, seed=6)], ids)
    assert auc(detector.score(log_mels(40, seed=5), ids), strange) > 0.9


@pytest.mark.parametrize("detector", [CLIP_DETECTORS[0], *CLIP_DETECTORS[2:4]], ids=["knn", "gwrp", "gwrp mixture"])
def test_explanation_points_at_the_tone(detector: Detector) -> None:
    fitted(detector)
    shown = detector.explain(with_tone(log_mels(1, seed=6)[0]), "00")
    assert shown is not None
    assert shown.shape == (MELS, FRAMES)
    assert shown.dtype == np.float32
    assert int(shown.sum(axis=1).argmax()) == TONE
    assert shown[TONE, 40:50].sum() > 0.8 * shown[TONE].sum()


def test_gwrp_explanation_sums_to_the_score() -> None:
    detector = fitted(GwrpGaussian(decay=0.95))
    clip = with_tone(log_mels(1, seed=6)[0], 25.0)
    shown = detector.explain(clip, "00")
    assert shown is not None
    assert shown.sum() >= detector.score([clip], ["00"])[0]  # only what lowers the distance is hidden
    assert shown.sum() < 1.6 * detector.score([clip], ["00"])[0]


def test_knn_explanation_adds_up() -> None:
    detector, clip = fitted(KnnBands()), with_tone(log_mels(1, seed=6)[0])
    shown = detector.explain(clip, "00")
    assert shown is not None
    assert shown.sum() / FRAMES == pytest.approx(detector.score([clip], ["00"])[0], rel=1e-3)
    assert pool(clip).shape == (3 * MELS,)


def test_random_control_knows_nothing_but_repeats_itself() -> None:
    detector = fitted(ControlRandom())
    clips = log_mels(300, seed=5)
    scores = detector.score(clips, ["00"] * 300)
    np.testing.assert_array_equal(detector.score(clips[::-1], ["02"] * 300)[::-1], scores)
    assert 0.0 <= scores.min() < 0.05
    assert 0.95 < scores.max() < 1.0
    assert abs(scores.mean() - 0.5) < 0.06


def test_distances_in_blocks_are_those_of_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    vectors, others = rng.normal(size=(90, 12)), rng.normal(size=(40, 12))
    whole = [model.fit(vectors).score(others) for model in (Lof(), BandNeighbours(4, 3))]
    monkeypatch.setattr("asd_core.detectors.common.distances.AT_ONCE", 1000)
    assert [rows.stop - rows.start for rows in row_blocks(90, 90)] == [11] * 8 + [2]
    for one, model in zip(whole, (Lof(), BandNeighbours(4, 3)), strict=True):
        assert np.allclose(one, model.fit(vectors).score(others), rtol=1e-9)
