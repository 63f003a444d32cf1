"""What ``from asd_core import …`` offers: the examples of docs/library.md, and what they do not show."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import asd_core
from asd_core.artifacts import ModelSet
from asd_core.datasets import Dataset
from asd_core.errors import ArtifactError, ClipError, UnknownMachineError
from asd_core.scoring import score_clip
from asd_core.sound import Clip, denoise_mix
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

GUIDE = (ROOT / "docs" / "library.md").read_text("utf-8")


def test_the_examples_of_the_guide(
    small_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every block runs, one after the other as in a notebook, and prints what the comment behind ``print`` says."""
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "slider").symlink_to(small_folder)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", GUIDE, re.S)
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "docs/library.md", "exec"), names)
        promised = re.findall(r"^print\(.*\)  # (.+)$", block, re.M)
        assert capsys.readouterr().out.splitlines() == promised, block
        assert len(promised) == block.count("print("), block
    assert set(asd_core.__all__) <= set(names)


def test_each_function_is_in_the_guide_and_says_what_it_takes() -> None:
    assert len(asd_core.__all__) == 10
    for name in asd_core.__all__:
        assert f"| `{name}` |" in GUIDE
        text = getattr(asd_core, name).__doc__
        assert "Raises:" in text, name


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, asd_core; print([m for m in ('numpy', 'pandas', 'pydantic', 'torch') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def clip(small_dataset: Dataset) -> Clip:
    return small_dataset.read(small_dataset.rows(split="test", label="anomaly")["clip_id"].iloc[0])


def test_every_channel_is_denoised_by_itself(clip: Clip) -> None:
    two = clip.with_samples(np.stack([clip.samples[0], 0.5 * clip.samples[0][::-1]]))
    found = asd_core.denoise(two, 0.6)
    assert found.samples.shape == two.samples.shape
    for before, after in zip(two.samples, found.samples, strict=True):
        np.testing.assert_array_equal(after, denoise_mix(before, clip.sample_rate).at(0.6))
    np.testing.assert_array_equal(asd_core.denoise(two, 0.0).samples, two.samples)
    region = asd_core.denoise(clip, 1.0, noise=(0.5, 1.5)).samples[0]
    noise = clip.samples[0][8000:24000]
    np.testing.assert_array_equal(region, denoise_mix(clip.samples[0], clip.sample_rate, noise=noise).one)
    with pytest.raises(ValueError, match="outside 0 to 1"):
        asd_core.denoise(clip, 1.5)
    with pytest.raises(ClipError, match="cannot be the noise reference"):
        asd_core.denoise(clip, 1.0, noise=(4.0, 9.0))


def test_scores_are_those_of_the_scoring_station(clip: Clip, small_models: Path, tmp_path: Path) -> None:
    models = ModelSet(small_models)
    table = asd_core.score(clip, str(small_models), "00", denoise=0.4, false_alarm_rate=0.2)
    expected = score_clip(clip, models, "00", denoise=0.4, false_alarm_rate=0.2)
    assert table.to_dict("records") == [vars(one) for one in expected]
    few = asd_core.score(clip, models, "00", detectors=["control_rms"])
    assert few["detector"].tolist() == ["control_rms"]
    with pytest.raises(UnknownMachineError, match="they know 00 and 02"):
        asd_core.score(clip, models, "77")
    with pytest.raises(ArtifactError, match="no trained detectors"):
        asd_core.score(clip, tmp_path, "00")


def test_what_cannot_be_evaluated_is_said(small_folder: Path, small_models: Path, tmp_path: Path) -> None:
    test = tmp_path / "slider" / "test"
    test.mkdir(parents=True)
    for name in ("normal_id_00_00000000.wav", "anomaly_id_00_00000000.wav"):
        (test / name).symlink_to(small_folder / "test" / name)
    (test / "normal_id_06_00000000.wav").symlink_to(small_folder / "test" / "normal_id_00_00000001.wav")
    messages: list[str] = []
    table = asd_core.evaluate(asd_core.open_dataset(test.parent), small_models, notify=messages.append)
    assert set(table["machine_id"]) == {"00", "mean"}
    assert messages == ["1 clip of machine id 06 was not scored: no detector was trained on it."]
