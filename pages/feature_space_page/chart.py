"""The map itself: points, stars, contours; a click plays, a lasso chooses."""

import streamlit as st

from asd_core.plots import Star, scatter_figure
from asd_core.space import Bulk, density_regions
from pages.feature_space_page.controls import SCORE
from pages.feature_space_page.points import Fitted
from pages.feature_space_page.scores import colours
from pages.feature_space_page.selection import choose
from pages.feature_space_page.view import PCA_3D, UMAP, View
from pages.shared.choice import Choice
from pages.shared.emphasis import is_dark

CHART = "space_chart"  # the element that holds the chart: what watches it needs one name
LASSO = "space_lasso"  # the chart in a plane: its state is what was drawn around


def chart(selected: Choice, view: View, fitted: Fitted, stars: list[Star], window: Bulk | None) -> None:
    """Draw the map. In space a lasso cannot be drawn; a click works in both.

    Args:
        window: what is shown of it; everything for ``None``.
    """
    values, name = colours(selected, view, fitted.about)
    flat = view.method != PCA_3D
    normal = (fitted.about["label"] == "normal").to_numpy()
    contours = density_regions(fitted.places[normal]) if view.contours else None
    figure = scatter_figure(
        fitted.places,
        fitted.about,
        values,
        axes(view, fitted),
        name=name,
        stars=stars,
        normals=contours,
        margins=view.colour == SCORE,
        window=window,
        dark=is_dark(),
    )
    with st.container(key=CHART):
        if flat:
            st.plotly_chart(
                figure,
                key=LASSO,
                on_select=_selected,
                selection_mode=("lasso", "box"),
                config={"scrollZoom": True, "displaylogo": False},
            )
        else:
            st.plotly_chart(figure, key=f"{LASSO}_none", config={"displaylogo": False})


def axes(view: View, fitted: Fitted) -> list[str]:
    """What the axes are called."""
    if view.method == UMAP:
        return ["UMAP 1 (no unit)", "UMAP 2 (no unit)"]
    names = [fitted.model.axis(i) for i in range(fitted.places.shape[1])]  # type: ignore[union-attr]  # it is a PCA
    # In space a long title is cut off.
    return names if len(names) == 2 else [name.replace(" of the variance", "") for name in names]


def _selected() -> None:
    """What was drawn around; clicks come by the hover component, for Streamlit reports none while a lasso is in hand."""
    result = st.session_state[LASSO].selection
    choose([int(p["customdata"]) for p in result.points if p.get("customdata") is not None])
