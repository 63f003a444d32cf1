"""The simulated slide rail: reproducible, physical faults, like recordings, and not solved by simple statistics."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core.datasets import build_catalogue, demo, render_demo_clip
from asd_core.datasets.slide_rail import simulate
from asd_core.datasets.slide_rail.faults import FAULTS
from asd_core.datasets.slide_rail.simulate import MACHINE_IDS, SNRS_DB

REAL = os.environ.get("ASD_REAL_DATA", "")
CATALOGUE = Path(__file__).parents[2] / "data" / "demo" / "catalogue.csv"


@pytest.fixture(scope="module")
def catalogue() -> pd.DataFrame:
    return build_catalogue()


@pytest.mark.parametrize("machine_id", MACHINE_IDS)
def test_same_seed_same_bits(machine_id: str) -> None:
    first, second = (simulate(machine_id, seed=7, snr_db=0, fault="no_grease", severity=0.5) for _ in range(2))
    assert np.array_equal(first.samples, second.samples)
    assert first.fault_events == second.fault_events


def test_seed_and_machine_both_change_the_clip() -> None:
    clips = [simulate(m, seed=s).samples for m in MACHINE_IDS for s in (0, 1)]
    for i, one in enumerate(clips):
        for other in clips[:i]:
            assert abs(np.corrcoef(one, other)[0, 1]) < 0.2


@pytest.mark.parametrize("machine_id", MACHINE_IDS)
def test_format_and_level(machine_id: str) -> None:
    for snr_db in SNRS_DB:
        clip = simulate(machine_id, seed=snr_db + 10, snr_db=snr_db)
        assert clip.samples.shape == (160_000,)
        assert clip.samples.dtype == np.float32
        assert clip.sample_rate == 16_000
        assert clip.fault_events == ()
        assert np.abs(clip.samples).max() <= 1
        assert 0.008 < clip.samples.std() < 0.016
        assert abs(clip.samples.mean()) < 1e-3


@pytest.mark.parametrize("machine_id", MACHINE_IDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_heard_in_its_events_and_nowhere_else(machine_id: str, fault: str) -> None:
    healthy = simulate(machine_id, seed=3, snr_db=0)
    faulty = simulate(machine_id, seed=3, snr_db=0, fault=fault, severity=0.8)
    difference = (faulty.samples - healthy.samples).astype(np.float64) ** 2
    assert difference.sum() > 0
    inside = np.zeros(160_000, bool)
    previous_end = -1.0
    for start, end in faulty.fault_events:
        assert 0 <= start < end <= 10
        assert start > previous_end
        previous_end = end
        # The carriage is interpolated on a grid of 1 ms.
        inside[max(int((start - 0.002) * 16_000), 0) : int((end + 0.002) * 16_000)] = True
    assert 0.01 < inside.mean() < 0.95
    assert difference[~inside].sum() < 1e-6 * difference.sum()


@pytest.mark.parametrize("machine_id", MACHINE_IDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_more_severe_is_more_audible(machine_id: str, fault: str) -> None:
    healthy = simulate(machine_id, seed=4).samples

    def energy_at(severity: float) -> float:
        added = simulate(machine_id, seed=4, fault=fault, severity=severity).samples - healthy
        return float(np.square(added, dtype=np.float64).sum())

    energy = [energy_at(severity) for severity in (0.0, 0.1, 0.4, 1.0)]
    assert energy[0] == 0
    assert energy[1] < energy[2] < energy[3]


def test_snr_is_relative_to_the_background() -> None:
    # The same seed at another SNR: background and machine are the same, only the machine's level moves.
    quiet, middle, loud = (simulate("04", seed=5, snr_db=s).samples.astype(np.float64) for s in (-200, 0, 6))
    ratio = np.square(loud - quiet).sum() / np.square(middle - quiet).sum()
    assert 10 * np.log10(ratio) == pytest.approx(6, abs=0.01)


@pytest.mark.parametrize("duration", [0.1, 1.0, 25.0])
def test_other_durations(duration: float) -> None:
    for fault in FAULTS:
        clip = simulate("02", seed=1, fault=fault, severity=1, duration=duration)
        assert clip.samples.shape == (round(duration * 16_000),)
        assert np.isfinite(clip.samples).all()


@pytest.mark.parametrize(
    ("arguments", "description"),
    [
        ({"machine_id": "01"}, "Unknown machine id '01'"),
        ({"fault": "broken"}, "Unknown fault 'broken'"),
        ({"fault": "no_grease", "severity": 1.1}, "between 0 and 1"),
        ({"fault": "no_grease", "severity": float("nan")}, "between 0 and 1"),
        ({"snr_db": float("inf")}, "finite"),
        ({"duration": 0.0}, "duration"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_cannot_be_simulated_is_refused_in_one_sentence(arguments: dict[str, object], description: str) -> None:
    with pytest.raises(ValueError, match=description) as caught:
        simulate(**{"machine_id": "00", "seed": 0, **arguments})  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_importing_is_light() -> None:
    code = (
        "import sys, asd_core.datasets.demo; "
        "sys.exit(str(sorted({'pandas', 'torch', 'librosa', 'sklearn', 'matplotlib'} & set(sys.modules)) or ''))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.stderr.strip() == ""


def test_catalogue_counts(catalogue: pd.DataFrame) -> None:
    assert tuple(catalogue.columns) == demo.COLUMNS
    assert catalogue["clip_id"].is_unique
    assert catalogue["seed"].is_unique
    assert (catalogue["machine_type"] == "slider").all()
    for machine_id in MACHINE_IDS:
        own = catalogue[catalogue["machine_id"] == machine_id]
        test = own[own["split"] == "test"]
        assert len(own[(own["split"] == "train") & (own["label"] == "normal")]) == 300
        assert len(own) == 300 + 60 + 60
        assert (test["label"] == "normal").sum() == 60
        for fault in FAULTS:
            severities = test.loc[test["fault"] == fault, "severity"]
            assert len(severities) == 20
            assert severities.min() > 0
            assert severities.max() == 1
        shares = own.groupby(["split", "label"])["snr_db"].value_counts(normalize=True)
        assert np.allclose(shares, 1 / 3)


def test_catalogue_file_is_the_built_one(catalogue: pd.DataFrame) -> None:
    assert build_catalogue().to_csv(index=False).encode() == CATALOGUE.read_bytes()
    assert not build_catalogue(1)["seed"].equals(catalogue["seed"])


def test_a_row_renders_from_memory_and_from_the_file(catalogue: pd.DataFrame) -> None:
    stored = pd.read_csv(CATALOGUE)  # ids become integers, empty faults NaN: render must cope
    for number in (0, 350, len(catalogue) - 1):
        built = render_demo_clip(catalogue.iloc[number])
        assert np.array_equal(built.samples, render_demo_clip(stored.iloc[number].to_dict()).samples)
        assert bool(built.fault_events) == (catalogue.iloc[number]["label"] == "anomaly")


def _mean_log_mel(samples: np.ndarray) -> np.ndarray:
    from asd_core.datasets.slide_rail.compare import log_mel

    return log_mel(samples).mean(axis=1)


@pytest.mark.slow
def test_no_control_solves_the_demo(catalogue: pd.DataFrame) -> None:
    # A small sample of the catalogue. Whole-catalogue figures: docs/simulator.md.
    from sklearn.covariance import LedoitWolf
    from sklearn.metrics import roc_auc_score

    def features(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        clips = [render_demo_clip(row).samples for _, row in rows.iterrows()]
        return np.array([clip.std() for clip in clips]), np.array([_mean_log_mel(clip) for clip in clips])

    for machine_id in MACHINE_IDS:
        own = catalogue[catalogue["machine_id"] == machine_id]
        test = own[own["split"] == "test"]
        chosen = pd.concat([test[test["label"] == "normal"].head(10), test[test["label"] == "anomaly"].iloc[::6]])
        rms, mels = features(chosen)
        anomalous = (chosen["label"] == "anomaly").to_numpy()
        _, train = features(own[own["split"] == "train"].head(14))
        distance = LedoitWolf().fit(train).mahalanobis(mels)
        assert roc_auc_score(anomalous, rms) < 0.95
        assert roc_auc_score(anomalous, distance) < 0.95


@pytest.mark.real
@pytest.mark.skipif(not REAL, reason="ASD_REAL_DATA does not name a folder of recordings")
def test_like_the_recordings_of_id_00() -> None:
    from asd_core.datasets.slide_rail.compare import recorded, simulated

    real = recorded(Path(REAL), "00")[:40]
    ours = simulated("00", 30)
    gap = np.mean([_mean_log_mel(x) for x in ours], axis=0) - np.mean([_mean_log_mel(x) for x in real], axis=0)
    assert np.abs(gap).mean() < 6
    assert np.median([x.std() for x in ours]) == pytest.approx(np.median([x.std() for x in real]), rel=0.15)
