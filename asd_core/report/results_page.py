"""The table of a models folder: who detects what. Read by the command line, the pages and ``docs/results.md``."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asd_core import artifacts
from asd_core.datasets import Dataset
from asd_core.detectors import detector_class
from asd_core.errors import ArtifactError
from asd_core.evaluation import Result, bootstrap, breakdown, evaluate, loses_to_control
from asd_core.experiments import experiments_section
from asd_core.explain import overlap_section
from asd_core.files import write_text
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


def result_records(results: list[Result]) -> list[dict[str, Any]]:
    """Results as JSON: what cannot be computed is null."""

    def clean(value: Any) -> Any:
        return None if isinstance(value, float) and math.isnan(value) else value

    return [{name: clean(value) for name, value in asdict(result).items()} for result in results]


def markdown(results: list[Result]) -> str:
    """A table with a row a detector and a column a machine id: AUC with its interval, and pAUC."""
    ids = sorted({r.machine_id for r in results} - {"mean"})
    lines = [
        "| detector | mean AUC (95 %) | mean pAUC | " + " | ".join(f"id {i}" for i in ids) + " |",
        "|---|---|---|" + "---|" * len(ids),
    ]
    most = max((r.n_ids for r in results), default=0)
    for key in dict.fromkeys(r.detector for r in results):
        subset = {r.machine_id: r for r in results if r.detector == key}
        info, mean = detector_class(key).info, subset["mean"]
        partly = f", {mean.n_ids} of {most} ids" if 0 < mean.n_ids < most else ""
        cells = [f"{subset[i].auc:.3f} / {subset[i].pauc:.3f}" if i in subset else "–" for i in ids]
        lines.append(
            f"| {info.title} | {mean.auc:.3f} ({mean.auc_low:.3f}–{mean.auc_high:.3f}){partly} | {mean.pauc:.3f} | "
            + " | ".join(cells)
            + " |"
        )
    return "\n".join(lines)


def write_results(folder: Path, path: Path) -> None:
    """``docs/results.md`` from a models folder's stored scores: the table, seeds, untrained baselines, faults, cost,
    maps, experiments."""
    scores = stored_scores(folder)
    results = evaluate(scores)
    manifests = {key: artifacts.read_manifest(folder / key) for key in artifacts.trained_keys(folder)}
    sections = [
        "# Results on the demo data",
        "Written by `make results` from the artifacts in `trained_models/demo`; do not edit. They are made by "
        "`make demo-models` (seed 0, then seeds 1 and 2 of every network but f-AnoGAN).",
        _protocol(results, manifests),
        markdown(results),
        "Rows marked *control* are what a detector must beat. " + _against_controls(scores),
        "## How much is luck: seeds and untrained baselines",
        "Mean AUC over machine ids. The untrained baseline is the same network with the weights it was built with, scored "
        "the same way. *Synthetic* is the check that needs no label: AUC between held-out normal clips and synthetic "
        "anomalies made of them, for the trained and the untrained network; a network that is surely no better than its "
        "untrained baseline raises an alarm." + _bursts_alone(manifests),
        _luck(folder, results, manifests),
        "## Where each detector finds faults",
        "AUC of the anomalies named by the column against all normal clips of the same machine id, mean over ids.",
        _breakdown(scores),
        "## Cost",
        _cost(folder, manifests),
        overlap_section(folder),
        experiments_section(folder),
    ]
    write_text("\n\n".join(sections) + "\n", path)


def _protocol(results: list[Result], manifests: dict[str, artifacts.Manifest]) -> str:
    first = next(r for r in results if r.machine_id != "mean")
    fitted = next(iter(next(iter(manifests.values())).n_fitted.values()))
    n_ids = len({r.machine_id for r in results}) - 1
    return (
        f"Simulated slide rails, {n_ids} machine ids. Trained on normal clips alone ({fitted} an id fitted, a further fifth "
        f"held out for calibration); tested on {first.n_normal} normal and {first.n_anomaly} anomalous clips an id. Test "
        "labels chose nothing in training; the simulator's difficulty was tuned beforehand so that the DCASE autoencoder "
        "does about as well as on real slide rails (docs/simulator.md), so its level is by construction. No denoising.\n\n"
        "Each id: AUC / pAUC. pAUC is `roc_auc_score(max_fpr=0.1)` (McClish-standardised, chance 0.5). The mean is over "
        "machine ids; its 95 % interval is 1.96 standard errors of a stratified bootstrap (1,000 "
        "resamples within each id) on the logit scale."
    )


def _against_controls(scores: "pd.DataFrame") -> str:
    draws = bootstrap(scores, resamples=2)  # by the point alone
    controls = [key for key in draws.detectors if detector_class(key).info.origin == "control"]
    losers = [lost for lost in loses_to_control(draws, controls) if lost.by_point]
    if not losers:
        return "Every detector beats every control."
    names = ", ".join(detector_class(lost.detector).info.title for lost in losers)
    return f"Not better than the best control ({detector_class(losers[0].control).info.title}): {names}."


def _luck(folder: Path, results: list[Result], manifests: dict[str, artifacts.Manifest]) -> str:
    import pandas as pd

    means = {r.detector: r.auc for r in results if r.machine_id == "mean"}
    repeats = stored_seeds(folder)
    untrained = pd.read_parquet(folder / UNTRAINED) if (folder / UNTRAINED).is_file() else None
    untrained_means = (
        {}
        if untrained is None
        else {r.detector: r.auc for r in evaluate(untrained, resamples=2) if r.machine_id == "mean"}
    )
    lines = [
        "| detector | AUC by seed | mean (range) | untrained | synthetic | synthetic, untrained | alarm |",
        "|---|---|---|---|---|---|---|",
    ]
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
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


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
    lines = ["| detector | " + " | ".join(map(str, cells.columns)) + " |", "|---|" + "---|" * cells.shape[1]]
    for key in dict.fromkeys(scores["detector"]):
        figures = " | ".join(f"{c:.2f}" for c in cells.loc[key])
        lines.append(f"| {detector_class(str(key)).info.title} | {figures} |")
    note = "\n\nBy severity: mild up to 1/3, medium up to 2/3, strong above. By SNR: normal clips of the same SNR."
    return "\n".join(lines) + (note if "snr_db" in scores else "")


def _cost(folder: Path, manifests: dict[str, artifacts.Manifest]) -> str:
    lines = ["| detector | seed | preset | fit, s | weights, kB |", "|---|---|---|---|---|"]
    for key, m in manifests.items():
        size = (folder / key / m.weights_file).stat().st_size / 1e3
        lines.append(f"| {detector_class(key).info.title} | {m.seed} | {m.preset} | {m.fit_seconds:.1f} | {size:.0f} |")
    total = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6
    minutes = sum(m.fit_seconds for m in manifests.values()) / 60
    summary = (
        f"Fitting all takes {minutes:.1f} min on two cores. The folder, scores, features and experiments included: "
        f"{total:.1f} MB."
    )
    return "\n".join(lines) + f"\n\n{summary}"
