"""Two lines of a list never read the same."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core.datasets import clip_titles, open_dataset, short_names
from pages.shared.names import distinct, numbered
from tests.conftest import ROOT, write_wav


def test_clips_of_equal_file_names_are_told_apart_by_their_folders() -> None:
    ids = ["id_00/normal/1.wav", "id_00/abnormal/1.wav", "id_00/normal/2.wav"]
    assert short_names(ids) == ["normal/1.wav", "abnormal/1.wav", "2.wav"]
    deep = ["id_00/normal/1.wav", "id_02/normal/1.wav", "1.wav"]
    assert short_names(deep) == deep
    assert short_names(["a/1.wav", "a/1.wav"]) == ["1.wav", "1.wav"]  # one clip in two rows
    assert short_names([]) == []


@pytest.mark.parametrize("words", [("normal", "anomaly"), ("ok", "NG"), ("Healthy", "broken")])
@pytest.mark.parametrize("form", ["test/{word}_id_00_{n:08d}.wav", "{word}/{n:08d}.wav", "id_00/{word}/{n}.wav"])
def test_a_clip_is_not_called_by_its_label(words: tuple[str, str], form: str) -> None:
    rows = [
        {"clip_id": form.format(word=word, n=n), "machine_id": machine_id, "label": label}
        for machine_id in ("00", "02")
        for word, label in zip(words, ("normal", "anomaly"), strict=True)
        for n in range(int(machine_id), int(machine_id) + 2)
    ]
    titles = clip_titles(pd.DataFrame(rows))
    assert len(titles) == len(rows)
    assert set(titles.values()) == {f"id {i} · clip {n}" for i in ("00", "02") for n in (1, 2, 3, 4)}


def test_the_number_of_a_clip_says_nothing_of_its_label_either() -> None:
    dataset = open_dataset("demo")
    rows = dataset.rows(split="test", machine_id="00")
    numbers = [int(dataset.titles[i].rsplit(" ", 1)[1]) for i in rows["clip_id"]]
    means = pd.Series(numbers).groupby(rows["label"].to_numpy()).median()
    assert abs(means["normal"] - means["anomaly"]) < len(dataset.rows(machine_id="00")) / 4
    assert len(set(dataset.titles.values())) == len(dataset.catalogue)


def titled(*clip_ids: str) -> dict[str, str]:
    """Titles of a user's files, which lie in folders by machine and class."""
    rows = [(i, i[0], "normal" if "good" in i else "anomaly") for i in clip_ids]
    return clip_titles(pd.DataFrame(rows, columns=["clip_id", "machine_id", "label"]), on_disk=True)


def test_a_user_finds_a_file_by_its_name() -> None:
    once = titled("3/good/rec_2.wav", "3/bad/rec_1.wav", "4/good/rec_1.wav")
    assert list(once.items()) == [
        ("3/bad/rec_1.wav", "id 3 · rec_1.wav"),
        ("4/good/rec_1.wav", "id 4 · rec_1.wav"),
        ("3/good/rec_2.wav", "id 3 · rec_2.wav"),
    ]
    twice = titled(
        "3/good/rec_1.wav", "3/good/rec_2.wav", "3/bad/rec_1.wav"
    )  # all are numbered: a part were the normal ones
    assert list(twice.values()) == [
        "id 3 · clip 1 · rec_1.wav",
        "id 3 · clip 2 · rec_1.wav",
        "id 3 · clip 3 · rec_2.wav",
    ]


def test_nor_does_the_name_of_a_users_file_give_its_label_away() -> None:
    assert set(titled("3/good/ok_1.wav", "3/bad/1.wav").values()) == {"id 3 · clip 1", "id 3 · clip 2"}


def test_an_opened_folder_has_its_files_names_in_titles(tmp_path: Path) -> None:
    for clip_id in ("normal/rec_1.wav", "normal/rec_2.wav", "abnormal/rec_1.wav"):
        write_wav(tmp_path / "pump" / "id_03" / clip_id, np.zeros(16000))
    titles = open_dataset(str(tmp_path)).titles
    assert sorted(titles.values()) == [
        "id 03 · clip 1 · rec_1.wav",
        "id 03 · clip 2 · rec_1.wav",
        "id 03 · clip 3 · rec_2.wav",
    ]
    demo = open_dataset("demo").titles.values()  # whose names are made up
    assert not any(".wav" in title for title in demo)


@pytest.mark.parametrize("label", ["unlabelled", "normal"])
def test_a_clip_whose_name_says_nothing_is_called_by_its_file(label: str) -> None:
    rows = pd.DataFrame({"clip_id": ["test/pump_1.wav", "test/faulty_2.wav"], "machine_id": "00", "label": label})
    assert clip_titles(rows) == {"test/pump_1.wav": "pump_1.wav", "test/faulty_2.wav": "faulty_2.wav"}


def test_equal_titles_are_numbered() -> None:
    assert distinct({"demo": "Slider", "mine": "Slider", "other": "Fan"}) == {
        "demo": "Slider",
        "mine": "Slider (2)",
        "other": "Fan",
    }
    assert numbered("a.wav", {"a.wav", "a.wav (2)"}) == "a.wav (3)"


def test_no_page_cuts_a_clip_id_by_itself() -> None:
    """What is cut to the file's name alone reads the same for two clips of one."""
    cut = re.compile(r"""clip_id\w*(\]|"\])?\)?\.r?split\(|Path\(\w*clip_id\w*\)\.(name|stem)|\bname_of\(""")
    pages = sorted((ROOT / "pages").rglob("*.py"))
    assert [path.name for path in pages if cut.search(path.read_text("utf-8"))] == []
