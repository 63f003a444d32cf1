"""A table of what detectors reach on a public set, beside what others published on the same clips."""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from asd_core.artifacts import ModelSet, read_manifest
from asd_core.counting import counted
from asd_core.datasets import Dataset, read_eval_labels, with_eval_labels
from asd_core.detectors import detector_class
from asd_core.errors import DatasetError
from asd_core.evaluation import MEAN, Result, evaluate
from asd_core.markdown import markdown_table
from asd_core.progress import Progress, silent, stage
from asd_core.report.rendering import render
from asd_core.scoring import AS_RECORDED, Scope, current_scores

if TYPE_CHECKING:
    import pandas as pd

PUBLISHED = Path(__file__).with_name("published.toml")
SPLITS = {"dev": "Development set", "eval": "Evaluation set"}


@dataclass(frozen=True)
class PublishedFigures:
    """One published row: a mean, and the machine ids' own figures where they were published."""

    system: str
    source: str
    auc: float
    pauc: float
    ids: dict[str, list[float]] = field(default_factory=dict)  # AUC and pAUC


@dataclass(frozen=True)
class Benchmark:
    """A public set with published figures, by split (``dev``, ``eval``), and the machine ids that their means are of."""

    name: str
    machine_type: str
    machine_ids: dict[str, list[str]]
    published: dict[str, list[PublishedFigures]]


@cache
def benchmarks() -> dict[str, Benchmark]:
    """What can be reproduced, by name."""
    content = tomllib.loads(PUBLISHED.read_text("utf-8"))
    return {
        name: Benchmark(
            name,
            about["machine_type"],
            about["machine_ids"],
            {s: [PublishedFigures(**row) for row in about.get(s, [])] for s in SPLITS},
        )
        for name, about in content.items()
    }


def benchmark(name: str) -> Benchmark:
    """The benchmark of a name.

    Raises:
        DatasetError: for a name that none has.
    """
    known = benchmarks()
    if name not in known:
        raise DatasetError(f"There are no published figures of {name} here, only of {', '.join(known)}.")
    return known[name]


def reproduction_table(
    of: Benchmark,
    dataset: Dataset,
    folder: Path,
    *,
    labels: Path | None = None,
    command: str,
    progress: Progress = silent,
    notify: Callable[[str], None] = lambda _: None,
) -> str:
    """The table as Markdown: detectors of a folder on the test clips, and on the evaluation set where its labels are given.

    Args:
        dataset: what the detectors were trained on.
        labels: the organisers' list of the evaluation set's labels.
        command: that made it.
        notify: called with one sentence for each clip that could not be read.

    Raises:
        DatasetError: for a list of labels that names no clip of the dataset. ArtifactError: see
            :func:`asd_core.scoring.compute_scores`.
    """
    models = ModelSet(folder)
    scopes = {"dev": AS_RECORDED} | ({"eval": Scope("eval")} if labels else {})
    sections = []
    for index, (split, scope) in enumerate(scopes.items()):
        part = stage(progress, index / len(scopes), (index + 1) / len(scopes), SPLITS[split])
        scores, unknown, skipped = current_scores(dataset, models, scope, progress=part)
        for sentence in skipped:
            notify(sentence)
        for machine_id, count in unknown.items():
            notify(f"{counted(count, 'clip')} of machine id {machine_id} had no detector to score them.")
        if split == "eval" and labels:
            scores = with_eval_labels(scores, read_eval_labels(labels, of.machine_type))
            if not scores["label"].isin(["normal", "anomaly"]).any():
                raise DatasetError(f"{labels} names no clip of {dataset.title}: give the list of its evaluation set.")
        sections.append(_section(SPLITS[split], scores, of.published[split], of.machine_ids[split]))
    manifests = {key: read_manifest(folder / key) for key in models}
    seeds = ", ".join(sorted({str(manifest.seed) for manifest in manifests.values()}))
    presets = ", ".join(sorted({manifest.preset for manifest in manifests.values()}))
    first = next(iter(manifests.values()))
    versions = ", ".join(f"{name} {version}" for name, version in first.versions.items())
    fitted = ", ".join(f"{i} ({n})" for i, n in sorted(first.n_fitted.items()))
    return render(
        "reproduction.md.j2",
        name=of.name,
        title=dataset.title,
        command=command,
        preset=presets,
        seed=seeds,
        versions=versions,
        fitted=fitted,
        sections=sections,
    )


def _section(
    heading: str, scores: "pd.DataFrame", published: Sequence[PublishedFigures], published_ids: Sequence[str]
) -> dict[str, object]:
    results = evaluate(scores)
    means = {r.detector: r for r in results if r.machine_id == MEAN}
    ids = sorted({r.machine_id for r in results if r.machine_id != MEAN and r.n_normal and r.n_anomaly})
    by_id = {(r.detector, r.machine_id): r for r in results}
    rows = [
        _row(p.system, _pair(p.auc, p.pauc), [_pair(*p.ids[i]) if i in p.ids else "–" for i in ids], p.source)
        for p in published
    ]
    for key, mean in sorted(means.items(), key=lambda item: -item[1].auc):
        own = [_own(by_id.get((key, i))) for i in ids]
        interval = f" ({mean.auc_low:.3f}–{mean.auc_high:.3f})"
        figures = f"{mean.auc:.3f}{interval} / {mean.pauc:.3f}" if mean.n_ids else "–"
        rows.append(_row(f"**{detector_class(key).info.title}**", figures, own, "this run"))
    clips = scores.drop_duplicates("clip_id")["label"].value_counts()
    return {
        "heading": heading,
        "normal": int(clips.get("normal", 0)),
        "anomaly": int(clips.get("anomaly", 0)),
        "ids": ids,
        "others": [] if ids == list(published_ids) else published_ids,
        "table": markdown_table(["system", "mean AUC (95%) / pAUC", *(f"id {i}" for i in ids), "source"], rows),
    }


def _row(system: str, figures: str, own: list[str], source: str) -> list[str]:
    return [system, figures, *own, source]


def _own(result: Result | None) -> str:
    return "–" if result is None else _pair(result.auc, result.pauc)


def _pair(auc: float, pauc: float) -> str:
    return f"{auc:.3f} / {pauc:.3f}"
