"""Recordings whose folder and name begin alike, which people answer about together."""

import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asd_core.datasets.answers import exactly
from asd_core.datasets.catalogue import COLUMNS
from asd_core.datasets.layouts import CatalogueRow

if TYPE_CHECKING:
    import pandas as pd

MANY_BEGINNINGS = 8  # of names in a folder: with more they are asked about together


@dataclass(frozen=True)
class NameGroup:
    """Recordings whose folder and name begin alike, and how they were understood.

    Attributes:
        pattern: a glob that their clip ids match.
        row: their values in the catalogue; empty where they were not understood.
        clip_ids: of all of them, in order.
    """

    pattern: str
    row: CatalogueRow
    clip_ids: list[str]

    @property
    def count(self) -> int:
        """Of recordings."""
        return len(self.clip_ids)

    @property
    def example(self) -> str:
        """The clip id of one."""
        return self.clip_ids[0]


def grouped(catalogue: "pd.DataFrame", unclear: Iterable[str]) -> list[NameGroup]:
    values = [name for name in COLUMNS if name not in ("clip_id", "split")]
    members: dict[tuple[str, ...], list[str]] = {}
    for clip_id, *row in catalogue[["clip_id", *values]].itertuples(index=False):
        members.setdefault((*_beginning(clip_id), *row), []).append(clip_id)
    by_beginning: dict[tuple[str, str], list[str]] = {}
    for clip_id in unclear:
        by_beginning.setdefault(_beginning(clip_id), []).append(clip_id)
    beginnings = Counter(folder for folder, _ in by_beginning)
    for (folder, beginning), ids in by_beginning.items():
        # Names that have nothing in common are one question a folder.
        members.setdefault((folder, beginning if beginnings[folder] <= MANY_BEGINNINGS else ""), []).extend(ids)
    return sorted(
        (
            NameGroup(_pattern(ids), dict(zip(values, key[2:], strict=False)), sorted(ids))
            for key, ids in members.items()
        ),
        key=lambda group: group.pattern,
    )


def _beginning(clip_id: str) -> tuple[str, str]:
    """Folder and the name's beginning up to its first digit: what tells groups of recordings apart."""
    folder, _, name = clip_id.rpartition("/")
    return folder, re.split(r"\d", name, maxsplit=1)[0]


def _pattern(clip_ids: list[str]) -> str:
    """A glob of what some clip ids have in common."""
    if len(clip_ids) == 1:
        return exactly(clip_ids[0])
    return exactly(os.path.commonprefix(clip_ids)) + "*"  # noqa: RUF071 - names that begin alike are meant
