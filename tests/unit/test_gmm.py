"""The Gaussian mixture of plain vectors."""

import numpy as np
import pytest

from asd_core.detectors.common.gaussian import Mahalanobis
from asd_core.detectors.common.gmm import Gmm
from asd_core.detectors.common.whitening import likely_components
from asd_core.detectors.gaussian import Gaussian
from tests.unit.shallow_data import close_together, correlated


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
