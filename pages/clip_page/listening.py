"""The Clip page's player and verdicts: what is heard decides what is scored."""

import streamlit as st

from asd_core.explain import drawable, with_map
from asd_core.sound import KINDS, Clip, Kind
from pages.clip_page.context import ClipContext
from pages.components.player import player
from pages.components.player.parts import Heard, Overlay, Region
from pages.components.player.state import heard
from pages.components.score_table import asked_strength, disagreement, score_table
from pages.shared import library
from pages.shared.job_panel import job_panel
from pages.shared.messages import sentences
from pages.shared.sidebar import Choice, title

KEY = "player"  # of the Clip page's player
TABLE = "score_table"
START = 0.6  # strength of the denoising at first
Noise = tuple[float, float] | None


def chosen_strength() -> float:
    """The strength in the address: a link reopens it."""
    try:
        return min(1.0, max(0.0, float(st.query_params.get("strength", START))))
    except ValueError:
        return START


def remember(strength: float) -> None:
    """Put the strength into the address."""
    if strength != chosen_strength():
        st.query_params["strength"] = f"{strength:g}"


def controls(clip: Clip) -> tuple[Kind, Noise]:
    """What is taken for noise: its kind, and the stretch of the recording that shows it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind: Kind = st.segmented_control(
            "Noise is",
            KINDS,
            default=KINDS[0],
            required=True,
            key="kind",
            bind="query-params",
            help="Stationary: one threshold for each frequency, from the whole clip or from a stretch of it that you drag. "
            "It takes a steady hum for noise, even the machine's own. Non-stationary: a threshold that follows the sound.",
        )
        noise = _noise(clip, kind)
    return kind, noise


def _noise(clip: Clip, kind: Kind) -> Noise:
    """The dragged stretch that is taken for noise, with a button that takes it or gives it back."""
    sha256, *stretch = st.session_state.get("noise", ("",))
    noise = (stretch[0], stretch[1]) if sha256 == clip.sha256 and kind == KINDS[0] else None
    if noise:
        st.button(
            f"Noise: {noise[0]:.2f}–{noise[1]:.2f} s",
            icon=":material/close:",
            key="forget_noise",
            on_click=lambda: st.session_state.pop("noise", None),
            help="Take the whole clip for the noise again.",
        )
        return noise
    region = heard(KEY, clip, strength=chosen_strength()).region
    st.button(
        "Take the region for noise",
        icon=":material/graphic_eq:",
        key="take_noise",
        disabled=region is None or kind != KINDS[0],
        on_click=_take,
        args=(clip.sha256, region),
        help="Drag over a stretch of the spectrogram that holds nothing but noise, then press this.",
    )
    return None


def _take(sha256: str, region: Region) -> None:
    st.session_state["noise"] = (sha256, region.t0, region.t1)


def listen(context: ClipContext, now: Heard) -> None:
    """The player, with the map of the detector that is asked for and the sentence on it."""
    selected = context.selected
    maps = with_map(selected.detectors) if context.ends else []
    explanation = None
    if now.overlay in maps and context.ends:
        strength = context.strength if now.version == "denoised" else 0.0
        explanation = library.explained(selected, str(now.overlay), context.sound(strength))
    usual = library.reference(selected.source, selected.machine_id)
    overlay = None
    if explanation and explanation.map is not None:
        overlay = Overlay(explanation.detector, title(explanation.detector), drawable(explanation.map))
    player(
        context.clip,
        context.ends,
        key=KEY,
        strength=chosen_strength(),
        overlays={key: title(key) for key in maps},
        overlay=overlay,
        reference=usual,
        seek=st.session_state.get("player_seek"),
    )
    if explanation:
        st.caption(f"**{title(explanation.detector)}**: {explanation.sentence}")
    if usual is None and selected.source.location:
        job_panel(
            f"reference-{selected.source.name}".lower(),
            "Normal spectra",
            ["reference", "--data", selected.source.location, "--models", str(selected.source.folder)],
            "Compute the band of normal clips",
        )


@st.fragment
def verdicts(context: ClipContext) -> None:
    """Every detector's verdict, as recorded and denoised, at the strength that the player has at the moment."""
    with sentences():
        _verdicts(context)


def _verdicts(context: ClipContext) -> None:
    selected, clip = context.selected, context.clip
    if context.ends is None:  # the libraries are still being imported: what training stored
        stored = library.stored_clip_scores(
            selected.source, selected.detectors, selected.machine_id, selected.rate, context.picked.clip.sha256
        )
        if stored:
            st.markdown(f"**{disagreement(stored)}**")
            score_table(stored, None, clip, key=TABLE, player=KEY)
        st.caption("Loading the denoiser and the detectors …")
        return
    strength = asked_strength(TABLE, clip, heard(KEY, clip, strength=context.strength))
    recorded = library.clip_scores(selected, context.sound(0.0))
    after = library.clip_scores(selected, context.sound(strength))
    st.markdown(f"**{disagreement(recorded)}**")
    score_table(recorded, after, clip, key=TABLE, player=KEY, strength=strength)
    st.caption(
        f"Denoised at {strength:.2f}: {context.ends.energy_removed(strength):.0%} of the energy removed. Percentile among "
        f"each detector's own held-out normal clips of machine id {selected.machine_id}. {threshold_rule(selected)} The "
        "detectors learned from undenoised sound: a denoised clip is unlike anything they know."
    )


def threshold_rule(selected: Choice) -> str:
    """What the thresholds promise, or what they cannot."""
    calibration = library.calibration(selected.source, selected.detectors[0])
    threshold, n = calibration.threshold(selected.machine_id, selected.rate), calibration.n(selected.machine_id)
    if threshold.short:
        return (
            f"Only {n} normal clips were held out: they can promise no less than {threshold.rate:.1%} false alarms, "
            f"not {selected.rate:.0%}."
        )
    return f"Threshold: conformal quantile of {n} held-out normals, at most {selected.rate:.0%} false alarms expected."
