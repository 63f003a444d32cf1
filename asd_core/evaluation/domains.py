"""Figures per section and domain, and the official score of DCASE 2021 and later. A section is a machine id; its normal clips
come from a source domain, which was trained on, and a target domain, of which little or nothing was.

Two rules of the challenge, by the year that brought them:

- 2021 (Kawaguchi et al., arXiv 2106.04492; code y-kawagu/dcase2021_task2_evaluator): AUC and pAUC of each section and domain, each
  among that domain's own clips; the official score is the harmonic mean of all of them.
- 2022 to 2025 (Dohi et al., arXiv 2206.05876; Dohi et al., arXiv 2305.07828; code Kota-Dohi/dcase2022_evaluator and
  nttcslab/dcase2023_task2_evaluator): one threshold must serve both domains, so the AUC of a section and domain sets that domain's
  normal clips against all anomalies of the section, and pAUC is one of all clips of a section; the official score is the harmonic
  mean of both domains' AUCs and the pAUCs of all sections.

DCASE 2020 had no domains: its mean is arithmetic, over machine ids (:mod:`asd_core.evaluation.protocol`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from asd_core.counting import counted, listed, machines_named
from asd_core.evaluation.clip_resampling import resamples_for, taken
from asd_core.evaluation.intervals import logit_interval
from asd_core.evaluation.resampled_auc import Counts, resampled
from asd_core.evaluation.roc_auc import MAX_FPR, Floats, auc, pauc
from asd_core.evaluation.stratified_bootstrap import FLOOR, Metric
from asd_core.lazy import pd

DOMAINS = ("source", "target")
BOTH = "both"  # all clips of a section, whatever their domain
Rule = Literal["2022", "2021"]
RULES: dict[Rule, str] = {"2022": "DCASE 2022 to 2025", "2021": "DCASE 2021"}
COLUMNS = ("auc", "auc_low", "auc_high", "pauc", "pauc_low", "pauc_high", "n_normal", "n_anomaly")


@dataclass(frozen=True, eq=False)
class DomainFigures:
    """Figures by section and domain.

    Attributes:
        sections: a row per detector, machine id and domain: auc, pauc, each with ``_low`` and ``_high``, n_normal,
            n_anomaly. Both domains together are in :func:`asd_core.evaluation.ranking`.
        official: a row per detector, the highest official score first: official, official_low, official_high,
            arithmetic (mean of the same figures), auc_source, auc_target, pauc (harmonic means over sections of what
            the official score is of), n_figures and n_missing (figures that other detectors have and this one has not).
    """

    sections: "pd.DataFrame"
    official: "pd.DataFrame"


class _Figure(NamedTuple):
    """One AUC or pAUC that the official score is of."""

    of: tuple[str, str, Metric]  # machine id and domain
    name: str  # auc_source, auc_target or pauc
    observed: float
    draws: Floats  # (resamples,)
    deciding: float  # clips, see logit_interval


def has_domains(scores: "pd.DataFrame") -> bool:
    """Whether some machine id has labelled normal clips of both domains.

    Args:
        scores: columns ``machine_id, label, domain``; a table without domains has none.
    """
    if "domain" not in scores:
        return False
    normal = scores[(scores["label"] == "normal") & scores["domain"].isin(DOMAINS)]
    return bool((normal.groupby("machine_id")["domain"].nunique() == len(DOMAINS)).any())


def other_machine_type(trained: "pd.DataFrame", tested: "pd.DataFrame") -> str:
    """A sentence where scored clips are of a machine type that was not learned: fan 00 is not slide rail 00. Folders without a
    known layout give their own name as the type, so it is a doubt and no refusal. Empty where there is none.

    Args:
        trained: normal clips of the training split, column ``machine_type``.
        tested: clips that are scored, column ``machine_type``.
    """
    if not {"machine_type"} <= {*trained} & {*tested} or trained.empty:
        return ""
    learned = sorted(set(trained["machine_type"]))
    others = sorted(set(tested["machine_type"]) - set(learned))
    if not others:
        return ""
    return (
        f"These detectors learned {listed(learned)}, and the recordings are of {listed(others)}: unless that is another name of the same "
        "machines, the figures say nothing."
    )


def untrained_domains(trained: "pd.DataFrame", tested: "pd.DataFrame") -> str:
    """A sentence on tested clips of a domain of which their machine has no training clip; empty where there is none.

    Args:
        trained: normal clips of the training split, columns ``machine_id, domain``.
        tested: clips that are scored, columns ``clip_id, machine_id, domain``; machine ids without a training clip do not count.
    """
    if not {"domain"} <= {*trained} & {*tested}:
        return ""
    tested = tested[tested["domain"].isin(DOMAINS)]
    known = set(zip(trained["machine_id"], trained["domain"], strict=True))
    machines = {machine_id for machine_id, _ in known}
    n_clips = tested.groupby(["domain", "machine_id"], observed=True)["clip_id"].nunique()
    new = n_clips[[i in machines and (i, domain) not in known for domain, i in n_clips.index]]
    parts = [
        f"{counted(int(of.sum()), 'clip')} of the {domain} domain ({machines_named(sorted(of.index.unique(1)))})"
        for domain, of in new.groupby(level="domain", sort=True)
    ]
    if not parts:
        return ""
    return (
        f"No normal clip of their domain was trained on for {' and '.join(parts)}: what is merely new there counts as anomalous, so "
        "a high score or a low AUC says little about faults. Record some normal clips of that domain, and train with them."
    )


def harmonic_mean(values: Floats) -> Floats:
    """Over the first axis; a 0 counts as the smallest number there is, as in the official code."""
    known = np.maximum(np.asarray(values, dtype=np.float64), np.finfo(np.float64).eps)
    return np.asarray(len(known) / (1.0 / known).sum(axis=0))


def domain_figures(
    scores: "pd.DataFrame", rule: Rule = "2022", resamples: int | None = None, seed: int = 0
) -> DomainFigures:
    """AUC and pAUC of every detector by section and domain, and its official score, with 95% intervals.

    The bootstrap draws normal and anomalous clips of each section and domain with replacement, the same ones for all detectors;
    intervals are those of :func:`asd_core.evaluation.intervals.logit_interval`. pAUC is McClish-standardised, as in the official
    code. What has no clip of a class is ``nan`` and no part of a score.

    Args:
        scores: columns ``detector, machine_id, domain, label, raw, clip_id``; only labels normal and anomaly count.
        rule: the year whose definition holds, see this module.
        resamples: as many as ``resamples_for`` gives for ``None``.
    """
    labelled = scores[scores["label"].isin(["normal", "anomaly"]) & scores["domain"].isin(DOMAINS)]
    resamples = resamples_for(len(labelled)) if resamples is None else resamples
    rows: list[dict[str, object]] = []
    figures: dict[str, list[_Figure]] = {str(key): [] for key in dict.fromkeys(scores["detector"])}
    for machine_id, section in labelled.groupby("machine_id", sort=True):
        drawn = _Drawn(str(machine_id), section, resamples, seed)
        for detector in figures:
            if (raw := drawn.raw(detector)) is None:
                continue
            for domain in (*DOMAINS, BOTH):
                row, own = _measured(drawn, raw, str(machine_id), domain, rule)
                figures[detector] += own
                if domain != BOTH:
                    rows.append({"detector": detector, "machine_id": machine_id, "domain": domain, **row})
    order = list(figures)
    rows.sort(key=lambda row: order.index(str(row["detector"])))
    sections = pd.DataFrame(rows, columns=["detector", "machine_id", "domain", *COLUMNS])
    return DomainFigures(sections, _official_table(figures))


class _Drawn:
    """The clips of a section that every detector of it has scored, and how often each resample takes them."""

    def __init__(self, machine_id: str, section: "pd.DataFrame", resamples: int, seed: int) -> None:
        wide = section.pivot(index=["clip_id", "label", "domain"], columns="detector", values="raw")
        whole = wide[wide.notna().all(axis=1)]
        self._raw = {str(key): whole[key].to_numpy(dtype=np.float64) for key in whole}
        self.anomaly = whole.index.get_level_values("label").to_numpy() == "anomaly"
        self.domain = whole.index.get_level_values("domain").to_numpy().astype(str)
        self.counts = np.zeros((len(whole), resamples))
        for domain in DOMAINS:
            normal, anomaly = (self.mask(domain, anomalous=kind) for kind in (False, True))
            if not normal.any() and not anomaly.any():
                continue
            n, m = int(normal.sum()), int(anomaly.sum())
            for which, of_normal, of_anomaly in _counts(f"{machine_id} {domain}", n, m, resamples, seed):
                self.counts[normal, which], self.counts[anomaly, which] = of_normal, of_anomaly

    def raw(self, detector: str) -> Floats | None:
        """``(n_clips,)``; ``None`` for a detector that does not know the section."""
        return self._raw.get(detector)

    def mask(self, domain: str, *, anomalous: bool) -> NDArray[np.bool_]:
        """The clips of a class and domain."""
        return np.asarray((self.anomaly == anomalous) & ((self.domain == domain) | (domain == BOTH)))


def _counts(name: str, n: int, m: int, resamples: int, seed: int) -> Iterator[tuple[slice, Counts, Counts]]:
    """:func:`asd_core.evaluation.clip_resampling.taken`, where a class may be empty."""
    for which, normal, anomaly in taken(name, max(n, 1), max(m, 1), resamples, seed):
        yield which, normal[:n], anomaly[:m]


def _measured(
    drawn: _Drawn, raw: Floats, machine_id: str, domain: str, rule: Rule
) -> tuple[dict[str, object], list[_Figure]]:
    """The row of a section and domain, and those of its figures that the official score is of."""
    normal = drawn.mask(domain, anomalous=False)
    anomaly = drawn.mask(domain if rule == "2021" else BOTH, anomalous=True)
    n, m = int(normal.sum()), int(anomaly.sum())
    row: dict[str, object] = {**dict.fromkeys(COLUMNS, float("nan")), "n_normal": n, "n_anomaly": m}
    if not n or not m:
        return row, []
    observed = {"auc": auc(raw[normal], raw[anomaly]), "pauc": pauc(raw[normal], raw[anomaly])}
    draws = resampled(raw[normal], raw[anomaly], drawn.counts[normal], drawn.counts[anomaly])
    deciding = {"auc": float(min(n, m)), "pauc": MAX_FPR * n}
    own = []
    metrics: tuple[Metric, ...] = ("auc", "pauc")
    for metric, of in zip(metrics, draws, strict=True):
        low, high = logit_interval(observed[metric], of, floor=FLOOR[metric], deciding=deciding[metric])
        row |= {metric: observed[metric], f"{metric}_low": low, f"{metric}_high": high}
        name = f"auc_{domain}" if metric == "auc" else "pauc"
        if (domain != BOTH) if metric == "auc" or rule == "2021" else (domain == BOTH):
            own.append(_Figure((machine_id, domain, metric), name, observed[metric], of, deciding[metric]))
    return row, own


def _official_table(figures: dict[str, list[_Figure]]) -> "pd.DataFrame":
    every = {figure.of for own in figures.values() for figure in own}
    rows = []
    for detector, own in figures.items():
        row: dict[str, object] = dict.fromkeys(
            ("official", "official_low", "official_high", "arithmetic", "auc_source", "auc_target", "pauc"),
            float("nan"),
        )
        if own:
            observed = np.array([figure.observed for figure in own])
            official = float(harmonic_mean(observed))
            low, high = logit_interval(
                official,
                harmonic_mean(np.array([figure.draws for figure in own])),
                floor=0.0,
                deciding=float(np.mean([figure.deciding for figure in own])),
                groups=len(own),
            )
            row |= {"official": official, "official_low": low, "official_high": high, "arithmetic": observed.mean()}
            for name in ("auc_source", "auc_target", "pauc"):
                if values := [figure.observed for figure in own if figure.name == name]:
                    row[name] = float(harmonic_mean(np.array(values)))
        rows.append({"detector": detector, **row, "n_figures": len(own), "n_missing": len(every) - len(own)})
    # A mean over fewer figures, perhaps the easy ones, has no place among the others.
    table = pd.DataFrame(rows)
    return table.sort_values(["n_missing", "official"], ascending=[True, False], kind="stable", ignore_index=True)
