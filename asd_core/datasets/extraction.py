"""A dataset's clips as representations."""

import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core.datasets.catalogue import DCASE_ATTRIBUTES, Dataset, source_of
from asd_core.datasets.changes import AsRecorded, ClipChange
from asd_core.datasets.conditions import Conditions
from asd_core.datasets.reading import Outcome, Part, read_part
from asd_core.datasets.unusable import note_unusable
from asd_core.engine import Engine, Here, chosen_engine
from asd_core.features import Array, Representation
from asd_core.on_disk import ArrayPlace, DiskArrays, taken
from asd_core.progress import Progress, silent

if TYPE_CHECKING:
    import pandas as pd

FEW = 48  # clips that are read before other processes have started
AT_ONCE = 16  # clips that a process gets: sending them costs nothing then, and no process is long without work


@dataclass(frozen=True)
class Extracted:
    """Clips of a catalogue with their representations."""

    rows: "pd.DataFrame"  # catalogue rows, with a column sha256
    features: dict[Representation, Sequence[Array]]
    skipped: list[str]  # one sentence for each clip that could not be read
    refused: dict[Representation, str] = field(default_factory=dict)  # not among the features, with the reason

    @property
    def machine_ids(self) -> list[str]:
        """The machine id of each clip."""
        return list(self.rows["machine_id"])

    @property
    def domains(self) -> list[str]:
        """The domain of each clip: source or target."""
        return list(self.rows["domain"]) if "domain" in self.rows else ["source"] * len(self.rows)

    @property
    def attributes(self) -> list[str]:
        """DCASE's attributes of each clip in one text; empty where there are none."""
        known = DCASE_ATTRIBUTES in self.rows
        return list(self.rows[DCASE_ATTRIBUTES].fillna("")) if known else [""] * len(self.rows)

    def subset(self, mask: "np.ndarray[Any, np.dtype[np.bool_]]") -> "Extracted":
        chosen = np.flatnonzero(mask)
        features = {r: taken(values, chosen) for r, values in self.features.items()}
        return Extracted(self.rows.iloc[chosen].reset_index(drop=True), features, self.skipped, self.refused)

    def of_machines(self, machine_ids: Collection[str]) -> "Extracted":
        """The clips of these machines alone."""
        return self.subset(self.rows["machine_id"].isin(machine_ids).to_numpy())


def extract_dataset(
    dataset: Dataset,
    rows: "pd.DataFrame",
    representations: Sequence[Representation],
    progress: Progress = silent,
    *,
    change: ClipChange | None = None,
    conditions: dict[str, Conditions] | None = None,
) -> Extracted:
    """Read, prepare and transform clips; those that cannot be scored are named and left out. Many are read where
    :func:`asd_core.engine.chosen_engine` says; what is in the user's feature store is not computed again.

    Args:
        change: applied to each prepared clip first (synthetic anomalies, denoising). Each version that it makes of a clip is a
            row of its own.
        conditions: by machine id, to which is added how each recording that is used was made.

    A representation whose pretrained model refuses is left out, and the reading ends where none is left.
    """
    wanted = tuple(dict.fromkeys(representations))
    kept, places = DiskArrays(), {r: list[ArrayPlace]() for r in wanted}
    hashes, readable, skipped = [], [], []
    unusable: dict[str, str] = {}
    refused: dict[Representation, str] = {}
    clips = [(index, clip_id, dataset.names[clip_id]) for index, clip_id in enumerate(rows["clip_id"])]
    machine_ids = rows["machine_id"].tolist()
    part = Part(dataset.source, (), wanted, change or AsRecorded(), conditions is not None)
    for outcome, moved in _outcomes(engine_for(dataset, len(clips)), part, clips, kept):
        if outcome.index % 20 == 0:
            progress(outcome.index / len(clips), f"reading clip {outcome.index + 1} of {len(clips)}")
        for representation, reason in outcome.refused.items():
            refused.setdefault(representation, reason)
        if outcome.error:
            skipped.append(outcome.error)
            unusable[clips[outcome.index][1]] = outcome.error
            continue
        if wanted and len(refused) == len(wanted):
            break
        for version in outcome.versions:
            for representation, array in version.items():
                place = array.moved(moved) if isinstance(array, ArrayPlace) else kept.add(array)
                places[representation].append(place)
            hashes.append(outcome.sha256)
            readable.append(outcome.index)
        if conditions is not None and (one := outcome.conditions):
            machine_id = machine_ids[outcome.index]
            conditions[machine_id] = conditions[machine_id] + one if machine_id in conditions else one
    if unusable and change is None:  # as they were recorded
        note_unusable(dataset.root, unusable)
    table = rows.iloc[readable].reset_index(drop=True).assign(sha256=hashes)
    computed = [r for r in wanted if r not in refused]
    features = zip(computed, kept.arrays(*(places[r] for r in computed)), strict=True)
    return Extracted(table, dict(features), skipped, refused)


def engine_for(dataset: Dataset, n_clips: int) -> Engine:
    """Where to work on so many clips: a few are done here, and so is a source that was defined inside a function, which other
    processes would not find."""
    local = "<locals>" in getattr(dataset.source, "__qualname__", "")
    return Here() if n_clips <= FEW or local else chosen_engine()


def _outcomes(
    engine: Engine, part: Part, clips: Sequence[tuple[int, str, str]], kept: DiskArrays
) -> Iterator[tuple[Outcome, int]]:
    """The outcome of each clip, in order, and how far the places of its arrays are from those in ``kept``."""
    if isinstance(engine, Here):  # an array that is no longer needed is freed before the next one is made
        for clip in clips:
            yield from ((outcome, 0) for outcome in read_part(replace(part, clips=(clip,))))
        return
    with tempfile.TemporaryDirectory(prefix="asd-features-") if engine.shares_files else nullcontext() as folder:
        firsts = range(0, len(clips), AT_ONCE)
        parts = (
            replace(
                part,
                source=source_of(part.source, [clip_id for _, clip_id, _ in chosen]),
                clips=chosen,
                file=Path(folder, str(first)) if folder else None,
            )
            for first in firsts
            for chosen in (tuple(clips[first : first + AT_ONCE]),)
        )
        for first, outcomes in zip(firsts, engine.map(read_part, parts), strict=True):
            moved = kept.take_over(Path(folder, str(first))) if folder else 0
            yield from ((outcome, moved) for outcome in outcomes)
