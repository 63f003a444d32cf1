"""Clips as points in a plane or in space."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from asd_core.plots import colours
from asd_core.plots.layout import MARGIN
from asd_core.space import DensityRegions

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

WEBGL_ABOVE = 3000
MOST_NAMES = 8  # colours that can be told apart; what is rarer is one group
HEIGHT = 620
NONE, OTHERS, NO_VALUE = "none", "others", "no value"
UNKNOWN = "#9AA5AF"  # of clips without a value
RARE_OPACITY = 0.9  # of anomalies among normals: a fault must not drown
STAR = "#F0E442"
IN_SPACE = {"triangle-up": "circle-open"}  # markers that a plot in space lacks
CAMERA = {"eye": {"x": 1.45, "y": 1.45, "z": 1.0}, "center": {"x": 0.0, "y": 0.0, "z": -0.12}}  # nothing is cut off
LEVELS = (0.5, 0.9, 0.2)  # contours: the first, the last, the step


@dataclass(frozen=True)
class Star:
    """A clip that was projected into the fitted space."""

    name: str
    position: tuple[float, ...]


def scatter_figure(
    places: NDArray[Any],
    numbers: NDArray[Any],
    values: "pd.Series[Any]",
    axes: Sequence[str],
    *,
    name: str,
    stars: Sequence[Star] = (),
    normals: DensityRegions | None = None,
    limits: tuple[float, float] | None = None,
) -> "go.Figure":
    """One point a clip. The wire carries float32 and a number a clip, nothing else.

    Args:
        places: ``(n, 2)`` or ``(n, 3)``.
        numbers: of the clips, ``(n,)``; a click or a lasso gives them back as ``customdata``.
        values: the colour of each clip: numbers give a scale (nan: grey), text gives a colour and a marker each.
        axes: what the axes are called.
        name: what the colour means.
        stars: clips marked with a star.
        normals: drawn as contours, in a plane only.
        limits: of the colour scale.
    """
    import plotly.graph_objects as go

    flat = places.shape[1] == 2
    figure = go.Figure()
    numeric = values.dtype.kind == "f"
    groups = _scale(values, name, limits) if numeric else _names(values, flat)
    opacity = 0.55 if normals is not None else 0.8  # the lines lie below the points
    kind = (go.Scattergl if len(places) > WEBGL_ABOVE else go.Scatter) if flat else go.Scatter3d
    for label, mask, marker in groups:
        subset = places[mask].astype(np.float32)
        figure.add_trace(
            kind(
                **dict(zip("xyz", subset.T, strict=False)),
                mode="markers",
                name=f"{label} ({len(subset)})",
                showlegend=not numeric or label != name,
                marker={"size": _size(len(places), flat), "opacity": opacity, **marker},
                customdata=numbers[mask].astype(np.int32),
                hovertemplate="%{marker.color:.3g}<extra></extra>" if label == name else f"{label}<extra></extra>",
            )
        )
    if flat and normals is not None:
        figure.add_trace(_contours(normals))
    _add_stars(figure, stars, flat, float(places[:, 0].min() + places[:, 0].max()) / 2.0)
    _lay_out(figure, axes, flat)
    return figure


def _size(n: int, flat: bool) -> float:
    """Smaller points where there are many."""
    size = 7.0 if n <= 1000 else 5.5 if n <= 5000 else 4.0
    return size if flat else size * 0.6


def _scale(values: "pd.Series[Any]", name: str, limits: tuple[float, float] | None) -> list[Any]:
    numbers = values.to_numpy(dtype=np.float32)
    known = np.isfinite(numbers)
    low, high = limits or ((float(numbers[known].min()), float(numbers[known].max())) if known.any() else (0.0, 1.0))
    bar = {"title": {"text": name, "side": "right"}, "thickness": 12, "len": 0.8}
    scale = {"color": numbers[known], "colorscale": "Viridis", "cmin": low, "cmax": high, "colorbar": bar}
    grey = [(NO_VALUE, ~known, {"color": UNKNOWN, "opacity": 0.35})] if not known.all() else []
    return [*grey, (name, known, scale)] if known.any() else grey


def _names(values: "pd.Series[Any]", flat: bool) -> list[Any]:
    text = values.astype(str).replace("", NONE)
    counts = text.value_counts()
    named = set(counts.index[:MOST_NAMES] if len(counts) <= MOST_NAMES else counts.index[: MOST_NAMES - 1])
    text = text.where(text.isin(named), OTHERS)
    # Anomalies are drawn last, on top; what has no name first, below.
    results = sorted(text.unique(), key=lambda v: (v == "anomaly", v not in (NONE, OTHERS), v))
    colour, symbol = colours.categories(results), colours.symbols(results)
    colour |= {v: UNKNOWN for v in (NONE, OTHERS)}
    if not flat:
        symbol = {v: IN_SPACE.get(s, s) for v, s in symbol.items()}
    normals = {NONE, "normal"} & set(results)
    markers: dict[str, dict[str, Any]] = {v: {"color": colour[v], "symbol": symbol[v]} for v in results}
    for v in set(results) - normals - {OTHERS} if normals else ():
        markers[v]["opacity"] = RARE_OPACITY
    return [(v.replace("_", " "), (text == v).to_numpy(), markers[v]) for v in results]


def _contours(normals: DensityRegions) -> Any:
    import plotly.graph_objects as go

    first, last, step = LEVELS
    return go.Contour(
        x=normals.x,
        y=normals.y,
        z=normals.enclosed,
        contours={
            "coloring": "lines",
            "start": first,
            "end": last,
            "size": step,
            "showlabels": True,
            "labelformat": ".0%",
            "labelfont": {"size": 10, "color": colours.LABELS["normal"]},
        },
        colorscale=[[0, colours.LABELS["normal"]], [1, colours.LABELS["normal"]]],
        line={"width": 2.0, "smoothing": 1.0},
        showscale=False,
        hoverinfo="skip",
        name="share of the normal clips inside",
        showlegend=True,
    )


def _add_stars(figure: "go.Figure", stars: Sequence[Star], flat: bool, middle: float) -> None:
    import plotly.graph_objects as go

    if not stars:
        return
    where = np.array([star.position for star in stars], dtype=np.float32)
    text = [star.name for star in stars]
    # A name runs inwards, so that the frame does not cut it off.
    positions = ["top left" if x > middle else "top right" for x in where[:, 0]]
    # A star has no symbol of its own in space.
    marker: dict[str, Any] = {"color": STAR, "line": {"width": 1.5, "color": "#222"}}
    marker |= {"size": 18, "symbol": "star"} if flat else {"size": 8, "symbol": "diamond"}
    figure.add_trace(
        (go.Scatter if flat else go.Scatter3d)(
            **dict(zip("xyz", where.T, strict=False)),
            mode="markers+text",
            text=text,
            textposition=positions,
            textfont={"size": 12},
            name="open clip" if len(stars) == 1 else "open clip and uploads",
            marker=marker,
            hoverinfo="skip",  # its name is written; what lies below it can be pointed at
        )
    )


def _lay_out(figure: "go.Figure", axes: Sequence[str], flat: bool) -> None:
    legend = {"orientation": "h", "y": -0.1, "yanchor": "top", "x": 0, "itemsizing": "constant"}
    figure.update_layout(height=HEIGHT, margin=MARGIN, legend=legend, hovermode="closest", hoverdistance=12)
    if flat:
        figure.update_layout(xaxis={"title": axes[0]}, yaxis={"title": axes[1]}, dragmode="lasso")
    else:
        named = {
            f"{letter}axis": {"title": {"text": axis}, "showspikes": False}
            for letter, axis in zip("xyz", axes, strict=True)
        }
        figure.update_layout(scene={**named, "camera": CAMERA})
