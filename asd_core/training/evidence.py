"""What is known of a detector without any anomaly: which synthetic ones it tells from held-out normal clips, and how steady it is.

The table is stored beside the detectors as ranks: AUC, its resampling and rank correlations need no more, and they are small.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from asd_core import artifacts
from asd_core.datasets import Dataset, held_out
from asd_core.detectors import MIN_TRAINING_CLIPS, Detector, Scores, detector_class, select
from asd_core.detectors.fusion import Fusion
from asd_core.errors import TrainingError
from asd_core.features import MemberScores, Representation
from asd_core.files import locked, read_parquet, write_parquet
from asd_core.lazy import pd
from asd_core.progress import Progress, losses_to, silent, stage
from asd_core.scoring import model_versions
from asd_core.training.budget import is_cheap
from asd_core.training.checks import untrained_baseline
from asd_core.training.material import Material, gather, scored_by_members

EVIDENCE = "evidence.parquet"
SCHEMA = 1
RANKS = ("trained", "untrained", "half_a", "half_b")  # nan where there is none
COLUMNS = ("schema", "detector", "model_version", "clip_id", "machine_id", "kind", "db", *RANKS)


def evidence_table(
    detector: Detector,
    material: Material,
    representation: Representation,
    normal: Scores,
    untrained: Detector | None,
    *,
    seed: int,
) -> "pd.DataFrame":
    """Ranks of the held-out normal clips and of the synthetic anomalies of every strength, within each machine id.

    Args:
        detector: fitted on the material.
        representation: that it takes: of an artifact the one that it was trained with, whatever the settings say now.
        normal: ``(n,)`` its scores of the held-out clips.
        untrained: the same network as it was built; ``None`` for a detector without one.
        seed: of its training: so are its halves trained, where fitting is cheap.

    Returns:
        A row per held-out clip (``kind`` empty) and a row per synthetic anomaly (``clip_id``: what it was made of),
        with the columns ``clip_id, machine_id, kind, db`` and those of :data:`RANKS`, twice the average rank. Of the
        halves, only held-out clips are ranked.
    """
    calibration, graded = material.calibration, material.graded
    table = pd.concat(
        [
            calibration.rows[["clip_id", "machine_id"]].assign(kind="", db=np.nan),
            graded.rows[["clip_id", "machine_id", "kind", "db"]],
        ],
        ignore_index=True,
    )

    def scores(of: Detector) -> Scores:
        return of.score(graded.features[representation], graded.machine_ids) if len(graded.rows) else np.empty(0)

    columns: dict[str, Scores] = dict.fromkeys(RANKS, np.full(len(table), np.nan))
    columns["trained"] = np.r_[normal, scores(detector)]
    if untrained:
        of_normal = untrained.score(calibration.features[representation], calibration.machine_ids)
        columns["untrained"] = np.r_[of_normal, scores(untrained)]
    for name, half in zip(("half_a", "half_b"), _halves(detector, material, representation, seed), strict=False):
        of_normal = half.score(calibration.features[representation], calibration.machine_ids)
        columns[name] = np.r_[of_normal, np.full(len(graded.rows), np.nan)]
    ranks = pd.DataFrame(columns).groupby(table["machine_id"]).rank() * 2
    return table.join(ranks.astype("Int32"))


def _halves(detector: Detector, material: Material, representation: Representation, seed: int) -> list[Detector]:
    """The detector fitted on either half of its clips (by hash); none where that takes long or a half is too small."""
    fit = material.fit
    if not is_cheap(detector.info.key):
        return []
    first = held_out(fit.rows["sha256"].tolist(), fit.machine_ids, 0.5)
    halves = [fit.subset(first), fit.subset(~first)]
    if (
        min(
            int(half.rows["machine_id"].value_counts().reindex(detector.machine_ids_).fillna(0).min())
            for half in halves
        )
        < MIN_TRAINING_CLIPS
    ):
        return []
    results = []
    for half in halves:
        again = detector.again()
        if isinstance(detector, Fusion) and isinstance(again, Fusion):
            again.learned_with(detector)
        with losses_to(lambda *_: None):  # its curve is not the detector's
            results.append(
                again.fit_in_domains(
                    half.features[representation],
                    half.machine_ids,
                    half.domains,
                    attributes=half.attributes,
                    seed=seed,
                )
            )
    return results


def write_evidence(table: "pd.DataFrame", key: str, version: str, out: Path) -> None:
    """Put a detector's evidence into the folder's table, in place of what was there of it."""
    path = out / EVIDENCE
    table = table.assign(schema=SCHEMA, detector=key, model_version=version, db=table["db"].astype(np.float32))
    with locked(path):  # what another process wrote meanwhile must not be lost
        earlier = _read(out)
        others = earlier[earlier["detector"] != key]
        write_parquet(
            pd.concat([others, table[list(COLUMNS)]], ignore_index=True) if len(others) else table[list(COLUMNS)], path
        )


def _read(folder: Path) -> "pd.DataFrame":
    table = read_parquet(folder / EVIDENCE)
    if table is None or not {*COLUMNS} <= {*table} or (table["schema"] != SCHEMA).any():
        return pd.DataFrame(columns=list(COLUMNS))
    return table


def read_evidence(folder: Path) -> "pd.DataFrame":
    """The evidence of a folder's detectors as they are now: columns of :data:`COLUMNS`; no rows where there is none, or of
    another version of the file."""
    table = _read(folder)
    if table.empty:
        return table
    return table[table["model_version"] == table["detector"].map(model_versions(folder))].reset_index(drop=True)


def evidence_stamp(folder: Path) -> int:
    """When the evidence was written, in ns (0: never): the key of caches."""
    try:
        return (folder / EVIDENCE).stat().st_mtime_ns
    except OSError:
        return 0


def missing_evidence(folder: Path) -> list[str]:
    """Trained detectors of a folder without evidence."""
    there = set(read_evidence(folder)["detector"])
    return [key for key in artifacts.trained_keys(folder) if key not in there]


def measure_evidence(
    dataset: Dataset,
    folder: Path,
    *,
    detectors: Iterable[str] | None = None,
    progress: Progress = silent,
    notify: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Measure the evidence of detectors that were trained without it; nothing of them is changed.

    Args:
        dataset: that they were trained on.
        detectors: keys; all of the folder that have none for ``None``.

    Returns:
        Keys of the detectors that were measured.

    Raises:
        ArtifactError: when the folder holds none of them. TrainingError: when the dataset has no normal clips.
    """
    models = artifacts.ModelSet(folder, None if detectors is None else select(detectors))
    keys = missing_evidence(folder) if detectors is None else list(models)
    if not keys:
        return []
    representations = [models[key].representation for key in keys]
    of_members = [r for key in keys for r in artifacts.ModelSet(folder, [key], shared=models).representations()]
    of_sound = [r for r in dict.fromkeys([*representations, *of_members]) if not isinstance(r, MemberScores)]
    normals = replace(dataset, catalogue=dataset.rows(split="train"))  # nothing is measured of test clips
    material = gather(normals, of_sound, stage(progress, 0.0, 0.7, "reading"), notify)
    refused = models.needing(material.refused)
    if refused:
        notify(artifacts.left_out(models, material.refused))
    done = []
    for index, key in enumerate(keys):
        artifact, title = models[key], detector_class(key).info.title
        progress(0.7 + 0.3 * index / len(keys), f"{title} ({index + 1} of {len(keys)})")
        if key in refused:
            continue
        about = artifact.manifest
        same = material.taught(about)
        if not same or about.changed_members:
            reason = (
                f"on other clips than {dataset.title} has now" if not same else "before the detectors that it combines"
            )
            notify(f"{title} was trained {reason}: train it again to measure its evidence.")
            continue
        try:
            table = _evidence_of(artifact, material, folder)
        except TrainingError as error:
            notify(f"{title} was left out: {error}")
            continue
        write_evidence(table, key, artifact.version, folder)
        done.append(key)
    progress(1.0, "done")
    return done


def _evidence_of(artifact: artifacts.Artifact, material: Material, folder: Path) -> "pd.DataFrame":
    detector, taken, about = artifact.detector, artifact.representation, artifact.manifest
    if isinstance(detector, Fusion):
        material = scored_by_members(detector, material, folder)
    material = material.of_machines(artifact.calibration.scores)
    normal = detector.score(material.calibration.features[taken], material.calibration.machine_ids)
    untrained = untrained_baseline(detector, material, taken, about.seed)
    return evidence_table(detector, material, taken, normal, untrained, seed=about.seed)
