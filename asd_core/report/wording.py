"""What the figures say, in sentences: each is computed, and none says more than the figures do."""

from collections.abc import Mapping, Sequence

from asd_core.artifacts import Manifest
from asd_core.counting import computable, counted, listed, percent
from asd_core.datasets import HELD_OUT_FRACTION, Dataset
from asd_core.detectors import detector_class, is_control
from asd_core.evaluation import (
    MAX_FPR,
    MEAN,
    POOLED,
    Draws,
    enough_held_out,
    held_out_needed,
    not_better_than_control,
    ranking,
    tied_with_best,
    without_value,
)
from asd_core.lazy import pd
from asd_core.report.best_member import fusion_gain
from asd_core.report.figures import LABELS, Comparison, controls_of
from asd_core.report.layout import by_id, heading
from asd_core.report.rendering import render
from asd_core.report.tables import Assumptions, threshold_table

FEW_CLIPS = 10
MOST_NAMED = 6  # detectors in a sentence
FOREIGN_NAMED = 5  # clips that do not belong, by name: the export lists all


def name(key: str) -> str:
    """A detector's name in a sentence."""
    return detector_class(key).info.title


def listed_or_counted(names: Sequence[str], others: str = "others") -> str:
    """Names as a list in a sentence, or how many where that would be too long to read: ``12 others``."""
    return listed(names) if len(names) <= MOST_NAMED else f"{len(names)} {others}"


def not_shown(draws: Draws, control: str) -> str:
    """That a control is not among the detectors shown, to go on its name; empty where it is."""
    return "" if control in draws.detectors else ", not shown here"


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
    alerts, false, result = row["alerts_per_day"], row["false_alerts_per_day"], row["detection_rate"]
    if row["false_alarms"]:
        true = f"one in {1 / row['precision']:.1f} would be true" if row["precision"] > 0 else "none would be true"
    else:  # nobody would believe that none ever is
        highest = percent(row["false_alarm_rate_high"])
        true = f"none of {int(row['n_normal'])} normal clips was called an anomaly here; up to {highest} may be"
    missed = ""
    if faulty and row["detections"] == row["n_anomaly"]:  # nor that none is ever missed
        highest = percent(1 - row["detection_rate_low"])
        missed = f"; none of {int(row['n_anomaly'])} anomalies was missed here, up to {highest} may be"
    elif faulty:
        missed = f", and {_n_clips(faulty * (1 - result))} of {_n_clips(faulty)} anomalies would be missed"
    return (
        f"With the false-alarm rate set to {requested}, and if {percent(assumed.prevalence)} of {assumed.clips_per_day:,.0f} "
        f"clips a day are anomalous, {name(key)} would raise about {_n_clips(alerts)} alerts a day, {_n_clips(false)} of "
        f"them false ({true}){missed}. These are its rates on {int(row['n_normal']):,} normal and {int(row['n_anomaly']):,} anomalous clips."
    )


def warnings(c: Comparison, dataset: Dataset | None) -> list[str]:
    """What a reader must know before believing the figures."""
    results = []
    for machine_id, (normal, anomaly) in c.draws.clips.items():
        if not normal or not anomaly:
            results.append(f"Machine id {machine_id} has clips of one label only: its AUC is not computable.")
        elif min(normal, anomaly) < FEW_CLIPS:
            results.append(
                f"Machine id {machine_id} has fewer than ten clips of a label ({normal} normal, {anomaly} anomalous): its "
                "figures can say very little."
            )
    for key, known in c.draws.coverage().items():
        results.append(
            f"{name(key)} knows {known}: its mean is of these alone, so it is ranked after those that know all, and never "
            "called the best."
        )
    left_out = sum(c.draws.left_out.values())
    if left_out:
        results.append(
            f"{counted(left_out, 'labelled clip')} that some detector has no score for {'is' if left_out == 1 else 'are'} left out of paired comparisons."
        )
    if dataset is not None:
        rows = dataset.rows(split=c.split)
        rows = rows[rows["label"].isin(LABELS)]
        used = c.clips[c.clips["label"].isin(LABELS)]["clip_id"].nunique()
        if used < len(rows):
            results.append(
                f"{used} of the {len(rows)} labelled clips of the {c.split} split {'is' if used == 1 else 'are'} in this report."
            )
    if foreign := _foreign(c):
        results.append(foreign)
    if c.denoise > 0:
        results.append(
            f"Clips were denoised ({c.denoising}) before scoring; the detectors learned from recordings as they are."
        )
    rate = c.assumptions.rate
    held_out = {
        key: {i: (of.n(i), of.threshold(i, rate).rate) for i in of.scores}
        for key, of in ((key, manifest.calibrated()) for key, manifest in c.manifests.items())
    }
    if few := too_few_held_out(held_out, rate):
        results.append(few)
    results += breaches(c)
    if gain := fusion_gain(c.draws, c.manifests):
        results.append(gain)
    if all(reasons := [m.too_few_to_tell() for m in c.manifests.values()]):
        who = "a detector without an alarm" if any(m.alarms for m in c.manifests.values()) else "a detector"
        results.append(reasons[0].replace("it has", f"{who} has"))
    if len({m.data_fingerprint for m in c.manifests.values()}) > 1:
        results.append("The detectors were not all trained on the same clips (their data fingerprints differ).")
    return results


def _foreign(c: Comparison) -> str:
    """Clips that do not belong to the machine that they are listed under."""
    if "applicable" not in c.clips:
        return ""
    clips = c.clips.drop_duplicates(["clip_id", "machine_id"])
    return not_of_their_machine(clips[~clips["applicable"].fillna(True).astype(bool)], c.split)


def not_of_their_machine(clips: "pd.DataFrame", split: str) -> str:
    """A sentence on clips that do not belong to the machine that they are listed under; empty without any.

    Args:
        clips: a row each, with columns ``clip_id`` (what it is called), ``label`` and ``applicability_reason``.
    """
    if clips.empty:
        return ""
    rows = clips.head(FOREIGN_NAMED)
    named = [f"{r.clip_id} ({r.applicability_reason})" for r in rows.itertuples()]
    rest = f" and {len(clips) - len(rows)} more" if len(clips) > len(rows) else ""
    one = len(clips) == 1
    anomalies = int((clips["label"] == "anomaly").sum())
    of_them = f"{'All' if anomalies == len(clips) else anomalies} of them {'is' if anomalies == 1 else 'are'}"
    labelled = (
        "It is labelled as an anomaly"
        if one
        else f"{of_them} labelled as {'an anomaly' if anomalies == 1 else 'anomalies'}"
    )
    fault = f"{labelled}: the fault itself can be what differs. " if anomalies else ""
    return (
        f"{counted(len(clips), 'clip')} of the {split} split {'is' if one else 'are'} not like any recording of "
        f"{'its' if one else 'their'} machine: check machine id, microphone and rate; {'its' if one else 'their'} scores "
        f"mean little. {fault}{'; '.join(named)}{rest}."
    )


def too_few_held_out(held_out: Mapping[str, Mapping[str, tuple[int, float]]], rate: float) -> str:
    """Whose thresholds too few held-out clips set to decide at a false-alarm rate, and how few; empty where they are enough.

    Args:
        held_out: by detector and machine id, how many clips set the threshold, and which share of normal clips lies above it
            on average.
        rate: asked for.
    """
    fewest = {key: min((n, i) for i, (n, _) in by_id.items()) for key, by_id in held_out.items() if by_id}
    few = {key: least for key, least in fewest.items() if not enough_held_out(least[0], rate)}
    if not few:
        return ""
    n, machine_id = min(few.values())
    alike = [key for key in few if held_out[key].get(machine_id, (0, 0.0))[0] == n]
    others = sorted(least[0] for key, least in few.items() if key not in alike)
    average = held_out[alike[0]][machine_id][1]
    sentence = (
        f"Too few normal clips to decide: {held_out_needed(rate)} are needed for {percent(rate)}, and {n} of machine id {machine_id} "
        f"set{'s' if n == 1 else ''} the threshold of {listed_or_counted([name(key) for key in alike], 'detectors')}. The highest "
        f"of their scores is taken as it; on average {average:.1%} of normal clips lie above it."
    )
    if others:
        range_ = f"{others[0]}" if others[0] == others[-1] else f"{others[0]} to {others[-1]}"
        sentence += f" {counted(len(others), 'other detector')} {'has' if len(others) == 1 else 'have'} too few as well, {range_} of a machine id."
    return sentence


def clips_without(n: int, attribute: str) -> str:
    """So many clips without a value of an attribute, and the verb: ``1 clip without fault is``."""
    return f"{counted(n, 'clip')} without {attribute} {'is' if n == 1 else 'are'}"


def left_out_of_breakdowns(c: Comparison) -> str:
    """Which clips no column of the breakdowns counts; empty where all do."""
    by_attribute = {name: without_value(c.clips, name) for name in c.breakdown["attribute"].unique()}
    parts = [f"{clips_without(n, heading(name))} left out" for name, n in by_attribute.items() if n]
    return f"{'; '.join(parts)}." if parts else ""


def breaches(c: Comparison) -> list[str]:
    """Which thresholds raise more false alarms than was promised, and why; nothing where none does."""
    rows = c.thresholds[(c.thresholds["machine_id"] != POOLED) & (c.thresholds["breach"] != "")]
    results = []
    for machine_id, subset in rows.groupby("machine_id", sort=True):
        n = int((c.thresholds["machine_id"] == machine_id).sum())
        beyond = [name(key) for key in subset.loc[subset["breach"] == "beyond", "detector"]]
        within = len(subset) - len(beyond)
        parts = [
            f"On machine id {machine_id}, {len(subset)} of {counted(n, 'detector')} clearly {'raises' if len(subset) == 1 else 'raise'} more "
            f"false alarms than promised at {percent(c.assumptions.rate)}. The promise holds on average over draws of the held-out clips, not for each draw."
        ]
        if within:
            parts.append(f"For {within} of them so few held-out clips explain it.")
        if beyond:
            parts.append(f"For {listed(beyond)} they do not: these normal clips differ from the held-out ones.")
        results.append(" ".join(parts))
    return results


def report_protocol(c: Comparison) -> list[str]:
    """How the figures were made, a sentence or two each."""
    return render("protocol.md.j2", c=c, held_out=HELD_OUT_FRACTION, max_fpr=MAX_FPR).splitlines()


def rank(c: Comparison, key: str) -> str:
    """What the mean AUC says of one detector, and of how many machine ids it is where others know more."""
    against = next((against for against in c.not_better if against.detector == key), None)
    result = ""
    if is_control(key):
        result = "control"
    elif against:
        result = "▼ not above a control" if against.by_point else "▽ near a control"
    elif key in c.tied:
        result = "★ best" if key == c.tied[0] else "★ tied with the best"
    in_use = "in use" if key == c.in_use else ""
    return ", ".join(filter(None, [in_use, result, c.draws.coverage().get(key, "")]))
