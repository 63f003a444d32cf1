"""Two detectors at their thresholds on the same clips: where they decide differently, and whether one is right more often."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from asd_core.lazy import pd, scipy


@dataclass(frozen=True, eq=False)
class HeadToHead:
    """Decisions of two detectors on the labelled clips that both have scored and have a threshold for."""

    both_right: int
    first_right: int  # the first alone
    second_right: int
    both_wrong: int
    p: float  # McNemar's exact test: of so uneven a split or a more uneven one, if both were right equally often
    clips: "pd.DataFrame"  # where decisions differ: clip_id, machine_id, label, first_margin, second_margin, right (0 or 1)

    @property
    def n(self) -> int:
        """How many clips were compared."""
        return self.both_right + self.first_right + self.second_right + self.both_wrong


def head_to_head(
    scores: "pd.DataFrame", first: str, second: str, thresholds: Mapping[str, Mapping[str, float | None]]
) -> HeadToHead:
    """McNemar's exact test (1947) on two detectors' decisions, and the clips on which these differ.

    Args:
        scores: columns ``detector, machine_id, label, clip_id, raw``; only labels normal and anomaly count.
        thresholds: of each detector and machine id, on the raw score; a clip above it is an alarm.

    Returns:
        ``clips`` has a detector's margin over its threshold, on its own scale, and which detector is right (0: the
        first); missed anomalies first. ``p`` is ``nan`` where the decisions never differ.
    """
    labelled = scores[scores["label"].isin(["normal", "anomaly"])]
    sides = []
    for key in (first, second):
        mine = labelled[labelled["detector"] == key].set_index(["clip_id", "machine_id", "label"])["raw"].astype(float)
        limits = {i: np.nan if value is None else value for i, value in thresholds[key].items()}
        sides.append(mine - mine.index.get_level_values("machine_id").map(limits).to_numpy(dtype=np.float64))
    pair = pd.concat(sides, axis=1, keys=["first_margin", "second_margin"], join="inner").dropna().reset_index()
    anomalous = (pair["label"] == "anomaly").to_numpy()
    right = [(pair[name] > 0).to_numpy() == anomalous for name in ("first_margin", "second_margin")]
    one, other = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    p = float(scipy.stats.binomtest(one, one + other).pvalue) if one + other else float("nan")
    differ = pair.assign(right=np.where(right[0], 0, 1))[right[0] != right[1]]
    return HeadToHead(
        int((right[0] & right[1]).sum()),
        one,
        other,
        int((~right[0] & ~right[1]).sum()),
        p,
        differ.sort_values(["label", "machine_id", "clip_id"], kind="stable").reset_index(drop=True),
    )
