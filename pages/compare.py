"""Which detector to trust: ROC curves, AUC with intervals, and what a threshold does."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import streamlit as st

from asd_core.detectors.registry import detector_class
from asd_core.evaluation import evaluate
from asd_core.plots.scores import histogram_figure, roc_figure
from pages.shared import library
from pages.shared.entry import require_app
from pages.shared.messages import sentences
from pages.shared.score_table import ROW_HEIGHT
from pages.shared.sidebar import choice, title

MEAN = "mean"
SHOWN_HISTOGRAMS = 4  # at first; drawing all of them takes seconds


@st.cache_data(max_entries=8, show_spinner="Resampling for the intervals …")
def tabulated(folder: str, stamp: float, _scores: pd.DataFrame) -> pd.DataFrame:
    """The results table of a models folder."""
    return pd.DataFrame([asdict(result) for result in evaluate(_scores)])


require_app()
st.title("Compare")
with sentences():
    selected = choice()
    every = library.test_scores(selected.source)
    results = tabulated(*selected.source.key(), every)
    results = results[results["detector"].isin(selected.detectors)]
    scores = every[every["detector"].isin(selected.detectors) & every["label"].isin(["normal", "anomaly"])]
    ids = sorted(scores["machine_id"].unique())
    view = st.segmented_control(
        "ROC of",
        [MEAN, *ids],
        default=MEAN,
        required=True,
        key="roc",
        bind="query-params",
        format_func=lambda i: "mean over machine ids" if i == MEAN else f"id {i}",
    )
    shown = results[results["machine_id"] == view].set_index("detector")
    side_by_side = st.grid(2, min_column_width=440)
    chart, table = side_by_side.cell(), side_by_side.cell()
    with chart:
        names = {k: f"{title(k)}  {shown.loc[k, 'auc']:.3f}" for k in shown.index}
        st.plotly_chart(roc_figure(scores, str(view), names), key="roc_chart")
        st.caption("Click a legend entry to see it alone, again to see all; the figure beside a name is its AUC.")
    with table:
        st.dataframe(
            pd.DataFrame(
                {
                    "Detector": [title(k) for k in shown.index],
                    "AUC": shown["auc"].to_numpy(),
                    "95 % interval": [
                        f"{a:.3f} – {b:.3f}" if np.isfinite(a) else "not computable"
                        for a, b in zip(shown["auc_low"], shown["auc_high"], strict=True)
                    ],
                    "pAUC": shown["pauc"].to_numpy(),
                }
            ).sort_values("AUC", ascending=False),
            hide_index=True,
            key="auc_table",
            row_height=ROW_HEIGHT,
            height=(len(shown) + 1) * ROW_HEIGHT + 12,
            column_config={
                "AUC": st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="%.3f"),
                "pAUC": st.column_config.NumberColumn(format="%.3f"),
            },
        )
        normals, anomalies = int(shown["n_normal"].iloc[0]), int(shown["n_anomaly"].iloc[0])
        st.caption(
            f"Test split, not denoised: {normals} normal and {anomalies} anomalous clips"
            + (f" of {len(ids)} machine ids, mean of the ids' figures." if view == MEAN else f" of machine id {view}.")
            + " Interval: stratified bootstrap, 1,000 resamples. pAUC: false-alarm rates up to 10 %, McClish-standardised "
            "(chance 0.5). Test labels chose nothing."
        )
        if min(normals, anomalies) < 10:
            st.warning("Fewer than ten clips of a class: these figures can say very little.", icon=":material/warning:")
        found = library.alarms(selected.source, selected.detectors)
        if found:
            listed = "\n".join(f"- **{title(key)}**: {' '.join(reasons)}" for key, reasons in found.items())
            with st.expander(f"{len(found)} of these detectors raised an alarm in training", icon=":material/warning:"):
                st.markdown(listed)
        st.download_button(
            "Table as CSV",
            results.assign(split="test", denoised="no").to_csv(index=False),
            "auc.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    st.subheader("Scores and thresholds")
    machine_id = selected.machine_id
    st.caption(
        f"Machine id {machine_id}, thresholds for at most {selected.rate:.0%} false alarms (sidebar), set on held-out normal "
        "clips; observed figures are of the test split."
    )
    own = scores[scores["machine_id"] == machine_id]
    keys = [key for key in selected.detectors if (own["detector"] == key).any()]
    if not keys:
        st.info(f"No test clip of machine id {machine_id} has scores.", icon=":material/filter_alt:")
        st.stop()
    rates = []
    for key in keys:
        mine = own[own["detector"] == key]
        threshold = library.calibration(selected.source, key).threshold(machine_id, selected.rate)
        above, normal = mine["raw"] > threshold.value, mine["label"] == "normal"
        rates.append(
            {
                "Detector": title(key),
                "Threshold": threshold.value,
                "Promised false alarms": threshold.rate,
                "Observed false alarms": float(above[normal].mean()) if normal.any() else None,
                "Detected anomalies": float(above[~normal].mean()) if (~normal).any() else None,
            }
        )
    percent = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        pd.DataFrame(rates),
        hide_index=True,
        key="threshold_table",
        row_height=ROW_HEIGHT,
        height=(len(rates) + 1) * ROW_HEIGHT + 12,
        column_config={
            "Threshold": st.column_config.NumberColumn(format="%.4g", help="On the raw score."),
            "Promised false alarms": percent,
            "Observed false alarms": percent,
            "Detected anomalies": percent,
        },
    )
    st.download_button(
        "Thresholds as CSV",
        pd.DataFrame(rates).assign(machine_id=machine_id, split="test", denoised="no").to_csv(index=False),
        "thresholds.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    best = [key for key in shown.sort_values("auc", ascending=False).index if key in keys][:SHOWN_HISTOGRAMS]
    drawn = st.multiselect(
        "Histograms of",
        keys,
        default=best,
        format_func=title,
        key="histograms",
        bind="query-params",
        help="The dashed line is the threshold. Scores past the last bin are counted in it.",
    )
    grid = st.grid(2, min_column_width=380)
    for key in drawn:
        threshold = library.calibration(selected.source, key).threshold(machine_id, selected.rate)
        mine = own[own["detector"] == key]
        grid.plotly_chart(histogram_figure(mine, threshold.value, title(key)), key=f"histogram_{key}")

with st.expander("What each detector does", icon=":material/menu_book:"):
    for key in selected.detectors:
        info = detector_class(key).info
        st.markdown(
            f"**{info.title}** ({info.origin}; fitted per {info.scope}). {info.how_it_scores} "
            f"*When not to use it:* {info.when_not_to_use} *Reference:* {info.paper}"
        )
