"""AUC over how many anomalies were labelled, beside a detector that uses none."""

from typing import TYPE_CHECKING

from asd_core.plots.layout import ABOVE, GREY, detector_line, new_figure

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

HEAD = "#D55E00"  # a colour of no detector, since the head is none


def few_labels_figure(mean: "pd.DataFrame", title: str) -> "go.Figure":
    """A point with its 95% interval for each k; the detector's figure as a line with its interval across.

    Args:
        mean: the rows of :func:`asd_core.evaluation.few_label_curve` that are the mean over kinds, with a column ``detector``.
        title: the detector's name.
    """
    figure = new_figure(height=320, legend=ABOVE, uirevision="few_labels")
    base, heads = mean[mean["k"] == 0].iloc[0], mean[mean["k"] > 0].sort_values("k")
    if heads.empty:
        return figure
    ends = [float(heads["k"].min()) - 1.0, float(heads["k"].max()) + 1.0]
    figure.add_scatter(
        x=ends,
        y=[base["auc"]] * 2,
        mode="lines",
        name=f"{title}, no label",
        line=detector_line(str(base["detector"]), 2),
        hovertemplate="AUC %{y:.3f}<extra></extra>",
    )
    figure.add_hrect(y0=base["low"], y1=base["high"], fillcolor=GREY, opacity=0.2, line_width=0)
    figure.add_scatter(
        x=heads["k"],
        y=heads["auc"],
        mode="lines+markers",
        name="head with k labels",
        line={"color": HEAD, "width": 2},
        error_y={"array": heads["high"] - heads["auc"], "arrayminus": heads["auc"] - heads["low"], "symmetric": False},
        hovertemplate="%{x} labelled anomalies: AUC %{y:.3f}<extra></extra>",
    )
    figure.update_xaxes(title_text="labelled anomalies, none of the kind that is tested", tickvals=heads["k"])
    figure.update_yaxes(title_text="AUC", range=[min(0.45, float(heads["low"].min()) - 0.02), 1.01])
    return figure
