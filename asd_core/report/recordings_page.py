"""``docs/results-real.md``: every detector on real recordings, beside what it does on the demo and what others published."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from asd_core import artifacts
from asd_core.datasets import Dataset
from asd_core.detectors import detector_class, is_control
from asd_core.evaluation import Draws, bootstrap
from asd_core.experiments import Stored, curve_table
from asd_core.markdown import markdown_table
from asd_core.progress import Progress, silent
from asd_core.report.rendering import render
from asd_core.report.reproduction import SPLITS, Benchmark
from asd_core.scoring import current_scores, level_meter

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 4  # detectors that both sets must have for an order to be compared
CLAIM = 50  # test clips of a class: with fewer an AUC of 0.9 is uncertain by 0.06 or more either way (Hanley and McNeil, 1982)
PUBLISHED_OF = "slider"  # the machine type that the published figures are of


class RankCorrelation(NamedTuple):
    """Spearman's correlation of detectors' mean AUCs on two sets, and its 95% bootstrap interval over the clips of both."""

    rho: float
    low: float
    high: float
    n: int  # detectors


def real_page(
    of: Benchmark,
    dataset: Dataset,
    folder: Path,
    demo_scores: "pd.DataFrame",
    *,
    command: str,
    curve: Stored | None,
    not_trained: list[str],
    progress: Progress = silent,
    notify: Callable[[str], None] = lambda _: None,
) -> str:
    """The page as Markdown.

    Args:
        of: whose published figures stand below.
        dataset: that the detectors were trained on.
        folder: of the detectors.
        demo_scores: of the demo's detectors on its test clips.
        command: that made it.
        curve: the experiment ``clips`` on the same recordings, where it was run.
        not_trained: a sentence for each detector that refused.
        notify: called with one sentence for each clip that could not be read.
    """
    models = artifacts.ModelSet(folder)
    scores, unknown, skipped = current_scores(dataset, models, progress=progress)
    for sentence in skipped:
        notify(sentence)
    real, demo = bootstrap(scores), bootstrap(demo_scores)
    manifests = {key: artifacts.read_manifest(folder / key) for key in models}
    first = next(iter(manifests.values()))
    labelled = scores[scores["label"].isin(["normal", "anomaly"])].drop_duplicates("clip_id")
    clips = labelled.groupby(["machine_id", "label"]).size()
    return render(
        "results-real.md.j2",
        command=command,
        title=dataset.title,
        preset=", ".join(sorted({m.preset for m in manifests.values()})),
        seed=", ".join(sorted({str(m.seed) for m in manifests.values()})),
        fitted=", ".join(f"id {i}: {n}" for i, n in sorted(first.n_fitted.items())),
        tested=", ".join(
            f"id {i}: {clips.get((i, 'normal'), 0)} normal and {clips.get((i, 'anomaly'), 0)} anomalous"
            for i in sorted(labelled["machine_id"].unique())
        ),
        n_tested=len(labelled),
        few=labelled.groupby("label", observed=True).size().min() < CLAIM,
        unknown=", ".join(f"id {i}: {n}" for i, n in sorted(unknown.items())),
        versions=", ".join(f"{name} {version}" for name, version in first.versions.items()),
        ranking=_ranking(real, demo),
        order=order_sentence(real, demo),
        level=level_meter(scores),
        not_trained=not_trained,
        curve="" if curve is None else curve_table(curve),
        name=of.name,
        published=[(SPLITS[split], _published(of, split)) for split in SPLITS if of.published[split]]
        if set(dataset.catalogue["machine_type"]) == {PUBLISHED_OF}
        else [],
    )


def _figures(draws: Draws) -> dict[str, tuple[float, float, float, float]]:
    """AUC with its interval, and pAUC: means over the machine ids, by detector."""
    auc, pauc, ends = draws.point(), draws.point(metric="pauc"), draws.interval()
    return {
        key: (float(auc[i]), float(ends[i][0]), float(ends[i][1]), float(pauc[i]))
        for i, key in enumerate(draws.detectors)
        if np.isfinite(auc[i])
    }


def _ranking(real: Draws, demo: Draws) -> str:
    """A row per detector, the highest AUC on the recordings first; its place on either set."""
    here, there = _figures(real), _figures(demo)
    by_demo = sorted((key for key in there if key in here), key=lambda key: -there[key][0])
    rows = []
    for place, key in enumerate(sorted(here, key=lambda key: -here[key][0]), start=1):
        auc, low, high, pauc = here[key]
        on_demo = [f"{there[key][0]:.3f}", str(by_demo.index(key) + 1)] if key in there else ["–", "–"]
        rows.append(
            [str(place), detector_class(key).info.title, f"{auc:.3f} ({low:.3f}–{high:.3f})", f"{pauc:.3f}", *on_demo]
        )
    return markdown_table(["", "detector", "AUC (95%)", "pAUC", "AUC on the demo", "place there"], rows)


def order_correlation(real: Draws, demo: Draws) -> RankCorrelation | None:
    """How alike two sets order the detectors that are no controls; ``None`` for fewer than :data:`FEWEST`.

    The clips of both sets are drawn again; ties share their mean rank.
    """
    here, there = _figures(real), _figures(demo)
    keys = [key for key in real.detectors if key in here and key in there and not is_control(key)]
    if len(keys) < FEWEST:
        return None
    places = [[draws.detectors.index(key) for key in keys] for draws in (real, demo)]
    n = min(real.resamples, demo.resamples)
    rho = _spearman(real.point()[places[0]][:, None], demo.point()[places[1]][:, None])[0]
    drawn = _spearman(real.of()[places[0], :n], demo.of()[places[1], :n])
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return RankCorrelation(float(rho), float(low), float(high), len(keys))


def _spearman(a: "np.ndarray", b: "np.ndarray") -> "np.ndarray":
    """Of each column of two ``(n_detectors, n)`` arrays: ``(n,)``; ``nan`` where all are tied."""
    from scipy.stats import rankdata

    ranks = [rankdata(part, axis=0) for part in (a, b)]
    centred = [part - part.mean(axis=0) for part in ranks]
    with np.errstate(invalid="ignore"):
        return np.asarray(
            (centred[0] * centred[1]).sum(axis=0)
            / np.sqrt(np.prod([np.square(c).sum(axis=0) for c in centred], axis=0))
        )


def order_sentence(real: Draws, demo: Draws) -> str:
    """Whether the recordings order the detectors as the demo does."""
    correlation = order_correlation(real, demo)
    if correlation is None:
        return "Too few detectors are trained on both sets for their orders to be compared."
    rho, low, high, n = correlation
    here, there = _figures(real), _figures(demo)
    keys = [key for key in here if key in there and not is_control(key)]
    first, first_demo = ([k for k in keys if of[k][0] > max(of[key][0] for key in keys) - 1e-9] for of in (here, there))
    figure = f"Spearman's correlation of the AUCs of {n} detectors is {rho:+.2f} (95% bootstrap interval {low:+.2f} to {high:+.2f})".replace(
        "-", "−"
    )
    if rho > 1 - 1e-9:
        return f"The order is the demo's. {figure}."
    named = f"First here: {_titles(first)}; on the demo: {_titles(first_demo)}"
    if low > 0:
        means = "the orders agree in part"
    elif high < 0:
        means = "the orders contradict each other"
    else:
        means = "these clips do not even tell whether the orders agree"
    return f"**The order differs from the demo's: the demo is not the world.** {named}. {figure}: {means}."


def _titles(keys: list[str]) -> str:
    return ", ".join(detector_class(key).info.title for key in keys)


def _published(of: Benchmark, split: str) -> str:
    rows = [[p.system, f"{p.auc:.4f} / {p.pauc:.4f}", p.source] for p in of.published[split]]
    rows.append(["**ours on the whole set**", "", f"empty until `asd_core reproduce {of.name}` was run"])
    return markdown_table(["system", "mean AUC / pAUC", "source"], rows)
