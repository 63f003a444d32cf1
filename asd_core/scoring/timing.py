"""How long detectors take to score one clip on this computer: measured when asked for, kept in the user's data."""

import json
import statistics
import time
from pathlib import Path

from asd_core.artifacts import ModelSet
from asd_core.datasets import Dataset
from asd_core.errors import ArtifactError, reason_of
from asd_core.features import working_rate
from asd_core.files import write_text
from asd_core.progress import Progress, silent
from asd_core.scoring.clip import score_prepared
from asd_core.scoring.store import model_versions
from asd_core.settings import get_settings
from asd_core.sound import prepare

RUNS = 3  # after one that loads what is loaded once


def _file(models: Path) -> Path:
    return get_settings().data_dir / "user" / "scoring_seconds" / f"{models.resolve().name}.json"


def _stored(models: Path) -> dict[str, dict[str, object]]:
    try:
        stored = json.loads(_file(models).read_text("utf-8"))
        return {str(key): dict(one) for key, one in stored.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # nothing measured, or a damaged file: measured again


def scoring_seconds(models: Path) -> dict[str, float]:
    """Seconds that detectors of a models folder took for a clip, its representation and all that they need included; of those
    that were measured with today's weights."""
    stored = _stored(models)
    versions = model_versions(models) if stored else {}
    return {
        key: float(seconds)
        for key, one in stored.items()
        if one.get("version") == versions.get(key) and isinstance(seconds := one.get("seconds"), (int, float))
    }


def measure_scoring(dataset: Dataset, models: ModelSet, *, progress: Progress = silent) -> list[str]:
    """Measure and store how long each detector takes for the first clip of its machine ids: the median of three runs, a
    detector at a time. Those that are measured already are not measured again.

    Returns:
        Keys of the detectors that were measured.

    Raises:
        ArtifactError: when the dataset has no clip of a machine id that a detector knows, or nothing can be stored.
    """
    versions, known = model_versions(models.folder), scoring_seconds(models.folder)
    wanted = [key for key in models if key not in known]
    rows = dataset.rows()
    for done, key in enumerate(wanted):
        progress(done / len(wanted), key)
        alone = ModelSet(models.folder, [key], shared=models)
        subset = rows[rows["machine_id"].isin(alone.machine_ids())]
        if subset.empty:
            raise ArtifactError(f"{dataset.title} has no clip of a machine id that {key} knows: give its own dataset.")
        clip = dataset.read(str(subset["clip_id"].iloc[0]))
        clip = prepare(clip, sample_rate=working_rate(alone.representations(), clip.sample_rate))
        machine_id = str(subset["machine_id"].iloc[0])
        took = []
        for _ in range(1 + RUNS):
            began = time.perf_counter()
            score_prepared(clip, alone, machine_id)
            took.append(time.perf_counter() - began)
        about = {"version": versions[key], "seconds": statistics.median(took[1:]), "clip_seconds": clip.duration}
        try:
            write_text(json.dumps({**_stored(models.folder), key: about}, indent=1) + "\n", _file(models.folder))
        except OSError as error:
            raise ArtifactError(
                f"Scoring times cannot be stored ({reason_of(error)}): free space and try again."
            ) from error
    progress(1.0, "done")
    return wanted
