"""A detector that a person has put in use leads on every page, in every session, and says that it was chosen."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from asd_core.artifacts import detector_in_use, pin_detector
from asd_core.settings import get_settings
from tests.app.helpers import FEW, app_at, opened, text
from tests.conftest import ROOT

PINNED = "pca_kde"  # far from the best of the demo's
SAID = "In use: **PCA + KDE**. A person's choice, not a measured rank."
DEMO = ROOT / "trained_models" / "demo"


@pytest.fixture
def data(settings: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A data folder of the test's own, with the demo's catalogue."""
    shutil.copytree(ROOT / "data" / "demo", tmp_path / "data" / "demo")
    settings.setenv("ASD_DATA_DIR", str(tmp_path / "data"))
    settings.setenv("ASD_DATABASE_URL", f"sqlite:///{tmp_path / 'labels.sqlite3'}")
    return tmp_path / "data"


def test_it_is_pinned_on_the_compare_page_for_every_session_and_process(data: Path) -> None:
    other = opened("compare", view="Thresholds")
    assert "In use:" not in text(other)
    best = other.dataframe[0].value["Detector"].iloc[0]
    app = opened("compare")
    ranked = app.dataframe[0].value["Detector"].tolist()
    assert ranked[0] == best
    app.selectbox(key="in_use").select(PINNED).run()
    assert not app.exception
    assert SAID in text(app)
    ranking = app.dataframe[0].value.set_index("Detector")
    assert ranking.index.tolist() == ranked, "a choice changes no rank"
    assert ranking.loc["PCA + KDE", "Verdict"].startswith("in use")
    first = next(m.value for m in app.markdown if "What to take away" in m.value).splitlines()
    assert first[1].startswith("1. PCA + KDE is in use: a person pinned it, no figure did.")
    assert first[2].startswith(f"1. {best} separates anomalous from normal clips best")
    assert "PCA + KDE would raise" in first[4]
    # Another session sees it at its next run, another process (a restarted server) at once.
    other.run()
    assert SAID in text(other)
    assert other.dataframe[0].value["Detector"].iloc[0] == "PCA + KDE (in use)"
    ask = (
        f"from asd_core.artifacts import detector_in_use as d; from pathlib import Path; print(d(Path({str(DEMO)!r})))"
    )
    told = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, cwd=ROOT, check=True)
    assert told.stdout.strip() == PINNED
    app.selectbox(key="in_use").select("").run()
    assert "In use:" not in text(app)
    assert detector_in_use(DEMO) == ""


def test_lists_and_selectors_start_at_it_on_every_page(data: Path) -> None:
    pin_detector(DEMO, PINNED)
    app = opened("compare", view="Head-to-head")
    assert app.selectbox(key="one").value == PINNED
    assert opened("compare", view="Where it fails").selectbox(key="worst_of").value == PINNED
    label = opened("label", "Ada", order="Most anomalous", detectors=FEW)
    assert label.selectbox(key="label_by").value == PINNED
    space = opened("feature_space")
    assert SAID in text(space)
    few = opened("compare", view="Head-to-head", detectors=["GWRP + Gaussian", "PCA + KDE"])
    assert few.selectbox(key="one").value == PINNED
    without = opened("compare", view="Head-to-head", detectors=["GWRP + Gaussian", "PCA + LOF"])
    assert without.selectbox(key="one").value != PINNED


def test_the_clip_page_asks_it(data: Path) -> None:
    before = text(opened("clip", detectors=FEW))
    assert "GWRP + Gaussian** is the most accurate of those chosen" in before
    pin_detector(DEMO, PINNED)
    app = opened("clip", detectors=FEW)
    assert SAID in text(app)
    assert "**PCA + KDE**, in use here, calls it" in text(app)
    assert "The detector in use is not clearly better than a control" in text(app)


def test_one_that_is_no_longer_trained_is_ignored_with_a_sentence(data: Path, settings: pytest.MonkeyPatch) -> None:
    models = data.parent / "models" / "demo"
    shutil.copytree(DEMO, models, ignore=shutil.ignore_patterns("experiments"))
    settings.setenv("ASD_MODELS_DIR", str(models.parent))
    get_settings.cache_clear()
    pin_detector(models, PINNED)
    shutil.rmtree(models / PINNED)
    app = opened("compare", view="Head-to-head")
    assert "PCA + KDE was pinned but is no longer trained here: the measured best leads." in text(app)
    assert app.selectbox(key="one").value != PINNED
    assert app.selectbox(key="in_use").value == PINNED  # where it can be taken away
    app.selectbox(key="in_use").select("").run()
    assert "no longer trained" not in text(app)


def test_what_cannot_be_stored_is_said(data: Path) -> None:
    app = app_at("compare").run()
    (data / "user").write_text("not a folder")
    app.selectbox(key="in_use").select(PINNED).run()
    assert not app.exception
    assert any("cannot be stored" in error.value for error in app.error)
