import numpy as np
import pytest

from asd_core.artifacts import ModelSet
from asd_core.datasets.slide_rail import simulate
from asd_core.errors import Cancelled
from asd_core.features import mel_power
from asd_core.scoring import STRENGTHS, band_energy, score_clip, strength_curve
from asd_core.sound import KINDS, Clip, Kind, denoise_mix
from tests.conftest import ROOT

KEYS = ["pca_kde", "dcase_ae", "gwrp_gaussian", "fusion"]


def _clip() -> Clip:
    samples = simulate("00", seed=3, fault="rail_damage", severity=1.0, duration=4.0).samples
    return Clip(samples[None], 16000, "0", "clip.wav")


@pytest.mark.parametrize("kind", KINDS)
def test_every_point_is_what_scoring_gives(kind: Kind) -> None:
    clip, models = _clip(), ModelSet(ROOT / "trained_models" / "demo", KEYS)
    reported = []
    mix = denoise_mix(clip.samples[0], 16000, kind=kind)
    table = strength_curve(clip, mix, models, "00", progress=lambda f, m: reported.append(f))
    assert list(table.columns) == ["detector", "strength", "raw", "calibrated"]
    assert table["detector"].drop_duplicates().tolist() == list(models)
    assert reported == sorted(reported)
    assert reported[-1] == 1.0
    for strength in (0.0, 0.3, 1.0):
        expected = {s.detector: s for s in score_clip(clip, models, "00", denoise=strength, kind=kind)}
        for row in table[table["strength"] == strength].itertuples():
            assert row.raw == pytest.approx(expected[row.detector].raw, rel=1e-4)
            assert row.calibrated == pytest.approx(expected[row.detector].calibrated)
    for _, own in table.groupby("detector"):
        assert own["strength"].tolist() == list(STRENGTHS)
        assert own["raw"].nunique() == len(STRENGTHS)


def test_it_can_be_stopped() -> None:
    def stop(fraction: float, message: str) -> None:
        if fraction > 0.2:
            raise Cancelled("stopped")

    clip, models = _clip(), ModelSet(ROOT / "trained_models" / "demo", ["pca_kde"])
    with pytest.raises(Cancelled):
        strength_curve(clip, denoise_mix(clip.samples[0], 16000), models, "00", progress=stop)


@pytest.mark.parametrize("kind", KINDS)
def test_band_energy_equals_the_denoised_sound(kind: Kind) -> None:
    samples = _clip().samples[0]
    mix = denoise_mix(samples, 16000, kind=kind)
    bands = band_energy(mix, 16000)

    def energy(signal: np.ndarray) -> np.ndarray:
        power = mel_power(signal, n_fft=1024, hop_length=512, n_mels=128, sample_rate=16000)
        return power.sum(axis=0, dtype=np.float64)

    for strength in (0.05, 0.4, 0.77, 1.0):
        expected = 10 * np.log10(energy(samples) / energy(mix.at(strength)))
        assert np.allclose(bands.removed_db(strength), expected, atol=0.02)
    assert np.array_equal(bands.removed_db(0.0), np.zeros(128))
    assert bands.removed_db(1.0).mean() > bands.removed_db(0.5).mean() > 0.0


def test_silence_is_not_computable() -> None:
    bands = band_energy(denoise_mix(np.zeros(16000, np.float32), 16000), 16000)
    assert np.isnan(bands.removed_db(0.5)).all()
