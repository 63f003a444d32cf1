"""Scoring a whole split, with or without denoising, and keeping what was computed."""

from collections.abc import Callable, Collection, Iterator

import numpy as np

from asd_core.artifacts import ModelSet, learned_clips
from asd_core.counting import counted
from asd_core.datasets import Dataset, as_learned, engine_for
from asd_core.engine import Here
from asd_core.errors import ArtifactError, ClipError, PretrainedError
from asd_core.files import locked, read_parquet, write_parquet
from asd_core.lazy import pd
from asd_core.parts import StoredParts
from asd_core.progress import Progress, silent
from asd_core.scoring import store as score_store
from asd_core.scoring.batch import Batch, ScoreBatch
from asd_core.scoring.clip import score_clip
from asd_core.scoring.store import AS_RECORDED, Scope

SCORED_AGAIN = 3  # clips of each detector by which stored scores are known to be of this sound
BATCH = 40  # clips that are scored, and whose scores are stored, together: as many as a process reads itself


def compute_scores(
    dataset: Dataset,
    models: ModelSet,
    scope: Scope = AS_RECORDED,
    *,
    progress: Progress = silent,
    notify: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Score what is missing of a scope and store it in the models' folder, all at once when done.

    An interrupted run goes on where it stopped, if neither clips nor detectors have changed. Where only the files' times
    have changed and every clip is the one that was scored, the stored scores stay.

    Args:
        notify: called with one sentence for each clip that could not be read, and one on those left out.

    Returns:
        Keys of the detectors that were scored.

    Raises:
        ArtifactError: when the models were trained on another dataset, or the split has no clip that they know.
    """
    dataset = as_learned(dataset, models.folder)
    if not score_store.trained_on(models.folder, dataset):
        raise ArtifactError(
            f"{models.folder} was not trained on {dataset.title}: only scores of its own dataset are stored there."
        )
    if not dataset.rows(split=scope.split)["machine_id"].isin(models.machine_ids()).any():
        raise ArtifactError(f"{dataset.title} has no {scope.split} clip of a machine id that these detectors know.")
    keys = score_store.missing_scores(models.folder, dataset, scope, models)
    if keys and _adopt(dataset, models, scope):
        keys = score_store.missing_scores(models.folder, dataset, scope, models)
    if keys:
        chosen = ModelSet(models.folder, keys, shared=models)
        # Of the clips before they are read: one that changes meanwhile is noticed at the next reading of the store.
        fingerprint, versions = dataset.fingerprint(scope.split), score_store.model_versions(models.folder)
        of = {"clips": fingerprint, "detectors": {key: versions[key] for key in chosen}, "at once": BATCH}
        parts = StoredParts(models.folder / f"{scope.file}.part", of)
        table, skipped = score_split(dataset, chosen, scope, progress=progress, parts=parts)
        for description in skipped:
            notify(description)
        keys = [key for key in keys if key in set(table["detector"])]  # what was left out stays missing
        score_store.write_scores(table.assign(data_fingerprint=fingerprint), models.folder / scope.file)
        parts.done()
    progress(1.0, "done")
    return keys


def _adopt(dataset: Dataset, models: ModelSet, scope: Scope) -> bool:
    """Give detectors' stored scores the split's fingerprint when their clips are the split's, byte by byte and id by id, and the first
    ones, scored again, have the scores that are stored: those of another channel are of other sound."""
    path = models.folder / scope.file
    stored = read_parquet(path)
    if stored is None:
        return False
    known = stored[["clip_id", "machine_id", "sha256"]].drop_duplicates().set_index("clip_id")
    rows = dataset.rows(split=scope.split).set_index("clip_id")
    subset = rows[rows["machine_id"].isin(stored["machine_id"])]
    if known.index.has_duplicates:  # two detectors scored different sounds under one name
        return False
    if set(subset.index) != set(known.index) or not subset["machine_id"].equals(
        known["machine_id"].reindex(subset.index)
    ):
        return False
    fingerprint = dataset.fingerprint(scope.split)
    try:
        if any(dataset.read(clip_id).sha256 != sha256 for clip_id, sha256 in known["sha256"].items()):
            return False
        same = _same_scores(dataset, models, scope, stored)
    except (ClipError, PretrainedError):
        return False
    if not same:
        return False
    with locked(path):
        if not stored.equals(read_parquet(path)):  # somebody wrote while the clips were read
            return False
        # Files of an earlier version lack them.
        about = {"denoise": scope.denoise, "kind": scope.kind, "data_fingerprint": ""}
        missing = {name: value for name, value in about.items() if name not in stored}
        stored = stored.assign(**missing)
        stored.loc[stored["detector"].isin(same), "data_fingerprint"] = fingerprint
        write_parquet(stored, path)
    return True


def _same_scores(dataset: Dataset, models: ModelSet, scope: Scope, stored: "pd.DataFrame") -> set[str]:
    """Detectors of the set whose first stored scores are those that they give now, as far as rounding lets one tell; none where one
    of them gives another."""
    of_now = stored["detector"].map(score_store.model_versions(models.folder)) == stored["model_version"]
    some = stored[of_now & stored["detector"].isin(list(models))].groupby("detector").head(SCORED_AGAIN)
    same = set()
    for (clip_id, machine_id), clip in some.groupby(["clip_id", "machine_id"]):
        raw = clip.set_index("detector")["raw"]
        chosen = models.subset(set(raw.index))
        for now in score_clip(dataset.read(clip_id), chosen, machine_id, denoise=scope.denoise, kind=scope.kind):
            if not np.isclose(now.raw, raw[now.detector], rtol=1e-3, atol=1e-6):
                return set()
            same.add(now.detector)
    return same


def score_split(
    dataset: Dataset,
    models: ModelSet,
    scope: Scope = AS_RECORDED,
    *,
    progress: Progress = silent,
    parts: StoredParts | None = None,
) -> tuple["pd.DataFrame", list[str]]:
    """Scores of a split's clips by every detector that knows their machine, a batch of clips after the other, where
    :func:`asd_core.engine.chosen_engine` says. Test clips that the detectors learned from, under whatever name, are left out; so is
    a detector whose pretrained model refuses any clip.

    Args:
        parts: of a run of the same detectors on the same clips: the batches that it has done are not done again, and each that
            is done now is stored there, where there are several.

    Returns:
        The score table (without fingerprint), detector by detector, and sentences on clips that could not be read, and on clips
        and detectors that were left out.
    """
    dataset = as_learned(dataset, models.folder)
    rows = dataset.rows(split=scope.split)
    rows = rows[rows["machine_id"].isin(models.machine_ids())].reset_index(drop=True)
    learned = learned_clips(models.folder) if scope.split == "test" else frozenset()
    tables, skipped, learned_from, refused = list["pd.DataFrame"](), dict[str, None](), list[str](), set[str]()
    for last, table in _batches(dataset, rows, models, scope, refused, parts):
        progress(last / len(rows), f"{scope.description()}, clip {last} of {len(rows)}")
        skipped |= dict.fromkeys(table.attrs["skipped"])
        refused.update(table.attrs["refused"])
        if len(refused) == len(models):
            break
        known = table["sha256"].isin(learned)
        learned_from += table["clip_id"][known].unique().tolist()
        if not known.all():
            tables.append(table[~known])
    if n := len(learned_from):
        skipped[
            f"{counted(n, 'test clip')} of {dataset.title} {'is' if n == 1 else 'are'} not scored ({learned_from[0]}"
            f"{' …' if n > 1 else ''}): these detectors were trained on the same recording{'' if n == 1 else 's'}."
        ] = None
    kept = [table[~table["detector"].isin(refused)] for table in tables]
    if not kept:
        return pd.DataFrame(columns=[*rows, *score_store.SCORE_COLUMNS]), list(skipped)
    table = pd.concat([table.reset_index(drop=True) for table in kept], ignore_index=True)
    table.attrs = {}
    order = {key: index for index, key in enumerate(models)}
    return table.sort_values("detector", key=lambda k: k.map(order), kind="stable", ignore_index=True), list(skipped)


def _batches(
    dataset: Dataset,
    rows: "pd.DataFrame",
    models: ModelSet,
    scope: Scope,
    refused: Collection[str],
    parts: StoredParts | None,
) -> Iterator[tuple[int, "pd.DataFrame"]]:
    """The table of each batch, in order, see :func:`asd_core.scoring.batch.scored`; and how many clips are done with it.

    Args:
        refused: keys of detectors that are left out of the batches that are not begun yet.
    """
    firsts = range(0, len(rows), BATCH)
    stored = {first: parts.get(first) if parts else None for first in firsts}
    missing = [first for first, table in stored.items() if table is None]
    engine = engine_for(dataset, len(rows))
    versions = tuple((key, models[key].version) for key in models)
    sent = models if isinstance(engine, Here) else None if engine.shares_files else models.loaded()
    score = ScoreBatch(models.folder, versions, scope, sent)
    new = engine.map(
        score,
        (
            Batch(
                dataset.part(rows.iloc[first : first + BATCH].reset_index(drop=True)),
                tuple(key for key in models if key not in refused),
            )
            for first in missing
        ),
    )
    for first in firsts:
        table = stored.pop(first)
        if table is None:
            table = next(new)
            if parts and len(rows) > BATCH:
                table = parts.put(first, table)
        yield min(len(rows), first + BATCH), table


def current_scores(
    dataset: Dataset, models: ModelSet, scope: Scope = AS_RECORDED, *, progress: Progress = silent
) -> tuple["pd.DataFrame", dict[str, int], list[str]]:
    """Scores of a scope: the stored ones, and what was missing computed now; of a dataset that the models were not trained
    on, all are computed and none stored.

    Returns:
        The score table; how many clips were left out of each machine id that no detector knows; sentences on clips that
        could not be read (those of a detector that was scored now).
    """
    dataset = as_learned(dataset, models.folder)
    rows = dataset.rows(split=scope.split)
    known = rows["machine_id"].isin(models.machine_ids())
    unknown = {str(k): int(v) for k, v in rows[~known]["machine_id"].value_counts().sort_index().items()}
    if not score_store.trained_on(models.folder, dataset) or not known.any():
        table, skipped = score_split(dataset, models, scope, progress=progress)
        return table, unknown, skipped
    skipped = []
    compute_scores(dataset, models, scope, progress=progress, notify=skipped.append)
    table = score_store.read_scores(models.folder, dataset, scope)
    return table[table["detector"].isin(list(models))].reset_index(drop=True), unknown, skipped
