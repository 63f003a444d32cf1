"""``pip install .``: the library, its command and its data files, away from the project."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from asd_core.datasets import demo_dataset
from asd_core.detectors import detector_keys
from asd_core.settings import Settings, home
from tests.conftest import ROOT

pytestmark = pytest.mark.long

Run = Callable[..., str]
PACKAGE = ROOT / "asd_core"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the package was installed into, from a copy, offline: building must not leave files in the project."""
    folder = tmp_path_factory.mktemp("install")
    source, target = folder / "project", folder / "site"
    shutil.copytree(PACKAGE, source / "asd_core", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet")
    command = [sys.executable, "-m", "pip", "install", *offline, "--target", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture
def installed(site: Path, tmp_path: Path) -> Run:
    """Runs a program with the installed package, in an empty folder, without the project's settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ASD_")}
    environment = {**clean, "PYTHONPATH": str(site), "XDG_DATA_HOME": str(tmp_path / "home")}

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_every_file_of_the_library_is_installed(site: Path) -> None:
    def files(folder: Path) -> set[str]:
        found = (p for p in folder.rglob("*") if p.is_file() and p.parent.name != "__pycache__")
        return {p.relative_to(folder).as_posix() for p in found}

    assert files(site / "asd_core") == files(PACKAGE)
    assert {"py.typed", "__init__.pyi", "report/templates/report.html.j2"} <= files(site / "asd_core")
    others = {p.name for p in site.iterdir() if p.is_dir()} - {"asd_core", "bin"}
    assert all(name.endswith(".dist-info") for name in others), others


def test_what_it_needs_is_declared_once(site: Path) -> None:
    (metadata,) = site.glob("*.dist-info/METADATA")
    needs = {
        line.split(": ")[1]
        for line in metadata.read_text("utf-8").splitlines()
        if line.startswith("Requires-Dist") and "extra ==" not in line
    }
    pinned = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    assert needs == {line for line in pinned if line and not line.startswith("#")}


def test_the_command(site: Path, installed: Run) -> None:
    asd = str(site / "bin" / "asd")
    assert "Anomalous-sound detectors side by side" in installed(asd, "--help")
    assert installed(asd, "detectors", "--json") == installed(sys.executable, "-m", "asd_core", "detectors", "--json")
    shown = installed(asd, "detectors")
    assert all(key in shown for key in detector_keys())


def test_it_makes_the_demo_and_keeps_its_files_at_home(site: Path, installed: Run, tmp_path: Path) -> None:
    installed(str(site / "bin" / "asd"), "simulate", "--out", "clips", "--machine-id", "00", "--limit", "1")
    assert len(list((tmp_path / "clips" / "slider").rglob("*.wav"))) == 3
    code = "from asd_core.settings import get_settings as s; print(s().models_dir, s().data_dir, sep='\\n')"
    folder = tmp_path / "home" / "asd-dashboard"
    assert installed(sys.executable, "-c", code).split() == [str(folder / "trained_models"), str(folder / "data")]


def test_it_starts_jobs(installed: Run) -> None:
    code = (
        "import os; from asd_core import jobs\n"
        "jobs.start('list', ['detectors'], 'Detectors'); os.wait(); print(jobs.find('list').state)"
    )
    assert installed(sys.executable, "-c", code).strip() == "finished"


def test_the_demo_made_anew_is_the_committed_one(tmp_path: Path) -> None:
    anew, committed = demo_dataset(Settings(data_dir=tmp_path)), demo_dataset()
    assert_frame_equal(anew.catalogue, committed.catalogue)
    assert anew.fingerprint("test") == committed.fingerprint("test")


def test_a_checkout_keeps_its_files_in_itself(tmp_path: Path) -> None:
    assert home(ROOT) == ROOT
    assert Settings.model_fields["models_dir"].default == ROOT / "trained_models"
    (tmp_path / "pyproject.toml").touch()  # some packages leave one among Python's packages
    assert home(tmp_path) != tmp_path
