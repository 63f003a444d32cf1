import numpy as np
import pytest

from asd_core.datasets.slide_rail import simulate
from asd_core.explain import NormalReference, from_mean, in_words, largest, level_difference
from asd_core.explain.deviation import outside, runs
from asd_core.explain.reference import measure
from asd_core.features import LogMel, WelchSpectrum
from asd_core.sound import Clip


def _clip(seed: int, **more: object) -> Clip:
    samples = simulate("00", seed=seed, snr_db=6, duration=4.0, **more).samples  # type: ignore[arg-type]
    return Clip(samples[None], 16000, str(seed), f"{seed}.wav")


@pytest.fixture(scope="module")
def usual() -> NormalReference:
    clips = [_clip(seed) for seed in range(12)]
    return measure([LogMel().transform(c) for c in clips], [WelchSpectrum().transform(c) for c in clips])


def test_outside_is_signed_and_zero_inside() -> None:
    low, high = np.full(4, -60.0, dtype=np.float32), np.full(4, -50.0, dtype=np.float32)
    levels = np.array([-47.0, -55.0, -61.5, -50.0], dtype=np.float32)
    assert outside(levels, low, high).tolist() == [3.0, 0.0, -1.5, 0.0]


def test_runs_by_hand() -> None:
    """Loud bins 2 and 3 with a gap of two and again 6; quiet bin 10: two runs, the farther one first."""
    n = 14
    low, high, frequencies = np.full(n, -10.0), np.full(n, 10.0), 100.0 * np.arange(n)
    levels = np.zeros(n)
    levels[[2, 3, 6]], levels[10] = [11.0, 15.0, 12.0], -30.0
    quiet, loud = runs(levels, low, high, frequencies)
    assert (quiet.f0, quiet.f1, quiet.peak, quiet.beyond, quiet.n_bins) == (1000, 1000, 1000, -20, 1)
    assert (loud.f0, loud.f1, loud.peak, loud.beyond, loud.n_bins) == (200, 600, 300, 5, 3)
    levels[6], levels[7] = 0.0, 12.0  # a gap of three bins ends a run
    assert [(r.f0, r.f1) for r in runs(levels, low, high, frequencies)] == [(1000, 1000), (200, 300), (700, 700)]
    assert runs(np.zeros(n), low, high, frequencies) == []


def test_the_sentence_names_a_tone_and_how_far_it_stands_out(usual: NormalReference) -> None:
    clip = _clip(40)
    tone = 0.3 * np.sin(2 * np.pi * 3000 * np.arange(clip.samples.shape[1]) / 16000)
    levels = WelchSpectrum().transform(clip.with_samples(clip.samples[0] + tone.astype(np.float32)))
    text = in_words(levels, usual)
    # A sine of amplitude 0.3 has -10.46 dB re a full-scale sine, whatever else sounds there.
    bin_3000 = int(np.argmin(np.abs(usual.welch_frequencies - 3000)))
    expected = 20 * np.log10(0.3) - float(usual.welch_high[bin_3000])
    assert f"{expected:.1f} dB above it at 3,000 Hz" in text
    assert "of 12 normal clips" in text
    assert in_words(usual.welch_median, usual).startswith("0% of the frequencies lie outside")
    assert "Farthest" not in in_words(usual.welch_median, usual)


def test_a_fault_leaves_the_band_farther_than_normal_clips(usual: NormalReference) -> None:
    def farthest(clip: Clip) -> float:
        levels = WelchSpectrum().transform(clip)
        return float(np.abs(outside(levels, usual.welch_low, usual.welch_high)).max())

    normal = max(farthest(_clip(seed)) for seed in range(41, 46))
    assert farthest(_clip(41, fault="no_grease", severity=1.0)) > 2 * normal


def test_differences_of_levels_are_gains_in_db(usual: NormalReference) -> None:
    clip, mel = _clip(42), LogMel()
    twice = clip.with_samples(2.0 * clip.samples[0][:40000])
    expected = 20 * np.log10(2.0)
    difference = level_difference(mel.transform(twice), mel.transform(clip.with_samples(clip.samples[0][:40000])))
    assert difference == pytest.approx(np.full(128, expected), abs=1e-3)
    moved = from_mean(mel.transform(clip), usual)
    assert moved + usual.mel_mean[:, None] == pytest.approx(mel.transform(clip), abs=1e-4)


def test_a_limit_is_no_single_point() -> None:
    values = np.full(1000, 8.0)
    values[0] = 90.0
    assert largest(values) == pytest.approx(8.0, abs=0.5)
    assert largest(np.array([0.1, np.nan])) == 6.0
    assert largest(np.array([])) == 6.0
