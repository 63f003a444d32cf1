"""Train again with what people called normal: a new version of a models folder, beside those there are."""

import shutil
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asd_core.artifacts import (
    VERSIONS,
    TrainedVersion,
    add_version,
    folder_in_use,
    folder_of_version,
    trained_keys,
    trained_versions,
)
from asd_core.counting import counted
from asd_core.datasets import RELABELLED, Dataset, moves, relabelled, write_moves
from asd_core.errors import TrainingError
from asd_core.training.claim import LOCK
from asd_core.training.pipeline import train


def train_version(
    dataset: Dataset,
    models: str | Path,
    labels: Mapping[str, str],
    *,
    detectors: Iterable[str] | None = None,
    notify: Callable[[str], None] = lambda _: None,
    **how: Any,
) -> list[str]:
    """Train detectors on a dataset as people's labels have it, and put them in use when all is done. Test and unlabelled clips
    called normal are trained on, and are no test clips of this version; training clips called anomalies are its test clips.

    Args:
        dataset: as it was recorded. models: its folder of detectors; the versions are in it.
        labels: clip id -> normal or anomaly, of the clips that people labelled and agree on.
        detectors: keys; those of the version in use for ``None``.
        how: of :func:`asd_core.training.train`.

    Returns:
        Keys of the detectors that were trained.

    Raises:
        TrainingError: when no label changes what is learned from, and as :func:`asd_core.training.train`; nothing of the new
            version is left then, and the one in use stays.
    """
    models = Path(models)
    moved = moves(dataset, labels)
    if not moved.joined and not moved.left:
        raise TrainingError(
            f"No label of {dataset.title} changes what detectors learn from: label test clips as normal, or training clips as "
            "anomalies, and see that people agree."
        )
    if detectors is None:
        detectors = trained_keys(folder_in_use(models)) or None
    _remove_unfinished(models)
    folder = _new_folder(models)
    try:
        write_moves(folder / RELABELLED, dataset, moved)
        notify(
            f"{counted(len(moved.joined), 'clip')} called normal {'joins' if len(moved.joined) == 1 else 'join'} training and "
            f"{'is' if len(moved.joined) == 1 else 'are'} not tested on; {counted(len(moved.left), 'clip')} called "
            f"{'an anomaly leaves' if len(moved.left) == 1 else 'anomalies leave'} it."
        )
        changed = relabelled(dataset, moved, folder / RELABELLED)
        keys = train(changed, folder, detectors=detectors, notify=notify, **how)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        add_version(models, TrainedVersion(name=folder.name, made=made, joined=len(moved.joined), left=len(moved.left)))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return keys


def _new_folder(models: Path) -> Path:
    """A folder for a version, whose name tells it from those of other datasets."""
    number = 2
    while True:
        folder = folder_of_version(models, f"{models.resolve().name}.v{number}")
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            number += 1
        except OSError as error:
            raise TrainingError(
                f"{folder} cannot be written ({error.strerror}): free space or allow writing there."
            ) from error


def _remove_unfinished(models: Path) -> None:
    """Delete what a training that was killed left; one that is running holds its folder."""
    from filelock import FileLock, Timeout

    complete = {version.name for version in trained_versions(models)}
    for folder in (models / VERSIONS).glob("*/"):
        if folder.name in complete or not (folder / LOCK).exists():
            continue
        try:
            with FileLock(folder / LOCK, timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        except (Timeout, OSError):
            continue
