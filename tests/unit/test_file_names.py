"""A download's name says what the file is of, is a name on every system, and never that of another content."""

import ast
import re

import pytest

from pages.clip_page.exports import clip_file
from pages.shared.tables import file_name
from tests.conftest import ROOT

ABOUT = {
    "clip": "fan/id_00/normal 1.wav",
    "machine_id": "fan/00",
    "sample_rate": 16000,
    "version": "denoised",
    "denoise": 0.6,
    "applicable": True,
}


@pytest.mark.parametrize("what", ["../../etc/passwd", "a\\b:c*?.wav", "Läufer 3 – 音.wav", "x" * 500, "a\r\nb", "..."])
def test_any_text_gives_a_name_and_no_path(what: str) -> None:
    name = file_name(what, what, of=0)
    assert re.fullmatch(r"[A-Za-z0-9.-]*(_[A-Za-z0-9.-]+)*\.csv", name)
    assert ".." not in name
    assert not name.startswith(".")
    assert len(name) < 150


def test_the_name_tells_clip_machine_rate_and_version() -> None:
    assert re.fullmatch(
        r"scores_fan-id-00-normal-1_id-fan-00_16000-Hz_denoised-0.6_[0-9a-f]{8}\.csv", clip_file("scores", ABOUT, of=0)
    )
    foreign = clip_file("scores", {**ABOUT, "applicable": False, "version": "original", "denoise": 0.0}, of=0)
    assert "_original_not-applicable_" in foreign


def test_another_content_has_another_name() -> None:
    names = {
        clip_file("scores", about, of=of)
        for about in (ABOUT, {**ABOUT, "clip": "fan/id_00/abnormal 1.wav"}, {**ABOUT, "denoise": 0.61})
        for of in ("one", "two")
    }
    assert len({name.rsplit("_", 1)[-1] for name in names}) == 6


def test_no_download_is_named_otherwise() -> None:
    """By hand a name would forget what the file is of."""
    wrong = []
    for path in sorted((ROOT / "pages").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("download", "download_button"):
                given = node.args[2] if len(node.args) > 2 else None
                if isinstance(given, (ast.Constant, ast.JoinedStr)):
                    wrong.append(f"{path.name}:{node.lineno}: {ast.unparse(given)}")
    for path in sorted((ROOT / "pages").rglob("*.js")):
        wrong += [f"{path.name}: {line}" for line in re.findall(r"\.download = [\"'`].*", path.read_text("utf-8"))]
    assert not wrong
