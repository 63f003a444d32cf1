"""The same training with other seeds: how much of a network's figure is luck."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from asd_core import artifacts
from asd_core.datasets import Dataset, Extracted, extract_dataset, fitted_rows
from asd_core.detectors import detector_class, select
from asd_core.detectors.common.network import NetworkDetector
from asd_core.engine import chosen_engine
from asd_core.errors import ArtifactError
from asd_core.features import Representation, from_config, to_config
from asd_core.files import locked, read_parquet, write_parquet
from asd_core.lazy import pd
from asd_core.progress import Progress, silent, stage
from asd_core.settings import get_settings

SEEDS = "seeds.parquet"
EXPENSIVE = {"f_anogan"}  # one seed unless asked for by name


def train_seeds(
    dataset: Dataset,
    folder: Path,
    seeds: Sequence[int],
    *,
    detectors: Iterable[str] | None = None,
    preset: str = "standard",
    progress: Progress = silent,
) -> None:
    """Train every network once for each seed on the clips the folder's own were fitted on; store scores of test clips.

    What is already there, trained in the same way on the same clips, is not done again, so an interrupted run goes on where it
    stopped. What was trained otherwise makes room.

    Raises:
        ArtifactError: when no network is among the detectors.
    """
    keys = [k for k in select(detectors) if issubclass(detector_class(k), NetworkDetector)]
    if detectors is None:
        keys = [k for k in keys if k not in EXPENSIVE]
    if not keys:
        raise ArtifactError("None of these detectors is a network: other seeds would change nothing.")
    inputs = {key: _input(folder, key) for key in keys}
    representations = list(inputs.values())
    fit_set = extract_dataset(dataset, fitted_rows(dataset), representations, stage(progress, 0.0, 0.1, "reading"))
    test_set = extract_dataset(
        dataset, dataset.rows(split="test"), representations, stage(progress, 0.1, 0.15, "reading")
    )
    training = SeedTraining(fit_set, test_set, inputs, preset)
    prints = {key: training.fingerprint(key) for key in keys}
    done = stored_seeds(folder)
    current = set(done[["detector", "seed", "fingerprint"]].itertuples(index=False, name=None))
    tasks = [(key, seed) for seed in seeds for key in keys if (key, seed, prints[key]) not in current]
    for index, ((key, seed), table) in enumerate(zip(tasks, _trained(training, tasks, progress), strict=True)):
        with locked(folder / SEEDS):  # another run may have stored some meanwhile
            done = stored_seeds(folder)
            same = (done["seed"] != seed) & (done["fingerprint"] == prints[key])
            table = table.assign(fingerprint=prints[key])
            write_parquet(pd.concat([done[(done["detector"] != key) | same], table], ignore_index=True), folder / SEEDS)
        progress(_share(index + 1, tasks), f"{key}, seed {seed}")


@dataclass(frozen=True)
class SeedTraining:
    """Trains a network with another seed, in whatever process, and scores the test clips: rows of :func:`stored_seeds` but for their
    fingerprint."""

    fit: Extracted
    test: Extracted
    inputs: dict[str, Representation]
    preset: str

    def fingerprint(self, key: str) -> str:
        """A hash of what a network's scores follow from, but for the seed: its parameters, what it takes, the clips, and the channel
        of them."""
        parameters = detector_class(key).create(self.preset).parameters()
        clips = [
            part.rows[["sha256", "machine_id", "domain", "label"]].astype(str).to_numpy().tolist()
            for part in (self.fit, self.test)
        ]
        about = [parameters, to_config(self.inputs[key]), f"channel {get_settings().channel}", clips]
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]

    def __call__(self, task: tuple[str, int], progress: Progress = silent) -> "pd.DataFrame":
        key, seed = task
        fit, representation = self.fit, self.inputs[key]
        detector = detector_class(key).create(self.preset).for_clips(len(fit.rows))
        features = fit.features[representation]
        detector.fit_in_domains(
            features, fit.machine_ids, fit.domains, attributes=fit.attributes, seed=seed, progress=progress
        )
        known = self.test.of_machines(detector.machine_ids_)
        raw = detector.score(known.features[representation], known.machine_ids)
        return known.rows[["clip_id", "machine_id", "label"]].assign(detector=key, seed=seed, raw=raw)


def _trained(training: SeedTraining, tasks: Sequence[tuple[str, int]], progress: Progress) -> "Iterator[pd.DataFrame]":
    """The tasks' outcomes in order: from a cluster, or one after the other here, where each has all cores."""
    engine = chosen_engine()
    if not engine.shares_files:
        yield from engine.map(training, tasks)
        return
    for index, (key, seed) in enumerate(tasks):
        share = stage(progress, _share(index, tasks), _share(index + 1, tasks), f"{key}, seed {seed}")
        yield training((key, seed), share)


def _share(done: int, tasks: Sequence[tuple[str, int]]) -> float:
    return 0.15 + 0.85 * done / len(tasks)


def _input(folder: Path, key: str) -> Representation:
    """What the folder's own detector takes (of denoised sound, where it learned that), or its class's representation."""
    if key in artifacts.trained_keys(folder):
        return from_config(artifacts.read_manifest(folder / key).representation)
    return detector_class(key).info.representation


def stored_seeds(folder: Path) -> "pd.DataFrame":
    """Scores of test clips by the repeated trainings: columns clip_id, machine_id, label, detector, seed, raw, and of what they
    follow from the fingerprint, empty where an earlier version stored none."""
    stored = read_parquet(folder / SEEDS)
    if stored is None:
        stored = pd.DataFrame(columns=["clip_id", "machine_id", "label", "detector", "seed", "raw"])
    return stored if "fingerprint" in stored else stored.assign(fingerprint="")
