"""Tables as high as their rows, and files to take away."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from pages.shared.permissions import exporting

ROW, BUTTON_ROW = 26, 30  # pixels of a row, and of one that holds a button
MOST_LETTERS = 120  # of a file's name: systems allow 255 bytes, folders want some
MOST_SHOWN = 99.95  # of a margin: beyond that its size says nothing more
NEAR = 0.995  # a margin below it has a second digit after the point
HEADING = {ROW: 38, BUTTON_ROW: 33}  # pixels of the heading with the borders


def table(data: Any, *, key: str, most: int = 1000, row: int = ROW, margins: Sequence[str] = (), **more: Any) -> None:
    """A table without an index that scrolls only beyond ``most`` rows; the rest is for ``st.dataframe``.

    Args:
        margins: columns that are written by :func:`margin_text`, and sorted by their numbers.
    """
    height = row * min(len(data), most) + HEADING[row]
    if margins:  # by its key: under a name of chance it would be another table in every run
        plain = (
            data.reset_index(drop=True)
            .style.set_uuid(key)
            .format(lambda value: f"{value:g}" if isinstance(value, float) else value)
        )
        data = plain.format(margin_text, subset=list(margins), na_rep="")
    st.dataframe(data, hide_index=True, row_height=row, height=height, key=key, **more)


def interval(low: float, high: float, form: str = ".3f") -> str:
    """An interval as text, or that there is none."""
    return f"{low:{form}} – {high:{form}}" if low == low else "not computable"


def margin_text(margin: float) -> str:
    """A margin over a threshold, in every table and sentence: ``+3.1``, ``+0.04``, ``> +100``."""
    if abs(margin) >= MOST_SHOWN:
        return "> +100" if margin > 0 else "< −100"
    return f"{margin:+.{2 if abs(margin) < NEAR else 1}f}".replace("-", "−")


def file_name(what: str, *about: object, of: object, ending: str = "csv") -> str:
    """Name of a download: ``scores_fan-1_id-00_16000-Hz_denoised-0.6_1a2b3c4d.csv``.

    Letters, digits, dots and hyphens of ASCII alone: the same name on every system, and no path.

    Args:
        what: the file holds.
        about: what a reader should see of its content: clip, machine id, sample rate, version; empty ones are left out.
        of: the content, or all that decides on it. Its hash is in the name: two files of one name are the same.
    """
    plain = (unicodedata.normalize("NFKD", str(part)).encode("ascii", "ignore").decode() for part in (what, *about))
    parts = [re.sub(r"[^A-Za-z0-9.]+|\.{2,}", "-", part).strip("-.") for part in plain]
    digest = hashlib.sha256(repr(of).encode()).hexdigest()[:8]
    return f"{'_'.join(filter(None, parts))[:MOST_LETTERS]}_{digest}.{ending}"


def download(
    label: str,
    content: str | Callable[[], str | bytes],
    name: str,
    kind: str = "text/csv",
    *,
    labels_of: str = "",
    **more: Any,
) -> None:
    """A button that saves a file; the page is not drawn again for it.

    Args:
        labels_of: the dataset, where the file holds labels that people gave it: the audit log says who took it.
    """
    if labels_of:
        content = exporting(content, labels_of, name)
    st.download_button(label, content, name, kind, icon=":material/download:", on_click="ignore", **more)
