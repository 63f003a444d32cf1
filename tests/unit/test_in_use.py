"""A detector in use is a person's choice, which is kept."""

from pathlib import Path

import pytest

from asd_core.artifacts import MANIFEST, detector_in_use, pin_detector, pinned_detector
from asd_core.errors import ArtifactError
from asd_core.plots import standouts
from asd_core.settings import get_settings


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder in which two detectors and a control seem trained, and a data folder of the test's own."""
    monkeypatch.setenv("ASD_DATA_DIR", str(tmp_path / "data"))
    get_settings.cache_clear()
    for key in ("pca_kde", "vae_kde", "control_rms"):
        (tmp_path / "models" / key).mkdir(parents=True)
        (tmp_path / "models" / key / MANIFEST).touch()
    return tmp_path / "models"


def test_a_pinned_detector_is_kept_for_its_dataset_until_it_is_unpinned(models: Path) -> None:
    assert detector_in_use(models) == ""
    pin_detector(models, "pca_kde")
    pin_detector(models, "vae_kde")
    assert detector_in_use(models) == "vae_kde"
    assert detector_in_use(models.with_name("other")) == ""
    assert [path.name for path in (models.parent / "data" / "user" / "in_use").iterdir()] == ["models.json"]
    pin_detector(models, "")
    pin_detector(models, "")  # somebody else has done it already
    assert detector_in_use(models) == ""


def test_one_that_is_no_longer_trained_is_known_but_not_used(models: Path) -> None:
    pin_detector(models, "pca_kde")
    (models / "pca_kde" / MANIFEST).unlink()
    assert (detector_in_use(models), pinned_detector(models)) == ("", "pca_kde")


@pytest.mark.parametrize("key", ["cnn_ae", "control_rms", "nonsense"])
def test_what_is_not_trained_or_a_control_cannot_be_put_in_use(models: Path, key: str) -> None:
    with pytest.raises(ArtifactError, match=f"{key} cannot be put in use"):
        pin_detector(models, key)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"detector": 3}', '"pca_kde"', '{"detector": "../pca_kde"}'])
def test_a_damaged_file_is_none(models: Path, content: str) -> None:
    path = models.parent / "data" / "user" / "in_use" / "models.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert detector_in_use(models) == ""


def test_a_disk_that_takes_nothing_is_said(models: Path) -> None:
    (models.parent / "data").write_text("not a folder")
    with pytest.raises(ArtifactError, match="cannot be stored"):
        pin_detector(models, "pca_kde")


def test_its_line_is_in_colour_however_low_it_ranks() -> None:
    order = [f"d{n}" for n in range(12)]
    assert "d11" not in standouts(order, ())[0]
    coloured, control = standouts(order, ("d3",), "d11")
    assert coloured == ["d11", "d0", "d1", "d2", "d4", "d5", "d6"]
    assert control == "d3"
    assert standouts(order, (), "gone")[0] == order[:7]
