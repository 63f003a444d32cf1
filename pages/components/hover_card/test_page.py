"""Three points with the card beside them, and in words which one was clicked."""

import json
from urllib.parse import quote

import plotly.graph_objects as go
import streamlit as st

from pages.components.hover_card import hover_card

NAMES = [[f"clip_{number}.wav", f"fact {number}"] for number in range(3)]


def click(number: int) -> None:
    st.session_state["clicked"] = number


ringed = st.session_state.get("clicked")
with st.container(key="chart"):
    points = go.Scatter(
        x=[0, 1, 2], y=[0, 1, 0], customdata=[0, 1, 2], mode="markers", marker={"size": 14}, name="points"
    )
    st.plotly_chart(go.Figure(points, {"hovermode": "closest"}), key="plot")
hover_card(
    "st-key-chart",
    key="card",
    names=f"data:application/json,{quote(json.dumps(NAMES))}",
    sheet="",
    across=1,
    width=1,
    height=1,
    ringed=ringed,
    on_click=click,
)
st.text(f"clicked {ringed}")
