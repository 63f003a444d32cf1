"""Recordings of a folder, found by the paths that a table names them by."""

import posixpath
from collections.abc import Iterable


class RecordingNames:
    """Finds recordings by path.

    Args:
        clip_ids: paths of recordings below a folder.
    """

    def __init__(self, clip_ids: Iterable[str]) -> None:
        self._whole = set(clip_ids)
        self._by_ending: dict[str, list[str]] = {}
        for clip_id in self._whole:
            ending = clip_id
            while "/" in ending:
                ending = ending.split("/", 1)[1]
                self._by_ending.setdefault(ending, []).append(clip_id)

    def find(self, path: str) -> list[str]:
        """Recordings with the same name and the same folders, as far as both name any: the one of exactly this path, else those
        that end like it, else the longest that it ends like. Several where the path is not clear, none for an unknown one."""
        parts = [p for p in posixpath.normpath(path.replace("\\", "/")).split("/") if p not in ("", ".", "..")]
        wanted = "/".join(parts)
        if wanted in self._whole:
            return [wanted]
        if wanted in self._by_ending:
            return sorted(self._by_ending[wanted])
        return next(([end] for n in range(1, len(parts)) if (end := "/".join(parts[n:])) in self._whole), [])
