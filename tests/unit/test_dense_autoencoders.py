"""The DCASE baseline and the VAEs: architecture, objective, latent space."""

import numpy as np
import pytest
import torch
from torch import nn

from asd_core.detectors.common.crops import StackSampler, merge_stacks, stacks
from asd_core.detectors.dcase_ae import DcaseAe
from asd_core.detectors.vae import VaeElbo, VaeKde, VaeVectors, kl, negative_elbo, vae_network
from asd_core.evaluation import auc
from tests.unit.network_clips import clip, clips

pytestmark = pytest.mark.slow


def test_stacks_are_neighbouring_frames_end_to_end():
    log_mel = clip(1, n_frames=20)
    found = stacks(log_mel, 5)
    assert found.shape == (16, 640)
    assert np.array_equal(found[3], log_mel[:, 3:8].T.ravel())
    assert np.allclose(merge_stacks(found, 5, 128), log_mel)


def test_drawn_stacks_never_reach_over_the_end_of_a_clip():
    ramps = [np.full((2, 9), k, dtype=np.float32) for k in range(4)]
    drawn = StackSampler(ramps, 5, np.random.default_rng(0)).draw(500).reshape(500, 5, 2)
    assert np.array_equal(drawn.min(axis=(1, 2)), drawn.max(axis=(1, 2)))
    assert set(drawn[:, 0, 0]) == {0, 1, 2, 3}


class TestDcaseAe:
    def test_the_layers_are_the_official_ones(self):
        layers = list(DcaseAe().build())
        linear = [m for m in layers if isinstance(m, nn.Linear)]
        assert [m.in_features for m in linear] == [640, 128, 128, 128, 128, 8, 128, 128, 128, 128]
        assert linear[-1].out_features == 640
        assert [type(m) for m in layers[:-1]] == [nn.Linear, nn.BatchNorm1d, nn.ReLU] * 9

    def test_its_defaults_are_the_official_ones(self):
        detector = DcaseAe.create("paper")
        assert (detector.epochs, detector.batch_size, detector.learning_rate) == (100, 512, 1e-3)

    def test_levels_stay_in_decibels(self):
        """A band twice as loud in its variation must weigh four times as much: no scaling band by band."""
        detector = DcaseAe(epochs=0).fit(*clips(12))
        assert np.array_equal(detector.scale_, np.ones(128))

    def test_the_score_is_the_mean_squared_error_of_the_stacks(self):
        detector = DcaseAe(epochs=2, batch_size=128).fit(*clips(12))
        inputs = torch.from_numpy(stacks(clip(5) - detector.mean_[:, None], 5))
        with torch.no_grad():
            expected = float((detector.net_(inputs) - inputs).square().mean())
        assert detector.score([clip(5)], ["00"])[0] == pytest.approx(expected, rel=1e-5)


class TestObjective:
    def test_both_terms_are_summed_for_each_sample(self):
        """Averaging either over its dimensions would change beta's meaning with the input's size."""
        net = vae_network(640, (32,), 16)
        x = torch.randn(7, 640)
        mean, log_variance = net["encoder"](x).chunk(2, dim=1)
        divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(dim=1)
        error = 0.5 * ((net["decoder"](mean) - x) ** 2).sum(dim=1)
        for beta in (0.0, 1.0, 3.0):
            assert torch.allclose(negative_elbo(net, x, beta, sample=False), error + beta * divergence, rtol=1e-5)

    def test_the_divergence_is_exact_and_not_clamped(self):
        """PyOD's VAE clamps it to zero; here it is KL(N(m, s²) || N(0, 1)), and it has a gradient."""
        mean = torch.tensor([[0.0, 2.0, 0.1]], requires_grad=True)
        log_variance = torch.tensor([[0.0, 1.0, -1.0]], requires_grad=True)
        exact = torch.distributions.kl_divergence(
            torch.distributions.Normal(mean, (0.5 * log_variance).exp()), torch.distributions.Normal(0.0, 1.0)
        )
        assert torch.allclose(kl(mean, log_variance), exact, atol=1e-6)
        kl(mean, log_variance).sum().backward()
        assert torch.allclose(mean.grad, mean)

    def test_the_latent_is_sampled_in_training_only(self):
        net, x = vae_network(640, (32,), 16), torch.randn(4, 640)
        assert not torch.equal(negative_elbo(net, x, 1.0, sample=True), negative_elbo(net, x, 1.0, sample=True))
        assert torch.equal(negative_elbo(net, x, 1.0, sample=False), negative_elbo(net, x, 1.0, sample=False))


class TestVae:
    def test_beta_warms_up_and_is_reported(self):
        diagnostics = VaeElbo(epochs=4, warm_up=3, beta=2.0, batch_size=256).fit(*clips(12)).diagnostics_
        assert diagnostics["beta"] == [0.5, 1.0, 1.5, 2.0]

    def test_beta_decides_how_many_units_are_active(self):
        free, strict = (VaeElbo(epochs=8, beta=b, batch_size=128).fit(*clips(30)).diagnostics_ for b in (0.2, 100.0))
        assert free["active_units"] >= 1
        assert strict["active_units"] < free["active_units"]
        assert free["active_units"] == sum(v > 0.01 for v in free["kl_per_dimension"])
        assert len(free["kl_per_dimension"]) == 16

    def test_the_bound_is_the_score_at_beta_1_whatever_it_was_trained_with(self):
        detector = VaeElbo(epochs=1, beta=4.0, batch_size=128).fit(*clips(12))
        inputs = torch.from_numpy(stacks(detector.standardise(clip(5)), 5))
        with torch.no_grad():
            expected = negative_elbo(detector.net_, inputs, 1.0, sample=False).mean()
        assert detector.score([clip(5)], ["00"])[0] == pytest.approx(float(expected), rel=1e-5)

    def test_each_machine_id_has_its_density_on_the_active_means(self):
        detector = VaeKde(epochs=8, batch_size=128, beta=20.0, n_points=60).fit(*clips(30))
        assert sorted(detector.kdes_) == ["00", "02"]
        assert 0 < len(detector.active_) == detector.diagnostics_["active_units"] < 16
        assert set(detector.diagnostics_["bandwidth"]) == {"00", "02"}
        for kde in detector.kdes_.values():
            assert kde.points_.shape == (60, len(detector.active_))
            assert np.allclose(kde.points_.std(axis=0), 1.0, atol=0.05)  # standardised
        features, ids = clips(10, first=700)
        swapped = [{"00": "02", "02": "00"}[i] for i in ids]
        assert (detector.score(features, swapped) > detector.score(features, ids)).mean() > 0.7


class TestVaeVectors:
    def test_it_finds_outliers_among_plain_vectors(self):
        rng = np.random.default_rng(0)
        mixing = rng.normal(size=(3, 40))
        normal = rng.normal(size=(230, 3)) @ mixing + 0.3 * rng.normal(size=(230, 40))
        outliers = rng.normal(size=(30, 40)) * normal.std(axis=0)
        model = VaeVectors(epochs=40).fit(normal[:200])
        assert (model.score(outliers)[:, None] > model.score(normal[200:])).mean() > 0.9
        assert model.diagnostics_["active_units"] >= 2
        again = VaeVectors().load(model.arrays())
        assert np.array_equal(again.score(outliers), model.score(outliers))
        assert np.array_equal(
            VaeVectors(epochs=2).fit(normal).score(normal), VaeVectors(epochs=2).fit(normal).score(normal)
        )

    def test_a_quiet_change_counts_in_units_of_what_is_left_of_normal_vectors(self):
        """With noise of unit variance, a dimension that another foretells would hardly count."""
        rng = np.random.default_rng(0)
        pairs = np.repeat(rng.normal(size=(400, 10)), 2, axis=1) + 0.05 * rng.normal(size=(400, 20))
        train, normal = pairs[:300], pairs[300:]
        moved = normal.copy()
        moved[np.arange(100), rng.integers(20, size=100)] += 0.5
        model = VaeVectors(epochs=20).fit(train)
        assert auc(model.score(normal), model.score(moved)) > 0.95
        model.axes_ = np.eye(20, dtype=np.float32)
        assert auc(model.score(normal), model.score(moved)) < 0.8
