"""From a fitted detector to what is stored of a point."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core import artifacts
from asd_core.datasets import Extracted
from asd_core.detectors import Detector
from asd_core.experiments import store
from asd_core.experiments.points import Point
from asd_core.experiments.store import Header, PointRecord, Stored
from asd_core.experiments.variants import registered
from asd_core.features import Representation
from asd_core.on_disk import taken

if TYPE_CHECKING:
    import pandas as pd

FIGURES = ("copy_test", "bandwidth")  # of a training's diagnostics that are stored beside the losses


def score_rows(point: Point, detector: Detector, part: Extracted, representation: Representation) -> "pd.DataFrame":
    """Raw scores of the clips whose machine id the detector knows: columns of ``store.COLUMNS``. Of a draw of clips their
    ranks within the machine id: there are many draws, and ranks take a fifth of the space."""
    chosen = np.flatnonzero(part.rows["machine_id"].isin(detector.machine_ids_).to_numpy())
    rows = part.rows.iloc[chosen]
    raw = detector.score(taken(part.features[representation], chosen), rows["machine_id"].tolist())
    table = rows[["clip_id", "machine_id", "label"]].assign(point=point.name, raw=raw.astype(np.float32))
    if point.clips is not None:
        table["raw"] = table.groupby("machine_id")["raw"].rank().astype(np.float32)
    return table


def record(
    point: Point,
    *,
    model_version: str | None = None,
    fit_seconds: float | None = None,
    diagnostics: dict[str, Any] | None = None,
    versions: dict[str, str] | None = None,
) -> PointRecord:
    """A finished point.

    Args:
        model_version: of the stored artifact that was used.
        diagnostics: of the training, as a manifest has it.
        versions: of the libraries it was trained with; today's for ``None``.
    """
    return PointRecord(
        name=point.name,
        series=point.series,
        x=point.x if np.isfinite(point.x) else None,
        detector=registered(point.detector),
        preset=point.preset,
        seed=point.seed,
        spec=point.spec(),
        model_version=model_version,
        fit_seconds=fit_seconds,
        diagnostics=figures(diagnostics or {}),
        versions=versions or artifacts.library_versions(),
    )


def figures(diagnostics: dict[str, Any]) -> dict[str, float]:
    """Losses at the epoch whose weights are used, the number of epochs run, and what else an experiment reads."""
    result: dict[str, float] = {}
    best = int(diagnostics.get("best_epoch", -1))
    for name, curve in (("train_loss", "train_loss"), ("held_out_loss", "validation_loss")):
        values = diagnostics.get(curve) or []
        if values:
            result[name] = float(values[min(best, len(values) - 1)])
            result["epochs_run"] = float(len(values))
    for name in FIGURES:
        value = diagnostics.get(name)
        if isinstance(value, dict):
            result |= {f"{name}_{k}": float(v) for k, v in value.items()}
        elif value is not None:
            result[name] = float(value)
    return result


def empty(header: Header) -> Stored:
    """An experiment without a point."""
    import pandas as pd

    nothing = pd.DataFrame(columns=store.COLUMNS)
    return Stored(header.model_copy(update={"points": []}), nothing, nothing)


def merged(
    earlier: Stored,
    records: Sequence[PointRecord],
    scores: Sequence["pd.DataFrame"],
    held_out: Sequence["pd.DataFrame"],
    order: Sequence[str],
) -> Stored:
    """An experiment with more points, in place of those of the same names.

    Args:
        order: names of points; those that are not in it (of an earlier sweep) are put among them by their ``x``.
    """
    import pandas as pd

    names = [r.name for r in records]
    points = [p for p in earlier.header.points if p.name not in names] + list(records)
    if {p.name for p in points} <= set(order):
        points.sort(key=lambda p: order.index(p.name))
    else:
        points.sort(key=lambda p: p.x or 0.0)
    place = {p.name: i for i, p in enumerate(points)}

    def joined(old: "pd.DataFrame", new: Sequence["pd.DataFrame"]) -> "pd.DataFrame":
        parts = [p[store.COLUMNS] for p in (old[~old["point"].isin(names)], *new) if not p.empty]
        if not parts:
            return old.iloc[:0]
        return pd.concat(parts, ignore_index=True).sort_values(
            "point", key=lambda column: column.map(place), kind="stable", ignore_index=True
        )

    header = earlier.header.model_copy(update={"points": points})
    return Stored(header, joined(earlier.scores, scores), joined(earlier.held_out, held_out))
