"""fit -> calibrate -> save -> score the test clips: everything in a models folder comes from here."""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core import artifacts
from asd_core.audio import Clip, prepare
from asd_core.calibration import Calibration, held_out
from asd_core.checks import PlantedCheck, collapse_alarms
from asd_core.datasets.catalogue import Dataset
from asd_core.detectors.base import Detector, Progress, silent
from asd_core.detectors.fusion import Fusion, choose_members
from asd_core.detectors.network import NetworkDetector, stage
from asd_core.detectors.registry import detector_class, select
from asd_core.errors import ClipError, TrainingError
from asd_core.features import Array, LogMel, MemberScores, Representation, pool
from asd_core.planted import plant_burst
from asd_core.reference import measure
from asd_core.reference import write as write_references
from asd_core.score_store import AS_RECORDED
from asd_core.score_store import DATASET as DATASET  # for those who know this name from here
from asd_core.score_store import SCORES as SCORES
from asd_core.score_store import write as write_scores
from asd_core.score_store import write_parquet as write_parquet
from asd_core.scoring import ModelSet, extract, raw_scores
from asd_core.welch import WelchSpectrum

if TYPE_CHECKING:
    import pandas as pd

TWINS = "untrained.parquet"  # scores of the test clips by the networks as they were born
POOLED = "features.parquet"


@dataclass(frozen=True)
class Extracted:
    """Clips of a catalogue with their representations."""

    rows: "pd.DataFrame"  # catalogue rows, with a column sha256
    features: dict[Representation, list[Array]]
    skipped: list[str]  # one sentence for each clip that could not be read

    def subset(self, mask: "np.ndarray[Any, np.dtype[np.bool_]]") -> "Extracted":
        keep = np.flatnonzero(mask)
        features = {r: [values[i] for i in keep] for r, values in self.features.items()}
        return Extracted(self.rows.iloc[keep].reset_index(drop=True), features, self.skipped)


def extract_dataset(
    dataset: Dataset,
    rows: "pd.DataFrame",
    representations: Sequence[Representation],
    progress: Progress = silent,
    *,
    change: Callable[[Clip], Clip] = lambda clip: clip,
) -> Extracted:
    """Read, prepare and transform clips; those that cannot be scored are named and left out.

    Args:
        change: applied to each prepared clip first (planting a fault, denoising).
    """
    wanted = list(dict.fromkeys(representations))
    features: dict[Representation, list[Array]] = {r: [] for r in wanted}
    hashes, kept, skipped = [], [], []
    for index, clip_id in enumerate(rows["clip_id"]):
        if index % 20 == 0:
            progress(index / len(rows), f"reading clip {index + 1} of {len(rows)}")
        try:
            clip = dataset.read(clip_id)
            found = extract(change(prepare(clip)), wanted)
        except ClipError as error:
            skipped.append(str(error))
            continue
        for representation, values in found.items():
            features[representation].append(values)
        hashes.append(clip.sha256)
        kept.append(index)
    table = rows.iloc[kept].reset_index(drop=True).assign(sha256=hashes)
    return Extracted(table, features, skipped)


def fitted_rows(dataset: Dataset) -> "pd.DataFrame":
    """Rows of the training normals that detectors are fitted on, without the held-out ones."""
    rows = dataset.rows(split="train", label="normal")
    hashes = [dataset.read(clip_id).sha256 for clip_id in rows["clip_id"]]
    return rows[~held_out(hashes, rows["machine_id"].tolist())].reset_index(drop=True)


@dataclass(frozen=True)
class Material:
    """Everything detectors are trained, calibrated, checked and tested on."""

    dataset: Dataset
    fit: Extracted
    calibration: Extracted  # normal clips that are never fitted on
    planted: Extracted  # the same clips with a synthetic burst in each
    test: Extracted
    fingerprint: str  # of all training clips


def gather(
    dataset: Dataset, representations: Sequence[Representation], progress: Progress, say: Callable[[str], None]
) -> Material:
    """Read a dataset once for all detectors.

    Raises:
        TrainingError: when there is nothing to learn from.
    """
    train_rows, test_rows = dataset.rows(split="train", label="normal"), dataset.rows(split="test")
    if train_rows.empty:
        raise TrainingError(f"{dataset.title} has no normal clips for training: add them under train/ or normal/.")
    heard = [*representations, WelchSpectrum()]  # which no detector hears: it is for the reference alone
    train = extract_dataset(dataset, train_rows, heard, stage(progress, 0.0, 0.6, "training set"))
    test = extract_dataset(dataset, test_rows, representations, stage(progress, 0.6, 0.9, "test set"))
    for sentence in train.skipped + test.skipped:
        say(sentence)
    if train.rows.empty:
        raise TrainingError(f"No training clip of {dataset.title} could be read.")
    hashes = train.rows["sha256"].tolist()
    mask = held_out(hashes, train.rows["machine_id"].tolist())
    calibration = train.subset(mask)
    planted = extract_dataset(
        dataset,
        calibration.rows.drop(columns="sha256"),
        representations,
        stage(progress, 0.9, 1.0, "planted faults"),
        change=lambda clip: plant_burst(clip, int(clip.sha256[:8], 16)),
    )
    return Material(dataset, train.subset(~mask), calibration, planted, test, artifacts.fingerprint(hashes))


def train(
    dataset: Dataset,
    out: Path,
    *,
    detectors: Iterable[str] | None = None,
    preset: str = "standard",
    seed: int = 0,
    progress: Progress = silent,
    say: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Train detectors on a dataset's training normals and write them to ``out``, one by one: what was finished
    before an interrupt stays.

    Args:
        detectors: keys; all registered ones for ``None``.
        progress: hears fractions of the whole.
        say: hears one sentence for everything the user should know (a skipped clip, a detector that refuses, an alarm).

    Returns:
        Keys of the detectors that were trained.

    Raises:
        TrainingError: when there is nothing to learn from, or no detector could be trained.
    """
    keys = select(detectors)
    classes = {key: detector_class(key) for key in keys}
    found = [LogMel(), *(c.info.representation for c in classes.values())]
    representations = [r for r in found if not isinstance(r, MemberScores)]
    material = gather(dataset, representations, stage(progress, 0.0, 0.15, "reading"), say)
    out.mkdir(parents=True, exist_ok=True)
    (out / DATASET).write_text(json.dumps({"location": dataset.location, "title": dataset.title}) + "\n", "utf-8")
    write_pooled(material, out)
    write_reference(material.fit, out)

    finished = []
    # A fusion learns from the others' scores, so it comes last.
    ordered = sorted(keys, key=lambda key: isinstance(classes[key].info.representation, MemberScores))
    for index, key in enumerate(ordered):
        low, high = (0.15 + 0.85 * i / len(keys) for i in (index, index + 1))
        title = classes[key].info.title
        try:
            alarms = train_one(key, material, out, preset=preset, seed=seed, progress=stage(progress, low, high, title))
        except TrainingError as error:
            say(f"{title} was not trained: {error}")
            continue
        for alarm in alarms:
            say(f"{title}: {alarm}")
        finished.append(key)
    if not finished:
        raise TrainingError(f"No detector could be trained on {dataset.title}.")
    progress(1.0, "done")
    return [key for key in keys if key in finished]


def train_one(
    key: str, material: Material, out: Path, *, preset: str, seed: int, progress: Progress = silent
) -> list[str]:
    """Fit on four fifths of the normals, calibrate on the rest, check, save, and store the scores of the test clips.

    Returns:
        Alarms: sentences on why not to trust this detector.
    """
    cls = detector_class(key)
    detector = cls.create(preset)
    if isinstance(detector, Fusion):
        material = member_material(detector, material, out)
    representation = cls.info.representation
    began = time.monotonic()
    detector.fit(material.fit.features[representation], _ids(material.fit), seed=seed, progress=progress)
    seconds = time.monotonic() - began
    check = planted_check(detector, material)
    twin = _untrained(detector, material, seed)
    twin_check = planted_check(twin, material) if twin else None
    alarms = collapse_alarms(check, detector.health_, twin_check)
    health = {**detector.health_, "planted_auc": round(check.auc, 4)}
    if twin_check:
        health["untrained_planted_auc"] = round(twin_check.auc, 4)
    calibration = Calibration.from_scores(check.normal, check.normal_ids)
    manifest = artifacts.save(
        detector,
        out / key,
        seed=seed,
        preset=preset,
        dataset=material.dataset.name,
        data_fingerprint=material.fingerprint,
        n_fitted={str(i): int(n) for i, n in material.fit.rows["machine_id"].value_counts().sort_index().items()},
        calibration=calibration.scores,
        health=health,
        alarms=alarms,
        fit_seconds=round(seconds, 2),
    )
    version, test_print = manifest.weights_sha256[:8], material.dataset.fingerprint(AS_RECORDED.split)
    store_scores(detector, material.test, out / SCORES, calibration, version, test_print)
    if twin:
        store_scores(twin, material.test, out / TWINS, calibration, version, test_print)
    return alarms


def _ids(part: Extracted) -> list[str]:
    return list(part.rows["machine_id"])


def planted_check(detector: Detector, material: Material) -> PlantedCheck:
    """Scores of the held-out clips as they are and with a burst planted in each."""
    representation = detector.info.representation
    ids, planted_ids = _ids(material.calibration), _ids(material.planted)
    return PlantedCheck(
        detector.score(material.calibration.features[representation], ids),
        ids,
        detector.score(material.planted.features[representation], planted_ids),
        planted_ids,
    )


def _untrained(detector: Detector, material: Material, seed: int) -> Detector | None:
    """The same network with the weights it was born with, or ``None`` for a detector without a network."""
    if not isinstance(detector, NetworkDetector):
        return None
    twin = type(detector)(**{**detector.parameters(), "epochs": 0})
    return twin.fit(material.fit.features[detector.info.representation], _ids(material.fit), seed=seed)


def member_material(fusion: Fusion, material: Material, out: Path) -> Material:
    """The material as a fusion sees it: its members' scores in place of sound.

    Half of the held-out clips (by hash) teach it how the members score normal sound, the other half calibrates it.

    Raises:
        TrainingError: when fewer than two trained detectors could be members.
    """
    candidates = {}
    for key in artifacts.trained_keys(out):
        manifest = artifacts.read_manifest(out / key)
        if detector_class(key).info.origin == "control" or key == fusion.info.key or manifest.alarms:
            continue
        if manifest.data_fingerprint == material.fingerprint:
            candidates[key] = float(manifest.health["planted_auc"])
    fusion.members_ = choose_members(candidates)
    if len(fusion.members_) < 2:
        raise TrainingError("it needs two or more trained detectors without an alarm as members.")
    models = ModelSet(out, fusion.members_)

    def combined(part: Extracted) -> Extracted:
        if part.rows.empty:
            return Extracted(part.rows, {MemberScores(): []}, part.skipped)
        scores = raw_scores(models, part.features, _ids(part))
        vectors = np.stack([scores[m] for m in fusion.members_], axis=1)
        return Extracted(part.rows, {MemberScores(): list(vectors)}, part.skipped)

    known = models.machine_ids()
    calibration = combined(material.calibration)
    teach = held_out(calibration.rows["sha256"].tolist(), _ids(calibration), 0.5)
    test = combined(material.test.subset(material.test.rows["machine_id"].isin(known).to_numpy()))
    return replace(
        material,
        fit=calibration.subset(teach),
        calibration=calibration.subset(~teach),
        planted=combined(material.planted).subset(~teach),
        test=test,
    )


def store_scores(
    detector: Detector, test: Extracted, path: Path, calibration: Calibration, version: str, data_fingerprint: str
) -> None:
    """Put one detector's scores of the test clips into a score table, in place of its earlier ones.

    Args:
        data_fingerprint: of the test split, see :meth:`Dataset.fingerprint`.
    """
    known = test.subset(test.rows["machine_id"].isin(detector.machine_ids_).to_numpy())
    if known.rows.empty:
        return
    ids = _ids(known)
    raw = detector.score(known.features[detector.info.representation], ids)
    table = known.rows.assign(
        detector=detector.info.key,
        model_version=version,
        data_fingerprint=data_fingerprint,
        denoise=AS_RECORDED.denoise,
        kind=AS_RECORDED.kind,
        raw=raw,
        calibrated=[float(calibration.percentile(s, i)) for s, i in zip(raw, ids, strict=True)],
    )
    write_scores(table, path)


def write_pooled(material: Material, out: Path) -> None:
    """Pooled log-mels of all clips, for scatter plots: one row a clip, columns ``f0 …`` beside the catalogue's."""
    import pandas as pd

    parts = []
    for part in (material.fit, material.calibration, material.test):
        if part.rows.empty:
            continue
        # Half precision resolves 0.03 dB at -60 dB: enough to draw points by, and half the size in the repository.
        pooled = np.stack([pool(f) for f in part.features[LogMel()]]).astype(np.float16)
        columns = pd.DataFrame(pooled, columns=[f"f{i}" for i in range(pooled.shape[1])], index=part.rows.index)
        parts.append(pd.concat([part.rows, columns], axis=1))
    write_parquet(pd.concat(parts, ignore_index=True).sort_values("clip_id", ignore_index=True), out / POOLED)


def write_reference(fit: Extracted, out: Path) -> None:
    """What is usual for each machine id, from the clips that detectors are fitted on (with :class:`WelchSpectrum`)."""
    log_mels, spectra, ids = fit.features[LogMel()], fit.features[WelchSpectrum()], np.array(_ids(fit))
    references = {}
    for machine_id in np.unique(ids).tolist():
        own = np.flatnonzero(ids == machine_id).tolist()
        references[machine_id] = measure([log_mels[i] for i in own], [spectra[i] for i in own])
    write_references(references, out)


def make_reference(
    dataset: Dataset, out: Path, *, progress: Progress = silent, say: Callable[[str], None] = lambda _: None
) -> None:
    """:func:`write_reference` for a models folder that lacks it.

    Raises:
        TrainingError: when the dataset has no normal clips for training.
    """
    rows = dataset.rows(split="train", label="normal")
    read = extract_dataset(dataset, rows, [LogMel(), WelchSpectrum()], progress)
    for sentence in read.skipped:
        say(sentence)
    if read.rows.empty:
        raise TrainingError(f"{dataset.title} has no normal clips for training that could be read.")
    out.mkdir(parents=True, exist_ok=True)
    write_reference(read.subset(~held_out(read.rows["sha256"].tolist(), _ids(read))), out)
    progress(1.0, "done")
