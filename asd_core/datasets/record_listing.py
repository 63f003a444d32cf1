"""The checksum and size that a record publishes of its files: asked where the registry has none, and the same until a download is complete.

The answer is Zenodo's, ``{"files": [{"key": name, "size": bytes, "checksum": "md5:<32 hex digits>"}]}``. For some weeks of 2023 it said
``filename``, ``filesize`` and the digits alone, as it still does of deposits. It comes from the network: names in it are compared, and
nothing of it is a path or an address.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from asd_core.datasets.fetching import HEADERS, PIECE, TIMEOUT, has_begun
from asd_core.datasets.public_registry import FROM_REGISTRY, PublicArchive, PublicSet
from asd_core.files import write_text

RECORD_FILE = "record.json"  # beside the archives of a download that is not complete: what it began with, in the form of an answer
MOST_BYTES = 1 << 22  # of an answer; Zenodo's have some thousand
_MD5 = re.compile(r"(?:md5:)?([0-9a-fA-F]{32})")


@dataclass(frozen=True)
class _File:
    md5: str  # empty where none is given
    megabytes: float | None


_Listing = tuple[dict[str, _File], str]  # the files that a record names, and why there are none


def with_published(chosen: PublicSet, folder: Path) -> PublicSet:
    """A set with the checksums and sizes that its records publish, where the registry has none. Each record is asked once at most,
    and never of an archive of which all is known or that it was asked of before.

    Args:
        folder: with what has arrived of it. An archive that has begun keeps the checksum it began with, whatever the record says now.
    """
    try:
        kept = _files((folder / RECORD_FILE).read_bytes())
    except OSError:
        kept = {}
    asked = cache(_asked)
    return replace(
        chosen,
        archives=tuple(
            _completed(a, kept.get(a.name) if has_begun(a, folder) else None, asked) for a in chosen.archives
        ),
    )


def keep_published(chosen: PublicSet, folder: Path) -> None:
    """Store what was asked, for when the download goes on.

    Raises:
        OSError: when it cannot be written.
    """
    entries = [
        {"key": a.name, "size": a.megabytes and round(a.megabytes * 1e6), "checksum": f"md5:{a.md5}"}
        for a in chosen.archives
        if a.md5 and a.md5_from
    ]
    if entries:
        write_text(json.dumps({"files": entries}) + "\n", folder / RECORD_FILE)


def _completed(archive: PublicArchive, begun: _File | None, asked: Callable[[str], _Listing]) -> PublicArchive:
    """An archive with what it began with, or else with what its record answers."""
    if archive.md5_from or (archive.md5 and archive.megabytes is not None):
        return archive
    if not archive.record_api:
        return archive if archive.md5 else replace(archive, md5_from="the registry names no place to ask for it")
    files, trouble = ({archive.name: begun}, "") if begun and begun.md5 else asked(archive.record_api)
    file = files.get(archive.name, _File("", None))
    completed = replace(archive, megabytes=file.megabytes if archive.megabytes is None else archive.megabytes)
    if archive.md5:
        return replace(completed, md5_from=FROM_REGISTRY)
    if not file.md5:
        nothing = f"{archive.record_api} names no {'md5 of it' if archive.name in files else 'such file'}"
        return replace(completed, md5_from=trouble or nothing)
    return replace(completed, md5=file.md5, md5_from=f"as {archive.record_api} named it for this download")


def _asked(address: str) -> _Listing:
    """What a record answers."""
    import requests

    headers = {**HEADERS, "Accept": "application/json"}
    content = bytearray()
    try:
        with requests.get(address, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if not response.ok:
                return {}, f"{address} cannot be had: the server says {response.status_code}"
            for piece in response.iter_content(PIECE):
                content += piece
                if len(content) > MOST_BYTES:  # what is left of it is no JSON
                    break
    except requests.RequestException:
        return {}, f"{address} cannot be reached: try again later"
    files = _files(bytes(content))
    return files, "" if files else f"{address} lists no files"


def _files(content: bytes) -> dict[str, _File]:
    """The files that an answer names; none for an answer in another form."""
    try:
        listed = json.loads(content)["files"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return {}
    entries = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return {name: _file(one) for one in entries if isinstance(name := one.get("key", one.get("filename")), str)}


def _file(entry: dict[str, Any]) -> _File:
    digits = _MD5.fullmatch(checksum) if isinstance(checksum := entry.get("checksum"), str) else None
    size = entry.get("size", entry.get("filesize"))
    # True is an int, too; and an int can be too large for a float.
    megabytes = size / 1e6 if isinstance(size, int) and size is not True and 0 < size < 1 << 60 else None
    return _File(digits[1].lower() if digits else "", megabytes)
