"""A dataset whose clips people's labels have moved into training or out of it, and the file that opens it again."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from asd_core.counting import counted
from asd_core.datasets.catalogue import Dataset
from asd_core.errors import DatasetError, reason_of
from asd_core.files import write_text

RELABELLED = "relabelled.json"
_NAMED = 3  # clips that a sentence names


@dataclass(frozen=True)
class Moves:
    """Clip ids that labels move: normal ones that join training, and training clips called anomalies, which leave it."""

    joined: list[str]
    left: list[str]


def moves(dataset: Dataset, labels: Mapping[str, str]) -> Moves:
    """What labels (clip id -> normal or anomaly) change about the clips to learn from."""
    learned = (dataset.catalogue["split"] == "train") & (dataset.catalogue["label"] == "normal")
    label = dataset.catalogue["clip_id"].map(labels)
    clip_ids = dataset.catalogue["clip_id"]
    return Moves(list(clip_ids[~learned & (label == "normal")]), list(clip_ids[learned & (label == "anomaly")]))


def against_recorded(dataset: Dataset, labels: Mapping[str, str]) -> list[str]:
    """Clip ids that a dataset calls anomalies and labels (clip id -> normal or anomaly) normal: detectors would learn from them."""
    label = dataset.catalogue["clip_id"].map(labels)
    return list(dataset.catalogue.loc[(dataset.catalogue["label"] == "anomaly") & (label == "normal"), "clip_id"])


def contradicting(clip_ids: Sequence[str]) -> str:
    """What follows from :func:`against_recorded`, in a sentence; some of the clips are named."""
    one = len(clip_ids) == 1
    named = ", ".join(clip_ids[:_NAMED]) + (" …" if len(clip_ids) > _NAMED else "")
    return (
        f"{counted(len(clip_ids), 'clip')} that people call normal {'is an anomaly' if one else 'are anomalies'} by the dataset "
        f"({named}): as {'it joins' if one else 'they join'} training, detectors learn to take such sound for normal."
    )


def relabelled(dataset: Dataset, moved: Moves, location: Path) -> Dataset:
    """The dataset with clips moved: a clip that joined is a normal training clip and no test clip any more, one that
    left is an anomalous test clip.

    Args:
        location: what opens it again, see :func:`write_moves`.
    """
    catalogue = dataset.catalogue.copy()
    for clip_ids, split, label in ((moved.joined, "train", "normal"), (moved.left, "test", "anomaly")):
        catalogue.loc[catalogue["clip_id"].isin(clip_ids), ["split", "label"]] = (split, label)
    return replace(dataset, catalogue=catalogue, location=str(location.resolve()))


def write_moves(path: Path, dataset: Dataset, moved: Moves) -> None:
    """Write what opens a dataset with clips moved.

    Raises:
        DatasetError: when it cannot be written.
    """
    content = {"of": dataset.location, "joined": moved.joined, "left": moved.left}
    try:
        write_text(json.dumps(content, indent=1) + "\n", path)
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be written ({reason_of(error)}): free space or allow writing there."
        ) from error


def read_moves(path: Path) -> tuple[str, Moves]:
    """Location of the dataset that a file is about, and its moves.

    Raises:
        DatasetError: for a file that is missing or damaged.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        joined, left = (_strings(content[name]) for name in ("joined", "left"))
        return str(content["of"]), Moves(joined, left)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{path} is damaged or missing: put another version in use, or train again.") from error


def recorded_location(location: str) -> str:
    """The location of a dataset as it was recorded, from its location as a version of its detectors learned it."""
    path = Path(location)
    return read_moves(path)[0] if path.name == RELABELLED else location


def is_moved(location: str, clip_id: str) -> bool:
    """Whether the dataset at a location has moved a clip: its split and label are then people's, not the recorded ones.

    Raises:
        DatasetError: as :func:`read_moves`.
    """
    path = Path(location)
    if path.name != RELABELLED:
        return False
    moved = read_moves(path)[1]
    return clip_id in moved.joined or clip_id in moved.left


def as_learned(dataset: Dataset, folder: Path) -> Dataset:
    """A dataset as a version of its detectors learned it: clips that joined their training are no test clips. Without a version
    in the folder, or of another dataset, it is given back as it is.

    Raises:
        DatasetError: as :func:`read_moves`.
    """
    path = folder / RELABELLED
    if not path.is_file():
        return dataset
    location, moved = read_moves(path)
    return relabelled(dataset, moved, path) if location == dataset.location else dataset


def open_relabelled(path: Path, open_base: Callable[[str], Dataset]) -> Dataset:
    """The dataset of such a file. Clips that are gone since are not moved.

    Raises:
        DatasetError: as :func:`read_moves`, and where the dataset itself cannot be opened.
    """
    location, moved = read_moves(path)
    return relabelled(open_base(location), moved, path)


def _strings(values: Collection[str]) -> list[str]:
    if not isinstance(values, list):
        raise TypeError(type(values))
    return [str(value) for value in values]
