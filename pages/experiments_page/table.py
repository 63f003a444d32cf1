"""An experiment's points as a table that can be taken away."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from asd_core.csv_text import csv_of
from asd_core.experiments import Header
from pages.shared.choice import title
from pages.shared.tables import download, file_name, interval, table

LOSSES = ("train_loss", "held_out_loss")
LEARNING = ("skips", "mels", "batch_size", "sweep")
MOST = 10  # rows before the table scrolls: the figures below are to be seen
NAMES = {
    "detector": "Detector",
    "point": "Point",
    "auc": "AUC",
    "interval": "95% interval",
    "pauc": "pAUC",
    "train_loss": "Training loss",
    "held_out_loss": "Held-out loss",
    "fit_seconds": "Fit, s",
}


def points_table(header: Header, points: pd.DataFrame, order: Sequence[str]) -> None:
    """AUC with its interval, and the losses where there are any; detectors in an order."""
    rows = points.drop_duplicates("point").sort_values(
        "detector", key=lambda keys: keys.map(order.index), kind="stable"
    )
    ends = zip(rows["auc_low"], rows["auc_high"], strict=True)
    rows = rows.assign(interval=[interval(low, high) for low, high in ends])
    if rows["detector"].nunique() > 1:  # a point is named after its detector's key
        rows["point"] = [
            point.removeprefix(f"{key}, ") for point, key in zip(rows["point"], rows["detector"], strict=True)
        ]
        rows["detector"] = [title(key) for key in rows["detector"]]
    else:
        rows = rows.drop(columns="detector")
    # Losses of different detectors are on different scales: only those of networks that learn the same are compared.
    known = [
        c for c in NAMES if c in rows and not rows[c].isna().all() and (c not in LOSSES or header.kind in LEARNING)
    ]
    table(
        rows[known].rename(columns=NAMES),
        key=f"points_{header.name}",
        most=MOST,
        placeholder="",
        column_config={
            "Detector": st.column_config.TextColumn(width=165),
            "Point": st.column_config.TextColumn(width=165),
            "95% interval": st.column_config.TextColumn(width=100),
            "AUC": st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="%.3f", width=90),
            "pAUC": st.column_config.NumberColumn(format="%.3f", width=60),
            "Training loss": st.column_config.NumberColumn(format="%.4g", width=90),
            "Held-out loss": st.column_config.NumberColumn(format="%.4g", width=90),
            "Fit, s": st.column_config.NumberColumn(format="%.1f", width=60),
        },
    )
    st.caption("Test split, mean over machine ids.")
    points = points.assign(dataset=header.dataset, split="test", data_fingerprint=header.fingerprint[:12])
    content = csv_of(points)
    download("Points as CSV", content, file_name("experiment", header.name, header.dataset, "test", of=content))
