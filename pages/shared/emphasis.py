"""Which of many detectors' lines stand out on a page, light or dark."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from asd_core.detectors import is_control
from asd_core.plots import IN_COLOUR, INK, PAPER, emphasise
from pages.shared.choice import title

if TYPE_CHECKING:
    import plotly.graph_objects as go

LIGHT_INK, DARK_PAPER = (
    "#f2f4f7",
    "rgba(16, 22, 28, 0.8)",
)  # the best control's line and what is behind names, on a dark page


def rule(n: int, in_use: str = "") -> str:
    """What the lines of ``n`` detectors are drawn by, to go on a caption; empty where all are in colour."""
    if n <= IN_COLOUR:
        return ""
    best = "the detector in use and the best" if in_use else f"the best {IN_COLOUR}"
    return (
        f" In colour: {best}; black or white, dashed: the best control; the others are grey until they are pointed "
        "at; the legend is in the order of AUC."
    )


def ink() -> str:
    """The colour of the best control's line on this page."""
    return LIGHT_INK if st.context.theme.type == "dark" else INK


def stand_out(figure: "go.Figure", order: Sequence[str], in_use: str = "") -> None:
    """Restyle a figure of a line a detector (see :func:`asd_core.plots.emphasise`).

    Args:
        order: detectors from the best to the last.
        in_use: the one that a person has pinned; empty for none.
    """
    controls = {key for key in order if is_control(key)}
    paper = DARK_PAPER if st.context.theme.type == "dark" else PAPER
    emphasise(figure, order, controls, {key: title(key) for key in order}, ink=ink(), paper=paper, in_use=in_use)
