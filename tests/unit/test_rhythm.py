"""The rhythm detector hears what ranks and averages forget."""

from functools import cache

import numpy as np
import pytest

from asd_core.detectors.common.modulation import MODULATIONS, autocorrelation, modulation_power
from asd_core.detectors.controls import ControlMahalanobis
from asd_core.detectors.gwrp_gaussian import GwrpGaussian
from asd_core.detectors.rhythm import N_LAGS, N_MODULATIONS, Rhythm, envelopes, period, rhythm
from asd_core.errors import UnknownMachineError
from asd_core.features import Array

N_FRAMES = 313
PERIOD = 24.0  # frames between strokes: 0.77 s
N_TEST = 30


@cache
def strokes(seed: int, kind: str = "normal") -> Array:
    """``(128, 313)`` in dB: strokes of six frames in the middle bands, in noise; the pace varies by 2% from clip to clip.

    Whatever the kind, each band's levels are those of the normal clip of the same seed, in another order: sorted or averaged,
    they are the very same.
    """
    rng = np.random.default_rng(seed)
    pace, phase = PERIOD * (1.0 + 0.02 * rng.normal()), rng.random()
    noise, band = rng.normal(0.0, 2.0, (128, N_FRAMES)), np.exp(-0.5 * ((np.arange(128)[:, None] - 70) / 25.0) ** 2)
    time = np.arange(N_FRAMES)

    def drawn(kind: str) -> Array:
        turns = time / (pace * {"slower": 1.1, "faster": 0.9}.get(kind, 1.0)) + phase
        if kind == "slowing":
            turns = turns - 2.0 * np.square(time / N_FRAMES)
        on = (turns % 1.0) < 6.0 / PERIOD
        if kind == "missing":  # every fourth
            on &= np.floor(turns) % 4 != 0
        return np.asarray(-50.0 + 14.0 * band * on + noise, dtype=np.float32)

    levels = np.sort(drawn("normal"), axis=1)
    ranks = np.argsort(np.argsort(drawn(kind), axis=1, kind="stable"), axis=1, kind="stable")
    return np.take_along_axis(levels, ranks, axis=1)


def auc(detector: Rhythm | GwrpGaussian | ControlMahalanobis, kind: str) -> float:
    normal, changed = ([strokes(seed, k) for seed in range(1000, 1000 + N_TEST)] for k in ("normal", kind))
    below, above = detector.score(normal, ["00"] * N_TEST), detector.score(changed, ["00"] * N_TEST)
    return float((above[:, None] > below).mean() + 0.5 * (above[:, None] == below).mean())


@pytest.fixture(scope="module")
def training() -> list[Array]:
    return [strokes(seed) for seed in range(80)]


@pytest.fixture(scope="module")
def fitted(training: list[Array]) -> Rhythm:
    return Rhythm().fit(training, ["00"] * len(training))


KINDS = ("slower", "faster", "missing", "slowing")


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_rhythm_of_the_same_levels_scores_higher(fitted: Rhythm, kind: str) -> None:
    assert auc(fitted, kind) > 0.95


@pytest.mark.parametrize("kind", KINDS)
def test_ranks_and_averages_cannot_tell_it(training: list[Array], kind: str) -> None:
    """Which is why this detector exists."""
    ids = ["00"] * len(training)
    assert auc(GwrpGaussian(decay=0.88).fit(training, ids), kind) == pytest.approx(0.5, abs=0.05)
    assert auc(ControlMahalanobis().fit(training, ids), kind) == pytest.approx(0.5, abs=0.05)


def test_a_gain_changes_nothing(fitted: Rhythm) -> None:
    """By design: of the clip, or of each band its own. What a level alone tells, other detectors tell."""
    clip = strokes(1000)
    gains = np.random.default_rng(0).normal(0.0, 6.0, (128, 1)).astype(np.float32)
    same = fitted.score([clip, clip + 10.0, clip + gains], ["00"] * 3)
    assert np.allclose(same, same[0], rtol=1e-3)


def test_stronger_strokes_do_count(fitted: Rhythm) -> None:
    """Not a gain: the contrast between strokes and pauses is how strongly the bands fluctuate."""
    clip = strokes(1000)
    strong = clip.mean(axis=1, keepdims=True) + 1.5 * (clip - clip.mean(axis=1, keepdims=True))
    plain, stronger = fitted.score([clip, strong], ["00"] * 2)
    assert stronger > 2.0 * plain


def test_a_slow_drift_does_not_leak_into_fast_modulations() -> None:
    """The ends of a crop of a drifting envelope are a step, whose spectrum is wide: hence the window."""
    clip = strokes(1000)
    drifting = clip + np.linspace(-10.0, 10.0, N_FRAMES, dtype=np.float32)
    moved = np.abs(rhythm(drifting) - rhythm(clip))[:N_MODULATIONS].reshape(16, -1)
    assert moved[:, 0].min() > 3.0  # dB
    assert moved[:, 3:].max() < 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_either_part_is_raised(fitted: Rhythm, kind: str) -> None:
    """Modulations (which band, how fast) and lags (when the strokes come back)."""
    normal, changed = (fitted.contributions(strokes(1000, k), "00") for k in ("normal", kind))
    assert changed.modulations.sum() > normal.modulations.sum()
    assert changed.lags.sum() > 2.0 * normal.lags.sum()


def test_the_period_is_found(training: list[Array], fitted: Rhythm) -> None:
    assert fitted.diagnostics_["00"]["period_frames"] == pytest.approx(PERIOD, abs=1.0)
    regular = period(envelopes(strokes(5)).mean(axis=0))
    irregular = period(np.random.default_rng(0).normal(size=N_FRAMES))
    assert regular[0] == pytest.approx(PERIOD, abs=2.0)
    assert regular[1] > 0.7 > 2.0 * irregular[1]


class TestAutocorrelation:
    def test_by_hand(self) -> None:
        envelope = np.random.default_rng(0).normal(size=50).cumsum()
        centred = envelope - envelope.mean()
        by_hand = [np.mean(centred[k:] * centred[: 50 - k]) for k in range(21)]
        assert np.allclose(autocorrelation(envelope, 20), np.clip(np.array(by_hand) / by_hand[0], -1.0, 1.0))

    def test_a_constant_has_none(self) -> None:
        assert not autocorrelation(np.full(50, 3.0), 20).any()

    def test_a_lag_beyond_the_clip_is_refused(self) -> None:
        with pytest.raises(ValueError, match="20 frames have no lag of 20"):
            autocorrelation(np.zeros(20), 20)


def test_modulation_power_is_when_and_how_fast() -> None:
    """A band that swings at 2 Hz in its second half alone: there, and in that modulation."""
    time = np.arange(256)
    swing = np.where(
        time >= 128, np.sin(2 * np.pi * 6.5 * time / 128), 0.0
    )  # in the band from 5 to 8 quarters of a hertz
    power = modulation_power(np.stack([swing, np.zeros(256)]))
    assert power.shape == (len(MODULATIONS) - 1, 2, 256)
    assert power[:, 0].sum(axis=1).argmax() == 3
    assert power[3, 0, 128:].sum() > 5.0 * power[3, 0, :128].sum()
    assert power[:, 1].max() < 1e-9


class TestMap:
    def test_its_sum_is_what_raises_the_score(self, fitted: Rhythm) -> None:
        clip = strokes(1000, "missing")
        found, shown = fitted.contributions(clip, "00"), fitted.explain(clip, "00")
        assert shown is not None
        assert (shown >= 0.0).all()
        assert shown.sum() == pytest.approx(found.modulations.sum() + found.lags.sum(), rel=1e-4)
        assert shown.sum() >= fitted.score([clip], ["00"])[0] * 0.999

    def test_added_knocks_are_shown_at_their_time_and_in_their_bands(self, fitted: Rhythm) -> None:
        clip = strokes(1000).copy()
        clip[96:104, 200:240:4] += 15.0  # eight knocks a second for 1.3 s
        found, shown = fitted.contributions(clip, "00"), fitted.explain(clip, "00")
        assert shown is not None
        assert np.unravel_index(found.modulations.argmax(), found.modulations.shape) == (12, 6)  # 5.7 to 9.5 Hz
        assert found.more[12, 6]
        assert shown[96:104, 200:240].mean() > 5.0 * shown.mean()

    def test_what_is_missing_is_at_no_moment(self, fitted: Rhythm) -> None:
        clip = np.repeat(strokes(1000).mean(axis=1, keepdims=True), N_FRAMES, axis=1)
        clip += np.random.default_rng(0).normal(0.0, 0.5, clip.shape).astype(np.float32)
        shown = fitted.explain(clip, "00")
        assert shown is not None
        assert np.ptp(shown.sum(axis=0)) < 0.05 * shown.sum(axis=0).mean()

    def test_an_unknown_machine_is_refused(self, fitted: Rhythm) -> None:
        with pytest.raises(UnknownMachineError):
            fitted.contributions(strokes(1), "02")


@pytest.mark.parametrize("n_frames", [1, 5, 40, 127, 255, 257, 1876])
def test_a_clip_of_any_length(fitted: Rhythm, n_frames: int) -> None:
    clip = np.resize(strokes(1000), (128, n_frames))
    assert rhythm(clip).shape == (N_MODULATIONS + N_LAGS,)
    assert np.isfinite(fitted.score([clip], ["00"])).all()
    shown = fitted.explain(clip, "00")
    assert shown is not None
    assert shown.shape == clip.shape
    assert np.isfinite(shown).all()


def test_its_state_is_small(fitted: Rhythm) -> None:
    assert 4 * sum(array.nbytes for array in fitted.state().arrays.values()) < 600_000, "of four machine ids"
