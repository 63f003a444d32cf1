"""docs/extending.md: its blocks are applied to a copy of the project, and each thing that it adds appears."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT, write_wav

pytestmark = pytest.mark.slow

BLOCKS = re.findall(r"```(python|diff) (\S+)\n(.*?)```", (ROOT / "docs" / "extending.md").read_text("utf-8"), re.S)


def insert(text: str, block: str) -> str:
    """The text with a block's ``+`` lines where its other lines say."""
    lines = block.splitlines()
    there = [line[1:] for line in lines if not line.startswith("+")]
    wanted = [line[1:] for line in lines]
    assert there
    # What stands between two added pieces is found line by line; only the place of each matters.
    at = text.index("\n".join(there) + "\n")
    return text[:at] + "\n".join(wanted) + "\n" + text[at + len("\n".join(there)) + 1 :]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with everything that the document adds."""
    root = tmp_path_factory.mktemp("project")
    for name in ("asd_core", "pages", ".streamlit"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("app.py", "pyproject.toml"):
        shutil.copy(ROOT / name, root / name)
    for kind, path, block in BLOCKS:
        file = root / path
        file.write_text(block if kind == "python" else insert(file.read_text("utf-8"), block), "utf-8")
    return root


@pytest.fixture(scope="module")
def recordings(project: Path) -> Path:
    """Two machines in the document's layout, 2 s at 32 kHz: good ones hiss low, bad ones high."""
    rng = np.random.default_rng(0)
    for machine_id in ("left", "right"):
        for label, count, smooth in (("good", 26, 12), ("bad", 6, 2)):
            for number in range(count):
                hiss = np.convolve(rng.normal(0, 0.1, 64000), np.ones(smooth) / smooth, "same")
                write_wav(project / "recordings" / machine_id / f"{label}_slow_{number}.wav", hiss, 32000)
    return project / "recordings"


def run(project: Path, *commands: list[str]) -> str:
    """What commands print, one after the other in one process, which imports everything once."""
    code = (
        "import json, sys\nfrom asd_core.cli.app import main\n"
        "for arguments in json.loads(sys.argv[1]):\n"
        "    sys.argv[1:] = arguments\n    if code := main(): sys.exit(code)"
    )
    command = [sys.executable, "-c", code, json.dumps(commands)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def trained(project: Path, recordings: Path) -> Path:
    out = ["--out", "trained_models/mine", "--detectors", "zero_crossing_gaussian"]
    run(project, ["train", "--data", "recordings", *out])
    return project / "trained_models" / "mine"


def test_the_detector_is_listed_and_has_a_card(project: Path) -> None:
    listed = json.loads(run(project, ["cards", "--out", "cards.md"], ["detectors", "--json"]))
    assert any(row["key"] == "zero_crossing_gaussian" and row["representation"] == "zero crossings" for row in listed)
    assert "Zero crossings + Gaussian" in (project / "cards.md").read_text("utf-8")


def test_it_trains_on_the_layout_and_scores(project: Path, recordings: Path, trained: Path) -> None:
    of = ["--models", str(trained), "--json"]
    bad = recordings / "left" / "bad_slow_0.wav"
    shown = run(project, ["evaluate", "--data", "recordings", *of], ["score", str(bad), "--machine-id", "left", *of])
    found, end = json.JSONDecoder().raw_decode(shown)
    assert "zero_crossing_gaussian" in json.dumps(found)
    assert "anomaly" in json.dumps(json.loads(shown[end:]))


def test_the_layouts_attribute_is_in_the_catalogue(project: Path, recordings: Path) -> None:
    code = (
        "from asd_core.datasets import open_dataset\n"
        "d = open_dataset('recordings'); print(d.attributes(), sorted(d.catalogue['speed'].unique()), len(d.rows(split='train')))"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "['speed'] ['slow'] 40"


def test_the_representation_is_saved_with_its_rate(project: Path, trained: Path) -> None:
    manifest = json.loads((trained / "zero_crossing_gaussian" / "manifest.json").read_text("utf-8"))
    assert manifest["representation"] == {"kind": "zero crossings", "sample_rate": 32000, "n_parts": 8}


def test_the_page_is_in_the_navigation(project: Path, trained: Path) -> None:
    code = (
        "from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('pages/main.py', default_timeout=60)\n"
        "app.switch_page('machines.py').run()\n"
        "assert not app.exception, app.exception\n"
        "print(app.title[0].value, app.markdown[0].value)"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False)
    assert "Machines" in shown.stdout, shown.stderr
    assert "left, right" in shown.stdout
