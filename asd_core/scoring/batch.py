"""Scores of a few clips by every detector: what a process does of :func:`asd_core.scoring.score_split`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from asd_core.artifacts import ModelSet, left_out, raw_scores
from asd_core.datasets import Dataset, extract_dataset
from asd_core.lazy import pd
from asd_core.progress import Progress, silent
from asd_core.scoring import store as score_store
from asd_core.scoring.store import Scope
from asd_core.sound import Clip, Kind, denoise_mix


@dataclass(frozen=True)
class Batch:
    """Clips, and the detectors that are to score them."""

    clips: Dataset
    keys: tuple[str, ...]


@dataclass(frozen=True)
class ScoreBatch:
    """Scores batches, in any process.

    Attributes:
        folder: of the detectors.
        versions: of each of them by key: a process that lives longer than a training reads them again.
        models: the detectors themselves, for a machine that does not see the folder.
    """

    folder: Path
    versions: tuple[tuple[str, str], ...]
    scope: Scope
    models: ModelSet | None = None

    def __call__(self, batch: Batch) -> "pd.DataFrame":
        """See :func:`scored`."""
        loaded = self.models or _loaded(self.folder, self.versions)
        return scored(batch.clips, loaded.subset(batch.keys), self.scope)


@lru_cache(maxsize=1)
def _loaded(folder: Path, versions: tuple[tuple[str, str], ...]) -> ModelSet:
    return ModelSet(folder, [key for key, _ in versions])


def scored(clips: Dataset, models: ModelSet, scope: Scope, progress: Progress = silent) -> "pd.DataFrame":
    """Scores of clips, detector by detector. Its ``attrs``: sentences on what was ``skipped``, and keys of detectors that are left
    out from here on, since their pretrained models ``refused``."""
    change = Denoising(scope.denoise, scope.kind) if scope.denoise else None
    batch = extract_dataset(clips, clips.catalogue, models.representations(), progress, change=change)
    refused = models.needing(batch.refused) if batch.refused else []
    about = {"skipped": [*batch.skipped, *([left_out(models, batch.refused)] if refused else [])], "refused": refused}
    tables = []
    if len(refused) < len(models):
        models = models.without(batch.refused)
        for ids, keys in _by_known_ids(models).items():
            # A detector may know fewer machine ids than another one of the same folder.
            usable = batch.of_machines(ids)
            if usable.rows.empty:
                continue
            for key, raw in raw_scores(models.subset(keys), usable.features, usable.machine_ids).items():
                artifact = models[key]
                version = score_store.of_detector(scope, artifact.representation)
                tables.append(
                    score_store.score_rows(usable.rows, key, artifact.version, artifact.calibration, raw, version)
                )
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["clip_id", "detector", "sha256"])
    table.attrs = about
    return table


def _by_known_ids(models: ModelSet) -> dict[tuple[str, ...], list[str]]:
    groups: dict[tuple[str, ...], list[str]] = {}
    for key in models:
        groups.setdefault(tuple(models.machine_ids_of(key)), []).append(key)
    return groups


@dataclass(frozen=True)
class Denoising:
    """What is done to prepared clips before they are scored, denoised at a strength above 0."""

    strength: float
    kind: Kind

    def keys(self, sha256: str) -> Sequence[str]:
        return (f"denoised {self.kind} {self.strength!r}",)

    def __call__(self, clip: Clip) -> Iterable[Clip]:
        mix = denoise_mix(clip.samples[0], clip.sample_rate, kind=self.kind)
        return (clip.with_samples(mix.at(self.strength)),)
