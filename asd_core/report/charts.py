"""Curves as drawings inside the page, from the very figures that the Compare page shows.

A drawing prints sharply and weighs a few kilobytes; plotly's own script would weigh 4.5 MB and be blocked by mail
filters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core.counting import percent
from asd_core.evaluation import MEAN, Floats
from asd_core.plots import INK, colours, det_figure, precision_recall_figure, roc_figure, standouts
from asd_core.report.figures import LABELS, Comparison
from asd_core.report.layout import by_id, figure

if TYPE_CHECKING:
    import plotly.graph_objects as go

WIDTH, HEIGHT = 460, 360
LEFT, RIGHT, TOP, BOTTOM = 52, 18, 8, 44
STEP = 0.5  # points nearer than this are one, in pixels
DASHES = {"solid": "", "dash": "7 4", "dot": "2 3"}
LINEAR = [(v / 10, f"{10 * v}%") for v in range(0, 11, 2)]


@dataclass(frozen=True)
class Style:
    """How a detector is drawn, and named below the curves."""

    name: str
    colour: str
    dash: str
    width: float


@dataclass(frozen=True)
class Chart:
    """A drawing of ``WIDTH`` by ``HEIGHT`` pixels."""

    heading: str
    description: str
    x_title: str
    y_title: str
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    lines: list[tuple[Style, str]]  # points as SVG writes them
    chance: str
    size: tuple[int, int] = (WIDTH, HEIGHT)
    frame: tuple[int, int, int, int] = (LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM)


@dataclass(frozen=True)
class Axis:
    """One axis of a figure: from its values to pixels."""

    low: float
    high: float
    log: bool
    start: float
    end: float

    def pixels(self, values: Floats) -> Floats:
        """Positions of values, ends of the axis at most."""
        inside = np.log10(np.maximum(values, 1e-12)) if self.log else values
        share = np.clip((inside - self.low) / (self.high - self.low), 0.0, 1.0)
        return np.asarray(self.start + share * (self.end - self.start), dtype=np.float64)


def charts(comparison: Comparison) -> tuple[list[Chart], list[Style]]:
    """ROC, ROC at few false alarms, DET and precision-recall curves, mean over machine ids, and their legend."""
    labelled = comparison.clips[comparison.clips["label"].isin(LABELS)]
    styles = _styles(comparison)
    if not comparison.tied:
        return [], []
    names = {key: key for key in comparison.detectors}
    share = comparison.assumptions.prevalence
    stretched = roc_figure(labelled, MEAN, names, log_x=True)
    recall = precision_recall_figure(labelled, MEAN, names, prevalence=share)
    figures = (
        ("ROC curve", "Upper left is better. Dotted: chance.", roc_figure(labelled, MEAN, names)),
        ("ROC curve, few false alarms", "The same, with the left end stretched.", stretched),
        ("DET curve", "Lower left is better.", det_figure(labelled, MEAN, names)),
        (
            "Precision and recall",
            f"Upper right is better. Precision if {percent(share)} of clips are anomalous.",
            recall,
        ),
    )
    drawn = [_chart(heading, description, shown, styles) for heading, description, shown in figures]
    legend = [style for style in styles.values() if style.width > 1]
    others = len(styles) - len(legend)
    if others:
        legend.append(Style(f"{others} others", "#b9c0c9", "", 1.0))
    return drawn, legend


def _styles(comparison: Comparison) -> dict[str, Style]:
    """In colour the detector in use, the best group, the runners-up while there is room, and the best control in black."""
    cells = by_id(comparison.ranking)
    coloured, control = standouts(comparison.detectors, comparison.controls, comparison.in_use)
    styles = {}
    for key in comparison.detectors:
        row = cells[key, MEAN]
        name = f"{row['title']}, AUC {figure(row['auc'])}"
        if key == control:
            styles[key] = Style(
                f"{name} ({'best ' if control == comparison.best_control else ''}control)", INK, DASHES["dash"], 1.6
            )
        elif key in coloured:
            dash = DASHES[colours.detector_dash(key)]
            styles[key] = Style(
                name, colours.detector_colour(key), dash, 2.6 if key in (comparison.in_use, *comparison.tied) else 1.6
            )
        else:
            styles[key] = Style(name, "#b9c0c9", "", 1.0)
    return styles


def _chart(heading: str, description: str, shown: "go.Figure", styles: dict[str, Style]) -> Chart:
    axes = shown.layout.xaxis, shown.layout.yaxis
    x, y = _axis(axes[0], LEFT, WIDTH - RIGHT), _axis(axes[1], HEIGHT - BOTTOM, TOP)
    traces = {trace.name: trace for trace in shown.data if trace.mode == "lines" and trace.fill in (None, "none")}
    # Grey ones first, the best last: it lies on top.
    lines = [
        (style, _points(traces[key], x, y))
        for key, style in sorted(styles.items(), key=lambda item: item[1].width)
        if key in traces
    ]
    chance = _points(traces["chance"], x, y) if "chance" in traces else ""
    x_title, y_title = (str(axis.title.text or "") for axis in axes)
    ticks = _ticks(axes[0], x, room=34), _ticks(axes[1], y, room=15)
    # What stands in brackets fits along the lower axis alone.
    return Chart(heading, description, x_title, y_title.split(" (")[0], *ticks, lines, chance)


def _axis(axis: Any, start: float, end: float) -> Axis:
    low, high = axis.range
    return Axis(float(low), float(high), axis.type == "log", start, end)


def _ticks(axis: Any, scale: Axis, room: float) -> list[tuple[float, str]]:
    """Ticks of a plotly axis that have ``room`` pixels each: where, and what is written."""
    texts: Sequence[str] = axis.ticktext or [percent(v) for v in axis.tickvals or ()]
    ticks = LINEAR if axis.tickvals is None else zip(map(float, axis.tickvals), map(str, texts), strict=True)
    results: list[tuple[float, str]] = []
    for value, text in ticks:
        inside = scale.low <= (np.log10(value) if scale.log else value) <= scale.high
        position = round(float(scale.pixels(np.array([value]))[0]), 1)
        if inside and (not results or abs(position - results[-1][0]) >= room):
            results.append((position, text))
    return results


def _points(trace: Any, x: Axis, y: Axis) -> str:
    """A trace in pixels: points that fall together are drawn once, steps as steps."""
    across = np.round(x.pixels(np.asarray(trace.x, dtype=np.float64)) / STEP) * STEP
    up = np.round(y.pixels(np.asarray(trace.y, dtype=np.float64)) / STEP) * STEP
    if trace.line.shape == "vh":  # first up, then across
        across, up = np.repeat(across, 2)[:-1], np.repeat(up, 2)[1:]
    moved = np.r_[True, (np.diff(across) != 0) | (np.diff(up) != 0)] if len(across) else np.zeros(0, dtype=bool)
    return " ".join(f"{a:g},{b:g}" for a, b in zip(across[moved], up[moved], strict=True))
