"""Which of many detectors' lines stand out: the best few in colour, the best control in the ink of the page, all others grey; the
one in use is always in colour. The legend names them, in their order: names at the lines cover one another, and other lines, where a
chart is narrow. Pointed at, a line says its name."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from asd_core.plots import colours

if TYPE_CHECKING:
    import plotly.graph_objects as go

IN_COLOUR = 7  # more lines in colour cannot be told apart
INK, DARK_INK = "#1b1f24", "#f2f4f7"  # the best control's line, on a light and on a dark page
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
    *,
    dark: bool = False,
    in_use: str = "",
) -> None:
    """Restyle a figure with a line per detector, whose legend group is its key.

    Args:
        order: detectors from the best to the last; the legend follows it.
        controls: those of them that are controls.
        dark: whether the page is.
        in_use: the detector that a person has pinned; empty for none.
    """
    ink = DARK_INK if dark else INK
    figure.layout.showlegend = True  # of a single line, too
    coloured, best_control = standouts(order, controls, in_use)
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
