"""CSV that no spreadsheet runs, and that comes back as it was."""

import io

import pandas as pd
import pytest

from asd_core.csv_text import as_text, csv_of, from_text

FORMULAS = ['=HYPERLINK("x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-hum at 50 Hz"]
PLAIN = ["a clip.wav", "", "'quoted'", "-12", "+1.5e3", "x=1", "–", "a-b"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_text(text: str) -> None:
    assert as_text(text) == f"'{text}"


@pytest.mark.parametrize("text", PLAIN)
def test_anything_else_is_as_it_was(text: str) -> None:
    assert as_text(text) == text


@pytest.mark.parametrize("text", [*FORMULAS, *PLAIN, "'=1", "''-x", "'"])
def test_it_comes_back(text: str) -> None:
    assert from_text(as_text(text)) == text


def test_a_table() -> None:
    """Numbers, empty cells and categories stay what they are."""
    table = pd.DataFrame({"clip": ["=1+1.wav", None], "n": [-1.5, float("nan")], "kind": pd.Categorical(["@x", "y"])})
    assert csv_of(table) == "clip,n,kind\n'=1+1.wav,-1.5,'@x\n,,y\n"
    assert pd.read_csv(io.StringIO(csv_of(table.drop(columns="clip"))))["n"].iloc[0] == -1.5
