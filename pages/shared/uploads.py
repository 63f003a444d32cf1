"""The recordings that were uploaded in this session: kept as files, since a hundred of them are not held as samples."""

import re
from dataclasses import dataclass

import streamlit as st

from asd_core.errors import AsdError
from asd_core.sound import Clip, read_clip
from pages.shared.caching import cache_bytes, drop_oldest
from pages.shared.names import numbered

SAME = " = "  # between the names of files with the same content
_UPLOADS, _DROPPED = "uploads", "uploads_dropped"  # in the session


@dataclass(frozen=True, eq=False)
class Upload:
    """One file content, under all names that it was uploaded with."""

    sha256: str
    name: str
    data: bytes  # the file
    n_channels: int

    @property
    def file_name(self) -> str:
        """The file's first name, without the number that tells it from other uploads."""
        return re.sub(r" \(\d+\)$", "", self.name.split(SAME)[0])

    def clip(self) -> Clip:
        """The recording; the one that is looked at stays decoded for a while."""
        return _decoded(self.sha256, self.name, self)

    def read(self) -> Clip:
        """The recording, for work that goes through many and keeps none."""
        return read_clip(self.data, name=self.name)


@cache_bytes
def _decoded(sha256: str, name: str, _upload: Upload) -> Clip:  # its notes name it
    return _upload.read()


def uploads() -> dict[str, Upload]:
    """The session's uploads by hash, in the order in which they came."""
    known: dict[str, Upload] = st.session_state.setdefault(_UPLOADS, {})
    return known


def n_dropped() -> int:
    """How many were let go because the later ones needed their room."""
    return int(st.session_state.get(_DROPPED, 0))


def add_upload(data: bytes, name: str) -> tuple[str, str]:
    """Keep a file; its hash and an empty text, or an empty hash and the sentence that says why it cannot be used."""
    try:
        clip = read_clip(data, name=name)
    except AsdError as error:
        return "", str(error)
    known = uploads()
    # What is dropped again is the latest, and one clip under all of its names.
    before = known.pop(clip.sha256, None)
    names = before.name.split(SAME) if before else []
    unique = numbered(name, {n for other in known.values() for n in other.name.split(SAME)})
    known[clip.sha256] = Upload(clip.sha256, SAME.join(dict.fromkeys([*names, unique])), data, clip.n_channels)
    st.session_state[_DROPPED] = n_dropped() + len(drop_oldest(known))
    return clip.sha256, ""
