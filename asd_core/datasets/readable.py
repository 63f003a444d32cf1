"""Whether recordings can be read, as far as a look at their first bytes or an earlier reading tells."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from asd_core.addresses import Place, RemoteFile
from asd_core.datasets.unusable import note_unusable
from asd_core.errors import ClipError
from asd_core.sound import begins_like_audio, read_clip

LOOKED_AT = 50  # recordings of a group that may be read for it: more of them take longer than a page should


def first_readable(
    root: Place, clip_ids: Sequence[str], noted: Mapping[str, str], listing: Mapping[str, RemoteFile] | None = None
) -> tuple[str | None, dict[str, str]]:
    """The first of some recordings that may hold sound, and why those before it do not. Only what does not begin like audio
    is read, and what is found of it is noted.

    Args:
        root: the folder, or the address, that they are in.
        noted: by clip id, why some of them cannot be read, see :func:`asd_core.datasets.unusable.noted_unusable`.
        listing: of an address, where files are not looked into.

    Returns:
        Its clip id, ``None`` where there is none, and reasons by clip id.
    """
    if not isinstance(root, Path):
        empty = {c: _refusal(b"", c) for c in clip_ids if listing and c in listing and not listing[c].size}
        return next((c for c in clip_ids if c not in empty), None), empty
    reasons = {clip_id: noted[clip_id] for clip_id in clip_ids if clip_id in noted}
    found: dict[str, str] = {}
    first = None
    for clip_id in clip_ids:
        if clip_id in reasons:
            continue
        if len(found) == LOOKED_AT or begins_like_audio(_head(root / clip_id)):
            first = clip_id
            break
        if not (reason := _refusal(root / clip_id, clip_id)):
            first = clip_id
            break
        found[clip_id] = reason
    if found:
        note_unusable(root, found)
    return first, reasons | found


def _head(path: Path) -> bytes:
    with suppress(OSError), open(path, "rb") as file:
        return file.read(16)
    return b""


def _refusal(source: Path | bytes, clip_id: str) -> str:
    """Why a recording cannot be read; empty where it can."""
    try:
        read_clip(source, name=clip_id)
    except ClipError as error:
        return str(error)
    return ""
