"""What a tree or a table of recordings holds: the machine, split and label of each file, what is not clear, what is not used.

Only names below the given folder count; the folder's own name is the machine type where nothing else names one.
"""

import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from asd_core.addresses import Address, Place, RemoteFile
from asd_core.counting import counted, listed
from asd_core.datasets import plain_folders
from asd_core.datasets.attribute_files import attributes_by_clip, is_attribute_file
from asd_core.datasets.catalogue import COLUMNS
from asd_core.datasets.layouts import LAYOUTS, CatalogueRow
from asd_core.datasets.table_files import is_table
from asd_core.datasets.tables import (
    Metadata,
    RecordingTable,
    anomalies_in_training,
    listed_files,
    metadata_of,
    read_table_file,
)
from asd_core.datasets.words import LEAVE_OUT, VALIDATION, label_of, split_of
from asd_core.errors import DatasetError, reason_of
from asd_core.sound import SUFFIXES, Clip, read_clip

if TYPE_CHECKING:
    import pandas as pd

_NO_SOUND = "no sound file"
_LEFT_OUT = "left out by an answer"
LABEL_QUESTION = "normal, anomaly, or leave out?"
MANY_BEGINNINGS = 8  # of names in a folder: with more they are asked about together
# What differs in names of one sound: MIMII's noise level, the microphone of ToyADMOS (once more at the beginning) and ToyADMOS2
_SAME_SOUND = re.compile(r"(?:(?<=/)|^)-?\d+_?dB[^/]*/|\d+_(?=Toy[^/]*_ch\d+_\d+\.\w+$)|_(?:ch|mic)\d+(?=_\d+\.\w+$)")
_NUMBER = re.compile(r"(?<=\d)-\d+$")  # of an upload whose path was taken: normal_id_00_00000000-2
Answer = dict[str, str]  # ``pattern`` (a glob of clip ids) and the values of all clips that match
_WHOLE = {"label", "machine_type", "machine_id"}  # what an answer gives that leaves nothing to be understood
ADDED_FOLDER = "kept"  # the dataset's folder for recordings that are added one by one, each with an answer of its own


@dataclass(frozen=True)
class Unused:
    """A file that is no clip of the dataset, and why."""

    file: str
    reason: str


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
        """A recording, understood or not.

        Raises:
            ClipError: see :func:`asd_core.sound.read_clip`. AddressError: when it cannot be fetched.
        """
        place = self.root / clip_id
        return read_clip(place.read_bytes() if isinstance(place, Address) else place, name=clip_id)

    @property
    def left_out(self) -> list[str]:
        """Clip ids that answers leave out."""
        return [one.file for one in self.unused if one.reason == _LEFT_OUT]

    # Opening a dataset needs neither of these two: for 100,000 recordings they take half a second.
    @cached_property
    def groups(self) -> list[NameGroup]:
        """All recordings by how their names begin, understood or not."""
        return _groups(self.catalogue, self._unclear)

    @cached_property
    def questions(self) -> list[str]:
        """What people are asked, a sentence each."""
        return self.questions_about(())

    def questions_about(self, machine_types: Collection[str]) -> list[str]:
        """What people are asked where some machine types are meant; all of them where none is given."""
        meant = self.catalogue[self.catalogue["machine_type"].isin(machine_types)] if machine_types else self.catalogue
        return [*self._metadata.questions, *_against_names(self._metadata), *_questions(meant, self.groups)]


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

    root, recordings, unused, rows_of_table, listing = _recordings_at(place, table)
    clip_ids = ["/".join(path) for path in recordings]
    alone = _answered_alone(clip_ids, answers)
    added = {clip_id for clip_id, answer in alone.items() if is_added(clip_id) and answer.keys() >= _WHOLE}
    metadata = (
        metadata_of(rows_of_table, [c for c in clip_ids if c not in added], alone) if rows_of_table else Metadata()
    )
    unused += [Unused(*one) for one in metadata.missing]
    answered, unmatched = _answered(clip_ids, answers, added)
    for clip_id, values in metadata.values.items():
        answered[clip_id] = answered.get(clip_id, {}) | values
    others = [path for path, clip_id in zip(recordings, clip_ids, strict=True) if clip_id not in added]
    dev = _dev_beside_train(recordings)
    labels = {clip_id: answer.get("label", "") for clip_id, answer in answered.items()}
    understood, unclear = _rows(others, labels, dev, alone)
    for clip_id in added:
        # Separately: they change neither what folders mean nor which of the others are held back for testing.
        answered[clip_id] = {"split": "train"} | answered[clip_id]
        understood[clip_id] = (_by_layout(*_folders_and_stem(clip_id)) or {}) | answered[clip_id]
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
            understood[clip_id] = _with_answer(clip_id, understood[clip_id], answer, dev)
    # What people call so one by one, or in a table, they know of.
    if in_training := [c for c in _tested(understood) if "label" not in answered.get(c, {})]:
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
        catalogue.loc[unsplit, "split"] = machines.transform(_split)
    notes = metadata.notes + _validation_notes(understood, dev) + _unmatched_notes(unmatched)
    return Survey(root, catalogue, unused, notes, unclear, metadata, listing)


def _recordings_at(
    place: Place, table: Place | None
) -> tuple[Place, list[tuple[str, ...]], list[Unused], RecordingTable | None, Mapping[str, RemoteFile]]:
    """The folder, the recordings in it, other files, the table that describes the recordings, and the listing of an
    address."""
    listing: Mapping[str, RemoteFile] = {}
    try:
        if is_table(place.name) and (isinstance(place, Address) or place.is_file()):
            root, recordings, missing, rows, listing = listed_files(place, read_table_file(place))
            return root, recordings, [Unused(*one) for one in missing], rows, listing
        if isinstance(place, Address):
            listing = place.files()
            if not listing:
                raise DatasetError(f"{place} holds nothing: check the bucket and the folder that holds the recordings.")
            recordings, unused = _listed(listing)
        elif place.is_dir():
            recordings, unused = _files(place)
        else:
            raise DatasetError(
                f"{place} is not a folder: give the folder that holds the recordings, or a table of them (CSV or Parquet)."
            )
        if table is None:
            return place, recordings, unused, None, listing
        rows = read_table_file(table)
    except OSError as error:
        raise DatasetError(f"{table or place} cannot be read ({reason_of(error)}): put the table back.") from error
    return place, recordings, [one for one in unused if place / one.file != table], rows, listing


def _against_names(metadata: Metadata) -> list[str]:
    """A question where the labels of a table contradict the recordings' names."""
    labels = [(clip_id, values.get("label"), _named_label(clip_id)) for clip_id, values in metadata.values.items()]
    other = [one for one in labels if {one[1], one[2]} == {"normal", "anomaly"}]
    if not other:
        return []
    clip_id, label, named = other[0]
    return [
        f"The table calls {counted(len(other), 'recording')} otherwise than the name does ({clip_id}: {label}, not {named}): the table "
        "counts; is it right?"
    ]


def _named_label(clip_id: str) -> str:
    """The label in the folders and the name; empty where there is none."""
    folders, stem = _folders_and_stem(clip_id)
    if row := _by_layout(folders, stem):
        return row["label"]
    parts = plain_folders.parts(folders, stem)
    return parts.label if parts else ""


def _folders_and_stem(clip_id: str) -> tuple[list[str], str]:
    *folders, name = clip_id.split("/")
    return folders, name[: name.rfind(".")]


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


def _files(root: Path) -> tuple[list[tuple[str, ...]], list[Unused]]:
    """Folders and name of each sound file under a folder, and all other files. Whether an entry is a
    file is taken from the folder's listing: asking the disk for each of 100,000 files takes half a second."""
    recordings: list[tuple[str, ...]] = []
    unused: list[Unused] = []
    seen: set[str] = set()

    def walk(folders: tuple[str, ...]) -> None:
        inside = "".join(f"{folder}/" for folder in folders)
        place = root.joinpath(*folders)
        real = os.path.realpath(place)
        if real in seen:
            unused.append(Unused(inside, "a link to a folder that was read already"))
            return
        seen.add(real)
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError as error:  # such as lost+found
            unused.append(Unused(inside, f"cannot be opened ({reason_of(error)})"))
            return
        for entry in entries:
            name = entry.name
            if not _is_utf8(name):
                unused.append(Unused(_printable(inside + name), "its name is not UTF-8: rename it"))
            elif entry.is_dir():
                if name != "__MACOSX":
                    walk((*folders, name))
            elif not _is_sound(name):
                unused.append(Unused(inside + name, _NO_SOUND))
            elif entry.is_file():
                recordings.append((*folders, name))
            else:
                unused.append(Unused(inside + name, "a link to a file that is not there"))

    walk(())
    return recordings, unused


def _listed(listing: Iterable[str]) -> tuple[list[tuple[str, ...]], list[Unused]]:
    """:func:`_files` of an address."""
    paths = sorted(path for file in listing if "__MACOSX" not in (path := tuple(file.split("/")))[:-1])
    unused = [Unused("/".join(path), _NO_SOUND) for path in paths if not _is_sound(path[-1])]
    return [path for path in paths if _is_sound(path[-1])], unused


def _is_sound(name: str) -> bool:
    return name[name.rfind(".") :].lower() in SUFFIXES and not name.startswith("._")


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(name: str) -> str:
    return name.encode(errors="surrogateescape").decode(errors="replace")


def _rows(
    recordings: Iterable[tuple[str, ...]], labels: dict[str, str], dev: bool, alone: Collection[str]
) -> tuple[dict[str, CatalogueRow], set[str]]:
    """Rows by clip id, and the clip ids whose label is not known. ``labels`` are people's answers, to some about them ``alone``;
    ``dev`` as in :func:`_split_names`."""
    recordings = list(recordings)
    class_folders = _class_folders(recordings, labels, alone)
    rows: dict[str, CatalogueRow] = {}
    plain: dict[str, plain_folders.Parts] = {}
    unclear: set[str] = set()
    for path in recordings:
        clip_id, folders, stem = "/".join(path), _split_names(path[:-1], dev), path[-1][: path[-1].rfind(".")]
        if row := _by_layout(folders, stem):
            rows[clip_id] = row
        elif parts := plain_folders.parts(
            folders, stem, labels.get(clip_id, ""), in_class_folder=path[:-1] in class_folders
        ):
            plain[clip_id] = parts
        else:
            unclear.add(clip_id)
    rows |= zip(plain, plain_folders.rows(list(plain.values())), strict=True)
    return rows, unclear


def _dev_beside_train(recordings: Iterable[tuple[str, ...]]) -> bool:
    """Is there a folder ``dev`` beside one called ``train``? Elsewhere, ``dev`` is DCASE's development set or a machine."""
    folders = {path[:depth] for path in {path[:-1] for path in recordings} for depth in range(1, len(path) + 1)}
    trained = {folder[:-1] for folder in folders if split_of(folder[-1:]) == "train"}
    return any(folder[-1].lower() == "dev" and folder[:-1] in trained for folder in folders)


def _split_names(folders: tuple[str, ...], dev: bool) -> tuple[str, ...]:
    """Folders as they are read: ``dev`` is one more word for ``val`` in a tree where it stands beside ``train``."""
    return tuple("val" if folder.lower() == "dev" else folder for folder in folders) if dev else folders


def _validation_notes(rows: Mapping[str, CatalogueRow], dev: bool) -> list[str]:
    """A sentence about validation folders whose recordings are for testing, where there are such."""
    tested = Counter(clip_id.rpartition("/")[0] for clip_id, row in rows.items() if row["split"] == "test")
    used: Counter[str] = Counter()
    for path, n in tested.items():
        folders = tuple(path.split("/"))
        named = [(f, name) for f, name in zip(folders, _split_names(folders, dev), strict=True) if split_of([name])]
        if named and named[-1][1].lower() in VALIDATION:
            used[named[-1][0]] += n
    return [
        f"{counted(n, 'recording')} in {folder}/ {'is' if n == 1 else 'are'} used for testing: detectors learn from train/ alone."
        for folder, n in sorted(used.items())
    ]


def is_added(clip_id: str) -> bool:
    """Is a recording, or the pattern of an answer, in the folder for recordings that were added one by one?"""
    return clip_id.startswith(f"{ADDED_FOLDER}/")


def _by_layout(folders: Sequence[str], stem: str) -> CatalogueRow | None:
    """The row of a name of a public dataset, also of one that got a number because another file has it."""
    stems = dict.fromkeys((stem, _NUMBER.sub("", stem)))
    return next((row for name in stems for layout in LAYOUTS if (row := layout(folders, name))), None)


def _class_folders(
    recordings: Iterable[tuple[str, ...]], labels: dict[str, str], alone: Collection[str]
) -> set[tuple[str, ...]]:
    """Folders that stand for a class without being called so: people gave all recordings in one the same label, and a folder
    beside it another. None where one beside it holds both classes: folders are machines there. A recording that was answered
    alone is an exception in its folder, where the others have answers: it does not change what that folder means."""
    given: dict[tuple[str, ...], set[str]] = {}
    exceptions: dict[tuple[str, ...], set[str]] = {}
    for path in recordings:
        clip_id = "/".join(path)
        if (label := labels.get(clip_id, "")) and label != LEAVE_OUT:
            (exceptions if clip_id in alone else given).setdefault(path[:-1], set()).add(label)
    given = exceptions | given
    beside: dict[tuple[str, ...], set[str]] = {}
    mixed: set[tuple[str, ...]] = set()
    for folder, class_labels in given.items():
        beside.setdefault(folder[:-1], set()).update(class_labels)
        if folder and {"normal", "anomaly"} <= class_labels:
            mixed.add(folder[:-1])
    return {
        folder
        for folder, class_labels in given.items()
        if folder
        and not label_of(folder[-1])
        and len(class_labels) == 1
        and len(beside[folder[:-1]]) > 1
        and folder[:-1] not in mixed
    }


def _answered(
    clip_ids: Iterable[str], answers: Sequence[Answer], added: Collection[str]
) -> tuple[dict[str, Answer], list[str]]:
    """The clip ids that answers match, with the values they give, and the patterns that match none. ``added`` ones are matched
    only by answers about their own folder."""
    by_clip: dict[str, Answer] = {}
    unmatched = dict.fromkeys(answer["pattern"] for answer in answers)
    for clip_id in clip_ids if answers else ():
        combined: Answer = {}
        for answer in answers:
            if fnmatchcase(clip_id, answer["pattern"]) and (clip_id not in added or is_added(answer["pattern"])):
                unmatched.pop(answer["pattern"], None)
                combined |= _values(answer)
        if combined:
            by_clip[clip_id] = combined
    return by_clip, list(unmatched)


def _unmatched_notes(patterns: Sequence[str]) -> list[str]:
    """A sentence about answers that say nothing of any recording, where there are such."""
    if not patterns:
        return []
    more = f" and {len(patterns) - 3} more" if len(patterns) > 3 else ""
    return [
        f"{counted(len(patterns), 'answer')} match{'es' if len(patterns) == 1 else ''} no recording here "
        f"({', '.join(patterns[:3])}{more}): a pattern is a path below the folder, with / and in the same case."
    ]


def _answered_alone(clip_ids: Iterable[str], answers: Sequence[Answer]) -> dict[str, Answer]:
    """The clip ids that answers name by themselves, with the values they give."""
    by_pattern: dict[str, Answer] = {}
    for answer in answers:
        by_pattern.setdefault(answer["pattern"], {}).update(_values(answer))
    return {c: by_pattern[pattern] for c in (clip_ids if answers else ()) if (pattern := exactly(c)) in by_pattern}


def _values(answer: Answer) -> Answer:
    return {name: value for name, value in answer.items() if name != "pattern" and value}


def _with_answer(clip_id: str, row: CatalogueRow, answer: Answer, dev: bool) -> CatalogueRow:
    new = row | answer
    if row["label"] == "unlabelled" != new["label"] and "split" not in answer:
        folders = _split_names(tuple(clip_id.split("/")[:-1]), dev)
        new["split"] = split_of(folders)  # without a label it was taken for the evaluation set's
    if new["label"] == "unlabelled":
        new["split"] = "eval"
    return new


def _tested(rows: Mapping[str, CatalogueRow]) -> list[str]:
    """Make anomalies that are not for testing so; returns the clip ids of those that were to be learned from."""
    anomalies = {c: row for c, row in rows.items() if row["label"] == "anomaly" and row["split"] in ("", "train")}
    in_training = sorted(clip_id for clip_id, row in anomalies.items() if row["split"])
    for row in anomalies.values():
        row["split"] = "test"
    return in_training


def _split(clip_ids: "pd.Series[str]") -> list[str]:
    """Train or test for one machine's normal clips: a fifth, but at least one of two, is for testing, chosen by the order of a
    hash of their names. Recordings of one sound (by several microphones, or mixed at several noise levels) go to the
    same side."""
    originals = [_SAME_SOUND.sub("", clip_id) for clip_id in clip_ids]
    ordered = sorted(set(originals), key=lambda original: sha256(original.encode()).digest())
    for_test = set(ordered[: max(len(ordered) // 5, int(len(ordered) > 1))])
    return ["test" if original in for_test else "train" for original in originals]


def _groups(catalogue: "pd.DataFrame", unclear: Iterable[str]) -> list[NameGroup]:
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


def exactly(clip_id: str) -> str:
    """The glob that matches a clip id alone."""
    return re.sub(r"([*?[])", r"[\1]", clip_id)


def exceptions_last(answers: Iterable[Answer]) -> list[Answer]:
    """Answers in their order, those about a single recording behind all others, which would override them."""
    return sorted(answers, key=lambda answer: not re.search(r"[*?[]", re.sub(r"\[[*?[]\]", "", answer["pattern"])))


def _questions(catalogue: "pd.DataFrame", groups: Sequence[NameGroup]) -> list[str]:
    questions = [
        f"{counted(group.count, 'recording')} like {group.example}: {LABEL_QUESTION}"
        for group in groups
        if not group.row
    ]
    types = sorted(catalogue["machine_type"].unique())
    if len(types) > 1:
        questions.append(f"Machines of {len(types)} types ({listed(types)}): train one type, or each on its own?")
    for (machine_type, machine_id), rows in catalogue.groupby(["machine_type", "machine_id"]):
        if not (rows["label"] == "normal").any():
            questions.append(
                f"{machine_type} {machine_id} has no normal recording, and detectors learn from normal sound: where are they?"
            )
    if "snr_db" in catalogue and catalogue["snr_db"].replace("", None).nunique() > 1:
        levels = Counter(catalogue["snr_db"])
        questions.append(
            f"The same recordings at {len(levels)} noise levels ({', '.join(sorted(levels))} dB) are not independent: use one level?"
        )
    if "channel" in catalogue and (n := catalogue["channel"].replace("", None).nunique()) > 1:
        questions.append(f"The same recordings by {n} microphones are not independent: use one?")
    return questions
