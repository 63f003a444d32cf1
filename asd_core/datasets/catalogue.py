"""A dataset: its catalogue (a table, one row per clip) and how to get the bytes of a clip.

Catalogue columns: ``clip_id`` (unique; a relative path), ``machine_type``, ``machine_id``, ``split`` (train, test, eval),
``label`` (normal, anomaly, unlabelled), ``domain`` (source, target). A machine id names one physical machine: where a
catalogue has several machine types, :class:`Dataset` puts the type before it (``fan/00``, ``slider/00``). Every other column but the internal ones is an attribute
(the demo's: fault, severity, snr_db): it filters and breaks down figures, whatever its name.
"""

import hashlib
import itertools
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from asd_core.addresses import Place
from asd_core.datasets.names import clip_titles, short_names
from asd_core.errors import DatasetError
from asd_core.settings import get_settings
from asd_core.sound import Clip, read_clip

if TYPE_CHECKING:
    import pandas as pd


COLUMNS = ("clip_id", "machine_type", "machine_id", "split", "label", "domain")
DCASE_ATTRIBUTES = "dcase_attributes"  # what DCASE's names or files say of a clip's normal state, in one text
INTERNAL = ("seed", "sha256", DCASE_ATTRIBUTES)  # no attributes: they describe no clip, or repeat others
_TAKEN = re.compile(
    "detector|model_version|data_fingerprint|denoise|kind|raw|calibrated|applicable|applicability_reason|threshold|margin|"
    "false_alarm_rate|decision|version|point|attribute|value|title|error|distance|f\\d+"
)  # columns of scores, figures and features, which stand beside the attributes in tables


@dataclass(frozen=True, eq=False)
class Dataset:
    """A named catalogue and the source of its sound. Its machine ids are unique: see :func:`unique_machine_ids`."""

    name: str
    title: str
    location: str  # what open_dataset takes: "demo", "demo-fan" or an absolute path
    catalogue: "pd.DataFrame"
    source: Callable[[str], bytes | Path]  # an object of a top-level class, so that other processes can read clips, too
    stamps: "Callable[[pd.DataFrame], list[str]] | None" = None  # of catalogue rows, where cheaper than :meth:`_stamp`
    root: Place | None = None  # the folder of the recordings; none where they are rendered
    notes: tuple[str, ...] = ()  # which files of its place are not used and why, a sentence each
    version: int = field(default_factory=itertools.count().__next__)  # no two readings of a catalogue share it

    def __post_init__(self) -> None:
        object.__setattr__(self, "catalogue", unique_machine_ids(self.catalogue))

    def read(self, clip_id: str) -> Clip:
        """The clip of one row.

        Raises:
            DatasetError: for an id that is not in the catalogue. ClipError: see :func:`asd_core.sound.read_clip`.
        """
        if clip_id not in self.names:
            raise DatasetError(f"{clip_id} is not a clip of {self.title}: choose one of its catalogue.")
        return read_clip(self.source(clip_id), name=self.names[clip_id])

    @cached_property
    def names(self) -> dict[str, str]:
        """By clip id the name of each clip: its file's, with as much of its folders as tells it from the others."""
        clip_ids = self.catalogue["clip_id"].tolist()
        return dict(zip(clip_ids, short_names(clip_ids), strict=True))

    @cached_property
    def titles(self) -> dict[str, str]:
        """By clip id what each clip is called on screen: see :func:`asd_core.datasets.names.clip_titles`. Files, addresses and
        labels go by names and ids."""
        return clip_titles(self.catalogue, on_disk=self.root is not None)

    def rows(self, **equal: str) -> "pd.DataFrame":
        """Rows of the catalogue with the given values, for example ``split="train", label="normal"``."""
        rows = self.catalogue
        for column, value in equal.items():
            rows = rows[rows[column] == value]
        return rows

    def part(self, rows: "pd.DataFrame") -> "Dataset":
        """A dataset of some rows alone, its clips titled as in the whole one: what another process needs to read
        them."""
        result = replace(self, catalogue=rows, source=source_of(self.source, rows["clip_id"].tolist()), stamps=None)
        result.__dict__["names"] = {
            clip_id: self.names[clip_id] for clip_id in rows["clip_id"]
        }  # where cached_property stores them
        return result

    def attributes(self) -> list[str]:
        """Columns beyond the required ones that say something about a clip."""
        return [str(name) for name in self.catalogue if name not in (*COLUMNS, *INTERNAL)]

    def fingerprint(self, split: str) -> str:
        """A hash that changes when a clip of the split is added, removed, replaced or given to another machine.

        Nothing is decoded: a file stands for its sound by size and time of last change, a rendered clip by what it is
        rendered from. Labels and attributes are not in it: no detector scores by them.
        """
        rows = self.rows(split=split)
        stamps = self.stamps(rows) if self.stamps else [self._stamp(clip_id) for clip_id in rows["clip_id"]]
        lines = sorted("\t".join(row) for row in zip(rows["clip_id"], rows["machine_id"], stamps, strict=True))
        if channel := get_settings().channel:
            lines.append(f"channel {channel}")
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

    def _stamp(self, clip_id: str) -> str:
        source = self.source(clip_id)
        return hashlib.sha256(source).hexdigest() if isinstance(source, bytes) else file_stamp(source)


def source_of(source: Callable[[str], bytes | Path], clip_ids: Sequence[str]) -> Callable[[str], bytes | Path]:
    """The part of a source that another process needs to read these clips."""
    only = getattr(source, "only", None)
    return source if only is None else only(clip_ids)


def attribute_name(name: str) -> str:
    """The column for an attribute of somebody's data: renamed where the program's own tables have a column of that
    name."""
    taken = name in (*COLUMNS, *INTERNAL) or _TAKEN.fullmatch(name)
    return f"attribute_{name}" if taken else name


def unique_machine_ids(catalogue: "pd.DataFrame") -> "pd.DataFrame":
    """A catalogue whose machine ids name one physical machine each: ``type/id`` where it has several machine types (two
    folders of DCASE 2020 both have an id 00), otherwise the ids as they are. Ids that have this form already stay."""
    if catalogue["machine_type"].nunique() < 2:
        return catalogue
    pairs = zip(catalogue["machine_type"], catalogue["machine_id"], strict=True)
    named = [i if i.startswith(f"{kind}/") else f"{kind}/{i}" for kind, i in pairs]
    return catalogue.assign(machine_id=named)


def file_stamp(path: str | Path) -> str:
    """A text that changes when the file does, without reading it: size and time of last change."""
    try:
        result = os.stat(path)
    except OSError:
        return "gone"
    return f"{result.st_size} {result.st_mtime_ns}"
