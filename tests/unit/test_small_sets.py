"""Few recordings: every machine gets what its clips allow, and how they are divided is said."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from asd_core.artifacts import read_manifest, trained_keys
from asd_core.datasets import open_dataset
from asd_core.datasets.slide_rail import simulate
from asd_core.errors import TrainingError
from asd_core.training import train
from tests.conftest import write_wav

PER_ID = ["pca_kde", "pca_lof", "knn_bands", "gwrp_gaussian", "control_rms"]
RECORD_MORE = "Record more for results to rely on."


def recorded(root: Path, counts: Mapping[str, int]) -> Path:
    """Normal recordings of 2 s, so many of each machine id."""
    for machine_id, count in counts.items():
        for number in range(count):
            clip = simulate("00", seed=100 * int(machine_id) + number, snr_db=6, fault=None, severity=0.0, duration=2.0)
            write_wav(root / "fan" / f"id_{machine_id}" / "normal" / f"{number}.wav", clip.samples)
    return root / "fan"


def trained(tmp_path: Path, counts: Mapping[str, int], detectors: list[str]) -> tuple[Path, list[str]]:
    """The detectors' folder, and what was said."""
    said: list[str] = []
    out = tmp_path / "out"
    train(open_dataset(recorded(tmp_path, counts)), out, detectors=detectors, preset="quick", notify=said.append)
    return out, said


@pytest.mark.parametrize(("n", "test", "held", "learned"), [(10, 2, 2, 6), (20, 4, 3, 13)])
def test_a_few_recordings_train_and_all_of_them_set_thresholds(
    tmp_path: Path, n: int, test: int, held: int, learned: int
) -> None:
    out, said = trained(tmp_path, {"00": n}, PER_ID)
    assert set(trained_keys(out)) == set(PER_ID)
    for key in PER_ID:
        manifest = read_manifest(out / key)
        assert manifest.n_fitted == {"00": learned}
        assert manifest.crossed == ["00"]
        assert len(manifest.calibration["00"]) == n - test
    divided = (
        f"Machine id 00 has {n} normal recordings that can be read: {test} for testing, {held} to set thresholds, {learned} to "
        f"learn from; where learning is quick, all {held + learned} set thresholds in turn. {RECORD_MORE}"
    )
    assert divided in said


def test_a_machine_with_five_recordings_keeps_no_other_from_its_detectors(tmp_path: Path) -> None:
    out, said = trained(tmp_path, {"00": 5, "02": 40}, [*PER_ID, "dcase_ae"])
    assert set(trained_keys(out)) == {*PER_ID, "dcase_ae"}
    for key in PER_ID:
        assert set(read_manifest(out / key).calibration) == {"02"}
    assert set(read_manifest(out / "dcase_ae").calibration) == {"00", "02"}
    assert len(read_manifest(out / "dcase_ae").calibration["00"]) == 4
    assert any("PCA + KDE does not know machine id 00: too few normal clips to learn from." in s for s in said)


def test_four_machines_with_five_recordings_each(tmp_path: Path) -> None:
    ids = ["00", "02", "04", "06"]
    out, said = trained(tmp_path, dict.fromkeys(ids, 5), ["pca_kde", "dcase_ae"])
    assert trained_keys(out) == ["dcase_ae"]
    manifest = read_manifest(out / "dcase_ae")
    assert manifest.crossed == ids
    assert {i: len(scores) for i, scores in manifest.calibration.items()} == dict.fromkeys(ids, 4)
    for i in ids:
        assert any(
            f"Machine id {i} has 5 normal recordings that can be read: 1 for testing, 1 to set" in s for s in said
        )
    assert any("PCA + KDE was not trained: Machine id" in s and "to learn from" in s for s in said)


@pytest.mark.parametrize("n", [1, 2])
def test_one_recording_is_refused_with_a_sentence(tmp_path: Path, n: int) -> None:
    with pytest.raises(TrainingError, match=r"has 1 normal recording to train on, and a machine needs two at least"):
        trained(tmp_path, {"00": n}, [*PER_ID, "dcase_ae"])
