from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import pytest

from asd_core.datasets.slide_rail import simulate
from asd_core.errors import ArtifactError, ClipError
from asd_core.features import (
    BandSpectrum,
    Level,
    LogMel,
    Waveform,
    extract,
    from_config,
    mel_filterbank,
    mel_frequencies,
    pool,
    spectrum_db,
    to_config,
    working_rate,
)
from asd_core.sound import Clip, prepare, read_clip

RATE = 16000


def clip_of(samples: np.ndarray, rate: int = RATE) -> Clip:
    return Clip(np.atleast_2d(samples).astype(np.float32), rate, "0" * 64, "clip")


def librosa_log_mel(samples: np.ndarray, n_mels: int = 128) -> np.ndarray:
    power = librosa.feature.melspectrogram(y=samples, sr=RATE, n_fft=1024, hop_length=512, n_mels=n_mels, power=2.0)
    return librosa.power_to_db(power, ref=1.0, top_db=None)


# librosa compiles what it needs, for a quarter of a minute in a new environment; the demo's stored scores hold the same mel otherwise.
compares_with_librosa = pytest.mark.long


@compares_with_librosa
@pytest.mark.parametrize("seconds", [0.5, 2.0, 10.0, 11.3])
@pytest.mark.parametrize("n_mels", [64, 128])
def test_log_mel_equals_librosa(seconds: float, n_mels: int) -> None:
    samples = simulate("04", seed=5, duration=12.0).samples[: int(seconds * RATE)]
    ours = LogMel(n_mels=n_mels).transform(clip_of(samples))
    theirs = librosa_log_mel(samples, n_mels)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < 1e-3


@compares_with_librosa
@pytest.mark.real
def test_log_mel_equals_librosa_on_real_sound(real_slider: Path) -> None:
    for path in sorted((real_slider / "test").glob("*.wav"))[:5]:
        clip = prepare(read_clip(path))
        ours = LogMel().transform(clip)
        assert ours.shape == (128, 313)
        assert np.abs(ours - librosa_log_mel(clip.samples[0])).max() < 1e-3


@compares_with_librosa
def test_filterbank_equals_librosa() -> None:
    assert np.abs(mel_filterbank(128, 1024, RATE) - librosa.filters.mel(sr=RATE, n_fft=1024, n_mels=128)).max() < 1e-7
    assert np.allclose(mel_frequencies(128, RATE), librosa.mel_frequencies(130, fmax=RATE / 2)[1:-1])


def test_one_loud_impact_leaves_quiet_frames_alone() -> None:
    quiet = np.random.default_rng(0).normal(0, 1e-4, 4 * RATE).astype(np.float32)
    loud = quiet.copy()
    loud[3 * RATE] = 1.0
    before, after = (LogMel().transform(clip_of(s)) for s in (quiet, loud))
    assert np.array_equal(before[:, :50], after[:, :50])


def test_spectrum_of_a_sine_reads_its_level() -> None:
    samples = (0.5 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)).astype(np.float32)
    frequencies, levels = spectrum_db(samples, RATE)
    assert frequencies[np.argmax(levels)] == pytest.approx(1000.0)
    assert levels.max() == pytest.approx(20 * np.log10(0.5), abs=0.01)


def test_band_spectrum_finds_a_tone_and_ignores_length() -> None:
    tone = 0.1 * np.sin(2 * np.pi * 3000 * np.arange(4 * RATE) / RATE)
    noise = np.random.default_rng(0).normal(0, 0.01, 4 * RATE)
    bands = BandSpectrum()
    full, half = bands.transform(clip_of(tone + noise)), bands.transform(clip_of((tone + noise)[: 2 * RATE]))
    assert bands.frequencies()[np.argmax(full)] == pytest.approx(3000, abs=20)
    quiet = np.argsort(full)[:200]
    assert abs(float(np.mean(full[quiet] - half[quiet]))) < 0.5


def test_level_is_rms_in_db() -> None:
    assert Level().transform(clip_of(np.full(RATE, 0.1)))[0] == pytest.approx(-20.0, abs=1e-4)


def test_wrong_rate_is_refused() -> None:
    with pytest.raises(ClipError, match="44100"):
        LogMel().transform(clip_of(np.ones(44100), rate=44100))


@pytest.mark.parametrize("representation", [LogMel(n_mels=64), BandSpectrum(n_bands=32), Level()])
def test_config_round_trip(representation: LogMel | BandSpectrum | Level) -> None:
    assert from_config(to_config(representation)) == representation


def test_unknown_configs_are_refused() -> None:
    with pytest.raises(ArtifactError, match="known"):
        from_config({"kind": "cochleagram"})
    with pytest.raises(ArtifactError, match="parameters"):
        from_config({"kind": "log-mel", "colour": "red"})


def test_pool_is_mean_spread_and_peak() -> None:
    log_mel = np.random.default_rng(0).normal(size=(4, 10)).astype(np.float32)
    assert np.allclose(pool(log_mel), np.r_[log_mel.mean(1), log_mel.std(1), log_mel.max(1)])


@pytest.mark.parametrize("recorded", [16000, 44100, 48000])
def test_each_representation_gets_the_clip_at_its_own_rate(recorded: int) -> None:
    """Bit for bit what it gets alone, whatever is computed beside it. Noise: a second resampling would cost it its top band."""
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * recorded).astype(np.float32)
    clip = clip_of(noise, rate=recorded)
    wide, narrow = LogMel(sample_rate=32000), LogMel()
    both = extract(prepare(clip, sample_rate=working_rate([narrow, wide], recorded)), [narrow, wide])
    for representation in (narrow, wide):
        assert working_rate([representation], recorded) == representation.sample_rate
        alone = prepare(clip, sample_rate=representation.sample_rate)
        np.testing.assert_array_equal(both[representation], representation.transform(alone))


def test_a_clip_at_the_right_rate_is_not_copied() -> None:
    clip = clip_of(np.random.default_rng(0).normal(0, 0.1, 32000).astype(np.float32), rate=16000)
    seen: list[Clip] = []

    @dataclass(frozen=True)
    class Spy:
        sample_rate: int = 16000

        def transform(self, clip: Clip) -> np.ndarray:
            seen.append(clip)
            return np.zeros(1, np.float32)

    extract(clip, [Spy()])
    assert seen[0] is clip


def test_more_detectors_than_dashes_have_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from asd_core.plots import colours

    many = {f"detector_{n}": "" for n in range(60)}
    monkeypatch.setattr(colours, "REGISTRY", many)
    assert all(colours.detector_colour(key).startswith("#") and colours.detector_dash(key) for key in many)


@pytest.mark.parametrize("seconds", [2.0, 10.0, 60.0])
def test_waveform_has_unit_level_and_one_length(seconds: float) -> None:
    samples = 0.01 * np.sin(2 * np.pi * 50 * np.arange(int(seconds * 16000)) / 16000)
    wave = Waveform().transform(Clip(samples[None].astype(np.float32), 16000, "0", "tone"))
    sounding = wave[: int(min(seconds, 10.0) * 400)]
    assert wave.shape == (4000,)
    assert np.sqrt(np.mean(np.square(sounding))) == pytest.approx(1.0, abs=0.02)
    assert not wave[len(sounding) + 20 :].any()
