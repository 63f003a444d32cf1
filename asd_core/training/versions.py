"""Train again with what people called normal: a new version of a models folder, beside those there are."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asd_core.artifacts import (
    VERSIONS,
    TrainedVersion,
    add_version,
    changing_versions,
    folder_in_use,
    folder_of_version,
    read_manifest,
    trained_keys,
    trained_versions,
)
from asd_core.counting import counted
from asd_core.datasets import RELABELLED, Dataset, against_recorded, contradicting, moves, relabelled, write_moves
from asd_core.errors import TrainingError, reason_of
from asd_core.features import Denoised, MemberScores, from_config
from asd_core.training.claim import LOCK, check_dataset, claimed
from asd_core.training.pipeline import train

OPTIONS = {  # what trains in another way: its name in a sentence, and the command's option
    "preset": ("presets", "--preset"),
    "seed": ("seeds", "--seed"),
    "denoise": ("denoising strengths", "--denoise-strength"),
    "kind": ("kinds of denoising", "--kind"),
}


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
        how: of :func:`asd_core.training.train`. Preset, seed and denoising that are not given are those of the version in use.

    Returns:
        Keys of the detectors that were trained.

    Raises:
        TrainingError: when no label changes what is learned from, the detectors in use were trained in several ways and none is
            given, and as :func:`asd_core.training.train`; nothing of the new version is left then, and the one in use stays.
    """
    models = Path(models)
    check_dataset(models, dataset.location, dataset.title)
    moved = moves(dataset, labels)
    if not moved.joined and not moved.left:
        raise TrainingError(
            f"No label of {dataset.title} changes what detectors learn from: label test clips as normal, or training clips as "
            "anomalies, and see that people agree."
        )
    in_use = folder_in_use(models)
    detectors = list(detectors) if detectors is not None else trained_keys(in_use) or None
    how = _ways(in_use, detectors or [], how) | how
    with _new_folder(models, dataset) as folder:
        try:
            write_moves(folder / RELABELLED, dataset, moved)
            notify(
                f"{counted(len(moved.joined), 'clip')} called normal {'joins' if len(moved.joined) == 1 else 'join'} training and "
                f"{'is' if len(moved.joined) == 1 else 'are'} not tested on; {counted(len(moved.left), 'clip')} called "
                f"{'an anomaly leaves' if len(moved.left) == 1 else 'anomalies leave'} it."
            )
            if contradicted := against_recorded(dataset, labels):
                notify(contradicting(contradicted))
            changed = relabelled(dataset, moved, folder / RELABELLED)
            keys = train(changed, folder, detectors=detectors, notify=notify, **how)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        # An interrupt from here on may come when the version is in the index: it must not be deleted then.
        made = datetime.now(UTC).isoformat(timespec="seconds")
        add_version(models, TrainedVersion(name=folder.name, made=made, joined=len(moved.joined), left=len(moved.left)))
    return keys


def _ways(folder: Path, keys: Iterable[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """How detectors of a folder (all of it where none of ``keys`` is there) were trained: preset, seed and denoising.

    Raises:
        TrainingError: when they were trained in several ways that ``given`` does not decide between.
    """
    ways: dict[str, set[Any]] = {"preset": set(), "seed": set(), "denoise": set(), "kind": set()}
    there = trained_keys(folder)
    for manifest in (read_manifest(folder / key) for key in [key for key in keys if key in there] or there):
        ways["preset"].add(manifest.preset)
        ways["seed"].add(manifest.seed)
        taken = from_config(manifest.representation)
        if isinstance(taken, MemberScores):  # of its members, which say how they take sound
            continue
        ways["denoise"].add(manifest.denoise)
        if isinstance(taken, Denoised):
            ways["kind"].add(taken.method)
    for name, values in ways.items():
        if len(values) > 1 and name not in given:
            title, option = OPTIONS[name]
            raise TrainingError(
                f"The detectors in {folder} were trained with several {title} ({', '.join(map(str, sorted(values)))}): "
                f"choose one with {option}."
            )
    return {name: value for name, values in ways.items() if name not in given for value in values}


@contextmanager
def _new_folder(models: Path, dataset: Dataset) -> Iterator[Path]:
    """A folder for a version, whose name tells it from those of other datasets, held until the block ends: what another start
    finds that is neither held nor in the index was left by a training that was killed."""
    with ExitStack() as held:
        with changing_versions(models):
            _remove_unfinished(models)
            folder = _made(models)
            held.enter_context(claimed(folder, dataset))
        yield folder


def _made(models: Path) -> Path:
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
                f"{folder} cannot be written ({reason_of(error)}): free space or allow writing there."
            ) from error


def _remove_unfinished(models: Path) -> None:
    """Delete what a training that was killed left; one that is running holds its folder."""
    from filelock import FileLock, Timeout

    complete = {version.name for version in trained_versions(models)}
    for folder in (models / VERSIONS).glob("*/"):
        if folder.name in complete:
            continue
        try:
            with FileLock(folder / LOCK, timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        except (Timeout, OSError):
            continue
