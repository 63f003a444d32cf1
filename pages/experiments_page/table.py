"""An experiment's points as a table that can be taken away."""

import pandas as pd
import streamlit as st

from asd_core.experiments import Header
from pages.shared.tables import download, file_name, interval, table

LOSSES = ("train_loss", "held_out_loss")
LEARNING = ("skips", "mels", "batch_size", "sweep")
MOST = 16  # rows before the table scrolls
NAMES = {
    "point": "Point",
    "auc": "AUC",
    "interval": "95 % interval",
    "pauc": "pAUC",
    "train_loss": "Training loss",
    "held_out_loss": "Held-out loss",
    "fit_seconds": "Fit, s",
}


def points_table(header: Header, points: pd.DataFrame) -> None:
    """AUC with its interval, and the losses where there are any."""
    rows = points.drop_duplicates("point")
    ends = zip(rows["auc_low"], rows["auc_high"], strict=True)
    rows = rows.assign(interval=[interval(low, high) for low, high in ends])
    # Losses of different detectors are on different scales: only those of networks that learn the same are compared.
    known = [
        c for c in NAMES if c in rows and not rows[c].isna().all() and (c not in LOSSES or header.kind in LEARNING)
    ]
    table(
        rows[known].rename(columns=NAMES),
        key=f"points_{header.name}",
        most=MOST,
        column_config={
            "Point": st.column_config.TextColumn(width=250),
            "AUC": st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="%.3f", width=90),
            "pAUC": st.column_config.NumberColumn(format="%.3f", width=60),
            "Training loss": st.column_config.NumberColumn(format="%.4g", width=90),
            "Held-out loss": st.column_config.NumberColumn(format="%.4g", width=90),
            "Fit, s": st.column_config.NumberColumn(format="%.1f", width=60),
        },
    )
    st.caption("Test split, mean over machine ids.")
    points = points.assign(dataset=header.dataset, split="test", data_fingerprint=header.fingerprint[:12])
    content = points.to_csv(index=False)
    download("Points as CSV", content, file_name("experiment", header.name, header.dataset, "test", of=content))
