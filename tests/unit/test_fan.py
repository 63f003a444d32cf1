"""The simulated fan: reproducible, physical tones and faults, normal sound that varies, two domains."""

import hashlib
import itertools
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from asd_core.datasets import EMBEDDED, demo_dataset, fan_dataset, open_dataset
from asd_core.datasets.demo_fan import COLUMNS, build_fan_catalogue, clip_seed, render_fan_clip
from asd_core.datasets.fan import FAULTS, MACHINE_IDS, simulate_fan
from asd_core.datasets.fan.machines import FANS
from asd_core.datasets.layouts import dcase_sections
from asd_core.datasets.rendered import simulator_version

RATE = 16_000
CATALOGUE = "b468a6e3ec691d1b"
FINGERPRINT = {
    "train/section_00_source_train_normal_0000_speed_561_load_20.wav": [
        50.143,
        51.546,
        51.116,
        48.679,
        47.452,
        44.758,
        39.497,
    ],
    "test/section_02_target_test_anomaly_0029_speed_1098_load_80.wav": [
        52.244,
        59.127,
        56.789,
        60.979,
        62.283,
        60.284,
        52.465,
    ],
}


@pytest.fixture(scope="module")
def catalogue() -> pd.DataFrame:
    return build_fan_catalogue()


def clip(machine_id: str = "00", seed: int = 7, rpm: float = 660.0, load: float = 0.3, **more: object) -> np.ndarray:
    return simulate_fan(machine_id, seed=seed, rpm=rpm, load=load, **more).samples.astype(np.float64)  # type: ignore[arg-type]


def spectrum(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies (Hz) and power (dB)."""
    power = np.abs(np.fft.rfft(samples * np.hanning(samples.size))) ** 2
    return np.fft.rfftfreq(samples.size, 1 / RATE), 10 * np.log10(power + 1e-20)


def strongest(samples: np.ndarray, about: float, within: float = 0.1) -> float:
    """Where (Hz) the spectrum is highest near a frequency."""
    hz, level = spectrum(samples)
    near = np.abs(hz - about) < within * about
    return float(hz[near][np.argmax(level[near])])


def band_db(samples: np.ndarray, low: float, high: float) -> float:
    hz, level = spectrum(samples)
    return float(10 * np.log10(np.sum(10 ** (level[(hz >= low) & (hz < high)] / 10))))


def once_a_turn(samples: np.ndarray, rpm: float) -> float:
    """Height of the envelope's line at the rotor's turns a second, against its surroundings."""
    envelope = np.convolve(samples**2, np.ones(160) / 160, "same")[::80]
    power = np.abs(np.fft.rfft(envelope - envelope.mean())) ** 2
    hz = np.fft.rfftfreq(envelope.size, 80 / RATE)
    turn = rpm / 60
    near, around = np.abs(hz - turn) < 0.05 * turn, (np.abs(hz - turn) < 0.4 * turn) & (np.abs(hz - turn) > 0.1 * turn)
    return float(power[near].max() / np.median(power[around]))


@pytest.mark.parametrize("machine_id", MACHINE_IDS)
def test_format_and_level(machine_id: str) -> None:
    for microphone in ("a", "b"):
        made = simulate_fan(machine_id, seed=1, rpm=800, load=0.5, microphone=microphone)
        assert made.samples.shape == (160_000,)
        assert made.samples.dtype == np.float32
        assert made.fault_events == ()
        assert 0.006 < made.samples.std() < 0.03
        assert np.abs(made.samples).max() < 1


def test_a_clip_is_made_of_its_name_alone_in_every_process(catalogue: pd.DataFrame) -> None:
    row = catalogue.iloc[-1]
    assert row["seed"] == clip_seed(str(row["clip_id"]))
    here = hashlib.sha256(render_fan_clip(row).samples.tobytes()).hexdigest()
    code = (
        "import hashlib; from asd_core.datasets.demo_fan import build_fan_catalogue, render_fan_clip; "
        "print(hashlib.sha256(render_fan_clip(build_fan_catalogue().iloc[-1]).samples.tobytes()).hexdigest())"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == here


def test_catalogue_and_sound_are_those_of_every_version(catalogue: pd.DataFrame) -> None:
    """The table to the letter; sound to 0.01 dB, since another processor's Fourier transform rounds in another way."""
    assert hashlib.sha256(catalogue.to_csv(index=False).encode()).hexdigest()[:16] == CATALOGUE
    for clip_id, expected in FINGERPRINT.items():
        samples = render_fan_clip(catalogue.set_index("clip_id", drop=False).loc[clip_id]).samples.astype(np.float64)
        edges = (50, 150, 300, 600, 1200, 2400, 4800, 8000)
        levels = [band_db(samples, low, high) for low, high in itertools.pairwise(edges)]
        np.testing.assert_allclose(levels, expected, atol=0.01)


def test_the_slide_rails_are_what_they_were() -> None:
    """Its detectors' stored scores name this version."""
    assert simulator_version() == "1d9ec31d162e"
    assert demo_dataset().fingerprint("test") == "54157efeab8020bb"


@pytest.mark.parametrize("machine_id", MACHINE_IDS)
def test_blade_tones_follow_the_speed(machine_id: str) -> None:
    blades = FANS[machine_id].blades
    for rpm in (600.0, 900.0):
        passing = blades * rpm / 60
        for harmonic in (1, 2, 3):
            assert strongest(clip(machine_id, rpm=rpm), harmonic * passing, 0.06) == pytest.approx(
                harmonic * passing, rel=0.025
            )


def test_faster_and_more_load_are_louder() -> None:
    """50 dB a decade of speed above the background, and more hum with load."""
    quiet, fast = (clip(rpm=rpm) for rpm in (500.0, 1000.0))
    assert 4 < band_db(fast, 300, 6000) - band_db(quiet, 300, 6000) < 15.5
    low, high = (clip(load=load) for load in (0.0, 1.0))
    assert band_db(high, 98, 102) > band_db(low, 98, 102) + 1


def test_another_microphone_colours_everything() -> None:
    one, other = (clip(microphone=m) for m in ("a", "b"))
    assert band_db(other, 2300, 2900) - band_db(one, 2300, 2900) > 3
    assert band_db(other, 30, 80) - band_db(one, 30, 80) < -4


def test_imbalance_swells_once_a_turn() -> None:
    heights = [
        np.median([once_a_turn(clip(seed=s, fault="imbalance", severity=v), 660.0) for s in range(4)])
        for v in (0.0, 0.3, 1.0)
    ]
    assert heights[0] < heights[1] < heights[2]
    assert heights[2] > 10 * heights[0]


def test_clogging_tilts_the_spectrum_and_raises_the_tones() -> None:
    healthy, clogged = clip(), clip(fault="clogging", severity=1.0)
    assert band_db(clogged, 2000, 6000) - band_db(healthy, 2000, 6000) < -1.5
    passing = FANS["00"].blades * 660.0 / 60
    assert band_db(clogged, 0.97 * passing, 1.03 * passing) - band_db(healthy, 0.97 * passing, 1.03 * passing) > 1.5


def test_a_changed_voltage_changes_the_speed_and_the_hum() -> None:
    passing = FANS["00"].blades * 660.0 / 60
    moved = []
    for seed in range(6):
        healthy, faulty = clip(seed=seed), clip(seed=seed, fault="voltage_change", severity=1.0)
        moved.append(strongest(faulty, passing, 0.09) / strongest(healthy, passing, 0.04) - 1)
        assert band_db(faulty, 398, 402) > band_db(healthy, 398, 402) + 3
    assert np.abs(np.abs(moved) - 0.055).max() < 0.01
    assert min(moved) < 0 < max(moved)


@pytest.mark.parametrize("fault", FAULTS)
def test_more_severe_is_more_different(fault: str) -> None:
    edges = np.geomspace(50, 8000, 61)

    def levels(severity: float) -> np.ndarray:
        samples = clip(seed=4, fault=fault, severity=severity)
        return np.array([band_db(samples, low, high) for low, high in itertools.pairwise(edges)])

    healthy = levels(0.0)
    assert np.array_equal(healthy, levels(0.0))
    away = [float(np.abs(levels(severity) - healthy).mean()) for severity in (0.1, 1.0)]
    assert 0 < 1.5 * away[0] < away[1]
    made = simulate_fan("00", seed=4, rpm=660, load=0.3, fault=fault, severity=0.5)
    assert made.fault_events == ((0.0, 10.0),)


@pytest.mark.parametrize(
    ("arguments", "description"),
    [
        ({"machine_id": "01"}, "Unknown machine id '01'"),
        ({"fault": "broken"}, "Unknown fault 'broken'"),
        ({"microphone": "z"}, "Unknown microphone 'z'"),
        ({"load": 1.2}, "load"),
        ({"rpm": 1.0}, "speed"),
        ({"severity": float("nan")}, "between 0 and 1"),
        ({"duration": 0.0}, "duration"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_cannot_be_simulated_is_refused_in_one_sentence(arguments: dict[str, object], description: str) -> None:
    with pytest.raises(ValueError, match=description) as caught:
        simulate_fan(**{"machine_id": "00", "seed": 0, "rpm": 700, "load": 0.5, **arguments})  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_two_domains_of_unequal_size(catalogue: pd.DataFrame) -> None:
    assert tuple(catalogue.columns) == COLUMNS
    assert catalogue["clip_id"].is_unique
    assert catalogue["seed"].is_unique
    for _, own in catalogue.groupby("machine_id"):
        counts = own.groupby(["domain", "split", "label"]).size().to_dict()
        assert counts == {
            ("source", "train", "normal"): 120, ("target", "train", "normal"): 12,
            ("source", "test", "normal"): 30, ("target", "test", "normal"): 30,
            ("source", "test", "anomaly"): 30, ("target", "test", "anomaly"): 30,
        }  # fmt: skip
        source, target = (own[own["domain"] == name] for name in ("source", "target"))
        for column in ("speed_rpm", "load", "microphone"):  # nothing of the target domain's is usual
            assert not set(source[column]) & set(target[column])
        assert source["speed_rpm"].nunique() == 3
        assert set(own[own["fault"] != ""].groupby(["domain", "fault"]).size()) == {10}


def test_names_are_those_of_dcase(catalogue: pd.DataFrame) -> None:
    """So that the clips written as files are understood as they are."""
    for row in catalogue.iloc[[0, 125, 200, 503]].to_dict("records"):
        folder, name = str(row["clip_id"]).split("/")
        found = dcase_sections(["fan", folder], name.removesuffix(".wav"))
        assert found is not None
        for column in ("machine_type", "machine_id", "split", "label", "domain"):
            assert found[column] == row[column]
        assert (found["speed"], found["load"]) == (str(row["speed_rpm"]), str(round(100 * row["load"])))


def test_opened_by_its_name_beside_the_demo() -> None:
    dataset = open_dataset("demo-fan")
    assert list(EMBEDDED) == ["demo", "demo-fan"]
    assert (dataset.location, dataset.root) == ("demo-fan", None)
    assert {"speed_rpm", "load", "microphone", "fault", "severity"} <= set(dataset.attributes())
    clip_id = str(dataset.catalogue["clip_id"].iloc[300])
    expected = render_fan_clip(dataset.catalogue.iloc[300]).samples
    for _ in range(2):  # rendered, then from the cache
        np.testing.assert_allclose(dataset.read(clip_id).samples[0], expected, atol=1 / 2**15)
    assert dataset.fingerprint("train") == fan_dataset().fingerprint("train") != demo_dataset().fingerprint("train")


def test_another_draw_is_another_set_of_clips(catalogue: pd.DataFrame) -> None:
    other = build_fan_catalogue(1)
    assert other.drop(columns="seed").equals(catalogue.drop(columns="seed"))
    assert not set(other["seed"]) & set(catalogue["seed"])
