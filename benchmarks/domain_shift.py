"""Nearest neighbours of all clips and of each domain's, on fans whose target domain differs: python -m benchmarks.domain_shift

Several draws of the simulated fans (asd_core/datasets/demo_fan.py), for each shift: all of it, or speed, load or microphone
alone. Figures are DCASE's of 2022 and later. docs/simulator.md holds the table.
"""

import argparse
import itertools
import sys
from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd

from asd_core.datasets.demo_fan import DOMAINS, RENDERED_FROM, build_fan_catalogue, render_fan_clip
from asd_core.detectors.base import Density
from asd_core.detectors.common.few_shot import nearest_distances, smote
from asd_core.detectors.knn_domains import MIXING, NOTHING, SMOTE, DomainNeighbours
from asd_core.evaluation import domain_figures
from asd_core.features import LogMel, pool
from asd_core.sound import Clip

SOURCE, TARGET = DOMAINS["source"], DOMAINS["target"]
SHIFTS = {
    "all": TARGET,
    "speed": TARGET._replace(loads=SOURCE.loads, microphone=SOURCE.microphone),
    "load": TARGET._replace(speeds=SOURCE.speeds, microphone=SOURCE.microphone),
    "microphone": TARGET._replace(speeds=SOURCE.speeds, loads=SOURCE.loads),
}
METHODS = ("one bank", "one bank, SMOTE", "per domain", "per domain, SMOTE", "per domain, mixing")
FIGURES = ("official", "auc_source", "auc_target", "pauc")


@cache
def vector(**row: object) -> np.ndarray:
    """Pooled log-mel of a clip, from all that its sound is made of."""
    samples = render_fan_clip(row).samples
    return pool(LogMel().transform(Clip(samples[None], 16_000, "0" * 64, "clip")))


class Filled(Density):
    """One bank in which the smaller domain is filled up by SMOTE: the back end of many systems, without a standard."""

    def __init__(self, vectors: np.ndarray, domains: Sequence[str]) -> None:
        self.inner = DomainNeighbours(balance=NOTHING).fit(vectors)
        few = np.asarray(domains) == "target"
        points = self.inner.points_.astype(np.float64)
        self.bank = np.concatenate([points, smote(points[few], int((~few).sum() - few.sum())).points])

    def score(self, vectors: np.ndarray) -> np.ndarray:
        return nearest_distances((vectors - self.inner.mean_) / self.inner.scale_, self.bank, 1)


def fitted(method: str, vectors: np.ndarray, domains: Sequence[str]) -> Density:
    """A method's model of normal vectors ``(n, d)``."""
    if method == "one bank":
        return DomainNeighbours(balance=NOTHING).fit(vectors)
    if method == "one bank, SMOTE":
        return Filled(vectors, domains)
    balance = {"per domain": NOTHING, "per domain, SMOTE": SMOTE, "per domain, mixing": MIXING}[method]
    return DomainNeighbours(balance=balance).fit(vectors, domains=list(domains))


def figures(shift: str, few: int, draw: int) -> pd.DataFrame:
    """A row per method: its official score and the figures behind it, with ``few`` training clips of the target
    domain."""
    clips = build_fan_catalogue(draw, {"source": SOURCE, "target": SHIFTS[shift]._replace(train=few)})
    vectors = np.stack([vector(**{name: row[name] for name in RENDERED_FROM}) for row in clips.to_dict("records")])
    tables = []
    for machine_id in clips["machine_id"].unique():
        own = (clips["machine_id"] == machine_id).to_numpy()
        train, test = own & (clips["split"] == "train").to_numpy(), own & (clips["split"] == "test").to_numpy()
        for method in METHODS:
            raw = fitted(method, vectors[train], clips["domain"][train].tolist()).score(vectors[test])
            tables.append(clips[test].assign(detector=method, raw=raw))
    official = domain_figures(pd.concat(tables, ignore_index=True), resamples=2).official
    return official[["detector", *FIGURES]].assign(draw=draw)


def main(arguments: list[str] | None = None) -> None:
    """Print mean and standard deviation over draws, and how often each method beats one bank."""
    parser = argparse.ArgumentParser(description="Nearest neighbours under a domain shift.")
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--shifts", nargs="*", choices=list(SHIFTS), default=list(SHIFTS))
    parser.add_argument("--target", nargs="*", type=int, default=[12, 6], help="training clips of the target domain")
    options = parser.parse_args(arguments)
    write = sys.stdout.write
    write("| shift | target clips | kNN | official | AUC source | AUC target | pAUC | official against one bank |\n")
    write("|---|---|---|---|---|---|---|---|\n")
    for shift, few in itertools.product(options.shifts, options.target):
        table = pd.concat([figures(shift, few, draw) for draw in range(1, options.draws + 1)])
        base = table[table["detector"] == METHODS[0]].set_index("draw")
        for method in METHODS:
            of = table[table["detector"] == method].set_index("draw")
            shown = " | ".join(f"{of[name].mean():.3f} ± {of[name].std():.3f}" for name in FIGURES)
            gain = of["official"] - base["official"]
            won = f"{gain.mean():+.3f} ± {gain.std():.3f}, higher in {(gain > 0).sum()} of {len(gain)}"
            write(f"| {shift} | {few} | {method} | {shown} | {won if method != METHODS[0] else ''} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
