"""Where each network puts the clips of a dataset: one Parquet file beside the detectors.

A detector's vectors count only for the weights that gave them. Each dimension is stored in 256 equal steps from the
least to the greatest value: enough to draw points by, and a quarter of the size in the repository.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from asd_core.artifacts import ModelSet, left_out, read_pooled
from asd_core.datasets import Dataset, extract_dataset
from asd_core.detectors import Detector, detector_class, detector_keys
from asd_core.errors import ArtifactError, PretrainedError
from asd_core.features import Array
from asd_core.files import locked, write_parquet
from asd_core.parts import StoredParts
from asd_core.progress import Progress, silent
from asd_core.scoring import model_versions

if TYPE_CHECKING:
    import pandas as pd

LATENTS = "latents.parquet"
STEPS = 255
AT_ONCE = 64  # clips whose vectors are computed and stored together
_ABOUT = "latents"  # of the table: for each detector the weights, and what the steps stand for


def latent_detectors() -> list[str]:
    """Keys of the detectors that have a latent space."""
    return [key for key in detector_keys(optional=True) if detector_class(key).latent is not Detector.latent]


def compute_latents(
    dataset: Dataset,
    models: ModelSet,
    *,
    progress: Progress = silent,
    notify: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Put every clip of the pooled features through the networks and store where they come out.

    Args:
        models: of these, the detectors with a latent space; those whose vectors are stored already are left out.
        notify: called with a sentence on each clip that can no longer be read, and one that names the detectors that are left
            out for their pretrained model.

    Returns:
        Keys of the detectors whose vectors were computed.

    Raises:
        ArtifactError: when the folder holds no pooled features, or none of the clips can be read. PretrainedError: when no
            detector is left.
    """
    import pandas as pd

    stored = stored_latents(models.folder)
    keys = [key for key in models if key in latent_detectors() and key not in stored]
    if not keys:
        return []
    clips = read_pooled(models.folder, ("clip_id", "sha256"))
    rows = dataset.catalogue[dataset.catalogue["clip_id"].isin(clips["clip_id"])]
    splits = [dataset.fingerprint(split) for split in sorted(rows["split"].unique())]
    clips_of = hashlib.sha256("\n".join([*splits, *rows["clip_id"]]).encode()).hexdigest()
    versions = model_versions(models.folder)
    of = {"clips": clips_of, "detectors": {key: versions[key] for key in keys}, "at once": AT_ONCE}
    parts, tables, refused = StoredParts(models.folder / f"{LATENTS}.part", of), [], list[str]()
    for first in range(0, len(rows), AT_ONCE):
        progress(first / len(rows), f"clip {first + 1} of {len(rows)}")
        table = parts.get(first)
        if table is None:
            table = parts.put(first, _latents_of(dataset, rows.iloc[first : first + AT_ONCE], models, keys))
        for description in table.attrs["skipped"]:
            notify(description)
        if (sentence := table.attrs.get("left out")) and sentence not in refused:
            refused.append(sentence)
            notify(sentence)
        if len(table):
            tables.append(table)
    if not tables and refused:
        raise PretrainedError(refused[0])
    if not tables:
        raise ArtifactError(f"None of the clips of {models.folder} can be read: put the recordings of training back.")
    clips = pd.concat(tables, ignore_index=True)
    keys = [key for key in keys if key in clips and clips[key].notna().all()]
    vectors = {key: np.frombuffer(b"".join(clips[key]), np.float32).reshape(len(clips), -1) for key in keys}
    write_latents(models.folder, clips[["clip_id", "sha256"]], vectors)
    parts.done()
    progress(1.0, "done")
    return keys


def _latents_of(dataset: Dataset, rows: "pd.DataFrame", models: ModelSet, keys: list[str]) -> "pd.DataFrame":
    """Columns clip_id, sha256 and, for each detector that is not ``left out``, the bytes of the vectors; ``attrs``: sentences on
    that, and on what was ``skipped``."""
    result = extract_dataset(dataset, rows, list(dict.fromkeys(models[key].representation for key in keys)))
    table = result.rows[["clip_id", "sha256"]].copy()
    table.attrs = {"skipped": result.skipped, "left out": left_out(models.subset(keys), result.refused)}
    if len(table):
        for key in keys:
            artifact = models[key]
            if artifact.representation in result.refused:
                continue
            latent = artifact.detector.latent(result.features[artifact.representation], result.machine_ids)
            assert latent is not None  # by with_latent
            table[key] = [vector.tobytes() for vector in np.asarray(latent, dtype=np.float32)]
    return table


def write_latents(folder: Path, clips: "pd.DataFrame", vectors: dict[str, Array]) -> None:
    """Add detectors' vectors to a folder's table, in place of their earlier ones.

    Args:
        clips: columns clip_id, sha256.
        vectors: by detector, ``(n_clips, d)``.
    """
    import pandas as pd

    with locked(folder / LATENTS):
        about = {key: value for key, value in _about(folder).items() if key not in vectors}
        table = clips.copy()
        if about:
            earlier = pd.read_parquet(folder / LATENTS)[["clip_id", "sha256", *about]]
            table = table.merge(earlier, how="left", on=["clip_id", "sha256"])
        now = model_versions(folder)
        for key, values in vectors.items():
            low, high = values.min(axis=0), values.max(axis=0)
            step = np.maximum((high - low) / STEPS, np.float32(1e-12))
            table[key] = [row.tobytes() for row in np.round((values - low) / step).astype(np.uint8)]
            about[key] = {"version": now[key], "low": low.tolist(), "step": step.tolist()}
        table.attrs = {_ABOUT: json.dumps(about)}  # pandas stores it in the file
        write_parquet(table, folder / LATENTS)


def stored_latents(folder: Path) -> list[str]:
    """Keys of the detectors whose vectors are stored and of their present weights."""
    now = model_versions(folder)
    return [key for key, about in _about(folder).items() if about["version"] == now.get(key)]


def read_latents(folder: Path, key: str) -> tuple["pd.DataFrame", Array]:
    """A detector's vectors: columns clip_id, sha256, and ``(n_clips, d)``.

    Raises:
        ArtifactError: when they are not stored for its present weights.
    """
    import pandas as pd

    if key not in stored_latents(folder):
        raise ArtifactError(
            f"{folder / LATENTS} holds no latent space of {key} as it is trained now: run asd_core latents."
        )
    table = pd.read_parquet(folder / LATENTS, columns=["clip_id", "sha256", key])
    table = table[table[key].notna()]  # a clip that came later than another detector's vectors
    about = _about(folder)[key]
    steps: NDArray[Any] = np.frombuffer(b"".join(table[key]), dtype=np.uint8).reshape(len(table), -1)
    vectors = steps * np.array(about["step"], dtype=np.float32) + np.array(about["low"], dtype=np.float32)
    return table[["clip_id", "sha256"]].reset_index(drop=True), np.asarray(vectors, dtype=np.float32)


def latents_stamp(folder: Path) -> int:
    """When the vectors were written, in ns (0: never): the key of caches."""
    try:
        return (folder / LATENTS).stat().st_mtime_ns
    except OSError:
        return 0


def _about(folder: Path) -> dict[str, Any]:
    import pyarrow.parquet

    path = folder / LATENTS
    if not path.is_file():
        return {}
    try:
        described = json.loads(pyarrow.parquet.read_schema(path).metadata[b"pandas"])["attributes"][_ABOUT]
        result: dict[str, Any] = json.loads(described)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} cannot be read: delete it and run asd_core latents again.") from error
    return result
