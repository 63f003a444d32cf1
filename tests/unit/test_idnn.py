"""IDNN: the middle frame is predicted from its neighbours alone."""

import numpy as np
import pytest
import torch
from torch import nn

from asd_core.detectors.common.crops import stacks
from asd_core.detectors.idnn import Idnn, around, middle
from tests.unit.network_clips import clip, clips

MIDDLE = slice(256, 384)  # the third of five frames of 128 bands


@pytest.fixture(scope="module")
def trained() -> Idnn:
    return Idnn(epochs=4, batch_size=128, learning_rate=3e-3).fit(*clips(16))


def test_the_layers_are_the_papers() -> None:
    layers = list(Idnn().build())
    linear = [m for m in layers if isinstance(m, nn.Linear)]
    assert [(m.in_features, m.out_features) for m in linear] == [
        (512, 64), (64, 32), (32, 16), (16, 32), (32, 64), (64, 128),
    ]  # fmt: skip
    assert [type(m) for m in layers] == [nn.Linear, nn.ReLU] * 5 + [nn.Linear]


def test_the_middle_frame_is_not_among_the_inputs(trained: Idnn) -> None:
    """Whatever stands in the middle: the prediction stays, and the error changes by the target's change alone."""
    batch = torch.from_numpy(stacks(trained.standardise(clip(5)), 5))
    other = batch.clone()
    other[:, MIDDLE] = 3.0 * torch.randn(len(batch), 128)
    with torch.no_grad():
        before, after = trained.net_(around(batch)), trained.net_(around(other))
        assert torch.equal(before, after)
        assert torch.equal(trained.residual(other), before - other[:, MIDDLE])


@pytest.mark.parametrize("frame", [0, 1, 3, 4])
def test_all_four_neighbours_are(trained: Idnn, frame: int) -> None:
    batch = torch.from_numpy(stacks(trained.standardise(clip(5)), 5))
    other = batch.clone()
    other[:, 128 * frame : 128 * (frame + 1)] += 1.0
    with torch.no_grad():
        assert (trained.net_(around(batch)) - trained.net_(around(other))).abs().max() > 1e-3
    assert torch.equal(middle(batch), middle(other))


def test_the_score_is_the_middle_frames_mean_squared_error(trained: Idnn) -> None:
    spectrogram = trained.standardise(clip(5))
    with torch.no_grad():
        inputs = np.concatenate([spectrogram[:, k : 146 + k] for k in (0, 1, 3, 4)]).T
        predicted = trained.net_(torch.from_numpy(np.ascontiguousarray(inputs))).numpy()
    errors = np.square(predicted.T - spectrogram[:, 2:-2])
    assert trained.score([clip(5)], ["00"])[0] == pytest.approx(errors.mean(), rel=1e-5)
    shown = trained.explain(clip(5), "00")
    assert shown is not None
    assert np.allclose(shown[:, 2:-2], errors, rtol=1e-3, atol=1e-5)
    assert not shown[:, [0, 1, -2, -1]].any(), "frames at the ends are never predicted"


def test_a_frame_out_of_place_is_shown_where_it_is(trained: Idnn) -> None:
    log_mel = clip(5)
    log_mel[:, 60] = clip(6)[:, 60] + 15.0
    shown = trained.explain(log_mel, "00")
    assert shown is not None
    assert shown.mean(axis=0).argmax() == 60


def test_it_predicts_better_than_untrained(trained: Idnn) -> None:
    features, ids = clips(6, first=900)
    untrained = Idnn(epochs=0).fit(*clips(16))
    assert (trained.score(features, ids) < 0.9 * untrained.score(features, ids)).all()


def test_predicting_needs_the_order_of_frames(trained: Idnn) -> None:
    """The same frames shuffled have the same levels, and are far harder to predict."""
    rng = np.random.default_rng(0)
    shuffled = [clip(k)[:, rng.permutation(150)] for k in range(900, 906)]
    ordered = [clip(k) for k in range(900, 906)]
    assert trained.score(shuffled, ["00"] * 6).min() > trained.score(ordered, ["00"] * 6).max()


@pytest.mark.parametrize("n_frames", [1, 2, 3, 4, 5, 6])
def test_short_clips(trained: Idnn, n_frames: int) -> None:
    log_mel = clip(5)[:, :n_frames]
    assert np.isfinite(trained.score([log_mel], ["00"])).all()
    shown = trained.explain(log_mel, "00")
    assert shown is not None
    assert shown.shape == log_mel.shape
