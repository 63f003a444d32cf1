"""Ranking without a labelled anomaly: by synthetic ones, and by how steady a detector is."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from asd_core.counting import counted
from asd_core.detectors import is_control
from asd_core.plots import sensitivity_figure
from asd_core.report import UNKNOWN
from asd_core.training import Sensitivity, evidence_stamp
from pages.compare_page import evidence, ranking
from pages.compare_page.fewer_ids import ranked_after
from pages.compare_page.filters import ComparedScores
from pages.shared.alarms import alarms
from pages.shared.caching import cache_bytes
from pages.shared.choice import title
from pages.shared.emphasis import is_dark, rule, stand_out
from pages.shared.job_panel import job_panel
from pages.shared.tables import interval, table

LONGEST = 100  # tail that is written as it is: beyond, most held-out scores are equal
COLUMNS = {
    "Detector": st.column_config.TextColumn(width=156),
    "Synthetic AUC": st.column_config.NumberColumn(
        format="%.3f",
        width=96,
        help="Of synthetic anomalies of every kind and strength against held-out normal clips, mean over machine ids.",
    ),
    "95% interval": st.column_config.TextColumn(width=92),
    "Verdict": st.column_config.TextColumn(width=128),
    "Untrained": st.column_config.NumberColumn(
        format="%.3f", help="The same figure of the network before it was trained; – for a detector without a network."
    ),
    "Stability": st.column_config.NumberColumn(
        format="%.2f",
        help="Rank correlation of the held-out clips' scores by two detectors that learned from a half of the clips each: 1 is the "
        "same order. – where training takes too long to do it twice more, or a half has too few clips.",
    ),
    "Tail": st.column_config.TextColumn(
        help="How far the highest twentieth of held-out scores lies above their median, in spreads of normal clips: 1.6 for a bell "
        "curve; far more means single normal clips that stand out.",
    ),
}


def draw(compared: ComparedScores) -> None:
    """The table, and curves by kind of anomaly; where nothing was measured, a button that does."""
    selected, sensitivity = compared.selected, evidence.sensitivity_of(compared)
    missing = [key for key in selected.detectors if key not in sensitivity.figures.index]
    if missing and selected.source.location:
        with st.container(border=True):
            few = ", ".join(title(key) for key in missing[:3]) + (" …" if len(missing) > 3 else "")
            st.markdown(f"**Not measured yet for {counted(len(missing), 'detector')}** ({few}).")
            source = selected.source
            arguments = ["evidence", "--data", source.location, "--models", str(source.folder)]
            job_panel(
                f"evidence-{source.name}".lower(),
                "Measuring without labels",
                arguments,
                "Measure with synthetic anomalies",
                dataset=source.name,
            )
    if sensitivity.figures.empty:
        return
    order, coverage = [str(key) for key in sensitivity.figures.index], sensitivity.coverage()
    rows = [
        {
            "Detector": title(key),
            "Synthetic AUC": row["auc"],
            "95% interval": interval(row["low"], row["high"]),
            "Verdict": _verdict(key, row, selected.in_use, coverage),
            "Untrained": row["untrained"],
            "Stability": row["stability"],
            "Tail": f"{row['tail']:.1f}" if row["tail"] < LONGEST else f"> {LONGEST}",
        }
        for key, row in ((str(key), row) for key, row in sensitivity.figures.iterrows())
    ]
    table(pd.DataFrame(rows), key="evidence_table", placeholder="–", column_config=COLUMNS)
    most = sensitivity.figures.iloc[0]
    st.caption(
        f"{counted(int(most['n_normal']), 'normal clip')} that were held out in training, and synthetic anomalies made of "
        f"{int(most['n_sources'])} of them. {UNKNOWN} They say nothing of false alarms on another day. Interval: clips resampled "
        "together with what was made of them."
    )
    if sensitivity.control and sensitivity.control not in order:
        st.caption(ranking.judged_against(sensitivity.control))
    ranked_after(coverage)
    alarms(selected)
    st.plotly_chart(
        _figure(compared, evidence_stamp(selected.source.folder), is_dark(), sensitivity), key="sensitivity_chart"
    )
    st.caption(
        f"AUC over the strength of each kind of synthetic anomaly; 0.5 is chance.{rule(len(order), selected.in_use)} Click a legend "
        "entry to see it alone."
    )


@cache_bytes
def _figure(
    compared: ComparedScores, written: int, dark: bool, _sensitivity: Sensitivity
) -> Any:  # Plotly has no types
    order = [str(key) for key in _sensitivity.figures.index]
    figure = sensitivity_figure(_sensitivity.curves, {key: title(key) for key in order})
    stand_out(figure, order, compared.selected.in_use, dark=dark)
    return figure


def _verdict(key: str, row: "pd.Series[float]", in_use: str, coverage: Mapping[str, str]) -> str:
    verdict = "control" if is_control(key) else "★ best or tied" if row["tied"] else ""
    if not row["clear"]:
        verdict = "▽ near a control" if row["above"] else "▼ not above a control"
    return ", ".join(filter(None, ["in use" if key == in_use else "", verdict, coverage.get(key, "")]))
