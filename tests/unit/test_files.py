"""Files that are written whole or not at all."""

import ast
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from asd_core import files
from asd_core.scoring import write_scores
from tests.conftest import ROOT

WAYS = ("write_text", "write_bytes", "to_parquet", "mkstemp", "NamedTemporaryFile")  # to write a file


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    files.write_text("old", path)

    def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="the disk is gone"):
        files.write_text("new", path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_no_stored_table(tmp_path: Path) -> None:
    """It would be read as a table of the files in it: one without columns where it is empty."""
    (tmp_path / "scores.parquet").mkdir()
    assert files.read_parquet(tmp_path / "scores.parquet") is None
    with pytest.raises(IsADirectoryError):
        files.write_parquet(pd.DataFrame({"a": [1]}), tmp_path / "scores.parquet")


def test_a_written_file_can_be_read_by_others_and_a_link_stays_one(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.touch()
    link.symlink_to(target)
    files.write_bytes(b"new", link)
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o644


def test_a_device_is_written_to_and_a_folder_is_left_alone(tmp_path: Path) -> None:
    files.write_text("text", Path(os.devnull))
    assert Path(os.devnull).is_char_device()
    with pytest.raises(IsADirectoryError):
        files.write_text("text", tmp_path)


def scores(detector: str) -> pd.DataFrame:
    return pd.DataFrame({"clip_id": ["a.wav", "b.wav"], "detector": detector, "raw": 1.0})


def meeting(read: Callable[..., pd.DataFrame]) -> Callable[..., pd.DataFrame]:
    """A reader that lets two threads read before either of them goes on, unless one has to wait for the other."""
    both = threading.Barrier(2)

    def read_together(*args: object, **options: object) -> pd.DataFrame:
        table = read(*args, **options)
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        return table

    return read_together


def test_scores_that_are_written_at_a_time_are_all_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "scores.parquet"
    write_scores(scores("first"), path)
    with monkeypatch.context() as patched:
        patched.setattr(pd, "read_parquet", meeting(pd.read_parquet))
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda key: write_scores(scores(key), path), ("second", "third")))
    assert set(pd.read_parquet(path)["detector"]) == {"first", "second", "third"}


def written_elsewhere(source: str) -> list[int]:
    """Lines in which a module writes a file by other means than ``asd_core.files``."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and (node.attr in WAYS or ast.unparse(node) == "os.replace"):
            found.append(node.lineno)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "open":
            mode = ast.literal_eval(node.args[1]) if len(node.args) > 1 else "r"
            found += [node.lineno] if set(mode) & set("wx+") else []
    return sorted(found)


def test_files_are_written_in_one_place() -> None:
    """Whoever writes a file any other way can leave half of it to a reader."""
    assert written_elsewhere("path.write_text('a')\n\nopen(path, 'wb')\nopen(path)\nwrite_text('a', path)\n") == [1, 3]
    # A lock, and a log that the job goes on writing; a dataset's folder that gets its name, or loses it, in one step.
    logs = {"asd_core/jobs.py": 2, "asd_core/datasets/importing.py": 1, "asd_core/datasets/stored_datasets.py": 1}
    # What is put at an address, where a file is there when it is whole; arrays of a process, which another one takes over then.
    logs |= {"asd_core/cli/output.py": 1, "asd_core/mirrored.py": 2, "asd_core/on_disk.py": 1}
    wrong = {}
    for path in sorted((ROOT / "asd_core").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        lines = written_elsewhere(path.read_text("utf-8"))
        # The simulator's files stay byte for byte: their hash names the stored clips.
        if len(lines) != logs.get(name, 0) and name != "asd_core/files.py" and path.parent.name != "slide_rail":
            wrong[name] = lines
    assert wrong == {}
