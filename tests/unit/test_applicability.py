"""Whether a recording belongs to a machine: what does not is named with what differs, and no fault is taken for it."""

import io
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from asd_core.artifacts import POOLED, pooled_columns, read_pooled
from asd_core.datasets import Dataset
from asd_core.datasets.slide_rail import simulate
from asd_core.features import LogMel, pool
from asd_core.scoring import (
    SCORES,
    applicability_of,
    check_clips,
    known_normals,
    machine_normals,
    read_scores,
    sentence,
    with_applicability,
)
from asd_core.sound import Clip, Samples, prepare, read_clip, resample
from tests.conftest import ROOT

DEMO = ROOT / "trained_models" / "demo"


@pytest.fixture(scope="module")
def healthy() -> Samples:
    """A normal clip of the demo's machine 00 that the demo does not hold."""
    return simulate("00", seed=12345, snr_db=0).samples


def judged(samples: Samples, machine_id: str = "00"):  # type: ignore[no-untyped-def]
    result = applicability_of(Clip(np.asarray(samples, np.float32)[None], 16000, "0", "clip"), DEMO, machine_id)
    assert result is not None
    assert result.applicable == (result.reason == "")
    return result


def test_a_normal_clip_belongs(healthy: Samples) -> None:
    assert judged(healthy).applicable


@pytest.mark.parametrize("seconds", [1, 2, 5])
def test_a_short_part_of_it_does_too(healthy: Samples, seconds: int) -> None:
    assert judged(healthy[: 16000 * seconds]).applicable


@pytest.mark.parametrize("fault", ["rail_damage", "loose_belt", "no_grease"])
def test_the_strongest_fault_does_too(fault: str) -> None:
    for seed in range(3):
        assert judged(simulate("00", seed=777 + seed, snr_db=6, fault=fault, severity=1.0).samples).applicable


def _mp3(samples: Samples) -> Samples:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, 16000, format="MP3", subtype="MPEG_LAYER_III")
    buffer.seek(0)
    return np.asarray(soundfile.read(buffer, dtype="float32")[0])


def _telephone(samples: Samples) -> Samples:
    spectrum = np.fft.rfft(samples)
    spectrum[: int(300 * len(samples) / 16000)] = 0.0
    return np.fft.irfft(spectrum, len(samples))


def _at_8_khz(samples: Samples) -> Samples:
    return np.asarray(resample(resample(Clip(samples[None], 16000, "0", "c"), 8000), 16000).samples[0])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_at_8_khz, r"no energy above (3\.9|4\.0|4\.1) kHz, where normal clips have it"),
        (_mp3, r"no energy above [67]\.\d kHz"),
        (_telephone, r"no energy below (2[5-9]\d|3[0-3]\d) Hz"),
        (
            lambda x: np.round(x * 10**-1.5 * 32768) / 32768,
            r"its level in quiet moments is (2[5-9]|3[0-5]) dB below the normal clips",
        ),
        (lambda x: x * 10**1.5, r"its level in quiet moments is (2[5-9]|3[0-5]) dB above the normal clips"),
        (
            lambda x: np.random.default_rng(0).normal(0, x.std(), x.size),
            r"its spectrum is outside that of all normal clips in \d+ of 128 bands",
        ),
    ],
)
def test_what_does_not_belong_is_said_with_what_differs(healthy: Samples, change, reason: str) -> None:  # type: ignore[no-untyped-def]
    result = judged(change(healthy))
    assert not result.applicable
    assert pd.Series([result.reason]).str.fullmatch(f"{reason}.*").all(), result.reason
    assert sentence(result).startswith("Not like any recording of this machine: check machine id, microphone and rate;")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda x: x + 3 * np.random.default_rng(0).normal(0, x.std(), x.size), True),  # as by a leak that never pauses
        (lambda x: x * 10**-1.5, False),
        (lambda x: np.cumsum(x) / 20, False),
    ],
)
def test_a_fault_is_named_where_it_can_be_the_reason(healthy: Samples, change, fault: bool) -> None:  # type: ignore[no-untyped-def]
    result = judged(change(healthy))
    assert not result.applicable
    assert sentence(result).endswith("a strong and steady fault can be the reason: listen.") is fault, result


def test_many_bands_quieter_than_ever_are_missing_sound(healthy: Samples) -> None:
    """Between 1 and 4 kHz nothing is left but a tenth: no edge of the band, and not the level of most bands."""
    spectrum = np.fft.rfft(healthy)
    spectrum[int(1e3 * healthy.size / 16e3) : int(4e3 * healthy.size / 16e3)] *= 0.03
    result = judged(np.fft.irfft(spectrum, healthy.size))
    assert "it is quieter than every normal clip in" in result.reason


def test_a_rippled_spectrum_is_unlike(healthy: Samples) -> None:
    """A microphone with ripples of 3 dB: no level and no broad shape gives it away."""
    spectrum = np.fft.rfft(healthy)
    ripple = 10 ** (3 * np.sin(2 * np.pi * np.arange(spectrum.size) * 16 / healthy.size / 0.25) / 20)
    result = judged(np.fft.irfft(spectrum * ripple, healthy.size))
    assert "the spectrum of its quiet moments is unlike in" in result.reason
    assert result.unlike > 1.0


def test_the_demos_own_clips_belong() -> None:
    """Of all stored test clips, strong faults included, at most 2% are turned away."""
    table = read_pooled(DEMO)
    found = with_applicability(table[table["split"] == "test"], DEMO)
    assert found["applicable"].notna().all()
    rates = 1.0 - found.groupby("label")["applicable"].mean()
    assert (rates <= 0.02).all(), rates


def _pooled(rng: np.random.Generator, centre: np.ndarray, n: int) -> np.ndarray:
    """Pooled log-mels of one machine: its own ripples, a level a clip, a little noise."""
    mean = centre + rng.normal(0, 2, (n, 1)) + rng.normal(0, 0.5, (n, centre.size))
    return np.concatenate([mean, np.full_like(mean, 5.0), mean + 10], axis=1)


def _stored(folder: Path, pooled_of: dict[str, np.ndarray]) -> None:
    """Pooled log-mels of machine ids as training stores them."""
    frames = []
    for machine_id, pooled in pooled_of.items():
        table = pd.DataFrame(pooled, columns=[f"f{i}" for i in range(384)])
        hashes = [f"{machine_id}{i}" for i in range(len(pooled))]
        frames.append(table.assign(machine_id=machine_id, split="train", label="normal", sha256=hashes))
    pd.concat(frames).to_parquet(folder / POOLED)


def _of_centre(rng: np.random.Generator, own: np.ndarray, away: float) -> np.ndarray:
    """Forty clips of a machine whose bands are so many dB from those of a clip."""
    pooled = _pooled(rng, own[:128] + rng.normal(0, away, 128), 40)
    pooled[:, 128:256] = own[128:256]
    return pooled


def test_the_machine_that_it_belongs_to_is_named(tmp_path: Path, healthy: Samples) -> None:
    rng = np.random.default_rng(0)
    clip = Clip(healthy[None], 16000, "0", "clip")
    own = pool(LogMel().transform(clip))
    _stored(tmp_path, {"01": _of_centre(rng, own, 4.0), "02": _of_centre(rng, own, 0.0)})
    assert applicability_of(clip, tmp_path, "02").applicable  # type: ignore[union-attr]
    result = applicability_of(clip, tmp_path, "01")
    assert result is not None
    assert not result.applicable
    assert result.nearer == "02"
    assert result.reason.endswith("; it is like the recordings of machine id 02")


def test_one_odd_recording_among_a_machines_normals_makes_nothing_like_it(tmp_path: Path, healthy: Samples) -> None:
    """It widens what is not turned away, since a fault may be as odd; it does not make another machine's recording this one's."""
    rng = np.random.default_rng(0)
    clip = Clip(healthy[None], 16000, "0", "clip")
    own = pool(LogMel().transform(clip))
    odd = _of_centre(rng, own, 4.0)
    odd[7] = own
    _stored(tmp_path, {"01": _of_centre(rng, own, 4.0), "02": odd})
    assert applicability_of(clip, tmp_path, "02").applicable  # type: ignore[union-attr]
    result = applicability_of(clip, tmp_path, "01")
    assert result is not None
    assert not result.applicable
    assert result.nearer is None, result.reason


def test_where_too_little_is_known_nothing_is_said(tmp_path: Path, healthy: Samples) -> None:
    clip = Clip(healthy[None], 16000, "0", "clip")
    assert applicability_of(clip, tmp_path, "00") is None  # no stored features
    assert applicability_of(clip, DEMO, "77") is None
    rng = np.random.default_rng(0)
    assert machine_normals(_pooled(rng, np.zeros(128), 9), "00") is None
    assert machine_normals(_pooled(rng, np.zeros(128), 10), "00") is not None


def test_limits_follow_the_machines_own_spread() -> None:
    """The same clip is far from a machine whose clips are all alike, and not from one whose clips differ much."""
    rng = np.random.default_rng(0)
    alike, varied = (_pooled(rng, np.zeros(128), 60) for _ in range(2))
    varied[:, :128] += rng.normal(0, 4, (60, 128))
    clip = _pooled(rng, rng.normal(0, 3, 128), 1)
    assert not check_clips(clip, machine_normals(alike, "a"))[0].applicable  # type: ignore[arg-type]
    assert check_clips(clip, machine_normals(varied, "b"))[0].applicable  # type: ignore[arg-type]


def test_scores_on_disk_say_it(small_models: Path, small_dataset: Dataset, tmp_path: Path) -> None:
    """Training stored a column: none of its simulated clips is foreign, and a clip of unknown sound is left open."""
    stored = pd.read_parquet(small_models / SCORES)
    assert stored["applicable"].dtype == "boolean"
    assert stored["applicable"].mean() > 0.95
    assert "applicable" in read_scores(small_models, small_dataset)
    table = stored.assign(sha256=["new", *stored["sha256"][1:]])
    assert with_applicability(table, small_models)["applicable"].isna().tolist() == [True, *[False] * (len(stored) - 1)]
    assert with_applicability(stored, tmp_path)["applicable"].isna().all()  # nothing was stored there


def test_a_new_training_is_noticed(small_models: Path, tmp_path: Path) -> None:
    shutil.copy(small_models / POOLED, tmp_path)
    before = known_normals(tmp_path)["00"].level
    table = read_pooled(tmp_path)
    means = pooled_columns(table)[:128]
    table[means] = table[means] + np.float16(7.0)
    table.to_parquet(tmp_path / POOLED)
    assert known_normals(tmp_path)["00"].level == pytest.approx(before + 7.0, abs=0.1)


@pytest.mark.real
def test_real_slide_rails_are_none_of_the_demos(real_slider: Path) -> None:
    clips = [prepare(read_clip(file)) for file in sorted(real_slider.rglob("*.wav"))]
    for machine_id in ("00", "02", "04", "06"):
        results = [applicability_of(clip, DEMO, machine_id) for clip in clips]
        assert np.mean([result is not None and not result.applicable for result in results]) >= 0.95


@pytest.mark.real
def test_a_real_machine_knows_its_own(real_slider: Path) -> None:
    """Normals that the reference does not hold, and anomalies: at most 5% are turned away; half the band always is."""

    def read(files: list[Path]) -> np.ndarray:
        return np.array([pool(LogMel().transform(prepare(read_clip(file)))) for file in files])

    train = sorted((real_slider / "train").glob("normal_id_00_*.wav"))
    normals = machine_normals(read(train[::2]), "00")
    assert normals is not None
    own = [*train[1::2], *sorted((real_slider / "test").glob("*_id_00_*.wav"))]
    assert np.mean([not one.applicable for one in check_clips(read(own), normals)]) <= 0.05
    low = [_at_8_khz(prepare(read_clip(file)).samples[0]) for file in own[:8]]
    pooled = np.array([pool(LogMel().transform(Clip(x[None], 16000, "0", "c"))) for x in low])
    assert not any(one.applicable for one in check_clips(pooled, normals))
