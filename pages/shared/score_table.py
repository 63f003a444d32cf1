"""Every detector's verdict on one clip, as recorded and denoised, in one table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from asd_core.scoring import DetectorScore
from pages.shared.sidebar import title

if TYPE_CHECKING:
    import pandas as pd

ROW_HEIGHT = 26
BUTTON_ROW, HEADER = 30, 33  # pixels of a row that holds a button, and of a table's heading with its borders
NAMED = 2  # detectors that a sentence names before it becomes a list
_MARK = {"anomaly": "▲ anomaly", "normal": "· normal"}


def table_height(n_rows: int) -> int:
    """Pixels that show every row of a table without scrolling, with its heading."""
    return (n_rows + 1) * ROW_HEIGHT + 12


def score_table(raw: Sequence[DetectorScore], denoised: Sequence[DetectorScore] | None, *, key: str) -> None:
    """Percentiles as bars, decisions, and the raw figures behind them; ``None`` while there is no denoised clip yet."""
    table = _frame(raw, denoised)
    st.dataframe(
        table.style.map(_tint, subset=["Decision", "Denoised decision"]).apply(_minority, subset=["Decision"]),
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=table_height(len(table)),
        key=key,
        alt="Scores of every detector, as recorded and denoised",
        column_config={
            "Detector": st.column_config.TextColumn(width=140),
            "Percentile": st.column_config.ProgressColumn(
                "Recorded",
                min_value=0,
                max_value=100,
                format="%.0f",
                width=62,
                help="Percentile: the share of this machine's held-out normal clips that score lower than the recording.",
            ),
            "Decision": st.column_config.TextColumn(width=70),
            "Raw": st.column_config.NumberColumn(
                "Raw", format="%.4g", width=54, help="On the detector's own scale: not comparable between detectors."
            ),
            "Denoised percentile": st.column_config.ProgressColumn(
                "Denoised", min_value=0, max_value=100, format="%.0f", width=62, help="Percentile of the denoised clip."
            ),
            "Denoised decision": st.column_config.TextColumn("Decision", width=70),
            "Denoised raw": st.column_config.NumberColumn("Raw", format="%.4g", width=54),
            "Threshold": st.column_config.NumberColumn(format="%.4g", width=76, help="On the raw score."),
        },
    )


def _frame(raw: Sequence[DetectorScore], denoised: Sequence[DetectorScore] | None) -> "pd.DataFrame":
    import pandas as pd

    after: Sequence[DetectorScore | None] = denoised or [None for _ in raw]
    return pd.DataFrame(
        [
            {
                "Detector": title(a.detector),
                "Percentile": a.calibrated,
                "Decision": _MARK[a.decision],
                "Raw": a.raw,
                "Denoised percentile": b.calibrated if b else None,
                "Denoised decision": _MARK[b.decision] if b else "…",
                "Denoised raw": b.raw if b else None,
                "Threshold": a.threshold,
            }
            for a, b in zip(raw, after, strict=True)
        ]
    )


def _tint(mark: str) -> str:
    return "color: #D55E00; font-weight: 600" if mark == _MARK["anomaly"] else ""


def _minority(decisions: "pd.Series[str]") -> list[str]:
    """Shade the decisions of those who disagree with most."""
    anomalies = int((decisions == _MARK["anomaly"]).sum())
    few = _MARK["anomaly"] if anomalies <= len(decisions) - anomalies else _MARK["normal"]
    both = 0 < anomalies < len(decisions)
    return ["background-color: rgba(230, 159, 0, 0.18)" if both and d == few else "" for d in decisions]


def disagreement(scores: Sequence[DetectorScore]) -> str:
    """A sentence on who says what: a small minority is named."""
    yes = [title(s.detector) for s in scores if s.decision == "anomaly"]
    no = [title(s.detector) for s in scores if s.decision == "normal"]
    if not yes or not no:
        verdict = "an anomaly" if yes else "normal"
        return f"All {len(scores)} detectors call it {verdict}."
    few, verdict = (yes, "an anomaly") if len(yes) <= len(no) else (no, "normal")
    counts = f"{len(yes)} of {len(scores)} detectors call it an anomaly."
    if len(few) > NAMED:
        return f"{counts} Those in the minority are shaded."
    return f"{counts} Only {' and '.join(few)} {'calls' if len(few) == 1 else 'call'} it {verdict}."
