"""Running an experiment: points that are not stored yet are trained, scored and written, one training after the other."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from asd_core import artifacts
from asd_core.counting import counted
from asd_core.datasets import Dataset, Extracted, extract_dataset, held_out
from asd_core.detectors import Detector
from asd_core.detectors.fusion import Fusion
from asd_core.errors import TrainingError
from asd_core.experiments import store
from asd_core.experiments.catalogue import Experiment
from asd_core.experiments.draws import drawn
from asd_core.experiments.fuse import fused
from asd_core.experiments.points import STORED_TESTED_AT, Point
from asd_core.experiments.records import empty, merged, record, score_rows
from asd_core.experiments.store import Header, PointRecord, Stored
from asd_core.experiments.variants import VARIANTS, class_of
from asd_core.features import from_config
from asd_core.files import locked
from asd_core.progress import Progress, silent, stage
from asd_core.training import learnable

Notify = Callable[[str], None]


def run(
    experiment: Experiment,
    dataset: Dataset,
    models: Path,
    *,
    out: Path | None = None,
    progress: Progress = silent,
    notify: Notify = lambda _: None,
) -> Stored:
    """Finish an experiment: what is stored for these very clips and parameters is not done again.

    Args:
        models: folder of trained detectors. One that was trained as a point asks is used as it is.
        out: folder that holds a folder per experiment; the models folder's own for ``None``, the user's for a sweep.
        progress: called with fractions of the whole; it may raise to stop. Finished points stay.
        notify: called with a sentence on each clip or point that is left out, and on stored points that are void.

    Raises:
        TrainingError: when there is nothing to learn from or to test on.
    """
    default = store.user_folder(models) if experiment.kind == "sweep" else models / store.EXPERIMENTS_FOLDER
    work = _Run(experiment, dataset, models, (out or default) / experiment.name, notify)
    work.open(stage(progress, 0.0, 0.03, "checking clips"))
    groups = work.missing()
    if groups:
        work.read(groups, stage(progress, 0.03, 0.15, "reading"))
    for index, group in enumerate(groups):
        low, high = (0.15 + 0.83 * i / len(groups) for i in (index, index + 1))
        work.do(group, stage(progress, low, high, f"{group[0].name}, {index + 1} of {len(groups)}"))
    if work.members:
        # It costs nothing, so it is always computed from what is stored of its members now.
        everything = experiment.points, experiment.chosen, work.members, work.stored, work.rows["train"]
        work.store(*fused(*everything), [])
    progress(1.0, "done")
    return work.stored


class _Run:
    """What is stored so far, and the clips' features."""

    def __init__(self, experiment: Experiment, dataset: Dataset, models: Path, folder: Path, notify: Notify) -> None:
        self.experiment, self.dataset, self.models = experiment, dataset, models
        self.folder, self.notify = folder, notify

    def open(self, progress: Progress) -> None:
        """Identify the clips, and take up what is stored for them."""
        rows = {"train": self.dataset.rows(split="train", label="normal"), "test": self.dataset.rows(split="test")}
        spans = {"train": (0.0, 0.7), "test": (0.7, 1.0)}
        self.rows = {}
        for split, table in rows.items():
            kind = "normal training" if split == "train" else "test"
            if table.empty:
                raise TrainingError(f"{self.dataset.title} has no {kind} clips: an experiment needs them.")
            read = extract_dataset(self.dataset, table, [], stage(progress, *spans[split], f"{kind} set"))
            for description in read.skipped:
                self.notify(description)
            if read.rows.empty:
                raise TrainingError(f"None of the {kind} clips of {self.dataset.title} could be read.")
            self.rows[split] = read.rows
        prints = {split: artifacts.fingerprint(table["sha256"].tolist()) for split, table in self.rows.items()}
        header = Header(
            name=self.experiment.name,
            kind=self.experiment.kind,
            **asdict(self.experiment.about),
            dataset=self.dataset.name,
            dataset_title=self.dataset.title,
            fingerprint=prints["train"],
            test_fingerprint=prints["test"],
        )
        self.stored = empty(header)
        self.stored = self._taken_up(self.notify)
        self.members = self._members()

    def _taken_up(self, notify: Notify) -> Stored:
        """Stored points that are still valid; none where they were computed on other clips."""
        header = self.stored.header
        if not (self.folder / store.POINTS_FILE).is_file():
            return empty(header)
        earlier = store.read_experiment(self.folder)
        its, mine = ((h.fingerprint, h.test_fingerprint) for h in (earlier.header, header))
        if its != mine:
            notify(f"What is stored in {self.folder} was run on other clips: it is run again.")
            return empty(header)
        valid = [p for p in earlier.header.points if self._current(p)]
        void = len(earlier.header.points) - len(valid)
        if void:
            notify(
                f"{void} of the points in {self.folder} have other parameters or models than today's: they are dropped."
            )
        names = [p.name for p in valid]
        parts = (table[table["point"].isin(names)] for table in (earlier.scores, earlier.held_out))
        return Stored(header.model_copy(update={"points": valid}), *parts)

    def _current(self, stored: PointRecord) -> bool:
        """Whether a stored point is still valid: its definition is the same, and its artifact was not trained again."""
        point = next((p for p in self.experiment.points if p.name == stored.name), None)
        if point is None:
            # A sweep keeps the values that were swept before; a named experiment has the points it has.
            return self.experiment.kind == "sweep" and _same_sweep(self.experiment.points[0], stored)
        if point.is_fusion:
            return True
        if point.spec() != stored.spec:
            return False
        folder = self.models / stored.detector
        if stored.model_version is None or not (folder / artifacts.MANIFEST).is_file():
            return True
        return artifacts.read_manifest(folder).weights_sha256.startswith(stored.model_version)

    def _members(self) -> list[str]:
        """Of the trained fusion; none where no chosen point is a fusion's."""
        if not any(p.is_fusion and p.name in self.experiment.chosen for p in self.experiment.points):
            return []
        folder = self.models / Fusion.info.key
        if not (folder / artifacts.MANIFEST).is_file():
            self.notify(f"Fusion is left out: {self.models} holds none, so its members are unknown.")
            return []
        return list(artifacts.read_manifest(folder).config["members"])

    def missing(self) -> list[list[Point]]:
        """Points to do, those of one training together; without those that want more clips than a machine has."""
        todo = self.experiment.chosen - {p.name for p in self.stored.header.points}
        counts = self.rows["train"]["machine_id"].value_counts()
        if beyond := [p for p in self.experiment.points if p.name in todo and (p.clips or 0) > counts.min()]:
            self.notify(
                f"Points of {', '.join(map(str, dict.fromkeys(p.clips for p in beyond)))} clips were not run: machine id "
                f"{counts.idxmin()} has {counted(int(counts.min()), 'normal clip')}."
            )
            todo = todo - {p.name for p in beyond}
        groups: dict[str, list[Point]] = {}
        for point in self.experiment.points:
            if point.name in todo and not point.is_fusion:
                spec = {k: v for k, v in point.spec().items() if k != STORED_TESTED_AT}
                groups.setdefault(json.dumps(spec, sort_keys=True), []).append(point)
        return list(groups.values())

    def read(self, groups: Sequence[Sequence[Point]], progress: Progress) -> None:
        """Features of all clips, every representation and strength in one pass."""
        rows = {split: table.drop(columns="sha256") for split, table in self.rows.items()}
        train = [p.representation(p.trained_at) for p, *_ in groups if self._needs_training_clips(p)]
        if train:
            read = extract_dataset(self.dataset, rows["train"], train, stage(progress, 0.0, 0.7, "training set"))
            self.train = read
            self.fit, self.held_out = _parted(read)
        test = [p.representation(p.tested_at) for group in groups for p in group]
        self.test = extract_dataset(self.dataset, rows["test"], test, stage(progress, 0.7, 1.0, "test set"))

    def _needs_training_clips(self, point: Point) -> bool:
        return self._artifact(point) is None or point.detector in self.members

    def _artifact(self, point: Point) -> Path | None:
        """The folder of a trained detector that was trained as the point asks."""
        folder = self.models / point.detector
        if point.detector in VARIANTS or point.clips is not None or not (folder / artifacts.MANIFEST).is_file():
            return None
        manifest = artifacts.read_manifest(folder)
        if from_config(manifest.representation) != point.representation(point.trained_at):
            return None
        same = manifest.config["parameters"] == point.parameters() and manifest.seed == point.seed
        suited = manifest.config.get(
            "suited", {}
        ).values()  # a parameter that the point sets is the same for every machine
        same &= not {name for values in suited for name in values} & set(point.overrides)
        return folder if same and manifest.data_fingerprint == self.stored.header.fingerprint else None

    def do(self, group: Sequence[Point], progress: Progress) -> None:
        """Train once, score every point of the group, and write them."""
        first = group[0]
        try:
            detector, about = self._trained(first, progress)
        except TrainingError as error:
            self.notify(f"{first.name} was not run: {error}")
            return
        scores = [score_rows(p, detector, self.test, p.representation(p.tested_at)) for p in group]
        taught = [
            score_rows(p, detector, self.held_out, p.representation(p.trained_at))
            for p in group
            if p.detector in self.members and p.tested_at == p.trained_at
        ]
        self.store([record(p, **about) for p in group], scores, taught)

    def _trained(self, point: Point, progress: Progress) -> tuple[Detector, dict[str, Any]]:
        folder = self._artifact(point)
        if folder is not None:
            artifact = artifacts.load(folder)
            manifest = artifact.manifest
            about = {
                "model_version": artifact.version,
                "fit_seconds": manifest.fit_seconds,
                "diagnostics": manifest.diagnostics,
            }
            return artifact.detector, {**about, "versions": manifest.versions}
        detector = class_of(point.detector).create(point.preset, **point.overrides)
        began = time.monotonic()
        fit = self.fit if point.clips is None else _parted(drawn(self.train, point.clips, point.draw))[0]
        fit = fit.of_machines(learnable(fit.machine_ids, detector))
        features = fit.features[point.representation(point.trained_at)]
        detector = detector.for_clips(len(fit.rows))
        detector.fit_in_domains(
            features, fit.machine_ids, fit.domains, attributes=fit.attributes, seed=point.seed, progress=progress
        )
        return detector, {"fit_seconds": round(time.monotonic() - began, 2), "diagnostics": detector.diagnostics_}

    def store(self, records: Sequence[PointRecord], scores: Sequence[Any], taught: Sequence[Any]) -> None:
        """Write points beside those on disk, where another run may have put some meanwhile."""
        if records:
            order = [p.name for p in self.experiment.points]
            with locked(self.folder / store.POINTS_FILE):
                self.stored = merged(self._taken_up(lambda _: None), records, scores, taught, order)
                store.write_experiment(self.stored, self.folder)


def _parted(clips: Extracted) -> tuple[Extracted, Extracted]:
    """The training normals that are fitted on, and those that are held out."""
    mask = held_out(clips.rows["sha256"].tolist(), clips.machine_ids)
    return clips.subset(~mask), clips.subset(mask)


def _same_sweep(point: Point, stored: PointRecord) -> bool:
    """True when a stored point differs from this one in the swept parameter alone."""
    (swept,) = point.overrides
    mine, its = point.spec(), stored.spec
    subset, other = ({**spec, "parameters": {**spec["parameters"], swept: None}} for spec in (mine, its))
    return subset == other
