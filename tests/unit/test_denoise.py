from pathlib import Path

import noisereduce
import numpy as np
import pytest

from asd_core.datasets.slide_rail import simulate
from asd_core.errors import ClipError
from asd_core.sound import KINDS, Kind, denoise_mix, noise_region, read_clip

RATE = 16000


def _equal_to_noisereduce(samples: np.ndarray, kind: Kind) -> None:
    mix = denoise_mix(samples, RATE, kind=kind)
    for strength in (0.01, 0.25, 0.6, 0.9, 1.0):
        expected = noisereduce.reduce_noise(y=samples, sr=RATE, stationary=kind == "stationary", prop_decrease=strength)
        assert np.abs(mix.at(strength) - expected).max() < 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_equals_noisereduce_on_simulated_sound(kind: Kind) -> None:
    _equal_to_noisereduce(simulate("02", seed=3, duration=4.0).samples, kind)


@pytest.mark.parametrize(
    ("rate", "n_samples"), [(8000, 9000), (16000, 1024), (48000, 60000), (192000, 200000), (16000, 620000)]
)
def test_the_silence_that_is_not_gated_changes_nothing(rate: int, n_samples: int) -> None:
    """At any rate, and where noisereduce takes a long recording in pieces."""
    times = np.arange(n_samples) / rate
    samples = np.random.default_rng(0).normal(0, 0.1, n_samples) * (1.5 + np.sin(40 * times))
    samples = samples.astype(np.float32)
    mix = denoise_mix(samples, rate)
    for strength, found in ((0.0, mix.zero), (1.0, mix.one)):
        expected = noisereduce.reduce_noise(y=samples, sr=rate, stationary=True, prop_decrease=strength)
        assert np.abs(found - expected).max() < 1e-9


@pytest.mark.real
@pytest.mark.parametrize("kind", KINDS)
def test_equals_noisereduce_on_real_sound(kind: Kind, real_clip: Path) -> None:
    _equal_to_noisereduce(read_clip(real_clip).samples[0], kind)


def test_at_most_two_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    real = noisereduce.reduce_noise
    monkeypatch.setattr(noisereduce, "reduce_noise", lambda **k: calls.append(k) or real(**k))
    mix = denoise_mix(simulate("00", seed=1, duration=2.0).samples, RATE)
    for strength in np.linspace(0, 1, 11):
        mix.at(float(strength))
    assert len(calls) == 2


def test_strength_zero_is_the_input_itself() -> None:
    samples = simulate("00", seed=1, duration=2.0).samples
    mix = denoise_mix(samples, RATE)
    assert mix.at(0.0) is samples
    assert mix.energy_removed(0.0) == 0.0
    assert 0.0 < mix.energy_removed(0.5) < mix.energy_removed(1.0) <= 1.0
    with pytest.raises(ValueError, match="outside"):
        mix.at(1.5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("samples", [np.zeros(RATE, np.float32), np.ones(100, np.float32)], ids=["silent", "short"])
def test_silent_and_short_clips_are_safe(samples: np.ndarray, kind: Kind) -> None:
    assert np.array_equal(denoise_mix(samples, RATE, kind=kind).at(1.0), samples)


def test_stretches_of_digital_silence_give_no_nan() -> None:
    samples = simulate("00", seed=1, duration=4.0).samples.copy()
    samples[: 2 * RATE] = 0.0
    for kind in KINDS:
        assert np.isfinite(denoise_mix(samples, RATE, kind=kind).at(1.0)).all()


def test_unusable_noise_references_are_refused() -> None:
    samples = simulate("00", seed=1, duration=2.0).samples
    with pytest.raises(ClipError, match="silent or under"):
        denoise_mix(samples, RATE, noise=np.zeros(RATE, np.float32))
    with pytest.raises(ClipError, match="stationary"):
        denoise_mix(samples, RATE, kind="non-stationary", noise=samples)


def test_noise_dragged_from_the_recording_keeps_the_linearity() -> None:
    samples = simulate("00", seed=1, duration=4.0).samples
    noise = noise_region(samples, RATE, 1.0, 1.5)
    assert np.array_equal(noise, samples[16000:24000])
    mix = denoise_mix(samples, RATE, noise=noise)
    for strength in (0.2, 0.55, 0.9):
        expected = noisereduce.reduce_noise(y=samples, sr=RATE, stationary=True, y_noise=noise, prop_decrease=strength)
        assert np.abs(mix.at(strength) - expected).max() < 1e-6
    assert not np.allclose(mix.at(0.9), denoise_mix(samples, RATE).at(0.9), atol=1e-3)


@pytest.mark.parametrize("region", [(-0.1, 1.0), (1.0, 1.05), (2.0, 1.0), (3.5, 4.5)])
def test_a_region_that_is_no_noise_reference_is_refused(region: tuple[float, float]) -> None:
    samples = simulate("00", seed=1, duration=4.0).samples
    with pytest.raises(ClipError, match="cannot be the noise reference"):
        noise_region(samples, RATE, *region)
