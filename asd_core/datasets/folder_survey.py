"""What a tree or a table of recordings holds: the machine, split and label of each file, what is not clear, what is not used.

Only names below the given folder count; the folder's own name is the machine type where nothing else names one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from asd_core.addresses import Address, Place, RemoteFile
from asd_core.datasets.answers import WHOLE, Answer, answered_alone, is_added, matched_answers, unmatched_notes
from asd_core.datasets.attribute_files import attributes_by_clip, is_attribute_file
from asd_core.datasets.catalogue import COLUMNS
from asd_core.datasets.folder_listing import Unused, recordings_at
from asd_core.datasets.layouts import CatalogueRow
from asd_core.datasets.name_groups import NameGroup, grouped
from asd_core.datasets.questions import against_names, questions_of
from asd_core.datasets.readable import first_readable
from asd_core.datasets.rows_by_name import folders_and_stem, row_by_layout, rows_by_name, with_answer
from asd_core.datasets.splits import anomalies_to_test, dev_beside_train, split_by_name, validation_notes
from asd_core.datasets.tables import Metadata, anomalies_in_training, metadata_of
from asd_core.datasets.unusable import note_unusable, noted_unusable
from asd_core.datasets.words import LEAVE_OUT, label_of, split_of
from asd_core.errors import ClipError
from asd_core.sound import Clip, read_clip

if TYPE_CHECKING:
    import pandas as pd

_LEFT_OUT = "left out by an answer"


@dataclass(frozen=True, eq=False)
class Survey:
    """A tree as it was understood.

    Attributes:
        root: the folder that the clip ids are paths below.
        catalogue: rows of a :class:`~asd_core.datasets.Dataset`; none where nothing was understood.
        unused: files that are no clip, with the reason.
        notes: what a table that was used says, and which answers match nothing, a sentence each.
        listing: of the files below the root, where that is an address.
    """

    root: Place
    catalogue: "pd.DataFrame"
    unused: list[Unused]
    notes: list[str]
    _unclear: Collection[str]  # clip ids that were not understood
    _metadata: Metadata
    listing: Mapping[str, RemoteFile] = field(default_factory=dict)

    def read(self, clip_id: str) -> Clip:
        """A recording, understood or not; that it cannot be read is noted.

        Raises:
            ClipError: see :func:`asd_core.sound.read_clip`. AddressError: when it cannot be fetched.
        """
        place = self.root / clip_id
        try:
            return read_clip(place.read_bytes() if isinstance(place, Address) else place, name=clip_id)
        except ClipError as error:
            note_unusable(self.root, {clip_id: str(error)})
            raise

    @property
    def left_out(self) -> list[str]:
        """Clip ids that answers leave out."""
        return [one.file for one in self.unused if one.reason == _LEFT_OUT]

    # Opening a dataset needs none of these: for 100,000 recordings they take half a second.
    @cached_property
    def groups(self) -> list[NameGroup]:
        """All recordings by how their names begin, understood or not."""
        return grouped(self.catalogue, self._unclear)

    @cached_property
    def usable_groups(self) -> list[NameGroup]:
        """Those of the groups that are understood or asked about."""
        known = [g for g in self.groups if g.row]
        return sorted([*known, *self.asked], key=lambda group: group.pattern)

    @cached_property
    def asked(self) -> list[NameGroup]:
        """Groups that were not understood and have a recording that can be read, which is their example."""
        return [
            replace(group, clip_ids=[first, *(c for c in group.clip_ids if c != first)])
            for group, first, _ in self._looked_at
            if first
        ]

    @cached_property
    def explained(self) -> list[Unused]:
        """The unused files; those of groups of which nothing can be read, with that reason."""
        why = {c: reason for _, first, reasons in self._looked_at if not first for c, reason in reasons.items()}
        return [replace(one, reason=why.get(one.file, one.reason)) for one in self.unused]

    @cached_property
    def _looked_at(self) -> list[tuple[NameGroup, str | None, dict[str, str]]]:
        """Groups that were not understood, with what :func:`asd_core.datasets.readable.first_readable` says of them."""
        unclear = [group for group in self.groups if not group.row]
        noted = noted_unusable(self.root, [clip_id for group in unclear for clip_id in group.clip_ids])
        return [(group, *first_readable(self.root, group.clip_ids, noted, self.listing)) for group in unclear]

    @cached_property
    def questions(self) -> list[str]:
        """What people are asked, a sentence each."""
        return self.questions_about(())

    def questions_about(self, machine_types: Collection[str]) -> list[str]:
        """What people are asked where some machine types are meant; all of them where none is given."""
        meant = self.catalogue[self.catalogue["machine_type"].isin(machine_types)] if machine_types else self.catalogue
        return [*self._metadata.questions, *against_names(self._metadata), *questions_of(meant, self.asked)]


def survey(place: Place, answers: Sequence[Answer] = (), table: Place | None = None) -> Survey:
    """Look at the names of recordings, and at what tables say of them; nothing is decoded.

    Args:
        place: a folder, or a table (CSV or Parquet) that names the recordings; either may be at an address.
        answers: people's, about names; they override the names, and later ones override earlier ones.
        table: of recordings in the folder. It overrides answers about many recordings, since it names each one, but not
            an answer about a single recording.

    Raises:
        DatasetError: for what is neither, or a table that cannot be read.
    """
    import pandas as pd

    root, recordings, unused, rows_of_table, listing = recordings_at(place, table)
    clip_ids = ["/".join(path) for path in recordings]
    alone = answered_alone(clip_ids, answers)
    added = {clip_id for clip_id, answer in alone.items() if is_added(clip_id) and answer.keys() >= WHOLE}
    metadata = (
        metadata_of(rows_of_table, [c for c in clip_ids if c not in added], alone) if rows_of_table else Metadata()
    )
    unused += [Unused(*one) for one in metadata.missing]
    answered, unmatched = matched_answers(clip_ids, answers, added)
    for clip_id, values in metadata.values.items():
        answered[clip_id] = answered.get(clip_id, {}) | values
    others = [path for path, clip_id in zip(recordings, clip_ids, strict=True) if clip_id not in added]
    dev = dev_beside_train(recordings)
    labels = {clip_id: answer.get("label", "") for clip_id, answer in answered.items()}
    understood, unclear = rows_by_name(others, labels, dev, alone)
    for clip_id in added:
        # Separately: they change neither what folders mean nor which of the others are held back for testing.
        answered[clip_id] = {"split": "train"} | answered[clip_id]
        understood[clip_id] = (row_by_layout(*folders_and_stem(clip_id)) or {}) | answered[clip_id]
    unclear |= {clip_id for clip_id in metadata.unclear if not answered[clip_id].get("label")}
    for clip_id, answer in answered.items():
        if answer.get("label") == LEAVE_OUT:
            understood.pop(clip_id, None)
            unclear.discard(clip_id)
            by_table = metadata.values.get(clip_id, {}).get("label") == LEAVE_OUT
            unused.append(Unused(clip_id, "left out by the table" if by_table else _LEFT_OUT))
        elif clip_id in unclear:
            understood.pop(clip_id, None)
        elif clip_id in understood:
            understood[clip_id] = with_answer(clip_id, understood[clip_id], answer, dev)
    # What people call so one by one, or in a table, they know of.
    if in_training := [c for c in anomalies_to_test(understood) if "label" not in answered.get(c, {})]:
        metadata.questions.append(anomalies_in_training("The names have", in_training))
    unused += [
        Unused(clip_id, metadata.unclear.get(clip_id, "neither its folders nor its name say whether it is normal"))
        for clip_id in sorted(unclear)
    ]
    unused = _with_attributes(root, understood, unused)
    rows = [{"clip_id": clip_id, "domain": "source", **row} for clip_id, row in sorted(understood.items())]
    name = _name_of(root)
    for row in rows:
        row["machine_type"] = row["machine_type"] or name
    catalogue = pd.DataFrame(rows, columns=None if rows else list(COLUMNS)).fillna("")
    catalogue = catalogue[[*COLUMNS, *(name for name in catalogue if name not in COLUMNS)]]
    unsplit = catalogue["split"] == ""
    if unsplit.any():
        machines = catalogue[unsplit].groupby(["machine_type", "machine_id"])["clip_id"]
        catalogue.loc[unsplit, "split"] = machines.transform(split_by_name)
    notes = metadata.notes + validation_notes(understood, dev) + unmatched_notes(unmatched)
    return Survey(root, catalogue, unused, notes, unclear, metadata, listing)


def _with_attributes(root: Place, understood: dict[str, CatalogueRow], unused: list[Unused]) -> list[Unused]:
    """Fill in attributes that names lack from attribute files among the unused files; returns the files still
    unused."""
    files = [one.file for one in unused if is_attribute_file(one.file)]
    if not files:
        return unused
    attributes, problems = attributes_by_clip(root, files, list(understood))
    for clip_id, values in attributes.items():
        understood[clip_id] = values | understood[clip_id]
    return [one for one in unused if one.file not in files] + [Unused(*problem) for problem in problems]


def _name_of(root: Place) -> str:
    """The machine type where nothing below the folder names one: the folder's name, unless it names a class or a split."""
    name = root.name if isinstance(root, Address) else root.resolve().name
    return "machine" if not name or label_of(name) or split_of([name]) else name
