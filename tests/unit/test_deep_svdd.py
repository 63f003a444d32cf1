"""Deep SVDD: what keeps it from collapsing, and both objectives."""

import numpy as np
import pytest
import torch
from torch import nn

from asd_core.detectors.common import sphere as sphere_training
from asd_core.detectors.common.modulation import modulation_spectrum
from asd_core.detectors.common.network import seeded
from asd_core.detectors.common.sphere import CENTRE_FLOOR, WARM_UP, first_centre, train_sphere
from asd_core.detectors.deep_svdd import DeepSvdd, DeepSvddSoft, DeepSvddVectors, dense_encoder
from asd_core.evaluation import auc
from tests.unit.network_clips import clip, clips, with_fault

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("net", [DeepSvdd().build(), dense_encoder([40, 16, 8])], ids=["detector", "vectors"])
class TestNetworks:
    def test_there_is_no_bias_anywhere(self, net):
        assert not [name for name, _ in net.named_parameters() if "bias" in name]

    def test_batch_norm_has_no_affine_part(self, net):
        norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm1d)]
        assert norms
        assert not any(m.affine for m in norms)

    def test_activations_are_unbounded(self, net):
        """A bounded one saturates, and then maps everything to the same point."""
        assert {type(m) for m in net} == {nn.Linear, nn.BatchNorm1d, nn.LeakyReLU}
        assert isinstance(net[-1], nn.Linear)


def test_the_centre_is_the_mean_output_moved_away_from_zero():
    class Fixed(nn.Module):
        def forward(self, x):
            return x

    values = torch.tensor([[0.5, -0.5, 0.05, -0.05, 0.0, 2.0]])
    centre = first_centre(Fixed(), torch.cat([values + 1.0, values - 1.0]))
    assert torch.allclose(centre, torch.tensor([0.5, -0.5, 0.1, -0.1, 0.1, 2.0]))


def sphere(*, soft: bool, epochs: int, nu: float = 0.1, pretrain_epochs: int = 2):
    torch.manual_seed(0)
    encoder, decoder = dense_encoder([20, 16, 8]), dense_encoder([8, 16, 20])
    data = torch.randn(256, 20)
    options = {"soft": soft, "nu": nu, "pretrain_epochs": pretrain_epochs, "epochs": epochs, "learning_rate": 1e-3}
    data_and_draws = {"train": data, "held_out": data, "rng": np.random.default_rng(0), "steps_per_epoch": 8}
    found = train_sphere(encoder, decoder, **data_and_draws, **options)
    with torch.no_grad():
        distance = (encoder(data) - found.centre).square().sum(dim=1).sqrt()
    return found, distance, encoder


class TestTraining:
    def test_the_encoder_is_pretrained_as_an_autoencoder(self):
        pretraining = sphere(soft=False, epochs=1, pretrain_epochs=10)[0].diagnostics["pretraining"]
        assert len(pretraining["train_loss"]) == 10
        assert pretraining["train_loss"][-1] < 0.9 * pretraining["train_loss"][0]

    def test_the_centre_is_found_once_after_the_pretraining(self, monkeypatch):
        found = []
        original = sphere_training.first_centre
        monkeypatch.setattr(sphere_training, "first_centre", lambda *a: found.append(original(*a)) or found[-1])
        result, _, encoder = sphere(soft=False, epochs=5)
        assert len(found) == 1
        assert torch.equal(result.centre, found[0])
        assert (result.centre.abs() >= 0.1 - 1e-6).all()
        with torch.no_grad():  # it did not follow the network
            assert not torch.allclose(encoder(torch.randn(256, 20)).mean(dim=0), result.centre, atol=1e-4)

    def test_the_radius_is_set_after_the_warm_up_and_is_the_quantile(self):
        found, distance, _ = sphere(soft=True, epochs=WARM_UP + 3, nu=0.2)
        assert found.diagnostics["radius"][:WARM_UP] == [0.0] * WARM_UP
        assert all(r > 0.0 for r in found.diagnostics["radius"][WARM_UP:])
        assert found.radius == pytest.approx(float(torch.quantile(distance, 0.8)), rel=1e-4)
        assert float((distance > found.radius).float().mean()) == pytest.approx(0.2, abs=0.01)
        assert sphere(soft=False, epochs=WARM_UP + 3)[0].radius == 0.0

    def test_the_soft_objective_is_the_papers(self):
        """R² + 1/(nu n) sum max(0, d² - R²), checked on the held-out loss of the last epoch."""
        found, _, encoder = sphere(soft=True, epochs=WARM_UP + 2, nu=0.25)
        torch.manual_seed(0)
        dense_encoder([20, 16, 8]), dense_encoder([8, 16, 20])
        data, radius = torch.randn(256, 20), found.diagnostics["radius"][-1]
        with torch.no_grad():
            squared = (encoder(data) - found.centre).square().sum(dim=1)
        expected = radius**2 + (squared - radius**2).clamp(min=0).sum() / (0.25 * 256)
        assert found.diagnostics["validation_loss"][-1] == pytest.approx(float(expected), rel=1e-3)

    def test_the_rate_falls_to_a_tenth_at_the_milestone(self, monkeypatch):
        rates = {}
        original = sphere_training.train_network

        def spy(net, **options):
            rates[options["learning_rate"]] = options.get("rate")
            assert options["weight_decay"] == 1e-6
            return original(net, **options)

        monkeypatch.setattr(sphere_training, "train_network", spy)
        sphere(soft=False, epochs=10)
        rate = rates[1e-3]
        assert [rate(e) for e in range(10)] == [1.0] * 7 + [0.1] * 3

    def test_its_defaults_are_the_papers(self):
        detector = DeepSvddSoft()
        assert (detector.learning_rate, detector.nu, WARM_UP) == (1e-4, 0.1, 10)
        assert 5e-7 <= detector.weight_decay <= 1e-6


def restless(seed: int) -> np.ndarray:
    """A normal clip whose upper bands rise and fall, as fast and as much as chance has it."""
    rng = np.random.default_rng(seed)
    where = np.exp(-0.5 * ((np.arange(128) - 90) / 20.0) ** 2)[:, None]
    swing = rng.uniform(0.0, 15.0) * where * np.sin(2 * np.pi * np.arange(150) / rng.uniform(6.0, 40.0))
    return clip(seed) + swing.astype(np.float32)


@pytest.mark.parametrize("cls", [DeepSvdd, DeepSvddSoft])
class TestDetectors:
    def test_it_does_not_collapse(self, cls):
        detector = cls.create(epochs=40, pretrain_epochs=10, batch_size=8, learning_rate=1e-3).fit(*clips(40))
        assert detector.diagnostics_["embedding_spread"] > 1e-2
        assert (np.abs(detector.centre_) >= 0.1 - 1e-6).all()
        assert len(np.unique(detector.score(*clips(40)).round(4))) > 30

    def test_it_beats_its_untrained_baseline(self, cls):
        """Normal clips swing at a rate and strength of their own: training teaches the sphere to overlook that."""
        normal, ids = [restless(500 + k) for k in range(40)], ["00"] * 40
        faulty = [with_fault(log_mel) for log_mel in normal]

        def auc(epochs: int) -> float:
            detector = cls.create(epochs=epochs, pretrain_epochs=10, batch_size=16, learning_rate=1e-3)
            detector.fit([restless(k) for k in range(80)], ["00"] * 80)
            return float((detector.score(faulty, ids)[:, None] > detector.score(normal, ids)).mean())

        assert auc(30) > auc(0) + 0.08

    def test_the_score_is_d2_less_r2(self, cls):
        detector = cls.create(epochs=12, pretrain_epochs=1, batch_size=8).fit(*clips(16))
        log_mel = clips(1)[0][0][:, :128]
        with torch.no_grad():
            vector = detector.vector(torch.from_numpy(detector.standardise(log_mel))[None])
            squared = float((detector.net_(vector[None])[0] - torch.from_numpy(detector.centre_)).square().sum())
        expected = squared - detector.radius_**2
        assert detector.score([log_mel], ["00"])[0] == pytest.approx(expected, rel=1e-4, abs=1e-5)
        assert (detector.radius_ > 0.0) is (cls is DeepSvddSoft)


class TestModulationSpectrum:
    def test_a_rhythm_is_found_in_its_band_and_its_modulation(self):
        crops = 0.01 * torch.randn(2, 128, 128)
        crops[:, 40:42] += torch.sin(2 * torch.pi * 10 * torch.arange(128) / 128)  # ten cycles in four seconds
        found = modulation_spectrum(crops).reshape(64, 8)
        assert found.argmax() == 20 * 8 + 4  # from 8 to 13 cycles

    def test_it_does_not_depend_on_when_things_happen(self):
        crops = torch.randn(1, 128, 128)
        assert torch.allclose(modulation_spectrum(crops), modulation_spectrum(crops.roll(50, dims=2)), atol=1e-3)


@pytest.mark.parametrize("soft", [False, True])
def test_plain_vectors(soft):
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(4, 40))
    normal = rng.normal(size=(330, 4)) @ mixing + 0.3 * rng.normal(size=(330, 40))
    outliers = 2.0 * rng.normal(size=(30, 40)) * normal.std(axis=0)
    model = DeepSvddVectors((32,), 16, soft=soft, epochs=20, pretrain_epochs=5).fit(normal[:300])
    scores = model.score(normal[300:])
    assert (model.score(outliers)[:, None] > scores).mean() > 0.9
    assert len(np.unique(scores)) == 30
    again = DeepSvddVectors().load(model.arrays())
    assert np.array_equal(again.score(outliers), model.score(outliers))


class TestVectorMembers:
    def vectors(self, n=120, seed=0):
        return np.random.default_rng(seed).normal(size=(n, 10)) @ np.random.default_rng(9).normal(size=(10, 10))

    def model(self, **parameters):
        return DeepSvddVectors((16,), 8, **{"members": 4, "epochs": 5, **parameters}).fit(self.vectors())

    def test_the_folded_layers_give_the_network_s_distances(self):
        """Whitening and first layers are one matrix when scoring; the network in torch gives the same."""
        model, new = self.model(), self.vectors(20, 1)
        net = model.layers([10, 16, 8])
        d, scale, axes = 10, model.whitening_.scale, model.whitening_.axes
        first = np.stack(
            [model.first_[:, :32] * scale[:, None], np.linalg.solve(axes.T.astype(float), model.first_[:, 32:])]
        )
        net.load_state_dict(
            {"0.weight": torch.tensor(first, dtype=torch.float32), "2.weight": torch.from_numpy(model.weights_[0])}
        )
        assert model.forms(new).shape == (20, 2 * d)
        with torch.inference_mode():
            outputs = net(model.forms(new)).numpy() - model.centre_
        np.testing.assert_allclose(np.square(outputs).reshape(20, 4, 8).sum(axis=2), model.distances(new), rtol=1e-3)

    def test_every_member_weighs_the_same_and_differs(self):
        model = self.model()
        held = self.vectors()[np.random.default_rng(0).permutation(120)[:12]]
        np.testing.assert_allclose((model.distances(held) / model.typical_).mean(axis=0), 1.0, rtol=1e-5)
        correlation = np.corrcoef(model.distances(self.vectors(60, 2)).T)
        assert correlation[~np.eye(4, dtype=bool)].max() < 0.999
        assert model.score(self.vectors(60, 2)).std() > 0.0

    def test_no_bias_no_affine_part_and_a_fixed_centre_off_zero(self):
        model = self.model()
        net = model.layers([10, 16, 8])
        assert [name for name, _ in net.named_parameters()] == ["0.weight", "2.weight"]
        assert float(net(torch.zeros(1, 20)).detach().abs().max()) == 0.0
        assert np.abs(model.centre_).min() >= CENTRE_FLOOR - 1e-6

    def test_members_learn_as_they_would_alone(self):
        """The sum of losses gives each member its own gradient and no other's."""
        model = DeepSvddVectors((16,), 8, members=4)
        with seeded(0):
            net = model.layers([10, 16, 8])
        x = torch.randn(6, 20)
        net(x).reshape(6, 4, 8)[:, 1].square().sum().backward()
        first, second = (layer.grad for layer in net.parameters())
        assert [bool(second[m].any()) for m in range(4)] == [False, True, False, False]
        assert bool(first[0][:, 16:].any())
        assert not first[0][:, :16].any()
        assert not first[1].any()

    def test_training_shrinks_the_spheres_and_beats_the_first_weights(self):
        rng = np.random.default_rng(3)
        mixing = rng.normal(size=(3, 30))

        def normal(n):
            return rng.normal(size=(n, 3)) @ mixing + 0.3 * rng.normal(size=(n, 30))

        train, fine = normal(200), normal(150)
        faulty = normal(150)
        faulty[:, :4] += 0.8
        untrained, trained = (DeepSvddVectors((32,), 16, epochs=n).fit(train) for n in (0, 40))
        assert trained.diagnostics_["train_loss"][-1] < 0.5 * trained.diagnostics_["train_loss"][0]
        assert not np.array_equal(trained.first_, untrained.first_)
        assert auc(trained.score(fine), trained.score(faulty)) > auc(untrained.score(fine), untrained.score(faulty))
