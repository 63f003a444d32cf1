"""A dataset's clips as representations."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core.datasets.catalogue import Dataset
from asd_core.errors import ClipError
from asd_core.features import Array, Representation, extract, working_rate
from asd_core.on_disk import DiskArrays
from asd_core.progress import Progress, silent
from asd_core.sound import Clip, prepare

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Extracted:
    """Clips of a catalogue with their representations."""

    rows: "pd.DataFrame"  # catalogue rows, with a column sha256
    features: dict[Representation, list[Array]]
    skipped: list[str]  # one sentence for each clip that could not be read
    refused: dict[Representation, str] = field(default_factory=dict)  # not among the features, with the reason

    @property
    def machine_ids(self) -> list[str]:
        """Of each clip."""
        return list(self.rows["machine_id"])

    @property
    def domains(self) -> list[str]:
        """Of each clip: source or target."""
        return list(self.rows["domain"]) if "domain" in self.rows else ["source"] * len(self.rows)

    def subset(self, mask: "np.ndarray[Any, np.dtype[np.bool_]]") -> "Extracted":
        chosen = np.flatnonzero(mask)
        features = {r: [values[i] for i in chosen] for r, values in self.features.items()}
        return Extracted(self.rows.iloc[chosen].reset_index(drop=True), features, self.skipped, self.refused)

    def in_memory(self) -> "Extracted":
        """The features as arrays of their own, to be sent to another machine."""
        return replace(self, features={r: [np.array(one) for one in values] for r, values in self.features.items()})

    def of_machines(self, machine_ids: Collection[str]) -> "Extracted":
        """The clips of these machines alone."""
        return self.subset(self.rows["machine_id"].isin(machine_ids).to_numpy())


def extract_dataset(
    dataset: Dataset,
    rows: "pd.DataFrame",
    representations: Sequence[Representation],
    progress: Progress = silent,
    *,
    change: Callable[[Clip], Clip] = lambda clip: clip,
    seen: Callable[[str, Clip], None] = lambda machine_id, clip: None,
) -> Extracted:
    """Read, prepare and transform clips; those that cannot be scored are named and left out.

    Args:
        change: applied to each prepared clip first (synthetic anomalies, denoising).
        seen: called with the machine id and each recording that is used, as it was read.

    A representation whose pretrained model refuses is left out, and the reading ends where none is left.
    """
    wanted = list(dict.fromkeys(representations))
    features = {r: DiskArrays() for r in wanted}
    hashes, readable, skipped = [], [], []
    refused: dict[Representation, str] = {}
    for index, (clip_id, machine_id) in enumerate(zip(rows["clip_id"], rows["machine_id"], strict=True)):
        if index % 20 == 0:
            progress(index / len(rows), f"reading clip {index + 1} of {len(rows)}")
        try:
            clip = dataset.read(clip_id)
            rate = working_rate(wanted, clip.sample_rate)
            result = extract(change(prepare(clip, sample_rate=rate)), wanted, refused)
        except ClipError as error:
            skipped.append(str(error))
            continue
        if wanted and len(refused) == len(wanted):
            break
        for representation, values in result.items():
            features[representation].add(values)
        seen(machine_id, clip)
        hashes.append(clip.sha256)
        readable.append(index)
    table = rows.iloc[readable].reset_index(drop=True).assign(sha256=hashes)
    computed = {r: kept.arrays() for r, kept in features.items() if r not in refused}
    return Extracted(table, computed, skipped, refused)
