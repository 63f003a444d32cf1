"""Scores on disk, beside the detectors that gave them: one Parquet file a scope (split and denoising) of a models folder.

A row is a clip scored by a detector. It counts only for the weights that gave it (``model_version``) and for the very clips
of its split (``data_fingerprint``, see :meth:`Dataset.fingerprint`). Labels and attributes are stored in the file for a
folder whose recordings are gone; otherwise they are those of the catalogue at the time of reading, so that an edited label
is never stale.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asd_core import artifacts
from asd_core.artifacts import Calibration
from asd_core.datasets import COLUMNS, INTERNAL, Dataset, recorded_dataset
from asd_core.detectors import Scores, detector_keys
from asd_core.errors import ArtifactError
from asd_core.features import Denoised, Representation
from asd_core.files import in_order, locked, parquet_length, read_parquet, write_parquet
from asd_core.lazy import pd
from asd_core.scoring.stored_applicability import with_applicability
from asd_core.sound import KINDS, Kind

SCORES = "scores.parquet"
SPLITS = ("test", "train", "eval")
SCORE_COLUMNS = (
    "detector",
    "model_version",
    "data_fingerprint",
    "denoise",
    "kind",
    "raw",
    "calibrated",
    "sha256",
    "applicable",
    "applicability_reason",
)

_TEXT = (*COLUMNS, "detector", "model_version", "data_fingerprint", "kind", "sha256", "applicability_reason")


@dataclass(frozen=True)
class Scope:
    """Which clips were scored, and denoised at which strength (0: as recorded).

    Raises:
        ArtifactError: for an unknown split or kind, or a strength outside 0 to 1.
    """

    split: str = "test"
    denoise: float = 0.0
    kind: Kind = "stationary"

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise ArtifactError(f"There is no split {self.split}: choose {', '.join(SPLITS)}.")
        if self.kind not in KINDS:
            raise ArtifactError(f"There is no denoising called {self.kind}: choose {' or '.join(KINDS)}.")
        if not 0.0 <= self.denoise <= 1.0:
            raise ArtifactError(f"Denoising strength {self.denoise:g} is outside 0 to 1: choose one within.")

    @property
    def file(self) -> str:
        """Name of the scope's file in a models folder."""
        if self == Scope():
            return SCORES
        denoised = f"-{self.kind}-{self.denoise!r}" if self.denoise else ""
        return f"scores-{self.split}{denoised}.parquet"

    def description(self) -> str:
        """What it is, to be read: ``test split, not denoised``."""
        return f"{self.split} split, " + (f"denoised at {self.denoise:g}" if self.denoise else "not denoised")


AS_RECORDED = Scope()  # what training stores


def of_detector(scope: Scope, representation: Representation) -> Scope:
    """The version of the clips that a detector scores in a scope: denoised at its own strength where it was trained
    so."""
    if not isinstance(representation, Denoised):
        return scope
    return replace(scope, denoise=representation.strength, kind=representation.method)


def n_stored(folder: Path, scope: Scope = AS_RECORDED) -> int:
    """How many scores of a scope are stored, valid or not."""
    return parquet_length(folder / scope.file)


def model_versions(folder: Path) -> dict[str, str]:
    """For each trained detector of a folder, damaged ones aside, the short name of its training: see :attr:`Manifest.version`."""
    return {key: manifest.version for key, manifest in artifacts.readable(folder).items()}


def read_scores(folder: Path, dataset: Dataset | None, scope: Scope = AS_RECORDED) -> "pd.DataFrame":
    """Scores of a scope by the detectors as they are now, in the registry's order.

    Args:
        dataset: with it, scores of other clips than its split now has are left out, and labels and attributes are its
            catalogue's. Without it (the recordings are gone) nothing is known of changes: those of the file are given.

    Returns:
        The catalogue's columns and those of ``SCORE_COLUMNS``; no rows when nothing usable is stored. What both always have of
        text are categories, in the order of the text.
    """
    table = read_parquet(folder / scope.file, categories=True)
    if table is None:
        table = pd.DataFrame(columns=[*COLUMNS, *SCORE_COLUMNS]).astype(dict.fromkeys(_TEXT, "category"))
    table = table[_of_versions(table, model_versions(folder))]
    if dataset is not None:
        if "data_fingerprint" not in table or table.empty:
            table = table.iloc[:0]
        else:
            table = table[table["data_fingerprint"] == dataset.fingerprint(scope.split)]
        table = _with_catalogue(table, dataset.rows(split=scope.split))
    else:
        attributes = [name for name in table if name not in (*COLUMNS, *SCORE_COLUMNS)]
        table = table[[*COLUMNS, *attributes, *_present(table)]]
    place = {key: index for index, key in enumerate(detector_keys(optional=True))}
    detectors = table["detector"].cat
    order = np.array([place.get(str(key), len(place)) for key in detectors.categories], dtype=np.intp)[detectors.codes]
    if (np.diff(order) < 0).any():
        table = table.iloc[np.argsort(order, kind="stable")]
    return table.reset_index(drop=True)


def scored_clips(folder: Path, scope: Scope = AS_RECORDED) -> "pd.DataFrame":
    """The clips that detectors as they are now have scored in a scope: columns clip_id and sha256, a row each. The scores themselves
    are not read."""
    table = read_parquet(folder / scope.file, ("clip_id", "sha256", "detector", "model_version"), categories=True)
    if table is None:
        return pd.DataFrame(columns=["clip_id", "sha256"])
    subset = table.loc[_of_versions(table, model_versions(folder)), ["clip_id", "sha256"]]
    return subset.drop_duplicates("clip_id", ignore_index=True)


def _of_versions(table: "pd.DataFrame", versions: Mapping[str, str]) -> NDArray[np.bool_]:
    """Which rows are of the weights that their detector has."""
    detectors, of = table["detector"].cat, table["model_version"].cat
    known = of.categories.get_indexer([versions.get(str(key), "") for key in detectors.categories])
    return np.asarray((known[detectors.codes] == of.codes) & (of.codes >= 0))


def _with_catalogue(table: "pd.DataFrame", rows: "pd.DataFrame") -> "pd.DataFrame":
    """A score table whose clips are described as the catalogue describes them now."""
    clips = table["clip_id"].cat
    about = rows.drop(columns=list(SCORE_COLUMNS), errors="ignore").set_index("clip_id").reindex(clips.categories)
    about = about.assign(**{name: in_order(about[name]) for name in COLUMNS[1:]}).take(clips.codes)
    return pd.concat([table[["clip_id"]], about.set_index(table.index), table[_present(table)]], axis=1)


def _present(table: "pd.DataFrame") -> list[str]:
    return [name for name in SCORE_COLUMNS if name in table]


def missing_scores(
    folder: Path,
    dataset: Dataset,
    scope: Scope = AS_RECORDED,
    keys: Iterable[str] | None = None,
    table: "pd.DataFrame | None" = None,
) -> list[str]:
    """Detectors (of ``keys``, or all of the folder) whose scores of a scope must be computed: none are stored, or those
    of other weights or other clips. A detector that knows no machine id of the split has nothing to score, and one that was
    trained on denoised sound has none of clips denoised otherwise.

    Args:
        table: what :func:`read_scores` gave for the same folder, dataset and scope, to save reading it again.
    """
    # unique(): to go through a column of text row by row takes a hundred times as long
    usable = set((read_scores(folder, dataset, scope) if table is None else table)["detector"].unique())
    ids = set(dataset.rows(split=scope.split)["machine_id"].unique())
    wanted = [k for k in (artifacts.trained_keys(folder) if keys is None else keys) if k not in usable]
    if scope.denoise:
        wanted = [k for k in wanted if not artifacts.trained_denoised(folder, k)]
    return [k for k in wanted if ids & set(artifacts.ModelSet(folder, [k]).machine_ids_of(k))]


def score_rows(
    rows: "pd.DataFrame", key: str, version: str, calibration: Calibration, raw: Scores, scope: Scope = AS_RECORDED
) -> "pd.DataFrame":
    """Rows of a score table (without fingerprint): clips of the catalogue with one detector's raw scores ``(n_clips,)``."""
    return rows.assign(
        detector=key,
        model_version=version,
        denoise=scope.denoise,
        kind=scope.kind,
        raw=raw,
        calibrated=[float(calibration.percentile(s, i)) for s, i in zip(raw, rows["machine_id"], strict=True)],
    )


def write_scores(table: "pd.DataFrame", path: Path) -> None:
    """Put detectors' scores into a score table, in place of their earlier ones there; each row says whether its clip belongs
    to its machine (see :func:`with_applicability`).

    Args:
        table: columns of the catalogue and ``SCORE_COLUMNS`` (those that apply).
    """
    table = with_applicability(table, path.parent)
    with locked(path):  # what another process wrote meanwhile must not be lost
        earlier = read_parquet(path)
        if earlier is not None:
            others = earlier[~earlier["detector"].isin(table["detector"].unique())]
            # Two empty columns of different kinds cannot be joined without a warning.
            table = pd.concat([others, table], ignore_index=True) if len(others) else table
        write_parquet(table, path)


def trained_on(folder: Path, dataset: Dataset) -> bool:
    """Whether a models folder was trained on this very dataset: only its scores are stored there."""
    return recorded_dataset(folder)[0] == dataset.location


def score_attributes(table: "pd.DataFrame") -> list[str]:
    """Columns of a score table by which its clips differ: the catalogue's attributes, machine type and domain."""
    names = [n for n in table if n not in (*SCORE_COLUMNS, *INTERNAL, "clip_id", "machine_id", "split", "label")]
    one = table.drop_duplicates("clip_id")
    return [str(n) for n in names if one[n].nunique() > 1]


def scores_digest(table: "pd.DataFrame") -> str:
    """A hash of a table's content, whatever order its rows are in: the key of what is computed from it."""
    rows = pd.util.hash_pandas_object(table, index=False, categorize=True).to_numpy()
    # Sums that wrap around and do not depend on the order: of the rows' hashes, and of their squares.
    whole = f"{len(rows)} {rows.sum(dtype=np.uint64)} {(rows * rows).sum(dtype=np.uint64)}"
    return hashlib.sha256("\t".join([whole, *map(str, table.columns)]).encode()).hexdigest()[:16]


def scoring_job(folder: Path, scope: Scope) -> str:
    """Name of the job that computes a scope of a models folder: the same scores are not computed twice at a time."""
    where = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]
    return f"scores-{where}-{scope.split}-{scope.kind}-{scope.denoise!r}"


def scores_stamp(folder: Path, scope: Scope) -> int:
    """When the scope's file was written, in ns (0: never): the key of caches."""
    try:
        return (folder / scope.file).stat().st_mtime_ns
    except OSError:
        return 0
