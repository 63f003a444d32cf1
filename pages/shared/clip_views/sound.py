"""Which version of the clip a view is of."""

from dataclasses import dataclass

import streamlit as st

from asd_core.audio import Clip
from asd_core.scoring import DetectorScore, denoised
from asd_core.settings import get_settings
from asd_core.why import Explanation
from pages.shared import library
from pages.shared.clip_views.context import ClipContext

RECORDED, DENOISED = "as recorded", "denoised"


@dataclass(frozen=True, eq=False)
class Sound:
    """A version of a clip."""

    clip: Clip
    strength: float  # 0: as recorded
    name: str  # for people, with the strength

    def key(self, context: ClipContext) -> tuple[object, ...]:
        """What tells this sound and these detectors from all others."""
        selected = context.selected
        how = (context.kind, context.noise, self.strength) if self.strength else ()
        return (
            context.clip.sha256,
            get_settings().channel,
            *how,
            selected.machine_id,
            *selected.source.key(),
            tuple(selected.detectors),
        )


def which_sound(context: ClipContext) -> Sound:
    """A switch between the two versions; the same one for all views."""
    of = st.segmented_control(
        "Sound",
        (RECORDED, DENOISED),
        default=RECORDED,
        required=True,
        key="of",
        bind="query-params",
        help="Detectors learned from undenoised sound.",
    )
    return sound(context, str(of))


def sound(context: ClipContext, of: str) -> Sound:
    """The version of a name."""
    if of == RECORDED or context.ends is None or context.strength == 0:
        return Sound(context.clip, 0.0, RECORDED)
    heard = denoised(context.clip, context.ends, context.strength)
    return Sound(heard, context.strength, f"{DENOISED} at {context.strength:.2f}")


def explain(context: ClipContext, of: Sound, key: str) -> Explanation:
    """Where a detector's score of a version comes from."""
    return library.explained(
        context.selected.source,
        key,
        context.selected.machine_id,
        context.clip,
        get_settings().channel,
        context.ends,
        context.kind,
        of.strength,
        context.noise,
    )


def scores(context: ClipContext, of: Sound) -> list[DetectorScore]:
    """What every chosen detector says of a version."""
    selected = context.selected
    return library.clip_scores(
        selected.source,
        selected.detectors,
        selected.machine_id,
        selected.rate,
        context.clip,
        get_settings().channel,
        context.ends,
        context.kind,
        of.strength,
        context.noise,
    )
