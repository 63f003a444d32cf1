"""Which clip of a dataset a row of a file is about: by the sha256 of its bytes, or by name where the file has no hash."""

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_UPLOADED = re.compile(r"^[0-9a-f]{8}-")  # Label Studio puts this before the name of an uploaded file
_SHORT_HASH = re.compile(r"\.([0-9a-f]{8})$")  # and our Audacity tracks the start of the hash behind it


class Clips:
    """A dataset's clips, to be found.

    Args:
        table: columns clip_id, sha256 ("" where the clip was not read yet), machine_id.
    """

    def __init__(self, table: "pd.DataFrame") -> None:
        self._by_hash: dict[str, tuple[str, str]] = {}
        self._by_id: dict[str, tuple[str, str]] = {}
        self._by_name: dict[str, list[str]] = {}
        for clip_id, sha256, machine_id in zip(table["clip_id"], table["sha256"], table["machine_id"], strict=True):
            if sha256:
                self._by_hash.setdefault(str(sha256), (str(clip_id), str(machine_id)))
            self._by_id[str(clip_id)] = (str(sha256), str(machine_id))
            path = PurePosixPath(str(clip_id))
            for name in {path.name, path.stem}:
                self._by_name.setdefault(name, []).append(str(clip_id))
        self.by_name = self.unread = 0  # rows that were matched by name; by a hash that nobody could compare

    def find(self, sha256: str, clip_id: str) -> tuple[str, str, str]:
        """The sha256, name and machine id of the clip that a row names.

        Raises:
            ValueError: with half a sentence, when there is none.
        """
        sha256 = sha256.strip().lower()
        if sha256:
            return self._hashed(sha256, clip_id)
        result = self._named(clip_id)
        if not result:
            raise ValueError(f"{clip_id or 'a clip without a name'} is not a clip of this dataset")
        if len(result) > 1:
            raise ValueError(f"{clip_id} is the name of {len(result)} clips of this dataset: write where they are")
        subset, machine_id = self._by_id[result[0]]
        if not subset:
            raise ValueError(f"{result[0]} was not read yet, so its sha256 is unknown: score it first")
        self.by_name += 1
        return subset, result[0], machine_id

    def _hashed(self, sha256: str, clip_id: str) -> tuple[str, str, str]:
        if sha256 in self._by_hash:
            return sha256, *self._by_hash[sha256]
        if clip_id in self._by_id:
            subset, machine_id = self._by_id[clip_id]
            if subset:
                raise ValueError(f"{clip_id} is another recording here (its sha256 differs)")
            self.unread += 1
            return sha256, clip_id, machine_id
        raise ValueError(f"{clip_id or sha256[:12]} is not a clip of this dataset")

    def _named(self, clip_id: str) -> list[str]:
        if clip_id in self._by_id:
            return [clip_id]
        name = PurePosixPath(clip_id.replace("\\", "/")).name
        for candidate in (name, _UPLOADED.sub("", name)):
            stem = re.sub(r"\.txt$", "", candidate)
            short = _SHORT_HASH.search(stem)
            if short:
                hits = [subset for subset, (sha256, _) in self._by_id.items() if sha256.startswith(short.group(1))]
                if hits:
                    return hits[:1]
            result = self._by_name.get(stem) or self._by_name.get(PurePosixPath(stem).stem)
            if result:
                # Label Studio keeps no folder of an upload; elsewhere a folder that contradicts is another recording.
                return result if candidate != name else _longest(result, clip_id)
        return []


def _longest(clip_ids: list[str], path: str) -> list[str]:
    """Of clips of one name those whose folders a path does not contradict; of several those that agree in most."""
    folders = _folders(path)
    agreeing: dict[int, list[str]] = {}
    for clip_id in clip_ids:
        pairs = list(zip(reversed(_folders(clip_id)), reversed(folders), strict=False))
        if all(one == other for one, other in pairs):
            agreeing.setdefault(len(pairs), []).append(clip_id)
    return agreeing[max(agreeing)] if agreeing else []


def _folders(path: str) -> tuple[str, ...]:
    return PurePosixPath(path.replace("\\", "/").strip("/")).parts[:-1]
