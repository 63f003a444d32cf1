"""The answer to the page's question: what the detector that is asked says, how the trusted ones agree, where, how sure."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from asd_core.evaluation import Standing, enough_held_out
from asd_core.explain import burst_period, place_in_words, with_map
from asd_core.features import LogMel
from asd_core.scoring import Applicability, DetectorScore, sentence
from pages.clip_page.context import ClipContext
from pages.clip_page.signal_scores import applicable, explained, signal_scores
from pages.clip_page.standing import standing_of
from pages.shared.choice import Choice, percent, title, too_few_normals
from pages.shared.stored_scores import stored_clip_scores
from pages.shared.trained_models import calibration_of

KEY = "verdict"
CLOSE = 0.5  # normal spreads about the threshold, within which a verdict would be a toss-up: one normal clip in twelve
ANOMALY, NORMAL, UNSURE = "Anomaly", "Normal", "Not sure"
COLOURS = {ANOMALY: "orange", NORMAL: "green", UNSURE: "gray"}
ICONS = {ANOMALY: "warning", NORMAL: "check_circle", UNSURE: "help"}


@dataclass(frozen=True)
class Verdict:
    """What the card says."""

    head: str  # one of the three; empty where nothing can be decided
    reason: str  # beside it: how sure, or why not
    votes: str
    figures: str  # behind the tooltip


def verdict(
    scores: Sequence[DetectorScore], standing: Standing, belongs: Applicability | None, held_out: int, rate: float
) -> Verdict:
    """What may be said of a clip.

    Args:
        scores: of the chosen detectors that know the machine.
        standing: of these detectors.
        belongs: whether the clip may be one of the machine; ``None`` where nobody knows.
        held_out: normal clips behind the thresholds.
        rate: false-alarm rate of the thresholds.
    """
    by_key = {score.detector: score for score in scores}
    key = standing.of(list(by_key)).chosen()
    asked = by_key[key] if key else None
    trusted = [by_key[k] for k in standing.trusted if k in by_key]
    agree = sum(one.decision == asked.decision for one in trusted) if asked else 0
    votes = _votes(asked, agree, len(trusted), standing) if asked else ""
    figures = _figures(asked, standing, rate) if asked else ""
    if belongs is not None and not belongs.applicable:
        return Verdict(UNSURE, sentence(belongs), "", figures)
    if not enough_held_out(held_out, rate):
        return Verdict(
            "", f"{too_few_normals(rate)}; {held_out} {'was' if held_out == 1 else 'were'} held out.", votes, figures
        )
    if asked is None:
        return Verdict(UNSURE, "Only controls are chosen, which learn nothing of machine sound.", "", "")
    if asked.detector in standing.weak:
        return Verdict(UNSURE, "None of these detectors does better than a control on this dataset.", votes, figures)
    if abs(asked.margin) < CLOSE:
        return Verdict(UNSURE, "Too close to the threshold to tell.", votes, figures)
    if 2 * agree <= len(trusted) and len(trusted) > 1:
        return Verdict(UNSURE, "The trusted detectors do not agree.", votes, figures)
    return Verdict(ANOMALY if asked.decision == "anomaly" else NORMAL, _how_sure(asked.margin), votes, figures)


def _how_sure(margin: float) -> str:
    """The distance from the threshold, in plain words."""
    for least, words in (
        (5.0, "Far beyond anything normal."),
        (2.0, "Well beyond what is normal."),
        (CLOSE, "Somewhat beyond what is normal."),
    ):
        if margin >= least:
            return words
    return "Like most normal clips." if margin < -1.0 else "Within what is normal, towards its upper end."


def _votes(asked: DetectorScore, agree: int, n_trusted: int, standing: Standing) -> str:
    """Who says so, and how many of those that can be trusted."""
    word = "an anomaly" if asked.decision == "anomaly" else "normal"
    name = f"**{title(asked.detector)}**"
    if not n_trusted:
        unproven = (
            "how good it is was not measured here" if asked.detector in standing.unmeasured else "not trusted here"
        )
        return f"{name} calls it {word} ({unproven})."
    counted = f"{agree} of {n_trusted} trusted detectors" if n_trusted > 1 else "The one trusted detector"
    return f"{name}, the best here, calls it {word}. {counted} {'say' if agree != 1 else 'says'} so, controls aside."


def _figures(asked: DetectorScore, standing: Standing, rate: float) -> str:
    auc = standing.auc.get(asked.detector)
    measured = "AUC not measured" if auc is None else f"mean AUC {auc:.3f} on this dataset's test clips"
    side = "above" if asked.margin >= 0 else "below"
    return (
        f"{title(asked.detector)}: {abs(asked.margin):.1f} normal spreads {side} its threshold for {percent(rate)} false "
        f"alarms; percentile {asked.calibrated:.0f} among held-out normal clips; {measured}. Trusted: the 95 % interval of "
        "the AUC's difference from the best control is above 0."
    )


def map_detector(selected: Choice, standing: Standing) -> str | None:
    """The best detector that says where."""
    return next(iter(with_map([key for key in standing.order if key in selected.detectors])), None)


def where(context: ClipContext) -> str:
    """Band and time that the best map shows of the clip as recorded; empty where none shows any."""
    key = context.best_map
    if key is None:
        return ""
    explanation = explained(context.selected, key, context.signal.dry)
    if explanation.map is None or explanation.why is None:
        return ""
    bands = LogMel(sample_rate=context.signal.clip.sample_rate)
    hertz = bands.frequencies()
    rows = (hertz >= explanation.why.f0) & (hertz <= explanation.why.f1)
    period = burst_period(explanation.map[rows].clip(min=0.0).sum(axis=0), bands.hop_length / bands.sample_rate)
    return place_in_words(explanation.why, period)


def verdict_of(context: ClipContext) -> Verdict | None:
    """What may be said of the open clip; ``None`` while there is no score of it: the libraries are still being imported."""
    selected, signal = context.selected, context.signal
    warm = signal.mix is not None
    scores = (
        signal_scores(selected, signal.dry)
        if warm
        else stored_clip_scores(
            selected.source, selected.detectors, selected.machine_id, selected.rate, signal.clip.sha256
        )
    )
    if not scores:
        return None
    return verdict(
        scores,
        standing_of(selected),
        applicable(selected, signal.dry) if warm else None,
        calibration_of(selected.source, scores[0].detector).n(selected.machine_id),
        selected.rate,
    )


def place_of(context: ClipContext, shown: Verdict) -> str:
    """:func:`where` the clip stands out, of a clip that may; empty while the networks are still being imported."""
    return where(context) if context.signal.mix is not None and shown.head != NORMAL and shown.votes else ""


def marked(head: str) -> str:
    """One of the three heads with its icon, in its colour."""
    return f":{COLOURS[head]}[:material/{ICONS[head]}: **{head}**]"


def draw(context: ClipContext) -> None:
    """The card."""
    with st.container(key=KEY, border=True, gap="xxsmall"):
        shown = verdict_of(context)
        if shown is None:
            st.markdown("**Listening …**")
            return
        head = f"{marked(shown.head)} · " if shown.head else ""
        st.markdown(f"{head}{shown.reason}", help=shown.figures or None)
        place = place_of(context, shown)
        rest = " ".join(
            filter(None, [shown.votes, f"Where: {place} ({title(str(context.best_map))})." if place else ""])
        )
        if rest:
            st.caption(rest)
