"""The machine-id classifier: the margin, its score, and what it refuses."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from asd_core.detectors.id_classifier import IdClassifier, arcface, cosine_classifier, hide_runs, log_odds
from asd_core.errors import TrainingError
from tests.unit.network_clips import clip, clips

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained() -> IdClassifier:
    return IdClassifier(epochs=8, batch_size=16).fit(*clips(40))


def test_one_machine_id_is_refused_with_a_reason():
    features, _ = clips(12)
    with pytest.raises(TrainingError, match=r"telling machines apart.*00.*another"):
        IdClassifier().fit(features, ["00"] * 12)


class TestMargin:
    def test_it_widens_the_angle_of_the_own_id_only(self):
        angles = torch.tensor([[0.3, 1.0, 2.0], [0.7, 1.2, 0.1]])
        labels = torch.tensor([1, 2])
        expected = angles.clone()
        expected[0, 1] += 0.5
        expected[1, 2] += 0.5
        assert torch.allclose(arcface(torch.cos(angles), labels, 0.5, 30.0), 30.0 * torch.cos(expected), atol=1e-3)

    def test_it_goes_on_falling_past_pi(self):
        own = torch.cos(torch.linspace(0.01, math.pi - 0.01, 200))[:, None]
        logits = arcface(own, torch.zeros(200, dtype=torch.long), 0.5, 1.0)[:, 0]
        assert (logits.diff() < 0).all()

    def test_it_makes_training_harder_and_scoring_does_without(self, trained):
        cosines, labels = torch.tensor([[0.8, 0.2]]), torch.tensor([0])
        plain = cross_entropy(30.0 * cosines, labels)
        assert cross_entropy(arcface(cosines, labels, 0.5, 30.0), labels) > plain
        assert torch.allclose(log_odds(cosines, labels, 30.0).float(), torch.tensor([30.0 * (0.2 - 0.8)]))

    def test_outputs_are_cosines(self):
        values = cosine_classifier(3).eval()(100.0 * torch.randn(5, 1, 128, 64))
        assert values.shape == (5, 3)
        assert values.abs().max() <= 1.0 + 1e-5


class TestScore:
    def test_it_is_the_mean_of_minus_log_p_of_the_own_id(self, trained):
        log_mel = clip(3, n_frames=64)  # one crop
        with torch.no_grad():
            cosines = trained.net_(torch.from_numpy(trained.standardise(log_mel))[None, None])
        for index, machine_id in enumerate(("00", "02")):
            expected = -torch.log_softmax(30.0 * cosines.double(), dim=1)[0, index]
            assert trained.score([log_mel], [machine_id])[0] == pytest.approx(float(expected), rel=1e-6)

    def test_another_machine_is_anomalous(self, trained):
        features, ids = clips(12, first=500)
        swapped = [{"00": "02", "02": "00"}[i] for i in ids]
        assert (trained.score(features, swapped)[:, None] > trained.score(features, ids)).mean() > 0.95

    def test_sure_crops_keep_distinct_scores(self):
        cosines = torch.tensor([[1.0, -1.0], [0.999, -1.0], [0.99, -1.0]])
        odds = log_odds(cosines, torch.zeros(3, dtype=torch.long), 30.0)
        p = torch.nn.functional.softplus(odds, threshold=1e4)
        assert len(np.unique(p.numpy())) == 3
        assert (p > 0).all()

    def test_accuracy_is_in_its_diagnostics(self, trained):
        assert trained.diagnostics_["held_out_accuracy"] > 0.8


def test_runs_of_bands_and_frames_are_hidden():
    torch.manual_seed(0)
    hidden = hide_runs(torch.ones(300, 1, 128, 64))[:, 0] == 0
    bands, frames = hidden.all(dim=2).sum(dim=1), hidden.all(dim=1).sum(dim=1)
    assert bands.max() <= 17
    assert frames.max() <= 9
    assert bands.float().mean() > 4
    assert frames.float().mean() > 2
