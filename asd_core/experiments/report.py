"""The section of ``docs/results.md`` on experiments, from what is stored beside a models folder."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from asd_core.detectors import detector_class
from asd_core.experiments import store
from asd_core.experiments.catalogue import BOTH, TEST_ONLY
from asd_core.experiments.conclusions import conclusion
from asd_core.experiments.curves import curve_table
from asd_core.experiments.dbscan import dbscan_transfers
from asd_core.experiments.questions import ABOUT, About
from asd_core.experiments.summaries import experiment_summary
from asd_core.markdown import markdown_table

if TYPE_CHECKING:
    import pandas as pd


def experiments_section(models: Path) -> str:
    """A heading an experiment: its question, its command, what it shows, and the table of its figures."""
    parts = [
        "## Experiments",
        "Questions of the report this project grew from, run again on these clips. Mean AUC over machine ids; an interval "
        "is a 95% bootstrap over test clips, that of a difference is paired (the same resampled clips for both) and not "
        "corrected for how many values were tried. One seed: what two trainings differ by chance is not in them.",
    ]
    for kind, about in ABOUT.items():
        parts += _experiment(models / store.EXPERIMENTS_FOLDER / kind, kind, about, models)
    return "\n\n".join(parts)


def _experiment(folder: Path, kind: str, about: About, models: Path) -> list[str]:
    command = f"`python -m asd_core experiment {kind}`"
    heading = f"### {about.title}"
    if not (folder / store.POINTS_FILE).is_file():
        return [heading, f"{about.question} Not run: {command} runs it."]
    stored = store.read_experiment(folder)
    void = store.staleness(stored.header, models)
    if void:
        return [heading, f"{about.question} {void}"]
    n = len(stored.header.points)
    return [
        heading,
        f"{about.question} {conclusion(stored).details}",
        _table(stored),
        f"{about.note} {n} points: {command}.",
    ]


def _table(stored: store.Stored) -> str:
    table, kind = experiment_summary(stored), stored.header.kind
    if kind == "denoising":
        return _denoising(table)
    if kind == "skips":
        return _skips(table)
    if kind == "clips":
        return curve_table(stored)
    if kind == "dbscan":
        return _transfers(dbscan_transfers(stored))
    if kind in ("components", "bandwidth"):
        wide = table.pivot(index="x", columns="series", values="auc").reindex(columns=table["series"].unique())
        cells = [[f"{x:g}", *(_figure(v) for v in row)] for x, row in zip(wide.index, wide.to_numpy(), strict=True)]
        return markdown_table([stored.header.x_title, *map(str, wide.columns)], cells)
    cells = [
        [f"{r.x:g}", f"{r.auc:.3f} ({r.auc_low:.3f}–{r.auc_high:.3f})", f"{r.pauc:.3f}", _figure(r.held_out_loss)]
        for r in table.itertuples()
    ]
    return markdown_table([stored.header.x_title, "mean AUC (95%)", "mean pAUC", "held-out loss"], cells)


def _denoising(table: "pd.DataFrame") -> str:
    strengths = sorted(table["x"].unique())
    parts = {
        series: table[table["series"] == series].pivot(index="detector", columns="x", values="auc")
        for series in (BOTH, TEST_ONLY)
    }
    both, alone = parts[BOTH].reindex(columns=strengths), parts[TEST_ONLY].reindex(columns=strengths[1:])
    columns = [*(f"{s:g}" for s in strengths), *(f"{s:g}, {TEST_ONLY}" for s in strengths[1:])]
    cells = []
    for key in table["detector"].unique():
        values = [*both.reindex([key]).to_numpy()[0], *alone.reindex([key]).to_numpy()[0]]
        cells.append([detector_class(key).info.title, *map(_figure, values)])
    return markdown_table(["detector", *columns], cells)


def _skips(table: "pd.DataFrame") -> str:
    keys = list(table["detector"].unique())
    columns = [text for key in keys for text in (detector_class(key).info.title, "loss")]
    cells = []
    for x, subset in table.groupby("x"):
        rows = subset.set_index("detector")[["auc", "held_out_loss"]].reindex(keys).to_numpy()
        cells.append([f"{x:g}", *map(_figure, rows.reshape(-1))])
    return markdown_table(["epochs", *columns], cells)


def _transfers(table: "pd.DataFrame") -> str:
    columns = ("oracle", "rule", "transferred", "rule_elsewhere", "oracle_elsewhere")
    heads = ("oracle there", "rule there", "elsewhere", "rule elsewhere", "oracle elsewhere")
    cells = [[r["tuned_on"], r["chosen"], *(_figure(r[c]) for c in columns)] for r in table.to_dict("records")]
    return markdown_table(["tuned on", "chosen", *heads], cells)


def _figure(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "–"
