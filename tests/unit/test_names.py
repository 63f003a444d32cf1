"""Two lines of a list never read the same."""

from pages.shared.names import distinct, numbered, short_names


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
