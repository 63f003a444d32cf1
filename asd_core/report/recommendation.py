"""Which detector to use, why, and what would change it: by labelled clips where there are both classes, else by synthetic
anomalies. It says nothing that :mod:`asd_core.report.takeaways` does not: the same ties, controls and alarms decide."""

from collections.abc import Mapping
from dataclasses import dataclass

from asd_core.artifacts import Manifest
from asd_core.counting import counted
from asd_core.detectors import is_control
from asd_core.evaluation import Draws, anomalies_to_settle, best_control, not_better_than_control, tied_with_best
from asd_core.report.figures import controls_of
from asd_core.report.wording import listed_or_counted, name, not_shown
from asd_core.training import Sensitivity

MANY = 10_000  # clips that nobody will record to settle a comparison
UNKNOWN = (
    "Synthetic anomalies are our guess at what faults do: real ones may differ, and the order of detectors with them."
)


@dataclass(frozen=True)
class Recommendation:
    """A detector to use (its key; empty for none), why, and what would change that; a sentence each."""

    detector: str
    why: tuple[str, ...]
    change: str

    @property
    def title(self) -> str:
        return name(self.detector) if self.detector else "none yet"


NONE_KNOWS_ALL = Recommendation("", ("None knows every machine id.",), "Compare them on one machine id.")


def recommend_by_labels(
    draws: Draws, manifests: Mapping[str, Manifest], seconds: Mapping[str, float], in_use: str = ""
) -> Recommendation:
    """Of the detectors that are clearly better than the best control and have no alarm, the best, or the cheapest to
    score of those tied with it.

    Args:
        draws: with a figure (:meth:`Draws.n_computable`).
        manifests: of each detector.
        seconds: for a clip, of the detectors whose scoring was timed.
        in_use: the detector that a person has pinned; empty for none.
    """
    detectors = [key for key in draws.ranked() if not is_control(key)]
    controls = controls_of(draws)
    if all(is_control(key) for key in draws.detectors):
        return _none("Only controls are chosen, and these are yardsticks.", "Choose a detector in the sidebar.")
    if not detectors:
        return NONE_KNOWS_ALL
    not_better = {result.detector for result in not_better_than_control(draws, controls)}
    clear = [key for key in detectors if key not in not_better]
    control = best_control(draws, controls)
    if not clear:
        return _none(
            f"No detector stands clearly above the best control, {name(control)}{not_shown(draws, control)}.",
            "More labelled clips, or more normal sound to learn from, may change that.",
        )
    unalarmed = [key for key in clear if not manifests[key].alarms]
    if not unalarmed:
        raised = "It raised an alarm" if len(clear) == 1 else "Each raised an alarm"
        return _none(
            f"{counted(len(clear), 'detector')} {'stands' if len(clear) == 1 else 'stand'} clearly above the controls. {raised} in training.",
            "The alarms below the ranking say what to look at; train again then.",
        )
    tied = tied_with_best(draws)
    pool = [key for key in tied if key in unalarmed] or unalarmed[:1]
    timed = all(key in seconds for key in pool)
    chosen = min(pool, key=seconds.__getitem__) if timed else pool[0]
    why = [_measured(draws, chosen, tied)]
    if len(pool) > 1:
        why.append(
            f"Of {counted(len(pool), 'detector')} tied for the best it is the cheapest to score: {1000 * seconds[chosen]:.1f} ms a clip."
            if timed
            else f"{counted(len(pool), 'detector')} are tied for the best, and it comes first among them."
        )
    elif tied[0] != chosen and tied[0] not in unalarmed and tied[0] in clear:
        why.append(f"{name(tied[0])} measures higher, but raised an alarm in training.")
    elif control:
        why.append(
            f"The best control, {name(control)}{not_shown(draws, control)}, has {draws.whole.figure(control):.3f}."
        )
    if not control:
        why.append("No control has scores of these clips, so nothing shows that it has learned something.")
    return Recommendation(chosen, (*why, *_pinned(in_use, chosen)), _settling(draws, chosen, pool, timed))


def recommend_by_evidence(
    sensitivity: Sensitivity,
    manifests: Mapping[str, Manifest],
    in_use: str = "",
    reason: str = "No anomaly is labelled.",
    record: str = "",
) -> Recommendation:
    """The detector that tells synthetic anomalies from held-out normal clips best, of those that are clearly better
    than the best control and have no alarm.

    Args:
        sensitivity: of the chosen detectors.
        manifests, in_use: see :func:`recommend_by_labels`.
        reason: why there is no figure by labels, a sentence.
        record: how often such a choice was right where labels tell (:func:`asd_core.experiments.study_record`).
    """
    figures = sensitivity.figures
    detectors = [str(key) for key in figures.index if not is_control(str(key))]
    if not detectors:
        return _none(
            "There is neither a labelled anomaly nor a measurement with synthetic ones to choose by.",
            "Measure it on the Compare page, in the view Without labels, or label some anomalies.",
        )
    detectors = [key for key in sensitivity.ranked if not is_control(key)]
    if not detectors:
        return NONE_KNOWS_ALL
    clear = [key for key in detectors if figures.loc[key, "clear"]]
    if not clear:
        apart = "" if sensitivity.control in figures.index else ", not shown here"
        return _none(
            f"By synthetic anomalies no detector stands clearly above the best control, {name(sensitivity.control)}{apart}.",
            "More normal sound to learn from, or some labelled anomalies, may change that.",
        )
    unalarmed = [key for key in clear if not manifests[key].alarms]
    if not unalarmed:
        return _none(
            "By synthetic anomalies every detector that stands clearly above the controls raised an alarm in training.",
            "The alarms below the ranking say what to look at; train again then.",
        )
    chosen = unalarmed[0]
    row, tied = figures.loc[chosen], [key for key in sensitivity.best if key != chosen]
    best = "best" if chosen == detectors[0] else "best of those to choose from"
    why = [
        f"{reason} It tells synthetic ones from held-out normal clips {best}: AUC {row['auc']:.3f} (95% interval "
        f"{row['low']:.3f} to {row['high']:.3f})."
    ]
    if chosen in sensitivity.best and tied:
        why.append(f"{listed_or_counted([name(key) for key in tied])} cannot be told apart from it.")
    if record:
        why.append(record)
    return Recommendation(
        chosen, (*why, *_pinned(in_use, chosen)), f"{UNKNOWN} Labelled clips of both classes would decide."
    )


def _none(why: str, change: str) -> Recommendation:
    return Recommendation("", (why,), change)


def _pinned(in_use: str, chosen: str) -> list[str]:
    return [f"{name(in_use)} is in use all the same: a person pinned it."] if in_use and in_use != chosen else []


def _measured(draws: Draws, chosen: str, tied: list[str]) -> str:
    index = draws.detectors.index(chosen)
    figure, (low, high) = draws.point()[index], draws.interval()[index]
    place = (
        "the best"
        if chosen == tied[0]
        else f"not to be told apart from the best, {name(tied[0])}"
        if chosen in tied
        else ""
    )
    return f"Its {draws.called('AUC')} is {figure:.3f} (95% interval {low:.3f} to {high:.3f}){place and ', '}{place}."


def _settling(draws: Draws, chosen: str, pool: list[str], timed: bool) -> str:
    """What would change the choice: more anomalies, where a rival is tied; otherwise other faults."""
    ranked = [key for key in draws.ranked() if key in pool]
    if len(ranked) < 2:
        return "Faults unlike those that are labelled here may change it."
    more = anomalies_to_settle(draws, ranked[0], ranked[1])
    measure = "" if timed else "Measured scoring times (below the ranking) would let the cheapest of them lead. "
    pair = f"{name(ranked[0])} and {name(ranked[1])}"
    if not more or more > MANY:
        return f"{measure}{pair} are so close that hardly any number of clips would tell them apart."
    n = sum(anomalies for _, anomalies in draws.clips.values())
    return (
        f"{measure}By estimate, about {more:,} more labelled anomalies beside these {n:,} would tell {pair} apart, if their "
        "difference stays as it is and normal clips are added in proportion."
    )
