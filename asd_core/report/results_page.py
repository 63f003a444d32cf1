"""The table of a models folder: who detects what. Read by the command line, the pages and ``docs/results.md``."""

from pathlib import Path
from typing import TYPE_CHECKING

from asd_core import artifacts
from asd_core.datasets import Dataset
from asd_core.detectors import detector_class, is_control
from asd_core.errors import ArtifactError
from asd_core.evaluation import Result, bootstrap, breakdown, evaluate, not_better_than_control
from asd_core.experiments import experiments_section, few_labels_section, study_section
from asd_core.explain import overlap_section
from asd_core.files import write_text
from asd_core.markdown import markdown_table
from asd_core.report.best_member import fusion_gain
from asd_core.report.rendering import render
from asd_core.scoring import SCORES, read_scores
from asd_core.training import UNTRAINED, stored_seeds

if TYPE_CHECKING:
    import pandas as pd


def stored_scores(folder: Path, dataset: Dataset | None = None) -> "pd.DataFrame":
    """Scores of the test clips as recorded, by the detectors as they are now.

    Args:
        dataset: with it, only scores of the clips as they are now; without it the recordings are not looked at.

    Raises:
        ArtifactError: when the folder has none.
    """
    if not (folder / SCORES).is_file():
        raise ArtifactError(f"{folder} holds no scores of test clips ({SCORES}): train or evaluate first.")
    return read_scores(folder, dataset)


def ranking_markdown(results: list[Result]) -> str:
    """A table with a row per detector and a column per machine id: AUC with its interval, and pAUC."""
    ids = sorted({r.machine_id for r in results} - {"mean"})
    rows, most = [], max((r.n_ids for r in results), default=0)
    for key in dict.fromkeys(r.detector for r in results):
        subset = {r.machine_id: r for r in results if r.detector == key}
        mean = subset["mean"]
        partly = f", {mean.n_ids} of {most} ids" if 0 < mean.n_ids < most else ""
        interval = f"{mean.auc:.3f} ({mean.auc_low:.3f}–{mean.auc_high:.3f}){partly}"
        cells = [f"{subset[i].auc:.3f} / {subset[i].pauc:.3f}" if i in subset else "–" for i in ids]
        rows.append([detector_class(key).info.title, interval, f"{mean.pauc:.3f}", *cells])
    return markdown_table(["detector", "mean AUC (95%)", "mean pAUC", *(f"id {i}" for i in ids)], rows)


def write_results(folder: Path, path: Path) -> None:
    """``docs/results.md`` from a models folder's stored scores: the table, seeds, untrained baselines, faults, cost,
    maps, experiments."""
    scores = stored_scores(folder)
    scored = set(scores["detector"].unique())
    manifests = {key: artifacts.read_manifest(folder / key) for key in artifacts.trained_keys(folder)}
    if missing := [key for key in manifests if key not in scored]:
        raise ArtifactError(f"{folder} holds no scores of {', '.join(missing)} as they are now: train or score them.")
    results = evaluate(scores)
    text = render(
        "results.md.j2",
        n_ids=len({r.machine_id for r in results}) - 1,
        fitted=next(iter(next(iter(manifests.values())).n_fitted.values())),
        first=next(r for r in results if r.machine_id != "mean"),
        ranking=ranking_markdown(results),
        against_controls=_against_controls(scores),
        fusion_gain=fusion_gain(bootstrap(scores), manifests),
        bursts_alone=_bursts_alone(manifests),
        seeds=_seeds(folder, results, manifests),
        breakdown=_breakdown(scores),
        cost=_cost(folder, manifests),
        fit_minutes=sum(m.fit_seconds for m in manifests.values()) / 60,
        megabytes=sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6,
        overlap=overlap_section(folder),
        experiments=experiments_section(folder),
        study=study_section(folder),
        few_labels=few_labels_section(folder),
    )
    write_text(text, path)


def _against_controls(scores: "pd.DataFrame") -> str:
    draws = bootstrap(scores, resamples=2)  # by the point alone
    controls = [key for key in draws.detectors if is_control(key)]
    not_better = [result for result in not_better_than_control(draws, controls) if result.by_point]
    if not not_better:
        return "Every detector beats every control."
    names = ", ".join(detector_class(result.detector).info.title for result in not_better)
    return f"Not better than the best control ({detector_class(not_better[0].control).info.title}): {names}."


def _seeds(folder: Path, results: list[Result], manifests: dict[str, artifacts.Manifest]) -> str:
    import pandas as pd

    means = {r.detector: r.auc for r in results if r.machine_id == "mean"}
    repeats = stored_seeds(folder)
    untrained = pd.read_parquet(folder / UNTRAINED) if (folder / UNTRAINED).is_file() else None
    untrained_results = [] if untrained is None else evaluate(untrained, resamples=2)
    untrained_means = {r.detector: r.auc for r in untrained_results if r.machine_id == "mean"}
    rows = []
    for key, manifest in manifests.items():
        subset = repeats[repeats["detector"] == key]
        by_seed = [means[key]] + [
            next(r.auc for r in evaluate(group, resamples=2) if r.machine_id == "mean")
            for _, group in subset.groupby("seed")
        ]
        network = key in untrained_means
        spread = (
            f"{sum(by_seed) / len(by_seed):.3f} ({min(by_seed):.3f}–{max(by_seed):.3f})" if len(by_seed) > 1 else ""
        )
        checks = [manifest.synthetic_auc(), manifest.synthetic_auc(untrained=True)]
        cells = [
            detector_class(key).info.title,
            ", ".join(f"{v:.3f}" for v in by_seed) + ("" if len(by_seed) > 1 or not network else " (one seed)"),
            spread,
            f"{untrained_means[key]:.3f}" if network else "",
            *("" if value is None else f"{value:.3f}" for value in checks),
            " ".join(manifest.alarms),
        ]
        rows.append(cells)
    columns = ["detector", "AUC by seed", "mean (range)", "untrained", "synthetic", "synthetic, untrained", "alarm"]
    return markdown_table(columns, rows)


def _bursts_alone(manifests: dict[str, artifacts.Manifest]) -> str:
    """A sentence where some detectors were trained when all synthetic anomalies were bursts."""
    old = [key for key, manifest in manifests.items() if "synthetic_auc" not in manifest.diagnostics]
    if not old:
        return ""
    of = "These detectors" if len(old) == len(manifests) else ", ".join(detector_class(k).info.title for k in old)
    return (
        f" {of} were trained when all synthetic anomalies were noise bursts; docs/decisions.md says what level drops, "
        "missing events and drifts change."
    )


def _breakdown(scores: "pd.DataFrame") -> str:
    """A column for each fault, severity third and SNR the catalogue knows."""
    import pandas as pd

    tables = []
    for attribute, heading in (("fault", "{}"), ("severity", "{}"), ("snr_db", "{:+.0f} dB")):
        if attribute in scores:
            table = breakdown(scores, attribute).pivot(index="detector", columns="value", values="auc")
            tables.append(table.rename(columns=lambda value, heading=heading: heading.format(value).replace("_", " ")))
    if not tables:
        return "The catalogue has no attributes."
    cells = pd.concat(tables, axis=1)
    rows = [
        [detector_class(str(key)).info.title, *(f"{value:.2f}" for value in cells.loc[key])]
        for key in dict.fromkeys(scores["detector"])
    ]
    note = "\n\nBy severity: mild up to 1/3, medium up to 2/3, strong above. By SNR: normal clips of the same SNR."
    return markdown_table(["detector", *map(str, cells.columns)], rows) + (note if "snr_db" in scores else "")


def _cost(folder: Path, manifests: dict[str, artifacts.Manifest]) -> str:
    rows = []
    for key, m in manifests.items():
        size = (folder / key / m.weights_file).stat().st_size / 1e3
        rows.append([detector_class(key).info.title, str(m.seed), m.preset, f"{m.fit_seconds:.1f}", f"{size:.0f}"])
    return markdown_table(["detector", "seed", "preset", "fit, s", "weights, kB"], rows)
