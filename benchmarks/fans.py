"""Every detector on the simulated fans, and which evidence predicts their ranking there: ``python -m benchmarks.fans``.

Whatever was looked at while this project grew was the slide rail: here its order of detectors meets another machine.
"""

import argparse
from pathlib import Path

from asd_core.datasets import open_dataset
from asd_core.detectors import detector_class, is_control
from asd_core.evaluation import evaluate
from asd_core.experiments import evidence_study, store_study, study_section
from asd_core.lazy import scipy
from asd_core.report.results_page import ranking_markdown, stored_scores
from asd_core.settings import PROJECT_ROOT
from asd_core.training import train

DATA = "demo-fan"
DEMO = PROJECT_ROOT / "trained_models" / "demo"


def means(folder: Path) -> dict[str, float]:
    """Mean AUC over machine ids of each detector of a folder, controls aside."""
    results = evaluate(stored_scores(folder), resamples=2)  # by the point alone
    return {r.detector: r.auc for r in results if r.machine_id == "mean" and not is_control(r.detector)}


def beside_the_demo(folder: Path) -> str:
    """How far the order of detectors is the slide rail's, in sentences."""
    ours, demo = means(folder), means(DEMO)
    keys = [key for key in demo if key in ours]
    rho = float(scipy.stats.spearmanr([demo[key] for key in keys], [ours[key] for key in keys]).statistic)
    by_demo, by_fans = (sorted(keys, key=of.__getitem__, reverse=True) for of in (demo, ours))
    moved = sorted(keys, key=lambda key: -abs(by_demo.index(key) - by_fans.index(key)))[:4]
    places = "; ".join(
        f"{detector_class(key).info.title} {by_demo.index(key) + 1} there, {by_fans.index(key) + 1} here"
        for key in moved
    )
    return (
        f"The order of the {len(keys)} detectors beside the slide rail's (docs/results.md): rank correlation {rho:+.2f}. The slide rail's first, "
        f"{detector_class(by_demo[0]).info.title}, is place {by_fans.index(by_demo[0]) + 1} here; the first here, {detector_class(by_fans[0]).info.title}, "
        f"is place {by_demo.index(by_fans[0]) + 1} there. Furthest apart by place: {places}."
    )


def page(folder: Path) -> str:
    """The text of docs/results-fan.md."""
    scores = stored_scores(folder)
    clips = scores.drop_duplicates("clip_id")
    counts = clips["label"].value_counts()
    about = (
        "Written by `make results-fan`; do not edit. All detectors, trained with their standard presets on the simulated fans (docs/simulator.md): "
        "132 normal clips of each of two fans, twelve of them of another domain (speed, load, microphone). Tested on "
        f"{counts['normal']} normal clips and {counts['anomaly']} anomalies. One seed. Intervals are of 95% (stratified bootstrap over clips). No "
        "detector, threshold or preset was chosen on these clips; that the neighbours per domain fill nothing up was chosen on other draws of these "
        "fans (docs/decisions.md)."
    )
    parts = [
        "# On the simulated fans",
        about,
        ranking_markdown(evaluate(scores)),
        beside_the_demo(folder),
        study_section(folder),
    ]
    return "\n\n".join(parts) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """Train what is not trained yet, study it, and write the page."""
    parser = argparse.ArgumentParser(description="Every detector on the simulated fans.")
    parser.add_argument("--models", type=Path, default=PROJECT_ROOT / "trained_models" / "demo-fan")
    parser.add_argument("--markdown", type=Path, required=True)
    options = parser.parse_args(arguments)
    train(open_dataset(DATA), options.models, resume=True)
    store_study(evidence_study(options.models), options.models)
    options.markdown.write_text(page(options.models), encoding="utf-8")


if __name__ == "__main__":
    main()
