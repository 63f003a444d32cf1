"""Applicability to the machines of a models folder, whose normals training stored as pooled log-mels."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from asd_core.artifacts import POOLED, pooled_columns, read_pooled
from asd_core.features import LogMel, features_of, pool
from asd_core.lazy import pd
from asd_core.scoring.applicability import Applicability, check_clips
from asd_core.scoring.noise_floor import FRAMES, LEAST_CLIPS, MachineNormals, Values, machine_normals, usual_clips
from asd_core.sound import Clip


def known_normals(folder: Path) -> Mapping[str, MachineNormals]:
    """The references of a models folder by machine id, from the pooled log-mels that training stored; empty where it stored
    none. Kept until that file changes."""
    path = folder / POOLED
    return _known(folder, path.stat().st_mtime_ns, only_usual=False) if path.is_file() else {}


def _known_usual(folder: Path) -> Mapping[str, MachineNormals]:
    """The same of each machine id's usual normals alone."""
    return _known(folder, (folder / POOLED).stat().st_mtime_ns, only_usual=True)


@lru_cache(maxsize=8)
def _known(folder: Path, stamp: int, only_usual: bool) -> Mapping[str, MachineNormals]:
    table = read_pooled(folder)
    normal = table[(table["split"] == "train") & (table["label"] == "normal")]
    columns = pooled_columns(table)
    result = {}
    for machine_id, rows in normal.groupby("machine_id", sort=True):
        values = rows[columns].to_numpy(dtype=np.float64)
        if only_usual and len(values) >= LEAST_CLIPS:
            values = usual_clips(values)
        result[str(machine_id)] = machine_normals(values, str(machine_id))
    return {machine_id: normals for machine_id, normals in result.items() if normals is not None}


def applicability_of(clip: Clip, folder: Path, machine_id: str) -> Applicability | None:
    """Whether a recording may be one of a machine; ``None`` where too little is known of its normal clips to say.

    Args:
        clip: prepared, as recorded: neither denoised nor at another gain.
        folder: of the trained detectors.
    """
    known = known_normals(folder)
    if machine_id not in known:
        return None
    log_mel = features_of(clip, LogMel())
    pooled, n_frames = pool(log_mel)[None].astype(np.float64), log_mel.shape[1]
    (result,) = check_clips(pooled, known[machine_id], n_frames=n_frames)
    return result if result.applicable else _nearer(result, pooled, _known_usual(folder), n_frames)


def _nearer(
    result: Applicability, pooled: Values, usual: Mapping[str, MachineNormals], n_frames: int = FRAMES
) -> Applicability:
    """A recording that does not belong, with the machine id whose usual recordings it is most like, if it is like any."""
    found = {machine_id: check_clips(pooled, normals, n_frames=n_frames)[0] for machine_id, normals in usual.items()}
    alike = [machine_id for machine_id, one in found.items() if one.applicable]
    if not alike:
        return result
    machine_id = min(alike, key=lambda each: found[each].unlike)
    reason = f"{result.reason}; it is like the recordings of machine id {machine_id}"
    return replace(result, nearer=machine_id, reason=reason)


def with_applicability(scores: "pd.DataFrame", folder: Path) -> "pd.DataFrame":
    """A score table with the columns ``applicable`` (missing where nothing is known of the clip) and ``applicability_reason``
    (empty where it belongs), from the pooled log-mels that training stored of its dataset's clips.

    Args:
        scores: with ``machine_id`` and ``sha256``.
    """
    path = folder / POOLED
    results = _stored(folder, path.stat().st_mtime_ns) if path.is_file() and "sha256" in scores else {}
    keys = zip(scores["sha256"], scores["machine_id"], strict=True) if results else [("", "")] * len(scores)
    by_row = [results.get(key) for key in keys]
    applicable = pd.array([None if one is None else one.applicable for one in by_row], dtype="boolean")
    return scores.assign(
        applicable=applicable, applicability_reason=["" if one is None else one.reason for one in by_row]
    )


@lru_cache(maxsize=4)
def _stored(folder: Path, stamp: int) -> Mapping[tuple[str, str], Applicability]:
    """The stored clips, by hash and machine id."""
    table, known = read_pooled(folder), known_normals(folder)
    columns = pooled_columns(table)
    results = {}
    for machine_id, rows in table.groupby("machine_id"):
        if machine_id not in known:
            continue
        pooled = rows[columns].to_numpy(dtype=np.float64)
        checked = check_clips(pooled, known[str(machine_id)])
        for index, (sha256, one) in enumerate(zip(rows["sha256"], checked, strict=True)):
            full = one if one.applicable else _nearer(one, pooled[index][None], _known_usual(folder))
            results[str(sha256), str(machine_id)] = full
    return results
