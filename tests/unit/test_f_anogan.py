"""f-AnoGAN: the penalty, the critic, the frozen second stage, and its score."""

import numpy as np
import pytest
import torch
from torch import nn

from asd_core.detectors import f_anogan
from asd_core.detectors.common.crops import fixed_crops
from asd_core.detectors.f_anogan import FAnoGan, between, critic, encoder, generator, gradient_norms
from asd_core.progress import silent
from tests.unit.network_clips import clip, clips, with_fault

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained() -> FAnoGan:
    return FAnoGan(epochs=20, encoder_epochs=12, batch_size=16, learning_rate=5e-4, encoder_rate=5e-4).fit(*clips(40))


class TestPenalty:
    def test_the_norm_is_of_each_sample_on_its_own(self):
        """f(x) = |x|²/2 has gradient x: the norms are the samples' own, whatever else is in the batch."""
        x = torch.randn(6, 3, 4, 4)
        norms = gradient_norms(lambda v: 0.5 * v.square().flatten(1).sum(dim=1), x)
        assert torch.allclose(norms, x.flatten(1).norm(dim=1), rtol=1e-4)

    def test_points_lie_between_the_real_and_the_fake(self):
        torch.manual_seed(0)
        points = between(torch.zeros(200, 1, 2, 2), torch.ones(200, 1, 2, 2)).flatten(1)
        assert torch.equal(points.amin(dim=1), points.amax(dim=1))  # one mix a sample
        assert points.min() < 0.1
        assert points.max() > 0.9

    def test_gradients_come_near_one_on_a_toy(self):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
        optimiser = torch.optim.Adam(net.parameters(), 1e-2, betas=(0.0, 0.9))
        for _ in range(150):
            real, fake = torch.randn(64, 2) + torch.tensor([3.0, 0.0]), torch.randn(64, 2)
            norms = gradient_norms(net, between(real, fake))
            loss = net(fake).mean() - net(real).mean() + 10.0 * (norms - 1.0).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        assert float(norms.detach().mean()) == pytest.approx(1.0, abs=0.15)


class TestNetworks:
    def test_the_critic_has_layer_norm_and_nothing_that_mixes_samples(self):
        net = critic()
        norms = [m for m in net.modules() if isinstance(m, nn.GroupNorm)]
        assert len(norms) == 3
        assert all(m.num_groups == 1 for m in norms)  # one group: LayerNorm
        banned = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd, nn.modules.instancenorm._InstanceNorm)
        assert not [m for m in net.modules() if isinstance(m, banned)]
        net.train()
        batch = torch.randn(4, 1, 64, 64)
        alone, together = net["features"](batch[:1]), net["features"](batch)[:1]
        assert torch.allclose(alone, together, atol=1e-5)

    def test_sizes(self):
        assert generator()(torch.randn(2, 128)).shape == (2, 1, 64, 64)
        z = encoder()(50.0 * torch.randn(4, 1, 64, 64))
        assert z.shape == (4, 128)
        assert z.abs().max() <= 1.0
        assert isinstance(encoder()[-1], nn.Tanh)

    def test_its_defaults_are_the_papers(self):
        detector = FAnoGan()
        assert (detector.critic_steps, detector.penalty, detector.kappa) == (5, 10.0, 1.0)
        assert (detector.learning_rate, detector.encoder_rate) == (1e-4, 5e-5)


class TestStages:
    def test_optimisers_and_step_counts(self, monkeypatch):
        made = []

        class Adam(torch.optim.Adam):
            def __init__(self, parameters, **options):
                super().__init__(parameters, **options)
                made.append(("adam", options, self))
                self.steps = 0

            def step(self, *args):
                self.steps += 1
                return super().step(*args)

        class RMSprop(torch.optim.RMSprop):
            def __init__(self, parameters, **options):
                super().__init__(parameters, **options)
                made.append(("rmsprop", options, self))

        monkeypatch.setattr(torch.optim, "Adam", Adam)
        monkeypatch.setattr(torch.optim, "RMSprop", RMSprop)
        FAnoGan(epochs=5, encoder_epochs=1, batch_size=8).fit(*clips(16))
        (_, draw, g), (_, decide, c), (kind, inverse, _) = made
        assert draw == decide == {"lr": 1e-4, "betas": (0.0, 0.9)}
        assert (kind, inverse) == ("rmsprop", {"lr": 5e-5})
        assert c.steps == 5 * g.steps > 0

    def test_the_penalty_is_in_the_critics_loss(self):
        weights = []
        for penalty in (0.0, 10.0):
            detector = FAnoGan(epochs=5, encoder_epochs=0, batch_size=8, penalty=penalty).fit(*clips(16))
            weights.append(detector.state().arrays["net/critic.features.0.weight"])
        assert not np.array_equal(*weights)

    def test_the_second_stage_leaves_generator_and_critic_as_they_are(self):
        one, two = (FAnoGan(epochs=2, encoder_epochs=n, batch_size=8).fit(*clips(16)).state().arrays for n in (0, 3))
        for name in one:
            if name.startswith(("net/generator", "net/critic")):
                assert np.array_equal(one[name], two[name]), name
        moved = [n for n in one if n.startswith("net/encoder") and n.endswith("weight")]
        assert any(not np.array_equal(one[n], two[n]) for n in moved)

    def test_the_second_stage_keeps_the_encoder_that_held_out_normals_like_best(self):
        detector = FAnoGan(epochs=5, encoder_epochs=0, batch_size=8, encoder_rate=1e-3).fit(*clips(16))
        normal = detector.images(np.stack([detector.standardise(c)[:, : f_anogan.CROP] for c in clips(16)[0]]))
        steps = iter(range(60))

        def next_batch():  # twenty steps on normal sound, then what spoils the encoder
            return normal if next(steps) < 20 else -5.0 * normal

        curves = detector.train_encoder(next_batch, normal, 60, silent)
        with torch.no_grad():
            image, feature = detector.residuals(normal)
        loss = float(image.mean() + feature.mean())
        assert curves["encoder_best_step"] <= 30
        assert loss == pytest.approx(min(curves["validation_loss"]), abs=1e-5)
        assert loss < curves["validation_loss"][-1] - 1e-3

    def test_the_second_stage_sees_the_features(self):
        weights = []
        for kappa in (0.0, 1.0):
            detector = FAnoGan(epochs=1, encoder_epochs=2, batch_size=8, kappa=kappa).fit(*clips(16))
            weights.append(detector.state().arrays["net/encoder.0.weight"])
        assert not np.array_equal(*weights)


class TestTrained:
    def test_gradient_norms_are_near_one(self, trained):
        assert trained.diagnostics_["critic_gradient_norm"][-1] == pytest.approx(1.0, abs=0.3)

    def test_what_is_encoded_is_closer_than_what_is_drawn_at_random(self, trained):
        assert trained.diagnostics_["error_encoded"] < 0.8 * trained.diagnostics_["error_random_z"]

    def test_it_beats_its_untrained_baseline(self, trained):
        features, ids = clips(30, first=500)
        faulty = [with_fault(f) for f in features]
        untrained = FAnoGan(epochs=0).fit(*clips(40))
        better = [
            (detector.score(faulty, ids)[:, None] > detector.score(features, ids)).mean()
            for detector in (trained, untrained)
        ]
        assert better[0] > better[1] + 0.02

    def test_diversity_and_curves_are_reported(self, trained):
        assert trained.diagnostics_["diversity"] > 0.0
        assert {"wasserstein", "validation_loss", "z_distance", "held_out_gradient_norm"} <= set(trained.diagnostics_)

    def test_the_score_is_image_plus_kappa_features(self, trained):
        images = trained.images(fixed_crops(trained.standardise(clip(3)), f_anogan.CROP, f_anogan.HOP))
        nets = {name: trained.net_[name] for name in ("generator", "encoder", "critic")}
        with torch.no_grad():
            drawn = nets["generator"](nets["encoder"](images))
            features = nets["critic"]["features"]
            image = ((images - drawn) ** 2).mean(dim=(1, 2, 3))
            feature = ((features(images) - features(drawn)) ** 2).mean(dim=1)
        assert feature.min() > 0.0
        for kappa in (0.0, 1.0, 3.0):
            trained.kappa = kappa
            assert trained.score([clip(3)], ["00"])[0] == pytest.approx(
                float((image + kappa * feature).mean()), rel=1e-4
            )
        trained.kappa = 1.0

    def test_a_clips_score_does_not_depend_on_its_neighbours(self, trained):
        features, ids = clips(3, first=900)
        assert trained.score(features, ids)[0] == trained.score(features[:1], ids[:1])[0]
        assert not trained.net_.training
