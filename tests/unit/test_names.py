"""Two lines of a list never read the same."""

import re

from pages.shared.names import distinct, numbered, short_names
from tests.conftest import ROOT


def test_clips_of_equal_file_names_are_told_apart_by_their_folders() -> None:
    ids = ["id_00/normal/1.wav", "id_00/abnormal/1.wav", "id_00/normal/2.wav"]
    assert short_names(ids) == ["normal/1.wav", "abnormal/1.wav", "2.wav"]
    deep = ["id_00/normal/1.wav", "id_02/normal/1.wav", "1.wav"]
    assert short_names(deep) == deep
    assert short_names(["a/1.wav", "a/1.wav"]) == ["1.wav", "1.wav"]  # one clip in two rows
    assert short_names([]) == []


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
