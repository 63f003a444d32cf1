"""Where detectors differ: how alike they rank clips, on which clips they part, and which anomalies each one detects."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from asd_core.evaluation.roc_auc import auc, mean_of_known
from asd_core.lazy import pd

THIRDS = ("mild", "medium", "strong")
MANY_VALUES = 12  # a measured attribute with more distinct values than this is cut into thirds


def rank_correlation(scores: "pd.DataFrame", *, label: Literal["normal", "anomaly"] | None = None) -> "pd.DataFrame":
    """Spearman rank correlation between detectors, of each machine id, then averaged over ids.

    Across ids together, detectors would agree for merely finding one machine louder than another. Labels are not
    needed; within one class (``label``) the agreement is about more than both telling the classes apart.

    Args:
        scores: columns ``detector, machine_id, raw, clip_id``.

    Returns:
        ``(n_detectors, n_detectors)``, from -1 to 1; ``nan`` for fewer than three clips in common in every id, or scores
        that are all equal.
    """
    subset = scores if label is None else scores[scores["label"] == label]
    detectors = list(dict.fromkeys(scores["detector"]))
    tables = [
        group.pivot(index="clip_id", columns="detector", values="raw")
        .reindex(columns=detectors)
        .corr(method="spearman", min_periods=3)
        .to_numpy()
        for _, group in subset.groupby("machine_id")
    ]
    stack = np.array(tables).reshape(-1, len(detectors), len(detectors))
    return pd.DataFrame(mean_of_known(stack), index=detectors, columns=detectors)


def disagreements(scores: "pd.DataFrame", n: int = 20) -> "pd.DataFrame":
    """The clips on which detectors differ most, by the standard deviation of their margins, each taken as ``asinh`` as in
    the label queues: linear near the threshold, logarithmic far from it, so that one detector's extremes do not fill the list.

    Args:
        scores: columns ``detector, machine_id, label, clip_id, margin`` (normal spreads above the threshold, see
            :func:`asd_core.evaluation.margin`).

    Returns:
        At most ``n`` rows: clip_id, machine_id, label, spread (that deviation), highest and lowest (detectors),
        highest_margin, lowest_margin. The widest spread first; clips scored by one detector alone are left out.
    """
    keys = ["machine_id", "clip_id"]
    ordered = scores.dropna(subset="margin").sort_values([*keys, "margin"], kind="stable")
    groups = ordered.groupby(keys)
    low, high = groups.first(), groups.last()
    table = low[["label"]].assign(
        spread=np.arcsinh(ordered["margin"]).groupby([ordered[key] for key in keys]).std(ddof=0),
        highest=high["detector"],
        highest_margin=high["margin"],
        lowest=low["detector"],
        lowest_margin=low["margin"],
    )
    table = table[groups.size() > 1].reset_index()
    columns = ["clip_id", "machine_id", *table.columns[2:]]
    return table[columns].sort_values("spread", ascending=False, kind="stable").head(n).reset_index(drop=True)


def breakdown(scores: "pd.DataFrame", attribute: str) -> "pd.DataFrame":
    """AUC of each detector by value of an attribute of the clips, mean over the machine ids where it is computable.

    An attribute that only anomalies have (fault, severity: normal clips are all empty, or all 0) sets the anomalies of a
    value against all normals of the same id. Any other (snr_db, domain, machine_id) sets them against the normals of the
    same value. Severity is cut at 1/3 and 2/3 into mild, medium and strong; another measured attribute of many values
    at its own terciles.

    Args:
        scores: columns ``detector, machine_id, label, raw`` and ``attribute``.

    Returns:
        Rows of detector, value, auc (``nan`` where not computable), n_normal, n_anomaly (clips of that value over all
        ids) and n_ids (those the mean is of). ``value`` is an ordered category.
    """
    labelled = scores[scores["label"].isin(["normal", "anomaly"])]
    normal = labelled["label"] == "normal"
    values, of_anomalies_alone = _values(labelled, attribute)
    rows = []
    for detector, index in labelled.groupby("detector", sort=False).groups.items():
        raw, ids, is_normal = labelled["raw"].loc[index], labelled["machine_id"].loc[index], normal.loc[index]
        subset = values.reindex(index)
        for value in values.cat.categories:
            here = (subset == value).to_numpy()
            against = is_normal.to_numpy() & (here | of_anomalies_alone)
            hit = here & ~is_normal.to_numpy()
            by_id = [
                auc(raw[against & same].to_numpy(dtype=float), raw[hit & same].to_numpy(dtype=float))
                for same in ((ids == i).to_numpy() for i in ids.unique())
            ]
            known = [a for a in by_id if np.isfinite(a)]
            figure = float(np.mean(known)) if known else float("nan")
            rows.append((detector, value, figure, int(against.sum()), int(hit.sum()), len(known)))
    table = pd.DataFrame(rows, columns=["detector", "value", "auc", "n_normal", "n_anomaly", "n_ids"])
    return table.assign(value=pd.Categorical(table["value"], values.cat.categories, ordered=True))


def without_value(scores: "pd.DataFrame", attribute: str) -> int:
    """How many labelled clips stand in no row of :func:`breakdown`, for the catalogue gives them no value of the attribute."""
    labelled = scores[scores["label"].isin(["normal", "anomaly"])]
    clips = labelled.drop_duplicates(["machine_id", "clip_id"])
    values, of_anomalies_alone = _values(clips, attribute)
    counted = clips[clips["label"] == "anomaly"] if of_anomalies_alone else clips
    return int(len(counted) - values.reindex(counted.index).notna().sum())


def filter_options(scores: "pd.DataFrame", attribute: str) -> list[str]:
    """The values of an attribute by which :func:`filter_scores` can choose, in order, measurements in thirds."""
    return [str(value) for value in _values(scores.drop_duplicates("clip_id"), attribute)[0].cat.categories]


def filter_scores(scores: "pd.DataFrame", attribute: str, chosen: Sequence[str]) -> "pd.DataFrame":
    """Rows whose clips have one of the chosen values (see :func:`filter_options`).

    As in :func:`breakdown`, an attribute that only anomalies have chooses among these alone: normal clips all stay.
    """
    values, of_anomalies_alone = _values(scores.drop_duplicates("clip_id").set_index("clip_id"), attribute)
    clips = values[values.astype(str).isin(list(chosen))].index
    return scores[scores["clip_id"].isin(clips) | (of_anomalies_alone & (scores["label"] == "normal"))]


def _values(rows: "pd.DataFrame", attribute: str) -> tuple["pd.Series[str]", bool]:
    """An attribute of the rows that have it, as ordered categories, and whether only anomalies have it."""
    normal = rows["label"] == "normal"
    given = rows[attribute].replace("", np.nan)
    normals, others = given[normal].dropna(), given[~normal].dropna()
    of_anomalies_alone = bool(len(others)) and (
        normals.empty or (bool((normals == 0).all()) and not bool((others == 0).any()))
    )
    return _binned(others if of_anomalies_alone else given.dropna(), attribute), of_anomalies_alone


def _binned(values: "pd.Series[float]", attribute: str) -> "pd.Series[str]":
    """Values as ordered categories, cut into thirds where they are measurements."""
    number = pd.api.types.is_numeric_dtype(values)
    if attribute == "severity" and number:
        return pd.cut(values, [-np.inf, 1 / 3, 2 / 3, np.inf], labels=list(THIRDS)).cat.remove_unused_categories()
    if number and values.nunique() > MANY_VALUES:
        return pd.qcut(values, 3, duplicates="drop", precision=2).cat.rename_categories(str)
    return values.astype(pd.CategoricalDtype(sorted(values.unique()), ordered=True))
