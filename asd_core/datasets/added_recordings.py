"""Adding one more recording, with the label that a person gives it, to a dataset that was put together in the
browser."""

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from asd_core.datasets.answers import ADDED_FOLDER, Answer, exactly, is_added
from asd_core.datasets.dataset_paths import holds, numbered_paths, safe_path
from asd_core.datasets.folder_survey import survey
from asd_core.datasets.importing import import_recordings
from asd_core.datasets.opening import read_dataset_file, update_dataset_file
from asd_core.datasets.plain_folders import PLAIN_ID
from asd_core.datasets.stored_datasets import ORIGIN, RECORDINGS, checked_title, room_after, room_left, user_datasets
from asd_core.errors import DatasetError, reason_of
from asd_core.files import locked, write_bytes
from asd_core.sound import SUFFIXES


@dataclass(frozen=True)
class StoredRecording:
    """Where an added recording is stored.

    Attributes:
        place: the dataset file.
        clip_id: of the recording in it.
        new: it was not there before.
    """

    place: Path
    clip_id: str
    new: bool


def extendable_datasets() -> list[Path]:
    """The dataset files that recordings can be added to: those whose recordings are stored here. A folder of the server
    is not written to, nor a public set, which must stay as published (and whose folder does not count for the
    quota)."""
    return [
        place
        for place in user_datasets()
        if read_dataset_file(place).folder == place.parent / RECORDINGS and not (place.parent / ORIGIN).is_file()
    ]


def machines_of(place: Path) -> list[tuple[str, str]]:
    """Machine types and ids that a dataset knows; where it has none yet, the one that it is named after."""
    file = read_dataset_file(place)
    machines = survey(file.folder, file.answers, file.table).catalogue[["machine_type", "machine_id"]]
    return sorted(set(machines.itertuples(index=False, name=None))) or [(file.title, PLAIN_ID)]


def add_to_new_dataset(title: str, name: str, data: bytes, label: str) -> StoredRecording:
    """Begin a dataset with a recording.

    Args:
        title: of the dataset.
        name: of the file.
        label: normal, anomaly or unlabelled.

    Raises:
        DatasetError: see :func:`import_recordings`.
    """
    clip_id = f"{ADDED_FOLDER}/{_file_name(name)}"
    machine = {"machine_type": checked_title(title), "machine_id": PLAIN_ID}
    answer: Answer = {"pattern": exactly(clip_id), "label": label, **machine}
    return StoredRecording(import_recordings(title, [(clip_id, lambda: data)], answers=[answer]).place, clip_id, True)


def add_recording(place: Path, name: str, data: bytes, label: str, machine: tuple[str, str]) -> StoredRecording:
    """Store a recording in a dataset; one that it holds already is not stored twice, and stays what it is called there.

    Args:
        place: the dataset file, of :func:`extendable_datasets`.
        name: of the file; a number is added where another recording has it.
        label: normal, anomaly or unlabelled.
        machine: type and id.

    Raises:
        DatasetError: when it is no dataset to keep in, the file is no recording, or the disk or the quota is full.
    """
    if place not in extendable_datasets():
        raise DatasetError(
            f"{place} is no dataset whose recordings are stored here: choose another one, or a new name."
        )
    folder = place.parent / RECORDINGS
    with locked(folder):
        if there := _same(folder, data):
            return StoredRecording(place, there, False)
        wanted = _file_name(name)
        room_after(len(data), room_left())
        clip_id = str(next(p for p in numbered_paths(ADDED_FOLDER / wanted) if not (folder / p).exists()))
        answer: Answer = {
            "pattern": exactly(clip_id),
            "label": label,
            "machine_type": machine[0],
            "machine_id": machine[1],
        }
        if label == "normal":
            answer["split"] = _split_of_next(place, machine)
        # The answer first: one that matches nothing yet does no harm, a recording without it would be asked about.
        update_dataset_file(place, lambda file: replace(file, answers=[*file.answers, answer]))
        try:
            write_bytes(data, folder / clip_id)
        except OSError as error:
            raise DatasetError(f"{name} cannot be stored ({reason_of(error)}): free space on the disk.") from error
    return StoredRecording(place, clip_id, True)


def _split_of_next(place: Path, machine: tuple[str, str]) -> str:
    """Train or test for one more normal clip of a machine, so that no earlier clip changes sides: a fifth of the added
    ones are for testing, and the next one where the machine has no normal test clip."""
    file = read_dataset_file(place)
    rows = survey(file.folder, file.answers, file.table).catalogue
    of_machine = (rows["machine_type"] == machine[0]) & (rows["machine_id"] == machine[1])
    normals = rows[of_machine & (rows["label"] == "normal")]
    added = normals[normals["clip_id"].map(is_added)]
    tested = int((added["split"] == "test").sum())
    untested = len(normals) > 0 and not (normals["split"] == "test").any()
    return "test" if untested or tested < (len(added) + 1) // 5 else "train"


def _file_name(name: str) -> PurePosixPath:
    path = safe_path(PurePosixPath(name.replace("\\", "/")).name)
    if path is None or path.suffix.lower() not in SUFFIXES:
        raise DatasetError(f"{name} has no ending of a sound file: give it its own, such as .wav.")
    return path


def _same(folder: Path, data: bytes) -> str:
    """The clip id of a recording with this content; nothing where there is none."""
    for path in sorted(folder.rglob("*")):
        if holds(path, data):
            return path.relative_to(folder).as_posix()
    return ""
