"""How well detectors tell synthetic anomalies from normal clips, over their strength: a small figure per kind."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from asd_core.plots.layout import ALONE, GREY, MARGIN, detector_line, new_figure
from asd_core.plots.lines import labelled

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

TITLES = {
    "burst": "Noise burst",
    "tone": "Tone",
    "level drop": "Missing sound in a band",
    "drift": "Slow change of a band",
}
STRENGTHS = {
    "burst": "dB above the clip's level in the band",
    "tone": "dB above the clip's level around it",
    "level drop": "dB taken away",
    "drift": "dB of change by the end",
}


def sensitivity_figure(curves: "pd.DataFrame", names: Mapping[str, str]) -> "go.Figure":
    """AUC over strength, a line per detector in each kind's figure.

    Args:
        curves: columns ``detector, kind, db, auc``.
        names: the legend's text for each detector key, in its order.
    """
    from plotly.subplots import make_subplots

    kinds = [kind for kind in TITLES if (curves["kind"] == kind).any()]
    figure = make_subplots(
        rows=2,
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.04,
        vertical_spacing=0.2,
        subplot_titles=[TITLES[kind] for kind in kinds],
        figure=new_figure(height=580, legend=ALONE, uirevision="sensitivity", margin={**MARGIN, "t": 40}),
    )
    for place, kind in enumerate(kinds):
        row, col = 1 + place // 2, 1 + place % 2
        of_kind = curves[curves["kind"] == kind]
        for key, name in names.items():
            one = of_kind[of_kind["detector"] == key].sort_values("db")
            figure.add_scatter(
                x=one["db"],
                y=one["auc"],
                mode="lines+markers",
                name=name,
                legendgroup=key,
                showlegend=place == 0,
                line=detector_line(key, 2),
                marker={"size": 5},
                hovertemplate=labelled(name, "%{x:g} dB: AUC %{y:.3f}"),
                row=row,
                col=col,
            )
        figure.update_xaxes(title_text=STRENGTHS[kind], tickvals=sorted(of_kind["db"].unique()), row=row, col=col)
        figure.add_hline(y=0.5, line={"dash": "dot", "width": 1, "color": GREY}, row=row, col=col)
    figure.update_yaxes(range=[min(0.3, curves["auc"].min() - 0.02), 1.02])
    figure.update_yaxes(title_text="AUC", col=1)
    return figure
