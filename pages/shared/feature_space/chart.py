"""The map itself: points, stars, contours; a click plays, a lasso chooses."""

import streamlit as st

from asd_core import embedding_density
from asd_core.plots.scatter import Star, scatter_figure
from pages.shared.feature_space.clip_panel import click
from pages.shared.feature_space.controls import METHODS, View
from pages.shared.feature_space.hover import hover
from pages.shared.feature_space.points import Fitted
from pages.shared.feature_space.scores import colours
from pages.shared.feature_space.selection import choose
from pages.shared.library import Source

CHART = "space_chart"


def chart(source: Source, view: View, fitted: Fitted, stars: list[Star]) -> None:
    """Draw the map. In space a lasso cannot be drawn; a click works in both."""
    values, name, limits = colours(source, view, fitted.about)
    flat = view.method != METHODS[1]
    normal = (fitted.about["label"] == "normal").to_numpy()
    contours = embedding_density.density(fitted.places[normal]) if view.contours else None
    figure = scatter_figure(
        fitted.places,
        fitted.about.index.to_numpy(),
        values,
        axes(view, fitted),
        name=name,
        stars=stars,
        normals=contours,
        limits=limits,
    )
    with st.container(key=f"{CHART}_place"):
        if flat:
            st.plotly_chart(
                figure,
                key=CHART,
                on_select=_selected,
                selection_mode=("points", "lasso", "box"),
                config={"scrollZoom": True, "displaylogo": False},
            )
        else:
            st.plotly_chart(figure, key=f"{CHART}_3d", config={"displaylogo": False})
    clicked = hover(source, f"st-key-{CHART}_place")
    if clicked is not None:
        click(clicked)


def axes(view: View, fitted: Fitted) -> list[str]:
    """What the axes are called."""
    if view.method == METHODS[2]:
        return ["UMAP 1 (no unit)", "UMAP 2 (no unit)"]
    names = [fitted.model.axis(i) for i in range(fitted.places.shape[1])]  # type: ignore[union-attr]  # it is a PCA
    # In space a long title is cut off.
    return names if len(names) == 2 else [name.replace(" of the variance", "") for name in names]


def _selected() -> None:
    """What was drawn around; clicks come by :func:`hover`, for Streamlit reports none while a lasso is in hand."""
    found = st.session_state[CHART].selection
    if found.lasso or found.box or not found.points:
        choose([int(p["customdata"]) for p in found.points if p.get("customdata") is not None])
