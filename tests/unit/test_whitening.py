"""Whitening, how many components are likely, and how far a covariance is shrunk."""

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf_shrinkage

from asd_core.detectors import Density
from asd_core.detectors.common.gaussian import Mahalanobis
from asd_core.detectors.common.kde import Kde
from asd_core.detectors.common.shrinkage import shrinkage_intensity
from asd_core.detectors.common.whitening import Whitening, held_out_residual, likely_components, standardisation
from asd_core.detectors.gaussian import Gaussian
from asd_core.evaluation import auc
from tests.unit.shallow_data import close_together, correlated


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
