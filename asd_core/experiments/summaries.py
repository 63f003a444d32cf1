"""The table of an experiment: a row per point, with its figures and their intervals."""

from typing import TYPE_CHECKING

import numpy as np

from asd_core.experiments.catalogue import BOTH, TEST_ONLY
from asd_core.experiments.store import Stored

if TYPE_CHECKING:
    import pandas as pd

DIAGNOSTICS = ("train_loss", "held_out_loss", "epochs_run", "copy_test_tone", "copy_test_knock", "bandwidth")


def experiment_summary(stored: Stored) -> "pd.DataFrame":
    """A row per point, in the experiment's order.

    Columns: point, series, x, detector, preset, auc, auc_low, auc_high, pauc, pauc_low, pauc_high (means over machine
    ids with 95% bootstrap intervals), fit_seconds, and the figures of the training's diagnostics that are known (``nan``
    elsewhere). What cannot be computed is ``nan``.
    """
    import pandas as pd

    draws = stored.draws
    known = {name: i for i, name in enumerate(draws.detectors)}
    auc, pauc = draws.point(), draws.point(metric="pauc")
    auc_interval, pauc_interval = draws.interval(), draws.interval(metric="pauc")
    rows = []
    for p in stored.header.points:
        i = known.get(p.name)
        figures = [np.nan] * 6 if i is None else [auc[i], *auc_interval[i], pauc[i], *pauc_interval[i]]
        names = ("auc", "auc_low", "auc_high", "pauc", "pauc_low", "pauc_high")
        rows.append(
            {
                "point": p.name,
                "series": p.series,
                "x": np.nan if p.x is None else p.x,
                "detector": p.detector,
                "preset": p.preset,
                **dict(zip(names, map(float, figures), strict=True)),
                "fit_seconds": np.nan if p.fit_seconds is None else p.fit_seconds,
                **{name: p.diagnostics.get(name, np.nan) for name in DIAGNOSTICS},
            }
        )
    table = pd.DataFrame(rows)
    if stored.header.kind == "denoising" and len(table):
        # Undenoised clips start both curves; the point is stored once.
        start = table[(table["x"] == 0.0) & (table["series"] == BOTH)].assign(series=TEST_ONLY)
        table = pd.concat([table, start], ignore_index=True)
    return table


def detector_order(stored: Stored, table: "pd.DataFrame") -> list[str]:
    """The detectors of an experiment, the highest AUC first: as recorded where they were denoised, else at the end of what was
    varied. What was never computed comes last.

    Args:
        table: :func:`experiment_summary`'s of it.
    """
    at = table.groupby("detector", sort=False)["x"].transform("min" if stored.header.kind == "denoising" else "max")
    auc = table[table["x"].isna() | (table["x"] == at)].groupby("detector", sort=False)["auc"].max()
    return [str(key) for key in auc.sort_values(ascending=False, kind="stable").index]
