"""Experiments on disk: ``<folder>/<name>/points.json`` and ``scores.parquet``, one point after the other."""

from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict

from asd_core import artifacts
from asd_core.detectors import detector_class
from asd_core.errors import ArtifactError
from asd_core.experiments.questions import ABOUT
from asd_core.files import write_parquet, write_text
from asd_core.settings import get_settings

if TYPE_CHECKING:
    import pandas as pd

    from asd_core.evaluation import Draws

SCHEMA = 1
EXPERIMENTS_FOLDER, POINTS_FILE, SCORES, HELD_OUT = "experiments", "points.json", "scores.parquet", "held_out.parquet"
COLUMNS = ["point", "clip_id", "machine_id", "label", "raw"]


class PointRecord(BaseModel):
    """A finished point without its scores."""

    model_config = ConfigDict(extra="forbid", validate_by_name=True, validate_by_alias=True)

    name: str
    series: str
    x: float | None
    detector: str  # the registry's key
    preset: str
    seed: int
    spec: dict[str, Any]  # what decides the scores
    model_version: str | None  # of the stored artifact that was used; None: trained for this point
    fit_seconds: float | None
    diagnostics: Annotated[dict[str, float], artifacts.STORED_AS_HEALTH]  # losses and the like
    versions: dict[str, str]


class Header(BaseModel):
    """What an experiment is, and its points."""

    model_config = ConfigDict(extra="forbid")

    schema_version: int = SCHEMA
    name: str
    kind: str
    title: str
    question: str
    report: str
    note: str
    x_title: str
    log_x: bool
    dataset: str
    dataset_title: str
    fingerprint: str  # of the training clips, as manifests have it
    test_fingerprint: str
    points: list[PointRecord] = []


@dataclass(frozen=True, eq=False)
class Stored:
    """An experiment as far as it has been run."""

    header: Header
    scores: "pd.DataFrame"  # of the test clips: point, clip_id, machine_id, label, raw
    held_out: "pd.DataFrame" = field(repr=False)  # of normal clips that were not fitted on, where a fusion needs them

    @cached_property
    def draws(self) -> "Draws":
        """Bootstrap of every point on the same resampled clips; points stand where detectors do."""
        from asd_core.evaluation import bootstrap

        return bootstrap(self.scores.rename(columns={"point": "detector"}))

    def n_known(self) -> dict[str, int]:
        """By detector over how many machine ids the means of its points are; the fewest, where they differ."""
        detector, fewest = {point.name: point.detector for point in self.header.points}, dict[str, int]()
        for point, n in zip(self.draws.detectors, self.draws.n_known().tolist(), strict=True):
            fewest[detector[point]] = min(n, fewest.get(detector[point], n))
        return fewest


def user_folder(models: Path) -> Path:
    """Where a user's sweeps and reruns go: never into the committed folder."""
    return get_settings().data_dir / "user" / EXPERIMENTS_FOLDER / models.resolve().name


def stored_names(models: Path) -> dict[str, Path]:
    """Name and folder of each stored experiment on a models folder; the user's own come last."""
    result = {}
    for folder in (models / EXPERIMENTS_FOLDER, user_folder(models)):
        for path in sorted(folder.glob(f"*/{POINTS_FILE}")):
            result[path.parent.name] = path.parent
    return result


def read_experiment(folder: Path) -> Stored:
    """A stored experiment.

    Raises:
        ArtifactError: when it is missing or damaged.
    """
    import pandas as pd

    path = folder / POINTS_FILE
    try:
        while True:
            content = path.read_bytes()
            header = artifacts.read_versioned(path, Header, SCHEMA, "run the experiment again")
            scores = pd.read_parquet(folder / SCORES)
            held_out = pd.read_parquet(folder / HELD_OUT) if (folder / HELD_OUT).is_file() else scores.iloc[:0]
            if path.read_bytes() == content:  # otherwise a run has stored something meanwhile
                break
    except FileNotFoundError as error:
        raise ArtifactError(f"{folder} holds no stored experiment: run it first.") from error
    except (AttributeError, KeyError, OSError, ValueError) as error:  # of JSON, of pydantic, of Parquet
        raise ArtifactError(f"{folder} holds a damaged experiment: delete it and run it again.") from error
    if header.kind in ABOUT:  # a named experiment is described in today's words
        header = header.model_copy(update=asdict(ABOUT[header.kind]))
    names = [p.name for p in header.points]
    return Stored(header, scores[scores["point"].isin(names)].reset_index(drop=True), held_out)


def write_experiment(stored: Stored, folder: Path) -> None:
    """Whoever reads meanwhile, or after a kill, finds points with their own scores: those on the disk that ``stored`` does not
    have as they are go first, then come its scores, and last its points."""
    folder.mkdir(parents=True, exist_ok=True)
    _drop_void(stored.header, folder / POINTS_FILE)
    for table, name in ((stored.held_out, HELD_OUT), (stored.scores, SCORES)):
        if table.empty:
            (folder / name).unlink(missing_ok=True)
        else:
            write_parquet(table[COLUMNS].astype({"raw": "float32"}), folder / name)
    _write_points(stored.header, folder / POINTS_FILE)


def _drop_void(header: Header, path: Path) -> None:
    """Take from what is stored the points that a header does not have as they are, or has for other clips."""
    if not path.is_file():
        return
    earlier = artifacts.read_versioned(path, Header, SCHEMA, "run the experiment again")
    same_clips = (earlier.fingerprint, earlier.test_fingerprint) == (header.fingerprint, header.test_fingerprint)
    now = {p.name: p for p in header.points if same_clips}
    kept = [p for p in earlier.points if p == now.get(p.name)]
    if not kept:
        path.unlink()
    elif len(kept) < len(earlier.points):
        _write_points(earlier.model_copy(update={"points": kept}), path)


def _write_points(header: Header, path: Path) -> None:
    write_text(header.model_dump_json(indent=1, by_alias=True) + "\n", path)


def staleness(header: Header, models: Path) -> str:
    """A sentence when the models were trained on other clips, or again, since the experiment was run; else empty."""
    manifests = {key: artifacts.read_manifest(models / key) for key in artifacts.trained_keys(models)}
    if any(m.data_fingerprint != header.fingerprint for m in manifests.values()):
        return f"{header.title} was run on other clips than {models} was trained on: run it again."
    for point in header.points:
        manifest = manifests.get(point.detector)
        if manifest and point.model_version and not manifest.weights_sha256.startswith(point.model_version):
            title = detector_class(point.detector).info.title
            return f"{header.title} was run before {title} was trained again: run it again."
    return ""
