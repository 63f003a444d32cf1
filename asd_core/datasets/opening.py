"""Datasets by where they are: the demos, a folder of recordings, a table of them, or a file with people's answers about these."""

import json
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asd_core.addresses import Address, Place, place_of
from asd_core.counting import listed
from asd_core.datasets.answers import Answer
from asd_core.datasets.catalogue import Dataset
from asd_core.datasets.clip_sources import AddressClips, FolderClips
from asd_core.datasets.folder_listing import Unused
from asd_core.datasets.folder_survey import Survey, survey
from asd_core.datasets.moved_clips import RELABELLED, as_learned, open_relabelled, read_moves
from asd_core.datasets.rendered import EMBEDDED
from asd_core.datasets.table_files import is_table, read_cells, table_bytes
from asd_core.datasets.tables import KNOWN_WORDS, understood
from asd_core.errors import DatasetError, reason_of
from asd_core.files import locked, write_bytes

if TYPE_CHECKING:
    import pandas as pd

DATASET_FILE = "dataset.toml"
DATASET = "dataset.json"  # beside detectors: the place and title of what they were trained on
_HOW_TO_ANSWER = "Answer on the Data page, or in a file that train and inspect take as --map: commands that are given the detectors then know the answers."


@dataclass(frozen=True)
class DatasetFile:
    """The content of a dataset file.

    Attributes:
        folder: of the recordings, or a table that names them; either may be at an address.
        answers: how its names are to be understood.
        machine_types: those that are meant; all where empty.
        title: what people call the dataset; the file's name where empty.
        table: that says what recordings of the folder are.
    """

    folder: Place
    answers: list[Answer]
    machine_types: list[str]
    title: str = ""
    table: Place | None = None


def open_dataset(where: str | Place) -> Dataset:
    """A demo (``"demo"``, ``"demo-fan"``), a folder of recordings or a table that names them (either also at an address, such as
    ``s3://bucket/fans``), or a file that :func:`write_dataset_file` or :func:`write_moves` wrote.

    Raises:
        DatasetError: when the place does not exist or holds no clip whose machine and label are known.
    """
    if str(where) in EMBEDDED:
        return EMBEDDED[str(where)]()
    place = place_of(where)
    if isinstance(place, Address):
        return surveyed_dataset(survey(place), location=place if is_table(place.name) else None)
    if place.name == RELABELLED:
        return open_relabelled(place, open_dataset)
    if place.suffix.lower() == ".toml" and place.is_file():
        file = read_dataset_file(place)
        surveyed = survey(file.folder, file.answers, file.table)
        return surveyed_dataset(surveyed, location=place, machine_types=file.machine_types, title=file.title)
    return surveyed_dataset(survey(place), location=place if place.is_file() else None)


def open_for(where: str | Place, models: Path) -> Dataset:
    """:func:`open_dataset` for what is done with the detectors of a folder: as they learned it, see :func:`trained_place` and
    :func:`as_learned`."""
    return as_learned(open_dataset(trained_place(where, models)), models)


def recorded_dataset(models: Path) -> tuple[str, str]:
    """Location and title of the dataset that detectors were trained on; both empty where the folder does not say."""
    try:
        about = json.loads((models / DATASET).read_text("utf-8"))
        return str(about["location"]), str(about["title"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", ""


def trained_place(where: str | Place, models: Path) -> str | Place:
    """The dataset file that detectors were trained on, with its answers and machine types, where it is about the recordings at a
    place; otherwise the place itself.

    Raises:
        DatasetError: for a dataset file that is damaged, and as :func:`asd_core.datasets.moved_clips.read_moves`.
    """
    version = models / RELABELLED
    file = Path(read_moves(version)[0] if version.is_file() else recorded_dataset(models)[0])
    if file.suffix.lower() != ".toml" or not file.is_file():
        return where
    return file if _same_place(read_dataset_file(file).folder, place_of(where)) else where


def _same_place(one: Place, other: Place) -> bool:
    if isinstance(one, Address) or isinstance(other, Address):
        return one == other
    return one.resolve() == other.resolve()


def surveyed_dataset(
    surveyed: Survey, *, location: Place | None = None, machine_types: Sequence[str] = (), title: str = ""
) -> Dataset:
    """The understood recordings of a folder as a dataset.

    Args:
        location: what opens it again, by default the folder.
        machine_types: those that are meant; all by default.
        title: what people call it; the location's name by default.

    Raises:
        DatasetError: for a folder without a recording that was understood, or a machine type that it does not have.
    """
    root, catalogue = surveyed.root, surveyed.catalogue
    if catalogue.empty:
        question = f" {surveyed.questions[0]} {_HOW_TO_ANSWER}" if surveyed.questions else ""
        if location and is_table(location.name):
            first = f" ({surveyed.unused[0].file}: {surveyed.unused[0].reason})" if surveyed.unused else ""
            raise DatasetError(
                f"{location} names no recording that can be used{first}: its paths are read from its own folder.{question}"
            )
        raise DatasetError(
            f"{root} holds no recording in a known layout: expected DCASE names (normal_id_00_00000000.wav, "
            f"section_00_source_train_normal_0000.wav), or folders such as normal/ and anomaly/.{question}"
        )
    if machine_types:
        known = sorted(catalogue["machine_type"].unique())
        if unknown := sorted(set(machine_types) - set(known)):
            raise DatasetError(f"{root} holds no machine type {listed(unknown)}; it holds {listed(known)}.")
        catalogue = catalogue[catalogue["machine_type"].isin(machine_types)].reset_index(drop=True)
    base = root if isinstance(root, Address) else root.resolve()
    if isinstance(location, Path):
        location = location.resolve()
    # A dataset file with the usual name takes its title from its folder.
    called = "" if location is None else location.parent.name if location.name == DATASET_FILE else location.stem
    return Dataset(
        called or root.name or "recordings",
        title or called or base.name or "recordings",
        str(location or base),
        catalogue,
        *_clips(base, surveyed),
        root=base,
        notes=(*surveyed.notes, *unused_notes(surveyed.unused)),
    )


def _clips(
    base: Place, surveyed: Survey
) -> "tuple[Callable[[str], bytes | Path], Callable[[pd.DataFrame], list[str]]]":
    """The source of the clips' bytes, and of texts that change when their files do."""
    clips = AddressClips(base, surveyed.listing) if isinstance(base, Address) else FolderClips(base)
    return clips, clips.stamps


def unused_notes(files: Iterable[Unused]) -> tuple[str, ...]:
    """A sentence for each reason for which files are not used, with their number and an example."""
    reasons: dict[str, list[str]] = {}
    for unused in files:
        reasons.setdefault(unused.reason.removesuffix("."), []).append(unused.file)
    return tuple(
        f"{len(names):,} file{'s are' if len(names) > 1 else ' is'} not used ({names[0]}{' …' if len(names) > 1 else ''}): {reason}."
        for reason, names in reasons.items()
    )


def read_answers(path: Path) -> list[Answer]:
    """Answers about a folder's names from a TOML (``[[groups]]``) or CSV file with the column ``pattern``.

    Raises:
        DatasetError: for a file that cannot be read, or an answer without a value that is known.
    """
    try:
        content = table_bytes(path)
        if path.suffix.lower() == ".toml":
            return _toml(content.decode("utf-8-sig"), path)[1]
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"{path} cannot be read ({reason_of(error)}): give a TOML or CSV file with a column pattern."
        ) from error
    return _checked([row for _, row in read_cells(str(path), content)[1]], path)


def read_dataset_file(path: Path) -> DatasetFile:
    """The content of a dataset file.

    Raises:
        DatasetError: for a file that is not one.
    """
    try:
        content, answers = _toml(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"{path} cannot be read ({reason_of(error)}): choose a dataset file, or a folder of recordings."
        ) from error
    if not content.get("folder"):
        raise DatasetError(f'{path} names no folder: it needs a line folder = "…".')
    machine_types = [str(t) for t in content.get("machine_types", [])]

    def place(named: str) -> Place:
        at = place_of(named)
        return at if isinstance(at, Address) else path.parent / at

    table = place(str(content["table"])) if content.get("table") else None
    return DatasetFile(place(str(content["folder"])), answers, machine_types, str(content.get("title", "")), table)


def write_dataset_file(path: Path, file: DatasetFile) -> None:
    """Write what opens a folder again with people's answers. A relative folder is one beside the file.

    Raises:
        DatasetError: when it cannot be written.
    """

    def place(named: Place) -> str:
        """A path as it is written: relative where it is beside the file, so that a dataset's folder may be moved as a whole."""
        if isinstance(named, Address):
            return _quoted(str(named))
        inside = named.is_absolute() and named.is_relative_to(path.parent.absolute())
        return _quoted(str(named.relative_to(path.parent.absolute()) if inside else named))

    lines = [f"folder = {place(file.folder)}"]
    if file.table:
        lines.append(f"table = {place(file.table)}")
    if file.title:
        lines.append(f"title = {_quoted(file.title)}")
    if file.machine_types:
        lines.append(f"machine_types = [{', '.join(map(_quoted, file.machine_types))}]")
    for answer in file.answers:
        lines += ["", "[[groups]]", *(f"{_quoted(name)} = {_quoted(value)}" for name, value in answer.items() if value)]
    try:
        write_bytes(("\n".join(lines) + "\n").encode(), path)
    except OSError as error:
        raise DatasetError(f"{path} cannot be written ({reason_of(error)}): choose another folder.") from error


def update_dataset_file(path: Path, change: Callable[[DatasetFile], DatasetFile]) -> None:
    """Change what a dataset file says as it is now: what others wrote meanwhile stays.

    Raises:
        DatasetError: as :func:`read_dataset_file` and :func:`write_dataset_file`.
    """
    read_dataset_file(path)  # a lock would leave a folder where the dataset was deleted meanwhile
    with locked(path):
        write_dataset_file(path, change(read_dataset_file(path)))


def _quoted(text: str) -> str:
    """A basic string of TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'


def _toml(text: str, path: Path) -> tuple[dict[str, Any], list[Answer]]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DatasetError(f"{path} is not a TOML file ({error}).") from error
    groups = content.get("groups", [])
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise DatasetError(f"{path} needs its answers as [[groups]].")
    return content, _checked([{k: str(v) for k, v in group.items()} for group in groups], path)


def _checked(answers: list[Answer], path: Path) -> list[Answer]:
    for number, answer in enumerate(answers, start=1):
        if not answer.get("pattern"):
            raise DatasetError(f"{path}: answer {number} has no pattern, such as faulty/*.")
        for column, words in KNOWN_WORDS.items():
            if word := answer.get(column, ""):
                answer[column] = understood(column, word)
                if not answer[column]:
                    raise DatasetError(f"{path}: answer {number} has the {column} {word}: use {', '.join(words)}.")
    return answers
