"""How recordings were made: measured, stored with the models, and differences said in a sentence."""

import json
from pathlib import Path

import numpy as np
import pytest

from asd_core.artifacts import CONDITIONS, read_conditions
from asd_core.datasets import conditions_of, open_dataset, recorded_otherwise, together
from asd_core.datasets.conditions import bandwidth
from asd_core.errors import ArtifactError
from asd_core.explain import make_reference
from asd_core.scoring import clip_recorded_otherwise
from asd_core.sound import Clip, Samples, resample
from asd_core.training import train
from tests.conftest import write_wav
from tests.unit.conftest import Cli

RATE = 16000


def noise(level: float = 0.05, seconds: float = 2.0, rate: int = RATE, channels: int = 1) -> Clip:
    samples = np.random.default_rng(0).normal(0, level, (channels, round(seconds * rate))).astype(np.float32)
    return Clip(samples, rate, "0", "a.wav")


def cut(clip: Clip, hertz: float) -> Clip:
    """As a codec does it."""
    spectrum = np.fft.rfft(clip.samples[0])
    spectrum[round(hertz * len(spectrum) / (clip.sample_rate / 2)) :] = 0.0
    return clip.with_samples(np.fft.irfft(spectrum))


def sixteen_bits(samples: Samples) -> Samples:
    return (np.round(samples * 2**15) / 2**15).astype(np.float32)


def test_bandwidth_is_where_the_sound_ends() -> None:
    full = noise()
    assert bandwidth(full.samples[0], RATE) == 8000
    narrow = resample(resample(full, 8000), RATE).samples[0]
    for samples in (narrow, sixteen_bits(narrow)):
        assert 3750 <= bandwidth(samples, RATE) <= 4250
    wide = resample(full, 48000)
    assert 7500 <= bandwidth(wide.samples[0], 48000) <= 8250
    hum = np.sin(2 * np.pi * 100 * np.arange(2 * RATE) / RATE).astype(np.float32)
    assert bandwidth(0.5 * hum + full.samples[0] / 1000, RATE) == 8000, "a tone does not hide what is quiet"
    whistle = narrow + 0.1 * np.sin(2 * np.pi * 7000 * np.arange(2 * RATE) / RATE).astype(np.float32)
    assert bandwidth(sixteen_bits(whistle), RATE) <= 4250, "nor is a single one sound all the way up"


def test_conditions_of_several_recordings() -> None:
    offset = Clip(noise().samples + np.float32(0.1), RATE, "0", "b.wav")
    clips = noise(0.05), noise(0.5, rate=48000, channels=2), offset
    one, other, third = (conditions_of(clip, 0) for clip in clips)
    found = one + other
    assert (found.sample_rates, found.channels, found.analysed) == ({16000: 1, 48000: 1}, {1: 1, 2: 1}, {"1": 2})
    assert found.level == pytest.approx((-26, -6), abs=0.2)
    assert found.bandwidth == (8000, 24000)
    assert (found.offsets, third.offsets, found.n) == (0, 1, 2)
    every = together([found, third])
    assert every is not None
    assert (every.n, every.sample_rates) == (3, {16000: 2, 48000: 1})
    assert together([]) is None


@pytest.mark.parametrize(
    ("clip", "channel", "said"),
    [
        (noise(), 0, ""),
        (noise(0.09), 0, ""),
        (noise(rate=44100), 0, "44,100 Hz (training: 16,000 Hz)"),
        (noise(channels=2), 1, "2 channels (training: 1); channel 2 analysed (training: 1)"),
        (noise(0.5), 0, "level -6 dB (training: -26 dB)"),
        (
            Clip(noise().samples + np.float32(0.1), RATE, "0", "a.wav"),
            0,
            "a constant offset, which is removed (training: none)",
        ),
        (resample(resample(noise(), 8000), RATE), 0, "nothing above 4.0 kHz (training: 8.0 kHz)"),
        (resample(noise(), 8000), 0, "8,000 Hz (training: 16,000 Hz)"),
        (cut(noise(), 7500), 0, "nothing above 7.5 kHz (training: 8.0 kHz)"),
    ],
)
def test_what_differs_is_said(clip: Clip, channel: int, said: str) -> None:
    sentence = recorded_otherwise("a.wav was", conditions_of(clip, channel), conditions_of(noise(), 0))
    expected = (
        f"a.wav was recorded otherwise than the sound the detectors learned: {said}. Such a difference can look like a "
    )
    assert sentence == (f"{expected}fault: record as for the training." if said else "")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings at two rates, the test's all at the second one, and a level meter trained on them."""
    folder = tmp_path_factory.mktemp("mixed")
    rng = np.random.default_rng(0)
    for split, label, count in (("train", "normal", 20), ("test", "normal", 2), ("test", "anomaly", 2)):
        for number in range(count):
            rate = 16000 if split == "train" and number < 15 else 32000
            place = folder / "data" / "fan" / split / f"{label}_id_00_{number:08d}.wav"
            write_wav(place, rng.normal(0, 0.05, rate), rate)
    said: list[str] = []
    train(open_dataset(folder / "data" / "fan"), folder / "models", detectors=["control_rms"], notify=said.append)
    (folder / "said").write_text("\n".join(said))
    return folder


def test_training_stores_them_and_names_mixed_rates(mixed: Path) -> None:
    found = read_conditions(mixed / "models")
    assert found["train"]["00"].sample_rates == {16000: 15, 32000: 5}
    assert found["test"]["00"].sample_rates == {32000: 4}
    assert "Recordings of different rates (15 at 16,000 Hz, 5 at 32,000 Hz)" in (mixed / "said").read_text()


def test_a_folder_without_them_gets_them_by_a_command(mixed: Path, tmp_path: Path) -> None:
    clip = noise(rate=8000)
    assert clip_recorded_otherwise(clip, 0, tmp_path, "00") == "", "where nobody has stored them, nothing is said"
    make_reference(open_dataset(mixed / "data" / "fan"), tmp_path)
    assert read_conditions(tmp_path) == {"train": read_conditions(mixed / "models")["train"]}
    assert "8,000 Hz (training: 16,000, 32,000 Hz)" in clip_recorded_otherwise(clip, 0, tmp_path, "00")
    assert clip_recorded_otherwise(clip, 0, tmp_path, "02") == "", "of another machine nothing is known"
    (tmp_path / CONDITIONS).write_text("{")
    with pytest.raises(ArtifactError, match=r"conditions\.json is damaged: delete it"):
        clip_recorded_otherwise(clip, 0, tmp_path, "00")


def test_the_command_line_says_it(mixed: Path, tmp_path: Path, cli: Cli) -> None:
    file = write_wav(tmp_path / "a.wav", noise(rate=44100).samples[0], 44100)
    given = ("score", file, "--models", mixed / "models", "--machine-id", "00")
    sentence = (
        "a.wav was recorded otherwise than the sound the detectors learned: 44,100 Hz (training: 16,000, 32,000 Hz)."
    )
    assert sentence in cli(*given)[2]
    (result,) = json.loads(cli(*given, "--json")[1])
    assert any(sentence in flag for flag in result["flags"])
