"""A card with the picture and the facts of the clip under the pointer beside a Plotly chart, and a ring around one point.

Plotly's own labels hold text only. The component has no place of its own on the page: it listens to the chart's events.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.components.common import component

_COMPONENT = component("asd_hover_card", Path(__file__).with_name("hover_card.js"))


def hover_card(
    chart: str,
    *,
    key: str,
    names: str,
    sheet: str,
    across: int,
    width: int,
    height: int,
    ringed: int | None,
    on_click: Callable[[int], None],
) -> None:
    """Watch a chart whose points carry their clip's number as ``customdata``.

    Args:
        chart: class of an element around the chart.
        key: of the component's state.
        names: address of a JSON list with a name and a line of facts for each clip.
        sheet: address of one grey image with the clips' pictures, row after row; empty without pictures.
        across: pictures in a row of the sheet.
        width: of a picture in the sheet, in pixels.
        height: of a picture in the sheet, in pixels.
        ringed: number of the clip that has the ring.
        on_click: called with the number of a clip that was clicked, before the page is drawn again.
    """

    def clicked() -> None:
        number = st.session_state[key].clicked
        if number is not None:
            on_click(int(number))

    _COMPONENT(
        key=key,
        data={
            "chart": chart,
            "names": names,
            "sheet": sheet,
            "across": across,
            "width": width,
            "height": height,
            "ringed": ringed,
        },
        on_clicked_change=clicked,
    )
