"""A figure for a projector: the same, in letters that are read from the last row."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import plotly.graph_objects as go

LETTERS = 20  # pixels
THICKER = 1.5


def enlarge(figure: "go.Figure", letters: int = LETTERS) -> "go.Figure":
    """The figure itself, its letters that high in pixels, lines and markers larger, its height the page's."""
    font = {"size": letters}
    figure.update_layout(font=font, legend_font=font, hoverlabel_font=font, title_font=font, height=None)
    for axes in (figure.update_xaxes, figure.update_yaxes):
        axes(title_font=font, tickfont=font, automargin=True)
    for note in figure.layout.annotations:
        note.font.size = letters
    for trace in figure.data:
        for part, name in (("line", "width"), ("marker", "size")):
            drawn = getattr(trace, part, None)
            value = getattr(drawn, name, None)
            if drawn is not None and isinstance(value, int | float) and value > 0:
                drawn.update({name: THICKER * value})
    return figure
