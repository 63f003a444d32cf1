"""One detector: fit -> calibrate -> check -> score the test clips -> save."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core import artifacts
from asd_core.artifacts import Calibration
from asd_core.counting import listed, machines_named
from asd_core.datasets import N_FOLDS
from asd_core.detectors import Detector, Scores, detector_class
from asd_core.detectors.fusion import Fusion
from asd_core.errors import TrainingError
from asd_core.features import Representation
from asd_core.progress import Progress, silent, stage
from asd_core.scoring import AS_RECORDED, SCORES, of_detector, score_rows, write_scores
from asd_core.training.budget import refitted
from asd_core.training.checks import collapse_alarms, synthetic_check, untrained_baseline
from asd_core.training.cross_conformal import cross_calibrated
from asd_core.training.evidence import evidence_table, write_evidence
from asd_core.training.fusion_rules import learn_rule
from asd_core.training.material import Material, learnable, member_material

if TYPE_CHECKING:
    import pandas as pd

UNTRAINED = "untrained.parquet"  # scores of the test clips by the untrained baselines


@dataclass(frozen=True)
class Trained:
    """A fitted detector with all that is stored of it.

    Attributes:
        about: the manifest's fields that :func:`asd_core.artifacts.save` takes.
        evidence: of :func:`asd_core.training.evidence.evidence_table`.
        scored: by score file, the test clips that it knows and their raw scores; the detector's own come last.
    """

    detector: Detector
    representation: Representation
    calibration: Calibration
    about: dict[str, Any]
    evidence: "pd.DataFrame"
    scored: "dict[str, tuple[pd.DataFrame, Scores]]"


def train_one(
    key: str,
    material: Material,
    out: Path,
    *,
    preset: str,
    seed: int,
    progress: Progress = silent,
    notify: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """:func:`fit_one` and :func:`save_trained`: the alarms."""
    return save_trained(
        fit_one(key, material, out, preset=preset, seed=seed, progress=progress, notify=notify), material, out
    )


def fit_one(
    key: str,
    material: Material,
    out: Path | None = None,
    *,
    preset: str,
    seed: int,
    progress: Progress = silent,
    notify: Callable[[str], None] = lambda _: None,
) -> Trained:
    """Fit on four fifths of the normals, calibrate on the rest or, where fits are cheap, on all of them by more fits (see
    :mod:`asd_core.training.cross_conformal`), check, and score the test clips. A machine with too few clips is left out, with a
    sentence to ``notify``.

    Args:
        out: the folder with the members of a fusion.
    """
    cls = detector_class(key)
    detector = cls.create(preset)
    every, machine_types = material.machine_ids, material.dataset.catalogue["machine_type"].unique()
    if len(machine_types) > 1 and cls.info.scope == "machine type":
        notify(
            f"{cls.info.title} learns one network for all {len(machine_types)} machine types "
            f"({listed(sorted(machine_types))}): train on each type's folder for one a type."
        )
    if isinstance(detector, Fusion) and out:
        material = member_material(detector, material, out, learn_rule)
    material = material.of_machines(learnable(material.fit.machine_ids, detector))
    detector = detector.for_clips(len(material.fit.rows))
    representation = material.input(detector)
    if representation in material.refused:
        raise TrainingError(material.refused[representation])
    began = time.monotonic()
    crosses = refitted(key, material.fit_amount, preset)
    fitting = stage(progress, 0.0, 1.0 / N_FOLDS, "fitting") if crosses else progress
    fit = material.fit
    detector.fit_in_domains(
        fit.features[representation],
        fit.machine_ids,
        fit.domains,
        attributes=fit.attributes,
        seed=seed,
        progress=fitting,
    )
    seconds = time.monotonic() - began
    material = material.of_machines(detector.machine_ids_)
    if left_out := sorted(set(every) - set(material.calibration.machine_ids)):
        notify(
            f"{cls.info.title} does not know {machines_named(left_out)}: too few normal clips to learn from. Record "
            "more of its normal sound."
        )
    if material.calibration.rows.empty:
        raise TrainingError("no machine has a normal clip to learn from and another to calibrate it: record more.")
    check = synthetic_check(detector, material)
    untrained = untrained_baseline(detector, material, representation, seed)
    untrained_check = synthetic_check(untrained, material) if untrained else None
    alarms = collapse_alarms(check, detector.diagnostics_, untrained_check)
    evidence = evidence_table(detector, material, representation, check.normal, untrained, seed=seed)
    by_kind = {kind: round(value, 4) for kind, value in check.auc_by_kind().items()}
    diagnostics = {**detector.diagnostics_, "synthetic_auc": round(check.auc, 4), "synthetic_auc_by_kind": by_kind}
    if untrained_check:
        diagnostics["untrained_synthetic_auc"] = round(untrained_check.auc, 4)
    if crosses:
        calibrating = stage(progress, 1.0 / N_FOLDS, 1.0, "calibrating")
        calibration = cross_calibrated(detector, material, seed, calibrating)
    else:
        calibration = Calibration.from_scores(check.normal, check.normal_ids)
    if not all(np.isfinite(scores).all() for scores in calibration.scores.values()):
        raise TrainingError("its scores of normal clips are not all numbers, so no threshold can be set.")
    about = {
        "seed": seed,
        "preset": preset,
        "dataset": material.dataset.name,
        "data_fingerprint": material.fingerprint,
        "n_fitted": {str(i): int(n) for i, n in material.fit.rows["machine_id"].value_counts().sort_index().items()},
        "calibration": calibration.scores,
        "crossed": sorted(calibration.crossed),
        "diagnostics": diagnostics,
        "alarms": alarms,
        "fit_seconds": round(seconds, 2),
    }
    known = material.test.of_machines(calibration.scores)
    scored = {
        file: (known.rows, one.score(known.features[representation], known.machine_ids))
        for one, file in ((untrained, UNTRAINED), (detector, SCORES))
        if one and len(known.rows)
    }
    return Trained(detector, representation, calibration, about, evidence, scored)


def save_trained(trained: Trained, material: Material, out: Path) -> list[str]:
    """Save a detector, and store its scores of the test clips in place of its earlier ones.

    Returns:
        Alarms: sentences on why not to trust this detector.
    """
    key = trained.detector.info.key
    detector = trained.detector
    members = detector.members_ if isinstance(detector, Fusion) else []
    manifest = artifacts.save(
        detector,
        out / key,
        representation=trained.representation,
        learned_from=material.learned_from,
        members={member: artifacts.read_manifest(out / member).weights_sha256 for member in members},
        **trained.about,
    )
    version, test_print = manifest.version, material.dataset.fingerprint(AS_RECORDED.split)
    write_evidence(trained.evidence, key, version, out)
    for file, (rows, raw) in trained.scored.items():  # the last one says that all is stored
        table = score_rows(
            rows, key, version, trained.calibration, raw, of_detector(AS_RECORDED, trained.representation)
        )
        write_scores(table.assign(data_fingerprint=test_print), out / file)
    return list(trained.about["alarms"])
