"""Labels as Audacity's tracks, and back in."""

import io
import zipfile
from pathlib import Path

from asd_core.labels import LabelStore, export, plan_import
from tests.unit.label_files import CLIPS, again, copy, state
from tests.unit.label_helpers import DATASET, labels_of, sha

ENTRY = f"Ada/test_normal_id_00_00000001.{sha(1)[:8]}.txt"  # the first clip's track


def test_audacity_track(full: LabelStore, tmp_path: Path) -> None:
    text = zipfile.ZipFile(io.BytesIO(export(full, DATASET, "audacity"))).read(ENTRY).decode()
    lines = text.splitlines()
    assert lines[0] == "0\t0\tlabel: anomaly"
    start, end, words = lines[2].split("\t")
    assert (float(start), float(end), words.split(" | ")[0]) == (0.1, 1 / 3, "loose belt")
    mark, low, high = lines[3].split("\t")
    assert (mark, float(low), float(high)) == ("\\", 123.456789, 1e-7 + 2000)
    assert lines[4] == "1.25\t2.5\tother"
    assert len(lines) == 5
    assert not any(c in text for c in "\r\x0b")

    store, _ = copy(text.encode(), "track.txt", tmp_path, annotator="Ada", clip_sha256=sha(1))
    own = [row for row in state(full, times=False)[0] if sha(1) in row and "Ada" in row]
    assert state(store, times=False)[0] == own
    assert state(store, times=False)[1] == [r for r in state(full, times=False)[1] if sha(1) in r]
    again(store, "track.txt", text.encode(), annotator="Ada", clip_sha256=sha(1))


def test_audacity_zip_has_a_file_a_clip(full: LabelStore, tmp_path: Path) -> None:
    archive = zipfile.ZipFile(io.BytesIO(export(full, DATASET, "audacity")))
    names = archive.namelist()
    assert archive.testzip() is None
    assert ENTRY in names
    assert len(names) == 7
    assert not any(".." in entry or entry.startswith("/") for entry in names)
    # found by the start of the hash in its name
    store, _ = copy(archive.read(ENTRY), Path(ENTRY).name, tmp_path, annotator="Ada")
    assert labels_of(store) == {1: "anomaly"}
    assert export(full, DATASET, "audacity") == export(full, DATASET, "audacity")


def test_a_track_made_in_audacity(tmp_path: Path) -> None:
    """As in Audacity's manual: six digits, undefined frequencies, a point label, a label without text."""
    text = (
        "1.000000\t1.000000\tsqueak\n\\\t6928.456055\t6928.456055\n2.000000\t2.500000\tlow undefined\n\\\t-1.000000\t6334.588867\n"
        "3,000000\t3,500000\thigh undefined\r\n\\\t8908.015625\t-1.000000\n4.000000\t4.500000\t\n"
    )
    store = LabelStore.open(f"sqlite:///{tmp_path / 'l.sqlite3'}")
    name_only = "normal_id_00_00000007.txt"
    plan = plan_import(store, DATASET, name_only, text.encode(), clips=CLIPS, annotator="Ada")
    assert plan.problems == []
    assert any("highest frequency" in note for note in plan.notes)
    assert any("found by name" in note for note in plan.notes)
    assert plan.apply(store) == 4
    table = store.regions(DATASET)
    assert set(table["clip_sha256"]) == {sha(7)}
    assert table["t0"].tolist() == [1, 2, 3, 4]
    assert table["f0"].fillna(-1).tolist() == [6928.456055, 0, -1, -1]
    assert table["region_class"].tolist() == ["squeak", "low undefined", "high undefined", "other"]
    bad = plan_import(store, DATASET, name_only, b"1\t2\tx\n\nx\ty\tz\n\\\t1\t2\n", clips=CLIPS, annotator="Ada")
    assert [p.split(":")[0] for p in bad.problems] == ["Line 3", "Line 4"]
    nobody = plan_import(store, DATASET, name_only, b"1\t2\tx\n", clips=CLIPS)
    assert "say whose" in nobody.problems[0]
