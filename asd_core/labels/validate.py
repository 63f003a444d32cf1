"""Which events make sense: refused in a sentence before anything is written."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from asd_core.errors import LabelError
from asd_core.labels.events import KINDS, LABELS, LONGEST_NAME, LONGEST_NOTE, Draft

_SHA256 = re.compile(r"[0-9a-f]{64}")
_TEXTS = [f.name for f in fields(Draft) if f.type in (str, str | None)]


def checked(draft: Draft) -> Draft:
    """The draft as it will be stored: names without blanks around them, hashes in small letters.

    Raises:
        LabelError: when it makes no sense.
    """
    cleaned: dict[str, Any] = {}
    for name in _TEXTS:
        value = getattr(draft, name)
        if value is None:
            continue
        value = str(value).replace("\x00", "")  # PostgreSQL's text cannot hold it
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise LabelError(f"A {_word(name)} holds half a character: write it again.") from error
        longest = LONGEST_NOTE if name == "note" else LONGEST_NAME
        if name == "clip_id":
            value = value[-4096:]
        elif len(value) > longest:
            raise LabelError(f"A {_word(name)} of {len(value)} characters is too long: write at most {longest}.")
        cleaned[name] = value if name in ("note", "clip_id") else value.strip()
    draft = replace(draft, **{**cleaned, "clip_sha256": cleaned["clip_sha256"].lower()})
    if draft.at is not None and draft.at.tzinfo is None:
        raise LabelError("A time without a time zone says nothing: give it in UTC.")
    if draft.kind not in KINDS:
        raise LabelError(f"There is no event called {draft.kind}: choose {', '.join(KINDS)}.")
    if not draft.uid:
        raise LabelError("An event needs a uid, so that sending it twice stores it once.")
    if not draft.annotator:
        raise LabelError("Who labels? Enter a name first.")
    if draft.kind not in ("classes", "remove_region"):  # a removal is about the clip of its region
        _check_clip(draft)
    _check_kind(draft)
    return draft


def _check_clip(draft: Draft) -> None:
    if not draft.dataset:
        raise LabelError("A label needs the name of the dataset that the clip is from.")
    if not _SHA256.fullmatch(draft.clip_sha256):
        raise LabelError(f"{draft.clip_id or 'A clip'} is not known by the sha256 of its bytes: read the clip first.")


def _check_kind(draft: Draft) -> None:
    if draft.kind in ("label", "adjudicate") and draft.label not in LABELS:
        raise LabelError(f"{draft.label!r} is not a label: choose {', '.join(LABELS)}.")
    if draft.kind == "note" and draft.note is None:
        raise LabelError("A note needs a text; an empty one clears the note.")
    if draft.kind in ("remove_region", "undo") and not draft.target:
        raise LabelError("To take something back, name it: the event has no target.")
    if draft.kind == "classes":
        check_classes(_listed(draft.note))
    if draft.kind == "region":
        _check_region(draft)


def _listed(note: str | None) -> list[str]:
    try:
        result = json.loads(note or "")
    except ValueError:
        result = None
    if not isinstance(result, list):
        raise LabelError("The region classes are not a list: set them with the store's set_classes.")
    return result


def _check_region(draft: Draft) -> None:
    if not draft.region_class:
        raise LabelError("A region needs a class.")
    check_class(draft.region_class)
    numbers = [n for n in (draft.t0, draft.t1, draft.f0, draft.f1) if n is not None]
    if draft.t0 is None or draft.t1 is None or not all(math.isfinite(n) for n in numbers):
        raise LabelError("A region needs a start and an end in seconds.")
    if not 0 <= draft.t0 <= draft.t1:
        raise LabelError(f"A region from {draft.t0:g} to {draft.t1:g} s does not run forward from 0 s on.")
    if (draft.f0 is None) != (draft.f1 is None):
        raise LabelError("A region has both a lowest and a highest frequency, or neither.")
    if draft.f0 is not None and draft.f1 is not None and not 0 <= draft.f0 <= draft.f1:
        raise LabelError(f"A region from {draft.f0:g} to {draft.f1:g} Hz does not rise from 0 Hz on.")


def check_class(name: str) -> None:
    """Raises LabelError for a region class that label tracks could not carry."""
    if not name.strip() or any(c in name for c in "\t\r\n|"):
        raise LabelError(f"{name!r} cannot be a region class: write a word or two without tabs, line breaks and |.")
    if len(name) > LONGEST_NAME:
        raise LabelError(f"A region class of {len(name)} characters is too long: write at most {LONGEST_NAME}.")


def check_classes(classes: Sequence[str]) -> list[str]:
    """A list of region classes as it will be stored. Raises LabelError for an empty list or a class twice."""
    names = [str(name).strip() for name in classes]
    if not names:
        raise LabelError("The list of region classes is empty: keep one at least.")
    for name in names:
        check_class(name)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise LabelError(f"The region class {twice[0]} is there twice: keep it once.")
    return names


def _word(name: str) -> str:
    return {"region_class": "region class", "clip_id": "clip's name", "machine_id": "machine id"}.get(name, name)
