"""Which of many detectors' lines stand out on a page, light or dark."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from asd_core.detectors import is_control
from asd_core.plots import IN_COLOUR, emphasise

if TYPE_CHECKING:
    import plotly.graph_objects as go


def rule(n: int, in_use: str = "") -> str:
    """What the lines of ``n`` detectors are drawn by, to go on a caption; empty where all are in colour."""
    if n <= IN_COLOUR:
        return ""
    best = "the detector in use and the best" if in_use else f"the best {IN_COLOUR}"
    return (
        f" In colour: {best}; black or white, dashed: the best control shown; the others are grey until they are pointed "
        "at; the legend is in the order of AUC."
    )


def is_dark() -> bool:
    """Whether the page is."""
    return bool(st.context.theme.type == "dark")


def stand_out(figure: "go.Figure", order: Sequence[str], in_use: str = "", *, dark: bool) -> None:
    """Restyle a figure of a line per detector (see :func:`asd_core.plots.emphasise`).

    Args:
        order: detectors from the best to the last.
        in_use: the one that a person has pinned; empty for none.
        dark: whether the page is (see :func:`is_dark`): of a figure that is kept, a part of its key.
    """
    controls = {key for key in order if is_control(key)}
    emphasise(figure, order, controls, dark=dark, in_use=in_use)
