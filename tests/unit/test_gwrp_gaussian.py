"""GWRP + Gaussian: pooling by rank, the decay that is chosen on normals alone, and its explanation."""

import numpy as np
import pytest

from asd_core.detectors import State
from asd_core.detectors.controls import ControlMahalanobis
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
from asd_core.errors import UnknownMachineError
from asd_core.evaluation import auc
from tests.unit.shallow_data import FRAMES, fitted, log_mels, with_tone


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


def test_gwrp_explanation_sums_to_the_score() -> None:
    detector = fitted(GwrpGaussian(decay=0.95))
    clip = with_tone(log_mels(1, seed=6)[0], 25.0)
    shown = detector.explain(clip, "00")
    assert shown is not None
    assert shown.sum() >= detector.score([clip], ["00"])[0]  # only what lowers the distance is hidden
    assert shown.sum() < 1.6 * detector.score([clip], ["00"])[0]
