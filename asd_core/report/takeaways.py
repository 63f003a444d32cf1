"""What the figures say, in three sentences: each is computed, and none says more than the figures do."""

from collections.abc import Mapping

from asd_core.artifacts import Manifest
from asd_core.counting import computable, counted, listed, percent
from asd_core.detectors import is_control
from asd_core.evaluation import (
    MEAN,
    POOLED,
    Draws,
    enough_held_out,
    held_out_needed,
    not_better_than_control,
    ranking,
    tied_with_best,
)
from asd_core.lazy import pd
from asd_core.report.caveats import FEW_CLIPS
from asd_core.report.figures import LABELS, Comparison, controls_of
from asd_core.report.layout import by_id
from asd_core.report.tables import Assumptions, threshold_table
from asd_core.report.wording import listed_or_counted, name, not_shown


def _n_clips(count: float) -> str:
    return f"{count:.1f}" if 0 < count < 10 else f"{count:,.0f}"


def takeaways(comparison: Comparison) -> list[str]:
    """Three sentences for a reader in a hurry: who is best, against what, and what it would mean at the plant. Where a person
    has put a detector in use, that comes first, and the operating points are of that one."""
    in_use = [_in_use(comparison)] if comparison.in_use else []
    return [*in_use, _best(comparison), _against_controls(comparison), _at_the_plant(comparison)]


def opening_sentences(
    scores: "pd.DataFrame",
    draws: Draws,
    manifests: Mapping[str, Manifest],
    assumptions: Assumptions,
    in_use: str = "",
) -> list[str]:
    """:func:`takeaways` of a score table whose figures are there already, without the report's other tables.

    Args:
        scores: as :func:`asd_core.report.figures.compare`, of labelled clips. draws: of the same scores.
        manifests: of each detector of the table.
        in_use: the detector that a person has pinned; empty for none.
    """
    in_use = in_use if in_use in draws.detectors else ""
    order = {key: place for place, key in enumerate(draws.order())}
    tied = tied_with_best(draws)
    reported = in_use or (tied or list(order))[0]  # the only one whose thresholds are in the text
    table = ranking(draws)
    table = table.sort_values("detector", key=lambda k: k.map(order), kind="stable")
    return takeaways(
        Comparison(
            title="",
            split="",
            denoise=0.0,
            kind="",
            where="",
            labels="",
            assumptions=assumptions,
            manifests=manifests,
            draws=draws,
            tied=tied,
            not_better=not_better_than_control(draws, controls_of(draws)),
            worst={},
            ranking=table.assign(title=[name(key) for key in table["detector"]]),
            thresholds=threshold_table(scores[scores["detector"] == reported], manifests, assumptions),
            breakdown=scores[:0],
            failures=scores[:0],
            clips=scores,
            in_use=in_use,
        )
    )


def _in_use(c: Comparison) -> str:
    """A sentence that a person chose the detector, and what the figures say of it."""
    row = by_id(c.ranking)[c.in_use, MEAN]
    detectors = [key for key in c.detectors if not is_control(key)]
    place = detectors.index(c.in_use) + 1
    auc = c.draws.called("AUC")
    measured = (
        f"By its {auc} of {row['auc']:.3f} it is number {place} of {len(detectors)} detectors"
        if computable(row["auc"])
        else f"Its {auc} is not computable"
    )
    return f"{name(c.in_use)} is in use: a person pinned it, no figure did. {measured}."


def _best(c: Comparison) -> str:
    if not c.tied and c.draws.n_computable():
        return (
            "Which detector to trust cannot be said from a mean: none knows every machine id, and means over different "
            "machines cannot be compared. Compare them on one machine id."
        )
    if not c.tied:
        labels = listed(sorted(set(c.clips["label"]) & set(LABELS)))
        return (
            f"Which detector to trust is not computable from these labels: it takes normal and anomalous clips of one "
            f"machine id, and the labelled clips are {labels} ones only. Compare chooses by synthetic anomalies where they were measured."
        )
    best, others = c.tied[0], c.tied[1:]
    row = by_id(c.ranking)[best, MEAN]
    detectors = [key for key in c.draws.ranked() if not is_control(key)]
    not_better = {against.detector for against in c.not_better}
    none, auc = bool(detectors) and not_better.issuperset(detectors), c.draws.called("AUC")
    if none:
        description = f"No detector is to be relied on yet. {name(best)} has the highest {auc}: "
    elif is_control(best) or best in not_better:
        description = f"{name(best)} has the highest {auc}: "
    else:
        description = f"{name(best)} separates anomalous from normal clips best: its {auc} is "
    description += (
        f"{row['auc']:.3f} (95% interval {row['auc_low']:.3f} to {row['auc_high']:.3f}), which says that it gives the anomalous "
        f"clip the higher score in about {100 * row['auc']:.0f} of 100 pairs of an anomalous and a normal clip of one machine id"
    )
    if others:
        description += f"; on these clips {listed_or_counted([name(k) for k in others])} cannot be told apart from it"
    if is_control(best):
        description += "; but it is a control, a simple score that a useful detector must beat"
    elif best in not_better and not none:
        description += "; but it is not clearly better than the best control"
    if c.manifests[best].alarms:
        description += "; it raised an alarm in training"
    return description + "."


def _against_controls(c: Comparison) -> str:
    # A mean over fewer machine ids is compared with no other, here as in the ranking.
    ranked = [key for key in c.draws.ranked() if not is_control(key)]
    n, fewer = len(ranked), len(c.detectors) - len(c.controls) - len(ranked)
    if not controls_of(c.draws):
        return "No control has scores of these clips, so nothing here shows that any detector has learned something."
    control = c.best_control
    if not c.tied or not n or not control:
        return "Whether a detector beats the controls, which learn nothing of machine sound, is not computable here."
    apart = f" Not counted: {counted(fewer, 'detector')} without a figure of every machine id." if fewer else ""
    measured = f"{c.draws.called('AUC')} {c.draws.whole.figure(control):.3f}"
    against = f"the best control ({name(control)}, {measured}{not_shown(c.draws, control)})"
    not_better = [result for result in c.not_better if result.detector in ranked]
    if not not_better:
        return f"{_all(n)} clearly above {against}.{apart}"
    lose = [name(result.detector) for result in not_better if result.by_point]
    may = [name(result.detector) for result in not_better if not result.by_point]
    parts = []
    if lose:
        parts.append(f"{listed_or_counted(lose, 'of them')} {'has' if len(lose) == 1 else 'have'} no higher figure")
    if may:
        parts.append(
            f"{listed_or_counted(may, 'of them')} {'has' if len(may) == 1 else 'have'} a higher one, though not clearly"
        )
    clear = n - len(not_better)
    stand = (
        "The detector does not stand"
        if n == 1
        else f"{clear or 'None'} of {n} detectors {'stands' if clear <= 1 else 'stand'}"
    )
    none = "it should not" if len(not_better) == 1 else "none of these should"
    return f"{stand} clearly above {against}; {'; '.join(parts)}: on this evidence {none} be relied on.{apart}"


def _all(n: int) -> str:
    return "The detector stands" if n == 1 else f"All {n} detectors stand"


def _at_the_plant(c: Comparison) -> str:
    key = c.lead or c.detectors[0]
    rows, assumed = by_id(c.thresholds), c.assumptions
    row = rows.get((key, POOLED))
    requested = percent(assumed.rate)
    faulty = assumed.prevalence * assumed.clips_per_day
    few = [n for n in map(len, c.manifests[key].calibration.values()) if not enough_held_out(n, assumed.rate)]
    if few:
        return (
            f"What {name(key)} would do at the plant cannot be said: too few normal clips to decide, "
            f"{held_out_needed(assumed.rate)} are needed for {requested}, and as few as {min(few)} of a machine id set the threshold."
        )
    if row is None or not computable(row["alerts_per_day"]):
        rate = "not computable" if row is None else percent(row["false_alarm_rate"])
        return (
            f"With the false-alarm rate set to {requested}, the share of normal clips that {name(key)} called anomalies is "
            f"{rate}; how many anomalies it would find is not computable from this data."
        )
    n_normal, n_anomaly = int(row["n_normal"]), int(row["n_anomaly"])
    if min(n_normal, n_anomaly) < FEW_CLIPS:
        return (
            f"With the false-alarm rate set to {requested}, {name(key)} called {int(row['false_alarms'])} of {n_normal} normal and "
            f"{int(row['detections'])} of {n_anomaly} anomalous clips an anomaly: too few clips to say what it would do at the plant."
        )
    alerts, false = row["alerts_per_day"], row["false_alerts_per_day"]
    if row["false_alarms"]:
        normals = assumed.clips_per_day * (1 - assumed.prevalence)
        low, high = (_n_clips(normals * row[f"false_alarm_rate_{end}"]) for end in ("low", "high"))
        true = f"one in {1 / row['precision']:.1f} would be true" if row["precision"] > 0 else "none would be true"
        true = f"95% interval {low} to {high}; {true}"
    else:  # nobody would believe that none ever is
        highest = percent(row["false_alarm_rate_high"])
        true = f"none of {n_normal} normal clips was called an anomaly here; up to {highest} may be"
    missed = ""
    if faulty and row["detections"] == row["n_anomaly"]:  # nor that none is ever missed
        highest = percent(1 - row["detection_rate_low"])
        missed = f"; none of {n_anomaly} anomalies was missed here, up to {highest} may be"
    elif faulty:
        missed = f", and {percent(1 - row['detection_rate'])} of the anomalies would be missed"
    return (
        f"With the false-alarm rate set to {requested}, and if {percent(assumed.prevalence)} of {assumed.clips_per_day:,.0f} "
        f"clips a day are anomalous, {name(key)} would raise about {_n_clips(alerts)} alerts a day, {_n_clips(false)} of "
        f"them false ({true}){missed}. These are its rates on {n_normal:,} normal and {n_anomaly:,} anomalous clips."
    )
