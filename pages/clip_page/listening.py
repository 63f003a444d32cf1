"""The Clip page's player, and the scores beside it: what is played decides what is scored."""

import streamlit as st

from asd_core.evaluation import enough_held_out, false_alarm_range
from asd_core.explain import Explanation, drawable, with_map
from asd_core.scoring import DetectorScore
from asd_core.sound import Signal
from pages.clip_page.context import ClipContext
from pages.clip_page.exports import clip_file, provenance
from pages.clip_page.normal_clips import reference_of
from pages.clip_page.open_signal import PLAYER
from pages.clip_page.reliability import deciding, reliability_of
from pages.clip_page.signal_scores import explained, left_out_of, located, signal_scores, stored_signal_scores
from pages.clip_page.verdict import FAR
from pages.components.player import Overlay, PlayerState, Region, Shown, player, player_state
from pages.components.score_table import requested_signal, score_table
from pages.shared.choice import Choice, title, too_few_normals
from pages.shared.error_messages import show_errors
from pages.shared.job_panel import job_panel
from pages.shared.trained_models import trained_denoised_of, versions_of

TABLE = "score_table"
FAINT, HALF = 0.15, 0.5  # of the colours' range: at 0.4, marks on a normal clip were taken for a fault
AROUND = 0.12  # s by which a box is longer at each end than the place in it, which is often a point
WIDER = 0.06  # share of the frequency by which it is wider
WHOLE = 0.9  # of a clip: a box about all of it shows nothing
BOX = "#35e0ff"  # none of the map's colours


def listen(context: ClipContext, state: PlayerState, named: bool) -> None:
    """The player, with the map of the detector that is asked for and the sentence on it.

    Args:
        named: whether the card names the strongest place of the best map.
    """
    selected, signal = context.selected, context.signal
    maps = with_map(selected.detectors) if signal.mix else []
    explanation, overlay = None, None
    named = named and state.overlay == context.best_map
    if state.overlay in maps:
        explanation, overlay = overlay_of(selected, str(state.overlay), state.played, named)
    reference = reference_of(selected.source, selected.machine_id)
    player(
        signal,
        key=PLAYER,
        overlays={key: title(key) for key in maps},
        overlay=overlay,
        reference=reference,
        regions=strongest(selected, overlay, state.played, named),
        seek=st.session_state.get("player_seek"),
        first_map=context.best_map,
        noise_choice=True,
    )
    if explanation:
        colours = " Colours compare places within this clip; near the threshold they are fainter." if overlay else ""
        st.caption(f"**{title(explanation.detector)}**: {explanation.description}{colours}")
    if reference is None and selected.source.location:
        job_panel(
            f"reference-{selected.source.name}".lower(),
            "Normal spectra",
            ["reference", "--data", selected.source.location, "--models", str(selected.source.folder)],
            "Compute the band of normal clips",
            dataset=selected.source.name,
        )


def overlay_of(selected: Choice, key: str, signal: Signal, named: bool) -> tuple[Explanation, Overlay | None]:
    """Where a detector's score of a signal comes from, and that as a map over the player's picture where it has one.

    Args:
        named: whether the card names its strongest place, as it does of a clip that it is not sure of.
    """
    explanation = explained(selected, key, signal)
    if explanation.map is None:
        return explanation, None
    strength = colour_strength(_score_of(selected, key, signal), named)
    return explanation, Overlay(key, title(key), drawable(explanation.map) * strength)


def colour_strength(score: DetectorScore | None, named: bool) -> float:
    """How much of the colours' range a map takes, from 0 to 1. Every map has a strongest point: of a clip that the detector calls
    normal it is faint, near the threshold half as strong as far beyond it, so that colours are no surer than the verdict.

    Args:
        score: of the map's detector. named: whether the card names the map's strongest place.
    """
    if score is None:
        return 1.0
    if score.decision == "normal":
        return HALF if named else FAINT
    return HALF + (1.0 - HALF) * min(1.0, score.margin / FAR)


def _score_of(selected: Choice, key: str, signal: Signal) -> DetectorScore | None:
    return next((score for score in signal_scores(selected, signal) if score.detector == key), None)


def strongest(selected: Choice, overlay: Overlay | None, signal: Signal, named: bool) -> list[Shown]:
    """The place that the verdict names, to be drawn as a box over the map.

    Args:
        named: whether it names one. None is drawn of another clip that the map's detector calls normal.
    """
    if overlay is None:
        return []
    score = _score_of(selected, overlay.key, signal)
    if not named and score is not None and score.decision == "normal":
        return []
    place = located(selected, overlay.key, signal)
    if place is None or place.t1 - place.t0 > WHOLE * signal.clip.duration:
        return []
    nyquist, end = signal.clip.sample_rate / 2, signal.clip.duration
    region = Region(
        max(0.0, place.t0 - AROUND),
        min(end, place.t1 + AROUND),
        place.f0 * (1 - WIDER),
        min(nyquist, place.f1 * (1 + WIDER)),
    )
    return [Shown(region, "", BOX)]


@st.fragment
@show_errors()
def scores(context: ClipContext) -> None:
    """Every detector's margin and decision; denoised ones beside them once the listener turns the denoising on."""
    selected, signal = context.selected, context.signal
    if signal.mix is None:  # the libraries are still being imported: what training stored
        stored = stored_signal_scores(selected, signal)
        if stored:
            _table(context, stored, None, signal)
        st.caption("Loading the denoiser and the detectors …")
        return
    denoised = requested_signal(TABLE, player_state(PLAYER, signal))
    if denoised.strength > 0:
        st.caption(
            f"Denoised at {denoised.strength:.2f} ({signal.mix.energy_removed(denoised.strength):.0%} of the energy removed): "
            "detectors that learned undenoised sound often take denoised sound for an anomaly."
        )
    recorded = signal_scores(selected, signal.dry)
    _table(context, recorded, signal_scores(selected, denoised) if denoised.strength > 0 else None, denoised)
    if sentence := left_out_of(selected, signal.dry):
        st.info(sentence, icon=":material/help:")
    if recorded:
        st.caption(threshold_rule(selected, recorded))


def _table(
    context: ClipContext, recorded: list[DetectorScore], denoised: list[DetectorScore] | None, signal: Signal
) -> None:
    """The score table, and what its file is of."""
    selected = context.selected
    about = provenance(selected, signal)
    score_table(
        recorded,
        denoised,
        signal,
        reliability_of(selected),
        key=TABLE,
        player=PLAYER,
        about=about,
        model_versions=versions_of(selected.source),
        trained=trained_denoised_of(selected.source),
        file=clip_file("scores", about, of=context.key(signal)),
    )


def threshold_rule(selected: Choice, scores: list[DetectorScore]) -> str:
    """What the threshold promises that decides, or what it cannot: others may be set by other clips.

    Args:
        scores: of the open clip.
    """
    key, calibration = deciding(selected, reliability_of(selected), scores)
    rate = selected.rate
    n = calibration.n(selected.machine_id)
    if not enough_held_out(n, rate):
        return f"{too_few_normals(rate)}, {n} set{'s' if n == 1 else ''} the threshold of {title(key)}."
    average = calibration.threshold(selected.machine_id, rate).rate
    low, high = false_alarm_range(n, rate, clip_weight=calibration.clip_weight(selected.machine_id))
    return (
        f"Threshold of {title(key)}: set by {calibration.set_by(selected.machine_id)}. On average over draws of these {average:.1%} of normal clips "
        f"lie above it; for one draw {low:.1%} to {high:.1%}."
    )
