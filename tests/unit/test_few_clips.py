"""Defaults follow the number of clips that a machine has: one table, recorded, and none of it where clips are many."""

from pathlib import Path

import numpy as np
import pytest

from asd_core import artifacts
from asd_core.artifacts import Calibration
from asd_core.datasets import folds
from asd_core.detectors import DensityPerId, detector_class, detector_keys
from asd_core.detectors.common.few_clips import BY_CLIPS, defaults_for
from asd_core.detectors.common.network import NetworkDetector
from asd_core.detectors.knn_bands import KnnBands
from asd_core.features import Array
from asd_core.training.budget import expected_fit, refitted
from asd_core.training.cross_conformal import cross_calibration

DEMO = 240  # clips that each machine of the demo is fitted on
IDS = ["00"] * 12 + ["02"] * 130


def log_mels(n: int, seed: int = 0) -> list[Array]:
    rng = np.random.default_rng(seed)
    return [rng.normal(-60, 5, size=(128, 20)).astype(np.float32) for _ in range(n)]


def n_subbands(detector: KnnBands, machine_id: str) -> int:
    return len(detector.models_[machine_id].arrays()["typical"])


@pytest.mark.parametrize("key", list(BY_CLIPS))
def test_a_row_is_a_parameter_that_reaches_its_default(key: str) -> None:
    cls = detector_class(key)
    assert issubclass(cls, DensityPerId | NetworkDetector), "these take it up"
    table = {row.name: row for row in cls.parameter_table()}
    for name, steps in BY_CLIPS[key].items():
        numbers = [least for least, _ in steps]
        assert numbers[0] == 0
        assert numbers == sorted(set(numbers))
        assert numbers[-1] <= DEMO
        assert steps[-1][1] == table[name].default
        for _, value in steps:
            cls.create(**{name: value})
            assert type(value) is type(table[name].default)


def test_with_many_clips_nothing_is_changed() -> None:
    for key in detector_keys():
        for preset in ("quick", "standard", "paper"):
            assert detector_class(key).create(preset).suited(DEMO) == {}
        assert defaults_for(key, DEMO) == {name: steps[-1][1] for name, steps in BY_CLIPS.get(key, {}).items()}


def test_each_machine_has_what_suits_its_clips_and_is_restored_so(tmp_path: Path) -> None:
    features = log_mels(len(IDS))
    detector = KnnBands.create().fit(features, IDS)
    assert (n_subbands(detector, "00"), n_subbands(detector, "02")) == (1, 16)
    assert detector.parameters() == {"n_subbands": 16, "n_density": 4, "density_power": 0.5}
    about = {
        "seed": 0,
        "preset": "standard",
        "dataset": "x",
        "data_fingerprint": "0",
        "n_fitted": {"00": 12, "02": 130},
    }
    calibration = Calibration.from_scores(detector.score(features, IDS), IDS)
    artifacts.save(
        detector,
        tmp_path / "knn_bands",
        calibration=calibration.scores,
        diagnostics={},
        alarms=[],
        fit_seconds=0.0,
        **about,
    )
    manifest = artifacts.read_manifest(tmp_path / "knn_bands")
    assert manifest.config["parameters"] == {"n_subbands": 16, "n_density": 4, "density_power": 0.5}
    assert manifest.config["suited"] == {"00": {"n_subbands": 1}}
    loaded = artifacts.load(tmp_path / "knn_bands").detector
    new = log_mels(8, seed=1)
    ids = ["00"] * 4 + ["02"] * 4
    np.testing.assert_array_equal(loaded.score(new, ids), detector.score(new, ids))
    again = loaded.again().fit(features[:30], ["00"] * 12 + ["02"] * 18)
    assert isinstance(again, KnnBands)
    assert (n_subbands(again, "00"), n_subbands(again, "02")) == (1, 16), "as what was loaded"
    many = KnnBands.create().fit(features[12:], IDS[12:])
    assert "suited" not in many.state().config, "an artifact of many clips is what it was before there was a table"


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, 1), ({"n_subbands": 16, "n_density": 4, "density_power": 0.5}, 16), ({"n_subbands": 4}, 4)],
)
def test_what_a_person_sets_is_kept(given: dict[str, int], expected: int) -> None:
    detector = KnnBands.create(**given).fit(log_mels(12), IDS[:12])
    assert n_subbands(detector, "00") == expected
    assert n_subbands(detector.again().fit(log_mels(12), IDS[:12]), "00") == expected


def test_what_a_preset_sets_is_kept() -> None:
    cls = detector_class("deep_svdd")
    assert cls.create("standard").suited(12) == {"epochs": 400, "pretrain_epochs": 200}
    assert cls.create("quick").suited(12) == {}


def test_a_network_is_made_anew_for_few_clips_and_its_manifest_says_so() -> None:
    detector = detector_class("deep_svdd").create(learning_rate=1e-3)
    few, many = detector.for_clips(12), detector.for_clips(4 * DEMO)
    assert few.parameters() == {**detector.parameters(), "epochs": 400, "pretrain_epochs": 200}
    assert many.parameters() == detector.parameters()
    assert few.again().parameters() == few.for_clips(12).parameters() == few.parameters()
    short = detector_class("deep_svdd").create(epochs=1, pretrain_epochs=1).for_clips(12)
    assert (short.parameters()["epochs"], short.parameters()["pretrain_epochs"]) == (1, 1)


def test_the_time_that_more_passes_take_is_expected() -> None:
    assert expected_fit("deep_svdd", 100) == pytest.approx(4 * 3.3 * 100 / 960)
    assert expected_fit("deep_svdd", 960) == pytest.approx(3.3)
    assert refitted("deep_svdd", 100), "five fits still calibrate it"


def test_the_fits_that_calibrate_have_the_parameters_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """29 clips leave 23 without the first fifth and 24 without the last: other sub-bands would be another scale of scores."""
    fitted: list[tuple[int, int]] = []
    fit = KnnBands.fit

    def seen(self: KnnBands, features: list[Array], machine_ids: list[str], **more: object) -> KnnBands:
        fit(self, features, machine_ids, **more)  # type: ignore[arg-type]
        fitted.append((len(features), n_subbands(self, "00")))
        return self

    monkeypatch.setattr(KnnBands, "fit", seen)
    ids = ["00"] * 29
    features = log_mels(29)
    fold = folds([f"{n:064x}" for n in range(29)], ids)
    first = KnnBands.create().fit([f for f, k in zip(features, fold, strict=True) if k], ids[: int((fold > 0).sum())])
    cross_calibration(first, features, ids, fold)
    assert {n for n, _ in fitted} == {23, 24}
    assert {bands for _, bands in fitted} == {1}
