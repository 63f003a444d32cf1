"""The answer to the page's question: the leading detector's decision, how the trusted ones agree, where, how sure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from asd_core.counting import percent
from asd_core.evaluation import Reliability
from asd_core.explain import map_of
from asd_core.scoring import CLOSE, Applicability, DetectorScore, clip_verdict, is_long, sentence
from pages.clip_page.context import ClipContext
from pages.clip_page.reliability import deciding, reliability_of
from pages.clip_page.signal_scores import applicable, located, otherwise, signal_scores, stored_signal_scores
from pages.shared.choice import Choice, title, too_few_normals
from pages.shared.trained_models import models_of, trained_denoised_of

KEY = "verdict"
FAR = 5.0  # normal spreads beyond the threshold, from which on the words and the map's colours are at their strongest
ANOMALY, NORMAL, UNSURE, FOREIGN = "Anomaly", "Normal", "Not sure", "Not this machine"
CALLED = {"anomaly": "an anomaly", "normal": "normal"}
OTHER = {"anomaly": "normal", "normal": "anomaly"}
HEADS = {"anomaly": ANOMALY, "normal": NORMAL, "not sure": UNSURE, "": ""}
MARKS = {ANOMALY: "▲", NORMAL: "·", UNSURE: "?", FOREIGN: "✕"}
COLOURS = {ANOMALY: "orange", NORMAL: "green", UNSURE: "gray", FOREIGN: "gray"}
ICONS = {ANOMALY: "warning", NORMAL: "check_circle", UNSURE: "hearing", FOREIGN: "mic_off"}


@dataclass(frozen=True)
class Verdict:
    """The texts of the verdict card."""

    head: str  # see head_of
    reason: str  # beside it: how sure, or why not
    votes: str
    figures: str  # behind the tooltip
    detector: str = ""  # the one whose decision it is


def verdict(
    scores: Sequence[DetectorScore],
    reliability: Reliability,
    applicability: Applicability | None,
    held_out: int,
    rate: float,
    trained: Mapping[str, str] | None = None,
    among: str = "on this dataset",
) -> Verdict:
    """The verdict on a clip.

    Args:
        scores: of the chosen detectors that know the machine.
        reliability: of these detectors.
        applicability: whether the clip may be one of the machine; ``None`` where nobody knows.
        held_out: normal clips behind the deciding threshold.
        rate: false-alarm rate of the thresholds.
        trained: clauses on the detectors that were trained on denoised sound.
        among: what the best detector is the most accurate of: all of the dataset's, or those that are chosen.
    """
    result = clip_verdict(scores, reliability, applicability, held_out, rate)
    leading = result.leading
    clause = (trained or {}).get(leading.detector, "") if leading else ""
    figures, head = _figures(leading, reliability, rate) if leading else "", head_of(result.verdict, result.reason_code)
    if applicability is not None and head == FOREIGN:
        return Verdict(head, sentence(applicability), "", figures)
    chosen = leading is not None and leading.detector == reliability.in_use
    who = "detector in use" if chosen else "most accurate detector"
    if leading and result.n_trusted and result.reason_code in ("margin", "close"):
        # First the deciding detector, then how many agree: either alone was read as how sure the verdict is.
        close = result.reason_code == "close"
        alone = result.n_trusted == 1 and leading.detector in reliability.trusted  # its own decision is no second vote
        decides = (
            "there is no verdict while it cannot tell"
            if close
            else "it decides"
            if alone
            else "it decides, unless half of those that can tell disagree"
        )
        by_whom = (
            f"{_name(leading, clause)} is {'in use here' if chosen else f'the most accurate {among}'}, so {decides}."
        )
        agree = "" if alone else f"; {_agreement(leading, _decided(scores, reliability.trusted), without=close)}"
        if close:
            reason = f"The {who} is too close to its threshold to tell{agree}: listen to it."
        else:
            reason = f"{_how_sure(leading.margin)}, says the {who}{agree}."
        return Verdict(head, reason, by_whom, figures, leading.detector)
    votes = _votes(leading, scores, reliability, clause, among) if leading else ""
    few = f"{too_few_normals(rate)}; {held_out} set{'s' if held_out == 1 else ''} the threshold."
    reasons = {
        "too few normals": few,
        "controls alone": "Only controls are chosen, which learn nothing of machine sound.",
        "weak": f"{'The detector in use is not' if chosen else 'None of these detectors is'} clearly better than a control on this dataset.",
        "as a good control": f"{title(reliability.controls[0]) if reliability.controls else ''} decides the same; it separates normal from anomalous clips well here, and none of these detectors is clearly better.",
        "close": "Too close to the threshold to tell: listen, or record again.",
        "disagreement": f"{_how_sure(leading.margin)}, says the {who}, but half or more of the trusted ones that can tell say otherwise: listen, or record again."
        if leading
        else "",
        "margin": f"{_how_sure(leading.margin)}." if leading else "",
    }
    return Verdict(head, reasons[result.reason_code], votes, figures, leading.detector if leading else "")


def head_of(result: str, reason_code: str) -> str:
    """The word for a verdict, on the card and in every table; empty where nothing can be decided.

    Args:
        result, reason_code: see :class:`asd_core.scoring.ClipVerdict`.
    """
    return FOREIGN if reason_code == "foreign" else HEADS[result]


def in_tables(head: str) -> str:
    """One of the heads in small letters, with a mark that tells it without colour."""
    return f"{MARKS[head]} {head.lower()}" if head else "too few normals"


def _how_sure(margin: float) -> str:
    """The distance from the threshold, in plain words."""
    for least, words in (
        (FAR, "Far beyond anything normal"),
        (2.0, "Well beyond what is normal"),
        (CLOSE, "Somewhat beyond what is normal"),
    ):
        if margin >= least:
            return words
    return "Like most normal clips" if margin < -1.0 else "Within the normal range, near its upper end"


def _name(leading: DetectorScore, trained: str) -> str:
    return f"**{title(leading.detector)}**" + (f" ({trained})" if trained else "")


def _decided(scores: Sequence[DetectorScore], keys: Sequence[str]) -> dict[str, str]:
    """By detector, in the order of the keys, what it decides, as the table beside the card shows it: nothing where it is too
    close to its threshold to tell."""
    by_key = {score.detector: score for score in scores}
    return {key: "" if by_key[key].is_close else by_key[key].decision for key in keys if key in by_key}


def _agreement(leading: DetectorScore, decided: Mapping[str, str], without: bool) -> str:
    """How most of the trusted detectors decide, and how many cannot tell.

    Args:
        without: only the others, where the leading detector cannot tell.
    """
    voters = [decision for key, decision in decided.items() if not without or key != leading.detector]
    others, either = without and leading.detector in decided, " either" if without else ""
    n, close = len(voters), voters.count("")
    # As many on both sides: the leading detector's side is named first.
    most = max(CALLED, key=lambda word: (voters.count(word), word == leading.decision))
    if n == 1:
        does = f"cannot tell{either}" if close else f"calls it {CALLED[most]}"
        return f"the {'other' if others else 'one'} trusted detector {does}"
    whole = f"the other {n}" if others else f"all {n}"
    if close == n:
        return f"{whole} trusted ones cannot tell{either}"
    if voters.count(most) == n:
        return f"{whole} trusted ones call it {CALLED[most]}"
    agree, against = voters.count(most), voters.count(OTHER[most])
    every, call = f"the other {n}" if others else str(n), "calls" if agree == 1 else "call"
    parts = [f"{agree} of {every} trusted ones {call} it {CALLED[most]}"]
    if against:
        parts.append(f"{against} {CALLED[OTHER[most]]}")
    if close:
        parts.append(f"{close} cannot tell")
    return ", ".join(parts)


def _votes(
    leading: DetectorScore, scores: Sequence[DetectorScore], reliability: Reliability, trained: str, among: str
) -> str:
    """Which detector decides, and how many of the trusted ones agree; without any of these, of all that are no controls: one that
    alone calls a clip an anomaly is not the same as all of them."""
    decided = _decided(scores, reliability.trusted)
    word = CALLED[leading.decision]
    in_use = leading.detector == reliability.in_use
    name = _name(leading, trained) + (", in use here," if in_use else "")
    if not decided:
        unproven = (
            "how good it is was not measured here" if leading.detector in reliability.unmeasured else "not trusted here"
        )
        others = [key for key in (*reliability.weak, *reliability.unmeasured) if key != leading.detector]
        do_so = _how_many(list(_decided(scores, others).values()), leading.decision, "other ", "detector")
        return f"{name} calls it {word} ({unproven}). {do_so}".strip()
    best = "" if in_use else f", the most accurate {among},"
    first = f"{name}{best} calls it {word}."
    rest = [decision for key, decision in decided.items() if key != leading.detector]
    other = "other " if len(rest) < len(decided) else ""
    return f"{first} {_how_many(rest, leading.decision, other, 'trusted detector')}".strip()


def _how_many(decided: Sequence[str], decision: str, other: str, who: str) -> str:
    """How many decide the same, otherwise, and not at all, in a sentence; empty of none.

    Args:
        decided: see :func:`_decided`.
        decision: of the leading detector.
        other: "other " where it is one of them, too.
        who: what they are, in the singular.
    """
    unlike = CALLED[OTHER[decision]]
    does = {
        decision: ("says so", "say so"),
        OTHER[decision]: (f"calls it {unlike}", f"call it {unlike}"),
        "": ("cannot tell", "cannot tell"),
    }
    counts = {word: decided.count(word) for word in does if word in decided}
    if len(counts) > 1:
        every = ", ".join(f"{n} {does[word][n > 1]}" for word, n in counts.items())
        return f"Of the {other}{len(decided)} {who}s {every}."
    if len(decided) > 1:
        return f"The {other}{len(decided)} {who}s {does[decided[0]][1]}."
    return f"The {other or 'one '}{who} {does[decided[0]][0]}." if decided else ""


def _figures(leading: DetectorScore, reliability: Reliability, rate: float) -> str:
    auc = reliability.auc.get(leading.detector)
    measured = "AUC not measured" if auc is None else f"{reliability.called} {auc:.3f} on this dataset's test clips"
    pinned = " A person pinned it; that is no measured rank." if leading.detector == reliability.in_use else ""
    side = "above" if leading.margin >= 0 else "below"
    return (
        f"{title(leading.detector)}: {abs(leading.margin):.1f} normal spreads {side} its threshold for {percent(rate)} false "
        f"alarms; percentile {leading.calibrated:.0f} among held-out normal clips; {measured}. Trusted: better than the best of "
        f"the simple controls (level, mean spectrum, random numbers), beyond the 95% interval of the difference.{pinned}"
    )


def map_detector(selected: Choice, reliability: Reliability) -> str | None:
    """The first detector with an anomaly map: the one in use, or the best."""
    return map_of(reliability.of(selected.detectors).order)


def where(context: ClipContext) -> str:
    """Band and time that the best map shows of the clip as recorded; empty where none shows any."""
    key = context.best_map
    place = located(context.selected, key, context.signal.dry) if key else None
    return place.words if place else ""


def verdict_of(context: ClipContext) -> Verdict | None:
    """The verdict on the open clip; ``None`` while there is no score of it: the libraries are still being imported."""
    selected, signal = context.selected, context.signal
    warm = signal.mix is not None
    scores = signal_scores(selected, signal.dry) if warm else stored_signal_scores(selected, signal)
    if not scores:
        return None
    reliability = reliability_of(selected)
    _, calibration = deciding(selected, reliability, scores)
    return verdict(
        scores,
        reliability,
        applicable(selected, signal.dry) if warm else None,
        calibration.n(selected.machine_id),
        selected.rate,
        trained_denoised_of(selected.source),
        "of those chosen" if len(selected.detectors) < len(models_of(selected.source)) else "on this dataset",
    )


def place_of(context: ClipContext, shown: Verdict) -> str:
    """:func:`where` the clip stands out, of a clip that may; empty while the networks are still being imported."""
    return where(context) if context.signal.mix is not None and shown.head != NORMAL and shown.votes else ""


def of_the_whole(context: ClipContext, place: str = "*Over time* below") -> str:
    """Of a long recording, that all of it was scored as one clip, and where to look inside it; else empty.

    Args:
        place: where that is, seen from the page that says so.
    """
    duration = context.signal.clip.duration
    if not is_long(duration):
        return ""
    return (
        f"All {duration:.0f} s were scored as one clip, in which a short fault can be averaged away: {place} "
        "scores it window by window."
    )


def marked(head: str) -> str:
    """One of the heads with its icon, in its colour."""
    return f":{COLOURS[head]}[:material/{ICONS[head]}: **{head}**]"


def draw(context: ClipContext) -> bool:
    """The card, and whether it names the strongest place of the best map."""
    with st.container(key=KEY, border=True, gap=None):
        shown = verdict_of(context)
        if shown is None:
            st.markdown("**Computing scores …**")
            return False
        head = f"{marked(shown.head)} · " if shown.head else ""
        st.markdown(f"{head}{shown.reason}", help=shown.figures or None)
        place = place_of(context, shown)
        rest = " ".join(
            filter(
                None,
                [
                    shown.votes,
                    f"Most unusual: {place}{'' if shown.detector == context.best_map else f' ({title(str(context.best_map))})'}."
                    if place
                    else "",
                    of_the_whole(context),
                ],
            )
        )
        if rest:
            st.markdown(f":small[{rest}]")
        if context.signal.mix is not None:
            different = otherwise(context.selected, context.picked.clip, context.signal.channel)
            if different:
                st.caption(f":material/mic_alert: {different}")
    return bool(place)
