"""DBSCAN's oracle: tuned with the labels of some test clips, evaluated on others."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from asd_core.evaluation import Difference, bootstrap, paired_difference
from asd_core.experiments.catalogue import DEFAULT_RULE
from asd_core.experiments.store import Stored
from asd_core.experiments.wording import first_listed, is_tie, signed

if TYPE_CHECKING:
    import pandas as pd


def halves(scores: "pd.DataFrame") -> list[tuple[str, "pd.Series", "pd.Series"]]:
    """Ways to split labelled test clips: a name, and two disjoint masks over the rows (tuned on, evaluated on).

    Half of the clips of each machine id and label by a hash of their names, and half of the machine ids; each both ways.
    """
    clips = scores[["clip_id", "machine_id", "label"]].drop_duplicates("clip_id")
    order = clips["clip_id"].map(lambda name: hashlib.sha256(str(name).encode()).hexdigest())
    rank = order.groupby([clips["machine_id"], clips["label"]]).rank()
    size = order.groupby([clips["machine_id"], clips["label"]]).transform("size")
    first = scores["clip_id"].isin(clips["clip_id"][rank <= size / 2])
    ways = [("half of the clips", first, ~first), ("the other half of the clips", ~first, first)]
    ids = sorted(scores["machine_id"].unique())
    if len(ids) > 1:
        front, back = ids[: len(ids) // 2], ids[len(ids) // 2 :]
        mask = scores["machine_id"].isin(front)
        ways += [("ids " + ", ".join(front), mask, ~mask), ("ids " + ", ".join(back), ~mask, mask)]
    return ways


def dbscan_transfers(stored: Stored) -> "pd.DataFrame":
    """**Looks at test labels.** One row per way of splitting the test clips.

    Columns: tuned_on; by (clips or ids); chosen (the grid's point of highest mean AUC there; the first of equals);
    oracle and rule (mean AUC of the chosen point and of the rule without labels on the clips it was tuned on);
    transferred, rule_elsewhere and oracle_elsewhere (on the other clips: the chosen point, the rule, and the point that
    would be best there); gain, low, high (transferred less rule_elsewhere, with its paired 95% interval).
    """
    import pandas as pd

    rows = []
    table = stored.scores[stored.scores["label"].isin(["normal", "anomaly"])].rename(columns={"point": "detector"})
    for name, tuned, with_decisions in halves(table):
        here, there = _mean_auc(table[tuned]), _mean_auc(table[with_decisions])
        grid = [p for p in here.index if p != DEFAULT_RULE]
        if DEFAULT_RULE not in here.index or not grid or not np.isfinite(here[grid]).any():
            continue
        chosen = str(here[grid].idxmax())
        pair = _pair(table[with_decisions], chosen)
        rows.append(
            {
                "tuned_on": name,
                "by": "ids" if name.startswith("ids ") else "clips",
                "chosen": chosen,
                "oracle": here[chosen],
                "rule": here[DEFAULT_RULE],
                "transferred": there[chosen],
                "rule_elsewhere": there[DEFAULT_RULE],
                "oracle_elsewhere": there[grid].max(),
                "gain": pair.difference,
                "low": pair.low,
                "high": pair.high,
            }
        )
    return pd.DataFrame(rows)


def _mean_auc(table: "pd.DataFrame") -> "pd.Series":
    import pandas as pd

    draws = bootstrap(table, resamples=0)
    return pd.Series(draws.point(), index=list(draws.detectors))


def _pair(table: "pd.DataFrame", chosen: str) -> Difference:
    return paired_difference(bootstrap(table[table["detector"].isin([chosen, DEFAULT_RULE])]), chosen, DEFAULT_RULE)


def dbscan_conclusion(stored: Stored) -> tuple[str, str]:
    """In a few words and in sentences: what the oracle gains where it is tuned, and what is left of it elsewhere."""
    table = dbscan_transfers(stored)
    if table.empty:
        return (
            "Too little is stored to tell.",
            "The grid or the rule without labels is not stored, so nothing can be said.",
        )
    gains = table["oracle"] - table["rule"]
    pairs = [Difference(r["gain"], r["low"], r["high"]) for r in table.to_dict("records")]
    texts = [f"{signed(pair)} when tuned on {name}" for name, pair in zip(table["tuned_on"], pairs, strict=True)]
    low, high = (f"{gain:+.3f}".replace("-", "−") for gain in (gains.min(), gains.max()))
    text = (
        f"**Oracle.** eps and min_samples chosen with test labels gain {low} to {high} AUC over the rule without labels "
        f"on the clips they were chosen on; on the other clips they gain {'; '.join(texts)}. "
    )
    won = sum(pair.low > 0 for pair in pairs)
    if won == len(pairs):
        return "Yes, on these clips.", text + "The tuning carries over."
    if all(is_tie(pair) for pair in pairs):
        return "No.", text + "None is beyond its paired interval: the tuning does not carry over."
    lost = [n for n, pair in zip(table["tuned_on"], pairs, strict=True) if pair.high < 0]
    worse = f", and does harm when tuned on {first_listed(lost)}" if lost else ""
    answer = f"In {won} of {len(pairs)} ways." if won else "No, it does harm."
    return answer, text + f"It carries over beyond its paired interval in {won} of {len(pairs)} ways{worse}."
