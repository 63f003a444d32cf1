"""Which of many detectors' lines stand out: the best few in colour with their name at the line, the best control in the ink
of the page, all others grey; the one in use is always in colour. Pointed at, a grey line says its name in its own colour."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from asd_core.evaluation import Floats
from asd_core.plots import colours

if TYPE_CHECKING:
    import plotly.graph_objects as go

IN_COLOUR = 7  # more lines in colour cannot be told apart
LABELLED = 3  # names at their lines: more cover one another
INK, DARK_INK = "#1b1f24", "#f2f4f7"  # the best control's line, on a light and on a dark page
# Of a chart, in pixels: a narrow one, where names come nearer to each other than on a wide one; of a letter and a line of a name.
WIDTH, HEIGHT, LETTER, LINE = 520.0, 330.0, 7.5, 20.0
EDGE = 0.2  # of a line: nearer to its ends a name is drawn inwards, that the frame does not cut it off
PAPER, DARK_PAPER = (
    "rgba(255, 255, 255, 0.8)",
    "rgba(16, 22, 28, 0.8)",
)  # behind a name, that lines do not strike it through
BACKGROUND = "rgba(154, 165, 177, 0.55)"  # a line behind the others, on light and dark pages


def standouts(order: Sequence[str], controls: Collection[str], in_use: str = "") -> tuple[list[str], str | None]:
    """Which of some detectors, the best first, stand out: those in colour, and the best control (``None`` without any).

    Args:
        in_use: the detector that a person has pinned: it comes first among those in colour; empty for none.
    """
    coloured = sorted((key for key in order if key not in controls), key=lambda key: key != in_use)[:IN_COLOUR]
    return coloured, next((key for key in order if key in controls), None)


def emphasise(
    figure: "go.Figure",
    order: Sequence[str],
    controls: Collection[str],
    short: Mapping[str, str],
    *,
    dark: bool = False,
    in_use: str = "",
) -> None:
    """Restyle a figure with a line per detector, whose legend group is its key.

    Args:
        order: detectors from the best to the last; the legend follows it.
        controls: those of them that are controls.
        short: each detector's name at its line.
        dark: whether the page is.
        in_use: the detector that a person has pinned; empty for none.
    """
    ink, paper = (DARK_INK, DARK_PAPER) if dark else (INK, PAPER)
    coloured, best_control = standouts(order, controls, in_use)
    drawn = {trace.legendgroup: trace for trace in figure.data if "lines" in trace.mode and trace.fill is None}
    for trace in figure.data:
        key = trace.legendgroup
        if key not in order:
            continue
        trace.legendrank = 1000 + order.index(key)
        trace.hoverlabel = {"bgcolor": colours.detector_colour(key), "font": {"color": "white"}}
        if trace.fill == "toself":
            continue  # a band was asked for
        if key == best_control:
            colour, width, dash = ink, 2.2, "dash"
        elif key in coloured:
            width = 2.8 if key == coloured[0] else 1.8
            colour, dash = colours.detector_colour(key), colours.detector_dash(key)
        else:
            colour, width, dash = BACKGROUND, 1.2, "solid"
        if "lines" in trace.mode:  # markers on a line have its colour
            trace.line.update(color=colour, width=width, dash=dash)
        else:
            trace.marker.color = colour
            trace.visible = key == best_control or key in coloured
    # The best lies on top: what is drawn last.
    place = {key: index for index, key in enumerate(order)}
    figure.data = tuple(sorted(figure.data, key=lambda t: -place.get(t.legendgroup, len(place))))
    named = [key for key in [*coloured[:LABELLED], best_control] if key and key in drawn]
    log = figure.layout.xaxis.type == "log"
    points = {key: line for key in named if len((line := _finite(drawn[key], log))[0])}
    if not points:
        return
    (left, low), (right, high) = (
        [of([of(values) for values in axis]) for axis in zip(*points.values(), strict=True)] for of in (np.min, np.max)
    )
    boxes: list[tuple[float, float, float]] = []
    for index, (key, (x, y)) in enumerate(points.items()):
        at = _point(x, y, (index + 1.0) / (len(named) + 3.0))
        share = (x[at] - x.min()) / max(np.ptp(x), 1e-12)
        side = 1 if share < EDGE else -1 if share > 1.0 - EDGE else 0
        width = LETTER * len(short[key])
        first = WIDTH * (x[at] - left) / max(right - left, 1e-12) + 60 * side - width * (0.5, 0.0, 1.0)[side]
        middle = HEIGHT * (high - y[at]) / max(high - low, 1e-12)
        below = 34.0
        # Lower until it covers no other name: lines that are near each other have their names one below the other.
        while any(
            first < end and begin < first + width and abs(middle + below - other) < LINE for begin, end, other in boxes
        ):
            below += 4.0
        boxes.append((first, first + width, middle + below))
        colour = ink if key == best_control else colours.detector_colour(key)
        figure.add_annotation(
            x=float(x[at]),
            y=float(y[at]),
            text=short[key],
            font={"color": colour, "size": 12},
            arrowcolor=colour,
            bgcolor=paper,
            arrowwidth=1,
            arrowhead=0,
            ax=60 * side,
            ay=below,
            borderpad=1,
            xanchor=("center", "left", "right")[side],
        )


def _finite(trace: "go.Scatter", log: bool) -> tuple[Floats, Floats]:
    """The points of a line, as an axis has them (the logarithm on a logarithmic one)."""
    x, y = (np.asarray(values, dtype=np.float64) for values in (trace.x, trace.y))
    x = np.log10(x, out=np.full_like(x, np.nan), where=x > 0) if log else x
    known = np.isfinite(x) & np.isfinite(y)
    return x[known], y[known]


def _point(x: np.ndarray, y: np.ndarray, share: float) -> int:
    """The place of a curve where ``share`` of its length is left behind: names of near curves are spread along them."""
    length = np.r_[0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y)))]
    return int(np.searchsorted(length, share * length[-1]).clip(0, len(x) - 1))
