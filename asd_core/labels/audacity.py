"""Audacity label tracks: a line ``start⇥end⇥text``, and ``\\⇥low⇥high`` after it where the label has frequencies.

See https://manual.audacityteam.org/man/importing_and_exporting_labels.html. The text of a region is its class, with a note
``class | note``. A track has no place for labels of the whole clip, so that is a point label at 0: ``label: anomaly``
or ``note: …``.
"""

import io
import re
import zipfile
from collections.abc import Iterable

import numpy as np

from asd_core.errors import LabelError
from asd_core.labels.flat import Fields, Numbered, number

_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_UNDEFINED = -1.0  # Audacity's frequency that was not chosen


def track(rows: Iterable[Fields]) -> str:
    """One clip's rows of one annotator (see :func:`asd_core.labels.flat.rows`) as a label track."""
    lines = []
    for row in rows:
        if row["kind"] == "region":
            note = f" | {_escaped(row['note'])}" if row["note"] else ""
            lines.append(f"{_number(row['t0'])}\t{_number(row['t1'])}\t{row['region_class']}{note}")
            if row["f0"] is not None:
                lines.append(f"\\\t{_number(row['f0'])}\t{_number(row['f1'])}")
        elif row["kind"] in ("label", "note", "skip"):
            lines += [f"0\t0\tlabel: {row['label']}"] if row["kind"] == "label" else []
            lines += [f"0\t0\tnote: {_escaped(row['note'])}"] if row["note"] else []
    return "".join(f"{line}\n" for line in lines)


def tracks(rows: Iterable[Fields]) -> bytes:
    """All clips' tracks as a zip file: a folder per annotator, a file per clip (``name.0123abcd.txt``, the start of its
    hash)."""
    of: dict[tuple[str, str], list[Fields]] = {}
    for row in rows:
        if row["kind"] != "adjudicate":
            of.setdefault((row["annotator"], row["clip_sha256"]), []).append(row)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for (annotator, sha256), subset in sorted(of.items()):
            stem = _safe(re.sub(r"\.\w+$", "", subset[0]["clip_id"] or "clip"))
            entry = zipfile.ZipInfo(
                f"{_safe(annotator)}/{stem}.{sha256[:8]}.txt"
            )  # no time: the same labels, the same file
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, track(subset))
    return out.getvalue()


def from_track(content: bytes) -> tuple[list[Numbered], list[str], list[str]]:
    """A track's lines as what a Draft takes (without the clip), sentences on lines that cannot be read, and on what was taken
    otherwise than it stands there.

    Raises:
        LabelError: when it is not text.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelError("The file is not UTF-8 text: export the label track from Audacity again.") from error
    results: list[Numbered] = []
    problems: list[str] = []
    notes: list[str] = []
    for index, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if not line.strip():
            continue
        try:
            if line.startswith("\\\t"):
                notes += _frequencies(line, results, index)
            else:
                results.append((index, _label(line)))
        except ValueError as error:
            problems.append(f"Line {index}: {error}.")
    return _joined(results), problems, notes


def _label(line: str) -> Fields:
    parts = line.split("\t", 2)
    if len(parts) < 2:
        raise ValueError("it is not start, end and text with tabs between them")
    t0, t1, text = number(parts[0]), number(parts[1]), parts[2] if len(parts) > 2 else ""
    for kind in ("label", "note"):
        if t0 == t1 == 0 and text.startswith(f"{kind}: "):
            return {"kind": kind, kind: _unescaped(text.removeprefix(f"{kind}: "))}
    name, bar, note = text.partition(" | ")
    row: Fields = {"kind": "region", "t0": t0, "t1": t1, "region_class": name.strip() or "other"}
    return row | ({"note": _unescaped(note)} if bar else {})


def _frequencies(line: str, rows: list[Numbered], index: int) -> list[str]:
    parts = line.split("\t")
    if len(parts) != 3 or not rows or rows[-1][1]["kind"] != "region" or rows[-1][0] != index - 1:
        raise ValueError("frequencies without a label before them")
    low, high = number(parts[1]), number(parts[2])
    if low == high == _UNDEFINED:
        return []
    if high == _UNDEFINED:
        return [f"Line {index}: the region has no highest frequency, so it is taken over all frequencies."]
    rows[-1][1].update(f0=max(low, 0.0), f1=high)
    return []


def _joined(rows: list[Numbered]) -> list[Numbered]:
    """A clip's label and note are one row, as in the other formats."""
    labels = [row for _, row in rows if row["kind"] == "label"]
    notes = [row for _, row in rows if row["kind"] == "note"]
    if len(labels) == len(notes) == 1:
        labels[0]["note"] = notes[0]["note"]
        return [(index, row) for index, row in rows if row["kind"] != "note"]
    return rows


def _number(value: float) -> str:
    """As few digits as read back exactly, and no exponent."""
    return str(np.format_float_positional(value, unique=True, trim="0"))


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(c, c) for c in text)


def _unescaped(text: str) -> str:
    back = {value: key for key, value in _ESCAPES.items()}
    return re.sub(r"\\[\\tnr]", lambda match: back[match.group()], text)


def _safe(name: str) -> str:
    cleaned = re.sub(r"[^\w.\- ]+", "_", name).strip(". ")
    return cleaned[-120:] or "_"
