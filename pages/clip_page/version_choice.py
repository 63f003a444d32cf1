"""Which version of the clip a view is of."""

from asd_core.sound import DENOISED, RECORDED, Signal
from pages.clip_page.context import ClipContext
from pages.shared import linked


def chosen_version(context: ClipContext) -> Signal:
    """A switch between the two versions, once denoising is on; the same one for all views."""
    if context.signal.strength == 0:
        return context.signal.dry
    version = linked.segmented(
        "Sound",
        (RECORDED, DENOISED),
        key="of",
        help="Detectors learned from undenoised sound, unless their row says otherwise.",
    )
    return context.signal if version == DENOISED else context.signal.dry
