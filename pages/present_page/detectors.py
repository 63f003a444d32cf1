"""What the detectors say: the leading one's verdict, and how far the trusted ones agree."""

from collections.abc import Sequence

from asd_core.evaluation import Reliability
from pages.clip_page import verdict
from pages.clip_page.open_signal import PLAYER
from pages.clip_page.reliability import reliability_of
from pages.clip_page.signal_scores import left_out_of, signal_scores, stored_signal_scores
from pages.components.score_table import score_table
from pages.present_page import slide
from pages.present_page.story import Story

MOST = 10  # detectors that a slide has room for
CONTROL = "Control: "  # how the titles of controls begin


def draw(story: Story) -> None:
    """The verdict large, and a bar per detector, controls aside."""
    context, selected = story.context(), story.selected
    shown = verdict.verdict_of(context) if selected.detectors else None
    if shown is None:
        slide.head(
            f"No detector here knows {story.machine}." if not selected.detectors else "The scores are being computed."
        )
        return
    reason, more = (shown.reason, "")
    if shown.head and not shown.reason.startswith(CONTROL):  # whose title has a colon of its own
        reason, more = slide.halves(shown.reason, "; " if "; " in shown.reason else ": ")
    slide.head(f"{verdict.marked(shown.head)} · {reason}" if shown.head else reason)
    reliability = reliability_of(selected)
    keys = list(reliability.trusted or [*reliability.weak, *reliability.unmeasured])
    signal = context.signal
    warm = signal.mix is not None
    scores = signal_scores(selected, signal.dry) if warm else stored_signal_scores(selected, signal)
    refused = left_out_of(selected, signal.dry) if warm else ""
    slide.text(" ".join(filter(None, [more, shown.votes, _shown(keys, reliability), story.left_out, refused])))
    with slide.figure_place():
        score_table(
            scores, None, signal.dry, reliability.of(keys[:MOST]), key="present_scores", player=PLAYER, large=True
        )


def _shown(keys: Sequence[str], reliability: Reliability) -> str:
    if len(keys) > MOST:
        return f"The best {MOST} of {len(keys)} are shown."
    return "" if reliability.trusted else "Bars show how far each is from its threshold; none is trusted here yet."
