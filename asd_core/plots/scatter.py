"""Clips as points in a plane or in space: the colour is what a person chooses, the shape is always split and label."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from asd_core.plots import colours
from asd_core.plots.layout import MARGIN
from asd_core.plots.margins import margin_axis, margin_height
from asd_core.space import Bulk, DensityRegions

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

WEBGL_ABOVE = 3000
MOST_NAMES = 8  # colours that can be told apart; what is rarer is one group
HEIGHT = 620
NONE, OTHERS, NO_VALUE, NO_SCORE = "none", "others", "no value", "no score"
UNKNOWN = "#9AA5AF"  # of clips without a value
RARE_OPACITY = 0.9  # of anomalies among normals, which must not drown, and of colours that are read off a scale
STAR = "#F0E442"
EDGE = {"width": 1, "color": "#7F7F7F"}  # of points on a scale, which has an end that a dark page hides, or a light one
# Of margins: far below the threshold, at it, beyond it, and farthest.
MARGIN_COLOURS = (colours.LABELS["normal"], "#B4B4B4", "#E69F00", colours.LABELS["anomaly"])
# A plot in space has no other markers than these, and those of the stars.
SHAPES = {
    "train normal": "circle",
    "test normal": "square",
    "test anomaly": "diamond",
    "train unlabelled": "circle-open",
    "test unlabelled": "square-open",
    "eval anomaly": "diamond-open",
    "eval unlabelled": "x",
}
OTHER_SHAPE = "cross"
CAMERA = {"eye": {"x": 1.45, "y": 1.45, "z": 1.0}, "center": {"x": 0.0, "y": 0.0, "z": -0.12}}  # nothing is cut off
LEVELS = (0.5, 0.9, 0.2)  # contours: the first, the last, the step


@dataclass(frozen=True)
class Star:
    """A clip that was projected into the fitted space."""

    name: str
    position: tuple[float, ...]


def scatter_figure(
    places: NDArray[Any],
    about: "pd.DataFrame",
    values: "pd.Series[Any]",
    axes: Sequence[str],
    *,
    name: str,
    stars: Sequence[Star] = (),
    normals: DensityRegions | None = None,
    margins: bool = False,
    window: Bulk | None = None,
    dark: bool = False,
) -> "go.Figure":
    """One point per clip. The wire carries float32 and a number per clip, nothing else (of margins their text, too).

    Args:
        places: ``(n, 2)`` or ``(n, 3)``.
        about: columns split and label of each clip, which give its shape; a click or a lasso gives back its index as
            ``customdata``.
        values: the colour of each clip: numbers give a scale (nan: grey), text gives a colour each.
        axes: what the axes are called.
        name: what the colour means.
        stars: clips marked with a star.
        normals: drawn as contours, in a plane only.
        margins: the numbers are margins over a threshold: their scale is that of the other margin figures.
        window: what is shown at first; all points by default.
        dark: whether the page is.
    """
    import plotly.graph_objects as go

    flat = places.shape[1] == 2
    figure = go.Figure()
    numeric = values.dtype.kind == "f"
    numbers, shapes = about.index.to_numpy(), (about["split"] + " " + about["label"]).to_numpy()
    groups = _scale(figure, values, name, margins) if numeric else _names(values)
    size, opacity = _size(len(places), flat), 0.8  # contours lie below the points
    kind = (go.Scattergl if len(places) > WEBGL_ABOVE else go.Scatter) if flat else go.Scatter3d
    # Anomalies are drawn last, on top.
    present = sorted(set(shapes), key=lambda shape: ("anomaly" in shape, shape.split()[0] != "train", shape))
    for group in groups:
        for shape in present:
            mask = group.mask & (shapes == shape)
            if not mask.any():
                continue
            marker = {"size": size, "opacity": opacity, **group.marker, "symbol": SHAPES.get(shape, OTHER_SHAPE)}
            if group.numbers is None:
                marker["color"] = colours.seen(marker["color"], dark=dark, opacity=marker["opacity"])
            text: dict[str, Any] = {}
            if group.numbers is not None:
                marker["color"] = group.numbers[mask]
                text = {"hovertemplate": "%{marker.color:.3g}<extra></extra>"}
                if margins:
                    text = {
                        "text": [f"{m:+.1f}" for m in values.to_numpy()[mask]],
                        "hovertemplate": "%{text}<extra></extra>",
                    }
            figure.add_trace(
                kind(
                    **dict(zip("xyz", places[mask].astype(np.float32).T, strict=False)),
                    mode="markers",
                    name=group.label,
                    legendgroup=group.label,
                    showlegend=False,
                    marker=marker,
                    customdata=numbers[mask].astype(np.int32),
                    **{"hovertemplate": f"{group.label}, {shape}<extra></extra>", **text},
                )
            )

    def entry(label: str, marker: dict[str, Any], **more: Any) -> None:
        """An entry of a legend: a trace without a point."""
        nowhere = {axis: [None] for axis in "xyz"[: places.shape[1]]}
        figure.add_trace(
            kind(**nowhere, mode="markers", name=label, marker={"size": size, **marker}, hoverinfo="skip", **more)
        )

    for group in groups:
        if group.numbers is None:  # a scale says what it is
            shown = colours.seen(group.marker["color"], dark=dark, opacity=group.marker.get("opacity", opacity))
            entry(f"{group.label} ({group.mask.sum()})", {"color": shown}, legendgroup=group.label)
    grey = colours.seen(UNKNOWN, dark=dark)
    for shape in present:
        symbol = SHAPES.get(shape, OTHER_SHAPE)
        entry(f"{shape} ({(shapes == shape).sum()})", {"color": grey, "symbol": symbol}, legend="legend2")
    if flat and normals is not None:
        figure.add_trace(_contours(normals, dark))
    _add_stars(figure, stars, flat, float(places[:, 0].min() + places[:, 0].max()) / 2.0)
    _lay_out(figure, axes, flat, window)
    return figure


def _size(n: int, flat: bool) -> float:
    """Smaller points where there are many."""
    size = 7.0 if n <= 1000 else 5.5 if n <= 5000 else 4.0
    return size if flat else size * 0.6


@dataclass(frozen=True, eq=False)
class _Group:
    """Points of one colour, or on one scale."""

    label: str
    mask: NDArray[np.bool_]
    marker: dict[str, Any]
    numbers: NDArray[Any] | None = None  # on the scale, of all points


def _scale(figure: "go.Figure", values: "pd.Series[Any]", name: str, margins: bool) -> list[_Group]:
    numbers = values.to_numpy(dtype=np.float64)
    known = np.isfinite(numbers)
    bar: dict[str, Any] = {"title": {"text": name, "side": "right"}, "thickness": 12, "len": 0.8}
    scale: Any = "Viridis"
    if margins:
        numbers = margin_height(numbers)
        axis = margin_axis(numbers)
        low, high = axis["range"]
        bar |= {"tickvals": axis["tickvals"], "ticktext": axis["ticktext"]}
        threshold = -low / (high - low)
        ends = (0.0, threshold, threshold + (1.0 - threshold) / 3.0, 1.0)
        scale = list(zip(ends, MARGIN_COLOURS, strict=True))
    else:
        low, high = (float(numbers[known].min()), float(numbers[known].max())) if known.any() else (0.0, 1.0)
    figure.update_layout(coloraxis={"colorscale": scale, "cmin": low, "cmax": high, "colorbar": bar})
    without = NO_SCORE if margins else NO_VALUE
    grey = [_Group(without, ~known, {"color": UNKNOWN})] if not known.all() else []
    marker = {"coloraxis": "coloraxis", "opacity": RARE_OPACITY, "line": EDGE}
    return [*grey, _Group(name, known, marker, numbers.astype(np.float32))] if known.any() else grey


def _names(values: "pd.Series[Any]") -> list[_Group]:
    text = values.astype(str).replace("", NONE)
    counts = text.value_counts()
    named = set(counts.index[:MOST_NAMES] if len(counts) <= MOST_NAMES else counts.index[: MOST_NAMES - 1])
    text = text.where(text.isin(named), OTHERS)
    # Anomalies are drawn last, on top; what has no name first, below.
    results = sorted(text.unique(), key=lambda v: (v == "anomaly", v not in (NONE, OTHERS), v))
    colour = colours.categories(results) | {v: UNKNOWN for v in (NONE, OTHERS)}
    normals = {NONE, "normal"} & set(results)
    markers: dict[str, dict[str, Any]] = {v: {"color": colour[v]} for v in results}
    for v in set(results) - normals - {OTHERS} if normals else ():
        markers[v]["opacity"] = RARE_OPACITY
    return [_Group(v.replace("_", " "), (text == v).to_numpy(), markers[v]) for v in results]


def _contours(normals: DensityRegions, dark: bool) -> Any:
    import plotly.graph_objects as go

    colour = colours.seen(colours.LABELS["normal"], dark=dark, least=4.5)  # its shares are text
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
            "labelfont": {"size": 12, "color": colour},
        },
        colorscale=[[0, colour], [1, colour]],
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
    # In space there is no star.
    marker: dict[str, Any] = {"color": STAR, "line": {"width": 1.5, "color": "#222"}}
    marker |= {"size": 18, "symbol": "star"} if flat else {"size": 8, "symbol": "cross"}
    figure.add_trace(
        (go.Scatter if flat else go.Scatter3d)(
            **dict(zip("xyz", where.T, strict=False)),
            mode="markers+text",
            text=text,
            textposition=positions,
            textfont={"size": 12},
            name="open clip or upload" if len(stars) == 1 else "open clip and uploads",
            legend="legend2",
            marker=marker,
            hoverinfo="skip",  # its name is written; what lies below it can be pointed at
        )
    )


def _lay_out(figure: "go.Figure", axes: Sequence[str], flat: bool, window: Bulk | None) -> None:
    legend = {"orientation": "h", "x": 0, "itemsizing": "constant"}
    figure.update_layout(
        height=HEIGHT,
        margin=MARGIN,
        legend={**legend, "y": -0.1, "yanchor": "top"},
        # A shape is of no colour alone: nothing of one can be hidden.
        legend2={**legend, "y": 1.0, "yanchor": "bottom", "itemclick": False, "itemdoubleclick": False},
        hovermode="closest",
        hoverdistance=12,
    )
    ranges = (
        [{}] * len(axes)
        if window is None
        else [{"range": list(ends)} for ends in zip(window.low, window.high, strict=True)]
    )
    named = {
        f"{letter}axis": {"title": {"text": axis}, **ends}
        for letter, axis, ends in zip("xyz", axes, ranges, strict=False)
    }
    if flat:
        figure.update_layout(**named, dragmode="lasso")
    else:
        scene = {letter: {**axis, "showspikes": False} for letter, axis in named.items()}
        figure.update_layout(scene={**scene, "camera": CAMERA, "aspectmode": "cube"})
