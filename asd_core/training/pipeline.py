"""Detectors trained on a dataset, one after the other or by a cluster: everything in a models folder comes from here."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asd_core import artifacts
from asd_core.artifacts import resampled_otherwise, write_conditions, write_pooled
from asd_core.counting import counted
from asd_core.datasets import DATASET, Dataset
from asd_core.detectors import detector_class, is_control, select
from asd_core.detectors.common.few_clips import defaults_for
from asd_core.detectors.fusion import Fusion
from asd_core.engine import chosen_engine
from asd_core.errors import ArtifactError, TrainingError
from asd_core.evaluation import untrained_domains
from asd_core.explain import write_reference
from asd_core.features import LogMel, MemberScores, from_config
from asd_core.files import write_text
from asd_core.progress import Progress, report_losses, silent, stage
from asd_core.scoring import compute_scores, level_meter, missing_scores, read_scores
from asd_core.sound import Kind
from asd_core.training.budget import Budget, cheapest_first, duration
from asd_core.training.claim import claimed
from asd_core.training.fitting import Trained, fit_one, save_trained, train_one
from asd_core.training.material import Material, detector_input, few_clips, gather
from asd_core.training.min_clips import too_few
from asd_core.training.time_left import TimeLeft, retold


def train(
    dataset: Dataset,
    out: str | Path,
    *,
    detectors: Iterable[str] | None = None,
    preset: str = "standard",
    seed: int = 0,
    denoise: float = 0.0,
    kind: Kind = "stationary",
    seconds: float | None = None,
    resume: bool = False,
    progress: Progress = silent,
    notify: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Train detectors on a dataset's training normals and write them to ``out``, one by one: what was finished
    before an interrupt stays. A fusion's members are those trained with it or found in ``out``. Of a folder with several
    versions this is the first, which is then put in use.

    Args:
        detectors: keys; all registered ones for ``None``.
        denoise: strength at which clips are denoised before a detector gets them: in fitting, calibration, checks, and
            whenever it scores. Its manifest records it.
        kind: of that denoising.
        seconds: a time to train in: the cheapest detectors come first, and those that are not expected to end in time are left
            out, at least one is trained.
        resume: leave detectors as they are that were trained with these settings on these clips.
        progress: called with fractions of the whole.
        notify: called with one sentence for all that the user should know: a skipped clip, a detector that refuses, an alarm.

    Returns:
        Keys of the detectors that were trained.

    Raises:
        TrainingError: when there is nothing to learn from, no detector could be trained, or the folder cannot be used: see
            :func:`asd_core.training.claim.claimed`.
    """
    out, keys = Path(out), select(detectors)
    with claimed(out, dataset):
        trained = _train(dataset, out, keys, preset, seed, denoise, kind, seconds, resume, progress, notify)
        if artifacts.folder_in_use(out) != out:
            artifacts.use_version(out, artifacts.FIRST)
            notify(f"The first version in {out} is in use again: it is the one that was trained.")
        return trained


def _train(
    dataset: Dataset,
    out: Path,
    keys: list[str],
    preset: str,
    seed: int,
    denoise: float,
    kind: Kind,
    seconds: float | None,
    resume: bool,
    progress: Progress,
    notify: Callable[[str], None],
) -> list[str]:
    classes = {key: detector_class(key) for key in keys}
    representations = [LogMel(), *(detector_input(c.info.representation, denoise, kind) for c in classes.values())]
    manifests = []
    if any(issubclass(c, Fusion) for c in classes.values()):  # its members may have been trained before
        manifests = list(artifacts.readable(out).values())
        for key, damage in artifacts.damaged(out).items():
            if key not in classes and not is_control(key):
                notify(f"{detector_class(key).info.title} is no member of a fusion: {damage}")
        representations += [from_config(manifest.representation) for manifest in manifests]
    of_sound = [r for r in representations if not isinstance(r, MemberScores)]
    reading = stage(progress, 0.0, 0.15, "reading")
    material = gather(dataset, of_sound, reading, notify, denoise=denoise, kind=kind)
    if material.fit.rows.empty:
        raise TrainingError(
            f"{dataset.title} has {counted(len(material.calibration.rows), 'normal recording')} to train on, and a machine needs "
            "two at least, one to learn from and one to set the threshold: record ten or more."
        )
    if (n := len(material.calibration.rows)) < artifacts.ENOUGH_TO_TELL:
        notify(artifacts.few_to_tell(n).replace("it has", "a detector has"))
    for description in [*few_clips(material), *too_few(keys, material.clips)]:
        notify(description)
    if sentence := untrained_domains(dataset.rows(split="train", label="normal"), dataset.rows(split="test")):
        notify(sentence)
    write_text(json.dumps({"location": dataset.location, "title": dataset.title}) + "\n", out / DATASET)
    write_pooled((material.fit, material.calibration, material.test), out)
    write_reference(material.fit, out)
    write_conditions(material.conditions, out)

    for manifest in manifests:
        if reason := material.refused.get(from_config(manifest.representation)):
            notify(f"{detector_class(manifest.detector).info.title} is no member of a fusion: {reason}")
    finished = []
    budget = Budget(seconds, material.fit_amount)
    ordered = cheapest_first(keys)  # so that something can be compared soon
    trained_before = [key for key in ordered if resume and _is_current(out / key, material, preset, seed)]
    # A fusion of what is trained now is another one then.
    trained_before = [
        key
        for key in trained_before
        if not (set(ordered) - set(trained_before)) & set(artifacts.read_manifest(out / key).config.get("members", []))
    ]
    # A run that was killed after it had stored a detector has left it without scores.
    if unscored := missing_scores(out, dataset, keys=trained_before):
        compute_scores(dataset, artifacts.ModelSet(out, unscored), notify=notify)
    waiting = [key for key in ordered if key not in trained_before]
    spread = [key for key in waiting if not issubclass(classes[key], Fusion)]  # whose members are in the folder
    ahead = _fitted_elsewhere(spread, material, preset, seed) if seconds is None else None
    for index, key in enumerate(waiting):
        title = classes[key].info.title
        if not budget.allows(key):
            notify(f"{title} was left out: it would take about {duration(budget.expects(key))}.")
            continue
        began, left = time.monotonic(), budget.left(waiting[index:])
        low = 0.15 + 0.85 * budget.spent / max(budget.spent + left, 1e-9)
        high = 0.15 + 0.85 * (budget.spent + budget.expects(key)) / max(budget.spent + left, 1e-9)
        report_losses([], [])
        place, told = f"{index + 1} of {len(waiting)}", TimeLeft(budget, waiting[index:])
        try:
            with retold(progress, low, min(high, 1.0), title, place, told) as fitting:
                if ahead and key in spread:
                    fitting(0.0, "")
                    alarms = save_trained(_here(next(ahead), notify), material, out)
                else:
                    alarms = train_one(key, material, out, preset=preset, seed=seed, progress=fitting, notify=notify)
        except TrainingError as error:
            notify(f"{title} was not trained: {error}")
            continue
        budget.took(key, time.monotonic() - began)
        for alarm in alarms:
            notify(f"{title}: {alarm}")
        finished.append(key)
    report_losses([], [])
    finished += trained_before
    if not finished:
        raise TrainingError(f"No detector could be trained on {dataset.title}.")
    if sentence := level_meter(read_scores(out, dataset)):
        notify(sentence)
    progress(1.0, "done")
    return [key for key in keys if key in finished]


def _is_current(folder: Path, material: Material, preset: str, seed: int) -> bool:
    """Whether a detector was trained with these settings on these clips, denoised as they are to be."""
    try:
        manifest = artifacts.read_manifest(folder)
    except ArtifactError:
        return False
    taken = detector_input(detector_class(manifest.detector).info.representation, material.denoise, material.kind)
    rates = {rate for machine in material.conditions.get("train", {}).values() for rate in machine.sample_rates}
    if from_config(manifest.representation) != taken or resampled_otherwise(
        manifest.resampling, taken.sample_rate, rates
    ):
        return False
    stored, today = manifest.config.get("parameters", {}), detector_class(manifest.detector).create(preset).parameters()
    if _fixed(manifest.detector, stored) != _fixed(manifest.detector, today):
        return False  # trained when the preset meant something else
    if not material.taught(manifest) or manifest.changed_members:
        return False
    return (manifest.preset, manifest.seed) == (preset, seed)


def _fixed(key: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Without those that follow the number of clips."""
    return {name: value for name, value in parameters.items() if name not in defaults_for(key, 0)}


@dataclass(frozen=True)
class Fitting:
    """Fits a detector of a key, in whatever process: what a user is to read comes with the outcome."""

    material: Material
    preset: str
    seed: int

    def __call__(self, key: str) -> tuple[Trained | TrainingError, list[str]]:
        messages: list[str] = []
        try:
            return fit_one(key, self.material, preset=self.preset, seed=self.seed, notify=messages.append), messages
        except TrainingError as error:
            return error, messages


def _fitted_elsewhere(
    keys: list[str], material: Material, preset: str, seed: int
) -> Iterator[tuple[Trained | TrainingError, list[str]]] | None:
    """Detectors as a cluster has fitted them, in order. ``None`` where there is none: on one machine a fit has all of its cores."""
    engine = chosen_engine()
    return None if engine.shares_files else engine.map(Fitting(material, preset, seed), keys)


def _here(outcome: tuple[Trained | TrainingError, list[str]], notify: Callable[[str], None]) -> Trained:
    """An outcome as :func:`fit_one` in this process would give it."""
    trained, messages = outcome
    for sentence in messages:
        notify(sentence)
    if isinstance(trained, TrainingError):
        raise trained
    return trained
