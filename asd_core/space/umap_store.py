"""Maps that UMAP has made, on disk: places of clips, named by a hash of all that decides them.

The hash is of the vectors themselves (so of the recordings, the representation, its parameters and its rate, and of a
network's weights), of UMAP's settings and of its version: a map is never shown for anything else. The components that UMAP
saw are computed from the vectors again, in milliseconds, so that a clip costs four bytes.

Maps of the settings that the page opens with can be stored beside the detectors (the demo's are); any other is kept in the
user's data once it was computed.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np

from asd_core.artifacts import read_pooled
from asd_core.errors import ArtifactError
from asd_core.features import Array
from asd_core.files import write_bytes
from asd_core.progress import Progress, silent, stage
from asd_core.settings import get_settings
from asd_core.space.latents import stored_latents
from asd_core.space.projection import MIN_CLIPS, POOLED, read_space
from asd_core.space.umap_embedding import STORED, Embedding, UmapSettings, fit_umap, umap_input

MAPS = "umap.safetensors"  # beside the detectors


def umap_key(vectors: Array, settings: UmapSettings) -> str:
    """The name of the map of these very vectors ``(n, d)`` with these settings, by the installed version of UMAP."""
    digest = hashlib.sha256(np.ascontiguousarray(vectors, dtype=np.float32).tobytes())
    digest.update(json.dumps([list(vectors.shape), asdict(settings), version("umap-learn")]).encode())
    return digest.hexdigest()[:16]


def umap_file(key: str) -> Path:
    """Where a map is kept in the user's data."""
    return get_settings().data_dir / "user" / "projections" / f"umap-{key}.safetensors"


def save_umaps(maps: Mapping[str, Array], path: Path) -> None:
    """Write places ``(n, 2)`` of the clips of each map, by the map's key."""
    from safetensors.numpy import save as to_bytes

    write_bytes(to_bytes({key: np.ascontiguousarray(xy, dtype=STORED) for key, xy in maps.items()}), path)


def find_umap(folder: Path, vectors: Array, settings: UmapSettings) -> Embedding | None:
    """The map of these very vectors with these settings, from beside the detectors of a folder or the user's data; ``None``
    when neither has it.

    Raises:
        ArtifactError: for a damaged file.
    """
    key = umap_key(vectors, settings)
    for path in (folder / MAPS, umap_file(key)):
        xy = _read(path, key)
        if xy is not None:
            return Embedding(*umap_input(vectors, settings), xy)
    return None


def _read(path: Path, key: str) -> Array | None:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            return file.get_tensor(key).astype(np.float32) if key in file.keys() else None  # noqa: SIM118  # it is no mapping
    except (OSError, SafetensorError, ValueError) as error:
        raise ArtifactError(f"{path} is damaged: delete it and compute the map again.") from error


def store_umaps(folder: Path, *, progress: Progress = silent) -> int:
    """Make the maps that the page opens with and store them beside the detectors: of every representation, of all clips
    together and of each machine id, with the standard settings.

    Returns:
        How many maps the file holds.
    """
    settings, maps = UmapSettings(), {}
    ids = [None, *sorted(read_pooled(folder, ("machine_id",))["machine_id"].unique())]
    every = [(part, machine_id) for part in (*POOLED, *stored_latents(folder)) for machine_id in ids]
    for number, (part, machine_id) in enumerate(every):
        space = read_space(folder, part)
        vectors = space.subset(space.about["split"].unique().tolist(), machine_id).vectors
        if len(vectors) <= MIN_CLIPS:
            continue
        share = stage(progress, number / len(every), (number + 1) / len(every), f"map {number + 1} of {len(every)}")
        maps[umap_key(vectors, settings)] = fit_umap(vectors, settings, progress=share).xy
    save_umaps(maps, folder / MAPS)
    return len(maps)
