"""Which detector separates best: the table with intervals and ties, and its curves."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from asd_core.comparison import MEAN, Draws, bootstrap, loses_to_control, tied_with_best, worst_id
from asd_core.detectors.registry import detector_class
from asd_core.evaluation import Result, evaluate
from asd_core.plots.curves import det_figure, precision_recall_figure
from asd_core.plots.scores import roc_figure
from pages.shared.alarms import alarms
from pages.shared.score_table import ROW_HEIGHT, table_height
from pages.shared.sidebar import Choice, title

if TYPE_CHECKING:
    import plotly.graph_objects as go

CURVES: dict[str, Callable[..., "go.Figure"]] = {
    "ROC": roc_figure,
    "ROC, few false alarms": lambda *a: roc_figure(*a, log_x=True),
    "Precision and recall": precision_recall_figure,
    "DET": det_figure,
}


@st.cache_data(max_entries=8, show_spinner="Resampling for the intervals …")
def tabulated(folder: str, stamp: float, _scores: pd.DataFrame) -> pd.DataFrame:
    """The results table of a models folder."""
    return pd.DataFrame([asdict(result) for result in evaluate(_scores)])


@st.cache_resource(max_entries=8, show_spinner="Resampling for the comparison …")
def paired(folder: str, stamp: float, detectors: tuple[str, ...], _scores: pd.DataFrame) -> Draws:
    """AUCs of all detectors on the same resampled clips."""
    return bootstrap(_scores)


def draw(selected: Choice, every: pd.DataFrame, scores: pd.DataFrame) -> None:
    """The ranking: ``every`` are all scores of the folder, ``scores`` the labelled ones of the chosen detectors."""
    results = tabulated(*selected.source.key(), every)
    results = results[results["detector"].isin(selected.detectors)]
    ids = sorted(scores["machine_id"].unique())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        view = st.segmented_control(
            "Of",
            [MEAN, *ids],
            default=MEAN,
            required=True,
            key="roc",
            bind="query-params",
            format_func=lambda i: "mean over machine ids" if i == MEAN else f"id {i}",
        )
        curve = st.segmented_control(
            "Curve", list(CURVES), default="ROC", required=True, key="curve", bind="query-params"
        )
    shown = results[results["machine_id"] == view].set_index("detector")
    side_by_side = st.grid(2, min_column_width=440)
    chart, table = side_by_side.cell(), side_by_side.cell()
    with chart:
        names = {k: f"{title(k)}  {shown.loc[k, 'auc']:.3f}" for k in shown.index}
        st.plotly_chart(CURVES[curve](scores, str(view), names), key="roc_chart")
        st.caption("Click a legend entry to see it alone, again to see all; the figure beside a name is its AUC.")
    with table:
        rank(selected, results, shown, scores, str(view))
        caption(shown, ids, str(view))
        alarms(selected)
        st.download_button(
            "Table as CSV",
            results.assign(split="test", denoised="no").to_csv(index=False),
            "auc.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )


def rank(selected: Choice, results: pd.DataFrame, shown: pd.DataFrame, scores: pd.DataFrame, view: str) -> None:
    """Detectors by AUC, who is tied with the best, and who does not beat a control."""
    draws = paired(*selected.source.key(), tuple(selected.detectors), scores)
    ties = tied_with_best(draws, machine_id=view)
    controls = [k for k in selected.detectors if detector_class(k).info.origin == "control"]
    losers = {lost.detector: lost for lost in loses_to_control(draws, controls, machine_id=view)} if controls else {}
    worst = worst_id(Result(**row) for row in results.to_dict("records"))

    def verdict(key: str) -> str:
        if key in controls:
            return "control"
        if key in losers and losers[key].by_point:
            return "▼ loses to a control"
        if key in losers and losers[key].by_interval:
            return "▽ may lose to a control"
        return "★ best, or tied with it" if key in ties else ""

    rows: list[dict[str, Any]] = [
        {
            "Detector": title(key),
            "AUC": row["auc"],
            "95 % interval": interval(row["auc_low"], row["auc_high"]),
            "pAUC": row["pauc"],
            "Verdict": verdict(str(key)),
            "Worst id": f"{worst[str(key)].machine_id}: {worst[str(key)].auc:.3f}" if key in worst else "",
        }
        for key, row in shown.sort_values("auc", ascending=False).iterrows()
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key="auc_table",
        row_height=ROW_HEIGHT,
        height=table_height(len(rows)),
        column_config={
            "Detector": st.column_config.TextColumn(width=140),
            "AUC": st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="%.3f", width=90),
            "95 % interval": st.column_config.TextColumn(width=92),
            "pAUC": st.column_config.NumberColumn(format="%.3f", width=50),
            "Verdict": st.column_config.TextColumn(
                width=150,
                help="Paired bootstrap of the AUC on the same resampled clips: tied where the 95 % interval of the "
                "difference from the best includes 0. Many detectors compared on the same clips: read ties generously.",
            ),
        },
    )


def interval(low: float, high: float) -> str:
    """An interval, or that there is none."""
    return f"{low:.3f} – {high:.3f}" if np.isfinite(low) else "not computable"


def caption(shown: pd.DataFrame, ids: list[str], view: str) -> None:
    """What the figures are, and a warning where they can say little."""
    normals, anomalies = int(shown["n_normal"].iloc[0]), int(shown["n_anomaly"].iloc[0])
    st.caption(
        f"Test split, not denoised: {normals} normal and {anomalies} anomalous clips"
        + (f" of {len(ids)} machine ids, mean of the ids' figures." if view == MEAN else f" of machine id {view}.")
        + " Interval: stratified bootstrap, 1,000 resamples. pAUC: false-alarm rates up to 10 %, McClish-standardised "
        "(chance 0.5). Test labels chose nothing."
    )
    if min(normals, anomalies) < 10:
        st.warning("Fewer than ten clips of a class: these figures can say very little.", icon=":material/warning:")
