"""Does a fusion earn its place? Its rules beside its best member, with paired intervals: ``python -m benchmarks.fusion``.

On the demo's stored test scores, and on plain arrays (the vectors of :mod:`benchmarks.peers`; KDE, Gaussian, kNN and LOF with scores
of training vectors held out in five folds). Rules and weights are chosen without a label, see
:mod:`asd_core.training.fusion_rules`; test labels only measure.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from asd_core import artifacts
from asd_core.artifacts import ModelSet, pooled_table, raw_scores
from asd_core.datasets import N_FOLDS, Dataset, demo_dataset, extract_dataset, held_out
from asd_core.datasets.holdout import folds
from asd_core.detectors import Density, detector_class, is_control
from asd_core.detectors.common.gaussian import Mahalanobis
from asd_core.detectors.fusion import Fusion, Rule, choose_members
from asd_core.detectors.knn_bands import BandNeighbours
from asd_core.detectors.pca_kde import Kde
from asd_core.detectors.pca_lof import Lof
from asd_core.evaluation import bootstrap, paired_difference
from asd_core.markdown import markdown_table
from asd_core.scoring import read_scores
from asd_core.settings import PROJECT_ROOT, get_settings
from asd_core.training import read_evidence
from asd_core.training.fusion_rules import RULES, best_rule, learn, rule_checks
from asd_core.training.label_free import as_check
from asd_core.training.synthetic_anomalies import SyntheticAnomalies, kinds_in_turn
from benchmarks.peer_families import DemoVectors

Scores = NDArray[np.float64]
DENSITIES: dict[str, type[Density]] = {"KDE": Kde, "Gaussian": Mahalanobis, "kNN": BandNeighbours, "LOF": Lof}
SWAPPED = 0.5  # share of a vector's figures that a synthetic anomaly has from another normal vector


class Taught(NamedTuple):
    """Members' scores that a fusion learns from, in the order of :func:`learn`'s arguments."""

    normal: Scores
    machine_ids: list[str]
    anomalies: Scores
    sources: NDArray[np.intp]
    fold: NDArray[np.intp]


def title(rule: Rule) -> str:
    """The rule in words."""
    return f"{rule.how} of {'z scores' if rule.standardised else '-log10 p'}"


def rules_table(members: Sequence[str], taught: Taught, test: pd.DataFrame) -> str:
    """A row per rule and a row per member: AUC, its difference from the best member, and its label-free figure.

    Args:
        test: a row per clip: ``clip_id, machine_id, label`` and a column of raw scores per member.
    """
    checks = rule_checks(*taught)
    chosen, parts = best_rule(checks), []
    clips = test[["clip_id", "machine_id", "label"]]
    for rule in RULES:
        fusion = Fusion(choose=True)
        learn(fusion, *taught)
        fusion.rule_ = rule
        fusion.fit(list(taught.normal), taught.machine_ids)
        raw = fusion.score(list(test[list(members)].to_numpy()), test["machine_id"].tolist())
        parts.append(clips.assign(detector=title(rule), raw=raw))
    parts += [clips.assign(detector=member, raw=test[member]) for member in members]
    draws = bootstrap(pd.concat(parts, ignore_index=True))
    best = next(key for key in draws.ranked() if key in members)
    rows = []
    for key, auc, (low, high) in zip(draws.detectors, draws.point(), draws.interval(), strict=True):
        pair = paired_difference(draws, key, best)
        evidence = next((f"{checks[rule].auc:.3f}" for rule in RULES if title(rule) == key), "")
        mark = ", **chosen**" if key == title(chosen) else ", best member" if key == best else ""
        verdict = "above" if pair.low > 0 else "below" if pair.high < 0 else "not apart"
        difference = f"{pair.difference:+.3f} ({pair.low:+.3f} to {pair.high:+.3f}), {verdict}" if key != best else ""
        rows.append([f"{key}{mark}", f"{auc:.3f} ({low:.3f}–{high:.3f})", difference, evidence])
    return markdown_table(["rule or member", "mean AUC (95%)", "less the best member", "synthetic AUC"], rows)


def demo_taught(dataset: Dataset, folder: Path, members: Sequence[str]) -> Taught:
    """Scores of the half of the held-out clips that teaches a fusion, and of the synthetic anomalies made of them."""
    models = ModelSet(folder, list(members))
    clips = pooled_table(folder)
    rows = clips.loc[clips["split"] == "train", ["clip_id", "sha256", "machine_id"]]
    rows = rows[held_out(rows["sha256"].tolist(), rows["machine_id"].tolist())]
    rows = rows[held_out(rows["sha256"].tolist(), rows["machine_id"].tolist(), 0.5)]
    catalogue = dataset.catalogue[dataset.catalogue["clip_id"].isin(rows["clip_id"])]
    normal = extract_dataset(dataset, catalogue, list(models.representations()))
    kinds = kinds_in_turn(normal)
    made = extract_dataset(
        dataset,
        catalogue,
        list(models.representations()),
        change=SyntheticAnomalies(kinds),
    )
    vectors = []
    for part in (normal, made):
        raw = raw_scores(models, part.features, part.machine_ids)
        vectors.append(np.stack([raw[key] for key in members], axis=1))
    place = {clip_id: k for k, clip_id in enumerate(normal.rows["clip_id"])}
    sources = np.array([place[clip_id] for clip_id in made.rows["clip_id"]], dtype=np.intp)
    fold = folds(normal.rows["sha256"].tolist(), normal.machine_ids)
    return Taught(vectors[0], normal.machine_ids, vectors[1], sources, fold)


def on_the_demo(folder: Path) -> list[str]:
    """A section for the members of the stored fusion, and one for the four that lead by their stored evidence."""
    scores = read_scores(folder, None)
    wide = scores.pivot(index=["clip_id", "machine_id", "label"], columns="detector", values="raw").reset_index()
    evidence, names = read_evidence(folder), {}
    for key in artifacts.trained_keys(folder):
        rows = evidence[evidence["detector"] == key]
        if not is_control(key) and key != Fusion.info.key and not artifacts.read_manifest(folder / key).alarms:
            names[key] = as_check(rows).auc
    stored = [str(key) for key in artifacts.read_manifest(folder / Fusion.info.key).config["members"]]
    sections = []
    for heading, members in {
        "The stored fusion's members": stored,
        "The four members that lead by graded synthetic anomalies": choose_members(names),
    }.items():
        taught = demo_taught(demo_dataset(), folder, members)
        listed = ", ".join(detector_class(key).info.title for key in members)
        sections.append(
            f"## Demo: {heading[0].lower()}{heading[1:]}\n\n{listed}.\n\n{rules_table(members, taught, wide)}"
        )
    return sections


def on_arrays() -> str:
    """Densities on the pooled log-mels of the demo, their training vectors scored held out in five folds."""
    demo = DemoVectors(get_settings().cache_dir)
    vectors, ids, is_train, is_anomaly = demo.pooled, demo.ids, demo.is_train, demo.is_anomaly
    parts: list[list[Any]] = [[], [], [], [], []]
    tested, rng, offset = [], np.random.default_rng(0), 0
    for machine_id in np.unique(ids):
        train = vectors[(ids == machine_id) & is_train].astype(np.float64)
        test = vectors[(ids == machine_id) & ~is_train].astype(np.float64)
        mean, scale = train.mean(axis=0), np.maximum(train.std(axis=0), 1e-9)
        train, test = (train - mean) / scale, (test - mean) / scale
        swapped = np.where(rng.random(train.shape) < SWAPPED, train[rng.permutation(len(train))], train)
        fold = rng.permutation(len(train)) % N_FOLDS
        normal, made = np.empty((len(train), len(DENSITIES))), np.empty((len(train), len(DENSITIES)))
        scores = {}
        for m, (name, cls) in enumerate(DENSITIES.items()):
            for k in range(N_FOLDS):
                model = _new(name, cls).fit(train[fold != k])
                normal[fold == k, m], made[fold == k, m] = (
                    model.score(train[fold == k]),
                    model.score(swapped[fold == k]),
                )
            scores[name] = _new(name, cls).fit(train).score(test)
        for part, values in zip(
            parts, (normal, [str(machine_id)] * len(train), made, offset + np.arange(len(train)), fold), strict=True
        ):
            part.append(values)
        offset += len(train)
        labels = np.where(is_anomaly[(ids == machine_id) & ~is_train], "anomaly", "normal")
        clip_ids = [f"{machine_id}/{k}" for k in range(len(test))]
        tested.append(pd.DataFrame({"clip_id": clip_ids, "machine_id": str(machine_id), "label": labels, **scores}))
    machine_ids = [i for part in parts[1] for i in part]
    taught = Taught(np.concatenate(parts[0]), machine_ids, *(np.concatenate(part) for part in parts[2:]))
    return f"## Plain arrays\n\nThe pooled log-mel of every demo clip (384 figures), standardised on the training normals of its machine id. A synthetic anomaly is a training vector that has half of its figures from another.\n\n{rules_table(list(DENSITIES), taught, pd.concat(tested, ignore_index=True))}"


def _new(name: str, cls: type[Density]) -> Density:
    return cls(n_subbands=1) if name == "kNN" else cls()  # type: ignore[call-arg]  # densities are dataclasses


def page(sections: Sequence[str]) -> str:
    """``docs/fusion.md``."""
    about = (
        "# Does a fusion earn its place?\n\nWritten by `python -m benchmarks.fusion --markdown docs/fusion.md`; do not edit. The rules "
        "of `fusion` beside its members, on the same clips. The difference is from the member of highest AUC, which is chosen on these "
        "clips with their labels: the hardest to beat; its 95% interval is paired. *Synthetic AUC* takes no label: held-out normal "
        "clips against synthetic anomalies made of them, in five folds (`asd_core/training/fusion_rules.py`). *Chosen* is the rule that "
        "`choose` takes by it: the mean, unless another is above it beyond the paired interval. Only that rule may be compared with the "
        "best member: the others stand here as what would have come of them."
    )
    return "\n\n".join([about, *sections]) + "\n"


def main() -> int:
    """Print the page, or write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--markdown", type=Path, help="write a page of the docs")
    arguments = parser.parse_args()
    text = page([*on_the_demo(PROJECT_ROOT / "trained_models" / "demo"), on_arrays()])
    if arguments.markdown:
        arguments.markdown.write_text(text, encoding="utf-8")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
