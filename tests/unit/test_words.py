"""Words for the classes in several languages: what is clear is understood, what is not stays a question."""

import unicodedata
from pathlib import Path

import pandas as pd
import pytest

from asd_core.datasets import clip_titles, survey
from asd_core.datasets.words import label_of


def made(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"RIFF")
    return root


def labels(root: Path) -> dict[str, str]:
    found = survey(root)
    return dict(zip(found.catalogue["clip_id"], found.catalogue["label"], strict=True))


@pytest.mark.parametrize(
    ("normal", "anomaly"),
    [
        ("gut", "defekt"),
        ("In Ordnung", "nicht in Ordnung"),
        ("fehlerfrei", "beschädigt"),
        ("normale", "défectueux"),
        ("sans défaut", "Défaut"),
        ("bueno", "averiado"),
        ("normali", "guasto"),
        ("normais", "avariado"),
        ("goed", "kapot"),
        ("i.O.", "n.i.O."),
        ("io", "nio"),
    ],
)
def test_class_words_of_other_languages_with_accents_or_without(normal: str, anomaly: str, tmp_path: Path) -> None:
    without = "".join(c for c in unicodedata.normalize("NFD", anomaly) if not unicodedata.combining(c))
    forms = {unicodedata.normalize("NFC", anomaly), unicodedata.normalize("NFD", anomaly), without, anomaly.upper()}
    for number, form in enumerate(sorted(forms)):
        root = made(tmp_path / f"fan{number}", *(f"{word}/{n}.wav" for word in (normal, form) for n in range(2)))
        assert labels(root) == {f"{normal}/{n}.wav": "normal" for n in range(2)} | {
            f"{form}/{n}.wav": "anomaly" for n in range(2)
        }
        assert survey(root).questions == []
        assert set(survey(root).catalogue["machine_type"]) == {f"fan{number}"}


@pytest.mark.parametrize("word", ["défaut", "n.i.O.", "nio"])
def test_names_that_begin_with_the_word(word: str, tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        normal, anomaly = (
            ("i.O._1.wav" if word[0] == "n" else "normale_1.wav"),
            unicodedata.normalize(form, f"{word}_1.wav"),
        )
        root = made(tmp_path / form / "fan", normal, anomaly)
        assert labels(root) == {normal: "normal", anomaly: "anomaly"}


def test_in_order_alone_is_asked_about(tmp_path: Path) -> None:
    """It may be input and output."""
    assert len(survey(made(tmp_path / "a", "io/1.wav", "defekt/1.wav")).questions) == 2, (
        "and there is no normal recording"
    )
    assert labels(made(tmp_path / "b", "train/io/1.wav", "test/io/2.wav", "test/nio/1.wav")) == {
        "train/io/1.wav": "normal",
        "test/io/2.wav": "normal",
        "test/nio/1.wav": "anomaly",
    }


@pytest.mark.parametrize(
    "word", ["bon", "Bonn", "buena", "Buenos Aires", "Fehler", "falla", "roto", "malo", "Gutenberg", "panne"]
)
def test_what_means_something_else_is_no_class(word: str) -> None:
    assert label_of(word) == ""


def test_a_table_says_in_order(tmp_path: Path) -> None:
    made(tmp_path, "a.wav", "b.wav")
    (tmp_path / "list.csv").write_text("path;label\na.wav;i.O.\nb.wav;n.i.O.\n")
    found = survey(tmp_path / "list.csv").catalogue
    assert dict(zip(found["clip_id"], found["label"], strict=True)) == {"a.wav": "normal", "b.wav": "anomaly"}


@pytest.mark.parametrize(
    ("name", "label"), [("défaut_1.wav", "anomaly"), ("i.O._1.wav", "normal"), ("not_ok_1.wav", "anomaly")]
)
def test_a_title_gives_no_such_word_away(name: str, label: str) -> None:
    for form in ("NFC", "NFD"):
        named = unicodedata.normalize(form, name)
        titles = clip_titles(pd.DataFrame([(named, "00", label)], columns=["clip_id", "machine_id", "label"]))
        assert titles == {named: "id 00 · clip 1"}
