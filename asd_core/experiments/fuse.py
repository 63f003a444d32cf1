"""The fusion's points, from its members' points: it looks at no sound."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asd_core.datasets import held_out
from asd_core.detectors.fusion import Fusion
from asd_core.experiments.points import Point
from asd_core.experiments.records import record
from asd_core.experiments.store import PointRecord, Stored

if TYPE_CHECKING:
    import pandas as pd


def fused(
    points: Sequence[Point],
    chosen: frozenset[str],
    members: Sequence[str],
    stored: Stored,
    train_rows: "pd.DataFrame",
) -> tuple[list[PointRecord], list["pd.DataFrame"]]:
    """Records and score tables of the chosen fusion points whose members' points are all stored.

    As in training, the half of the held-out normal clips of lowest hash teaches it how its members score normal sound.

    Args:
        points: all of the experiment.
        members: keys, as the trained fusion has them.
        train_rows: the training normals, with a column sha256.
    """
    mask = held_out(train_rows["sha256"].tolist(), train_rows["machine_id"].tolist())
    rows = train_rows[mask]
    half = held_out(rows["sha256"].tolist(), rows["machine_id"].tolist(), 0.5)
    teaching = set(rows[half]["clip_id"])
    records, tables = [], []
    for point in points:
        if not point.is_fusion or point.name not in chosen:
            continue
        inputs = _of_members(points, members, point.trained_at, point.tested_at, stored.scores)
        taught = _of_members(points, members, point.trained_at, point.trained_at, stored.held_out)
        if inputs is None or taught is None:
            continue
        taught = taught[taught.index.isin(teaching)]
        fusion = Fusion(**point.parameters())
        fusion.members_ = list(members)
        fusion.fit(list(taught[fusion.members_].to_numpy()), taught["machine_id"].tolist(), seed=point.seed)
        known = inputs[inputs["machine_id"].isin(fusion.machine_ids_)]
        raw = fusion.score(list(known[fusion.members_].to_numpy()), known["machine_id"].tolist())
        tables.append(known[["machine_id", "label"]].assign(raw=raw, point=point.name).reset_index())
        subset = record(point)
        records.append(subset.model_copy(update={"spec": {**subset.spec, "members": list(members)}}))
    return records, tables


def _of_members(
    points: Sequence[Point], members: Sequence[str], trained_at: float, tested_at: float, table: "pd.DataFrame"
) -> "pd.DataFrame | None":
    """Clips by clip_id with a column of raw scores for each member, or ``None`` when a member's point is missing."""
    names = {(p.detector, p.trained_at, p.tested_at): p.name for p in points}
    parts = [table[table["point"] == names.get((m, trained_at, tested_at))].set_index("clip_id") for m in members]
    if any(part.empty for part in parts):
        return None
    wide = parts[0][["machine_id", "label"]].copy()
    for member, part in zip(members, parts, strict=True):
        wide[member] = part["raw"].astype("float64")
    return wide
