"""Which label-free evidence predicts the true ranking of detectors? Asked where the truth is known: on a dataset with labels.

Every kind of evidence is a figure of each detector on each machine id that took no label (see :mod:`asd_core.training.evidence`).
It is good evidence where detectors stand in its order as they stand by their true AUC, and where the detector that it puts first is
the best one, or cannot be told apart from it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asd_core import artifacts
from asd_core.counting import counted
from asd_core.detectors import is_control
from asd_core.errors import ArtifactError
from asd_core.evaluation import MEAN, Draws, auc, bootstrap, normal_spread, tied_with_best
from asd_core.files import read_parquet, write_parquet
from asd_core.lazy import pd, scipy
from asd_core.markdown import markdown_table
from asd_core.scoring import model_versions, read_scores
from asd_core.training import GRADED, read_evidence

STUDY = "evidence_study.parquet"
SCHEMA = 1
POOLED = "all kinds and strengths"  # the evidence that the recommendation without labels uses
STRENGTHS = ("weakest", "weak", "strong", "strongest")  # of the four at which each kind is made
RESAMPLES = 2000  # of detectors
FEWEST = 6  # detectors that a rank correlation is worth having of
Floats = NDArray[np.float64]


def evidence_figures(evidence: "pd.DataFrame", calibration: Floats) -> dict[str, float]:
    """Each kind of evidence of one detector on one machine id, higher = should be the better detector; nan where not measured.

    Args:
        evidence: its rows of :func:`asd_core.training.read_evidence`.
        calibration: its held-out scores.
    """
    made = evidence[evidence["kind"] != ""]
    figures = {POOLED: _auc(evidence, made)}
    figures |= {kind: _auc(evidence, made[made["kind"] == kind]) for kind in GRADED}
    place = {(kind, db): n for kind, (_, dbs) in GRADED.items() for n, db in enumerate(dbs)}
    strength = np.array([place.get(pair, -1) for pair in zip(made["kind"], made["db"], strict=True)], dtype=int)
    figures |= {f"{name}, all kinds": _auc(evidence, made[strength == n]) for n, name in enumerate(STRENGTHS)}
    halves = evidence[evidence["half_a"].notna()]
    steady = len(halves) > 2 and min(halves["half_a"].nunique(), halves["half_b"].nunique()) > 1
    figures["stability over halves"] = (
        float(halves["half_a"].astype(float).corr(halves["half_b"].astype(float))) if steady else float("nan")
    )
    above = float(np.quantile(calibration, 0.95)) - float(np.median(calibration))
    figures["short tail"] = -above / normal_spread(calibration)
    figures["gain over its untrained baseline"] = figures[POOLED] - _auc(evidence, made, "untrained")
    return figures


def _auc(evidence: "pd.DataFrame", made: "pd.DataFrame", column: str = "trained") -> float:
    normal = evidence.loc[(evidence["kind"] == "") & evidence[column].notna(), column].to_numpy(dtype=np.float64)
    anomalies = made.loc[made[column].notna(), column].to_numpy(dtype=np.float64)
    return auc(normal, anomalies) if len(normal) and len(anomalies) else float("nan")


@dataclass(frozen=True, eq=False)
class EvidenceStudy:
    """The results of the study.

    Attributes:
        table: a row per kind of evidence: ``evidence, n_detectors, rho, low, high`` (Spearman's correlation with the
            true AUC over detectors, mean over machine ids; 95% interval over detectors), ``difference, difference_low,
            difference_high`` (from the pooled figure on the same detectors, the interval wide enough for all kinds
            together, by Bonferroni), ``hits`` (machine ids on which its first detector is the best or tied), ``regret``
            (how far the true AUC of its first detector lies below the best, mean over ids), and of the detector that is
            first by the mean over ids, by its true mean: ``together`` (the best or tied), ``together_regret``.
        n_ids: machine ids.
        chosen_hits: hits where the kind of evidence is chosen by rho on the other machine ids.
        chosen_regret: of the same.
    """

    table: "pd.DataFrame"
    n_ids: int
    chosen_hits: int
    chosen_regret: float

    @property
    def better(self) -> list[str]:
        """Kinds of evidence that are clearly better than the pooled figure: in rank correlation beyond the interval, and in hits,
        also where the choice of evidence is made on other machine ids."""
        pooled = self.table.set_index("evidence").loc[POOLED]
        if self.chosen_hits <= pooled["hits"]:
            return []
        good = (self.table["difference_low"] > 0) & (self.table["hits"] > pooled["hits"])
        return [str(name) for name in self.table.loc[good, "evidence"]]

    def conclusions(self) -> list[str]:
        """What the table says."""
        rows = self.table.set_index("evidence")
        pooled = rows.loc[POOLED]
        orders = (
            f"The figure that the recommendation goes by ({POOLED}) orders detectors with a rank correlation of {pooled['rho']:+.2f} "
            f"({pooled['low']:+.2f} to {pooled['high']:+.2f}); the detector that it puts first is "
        )
        result = [f"{orders}{_together(pooled)}. There is one machine id: nothing says whether this holds on another."]
        if self.n_ids > 1:
            result = [
                f"{orders}the best or tied with it on {int(pooled['hits'])} of {self.n_ids} machine ids, {pooled['regret']:.3f} of AUC "
                f"below the best in the mean. Of all machine ids together, as the app recommends, its first is {_together(pooled)}.",
                f"Where the kind of evidence is chosen by its correlation on the other machine ids, its first detector is the best or tied on "
                f"{self.chosen_hits} of {self.n_ids} ({self.chosen_regret:.3f} below the best).",
            ]
        ahead = [str(name) for name in rows.index if name != POOLED and rows.loc[name, "difference_low"] > 0]
        if ahead:
            result.append(f"Beyond the interval, {', '.join(ahead)} orders detectors better than the pooled figure.")
        if self.better:
            result.append(f"Clearly better to choose by: {', '.join(self.better)}.")
        else:
            result.append(
                "No kind of evidence is clearly better to choose a detector by: the recommendation stays as it is."
            )
        return result


def _together(row: "pd.Series[float]") -> str:
    place = "the best or tied with it" if row["together"] else "clearly not the best"
    return f"{place} ({row['together_regret']:.3f} below)"


def evidence_study(folder: Path, seed: int = 0) -> EvidenceStudy:
    """The study of a folder's detectors, controls aside. Labels of the test clips measure; nothing is changed by them.

    Raises:
        ArtifactError: where evidence or labelled scores are missing, or of too few detectors.
    """
    evidence, scores = read_evidence(folder), read_scores(folder, None)
    keys = [str(k) for k in scores["detector"].unique() if not is_control(str(k)) and (evidence["detector"] == k).any()]
    draws = bootstrap(scores[scores["detector"].isin(keys)])
    if len(keys) < FEWEST or not draws.n_computable():
        raise ArtifactError(
            f"The study needs labelled scores and evidence of {FEWEST} detectors or more; {folder} has {len(keys)}: train some, and "
            "measure them with asd_core evidence."
        )
    ids = [i for n, i in enumerate(draws.machine_ids) if np.isfinite(draws.observed["auc"][n]).any()]
    figures = {}
    for key in keys:
        calibration = artifacts.read_manifest(folder / key).calibration
        for i in ids:
            rows = evidence[(evidence["detector"] == key) & (evidence["machine_id"] == i)]
            known = len(rows) and i in calibration
            figures[key, i] = evidence_figures(rows, np.asarray(calibration[i], dtype=np.float64)) if known else {}
    names = next((list(f) for f in figures.values() if f), [])
    of = {name: np.array([[figures[k, i].get(name, np.nan) for i in ids] for k in keys]) for name in names}
    true = draws.observed["auc"][[draws.machine_ids.index(i) for i in ids]][
        :, [draws.detectors.index(k) for k in keys]
    ].T
    measured = np.isfinite(true).all(axis=1)
    if not any((measured & np.isfinite(values).all(axis=1)).sum() >= FEWEST for values in of.values()):
        raise ArtifactError(f"The study needs {FEWEST} detectors that know every machine id; {folder} has fewer.")
    return _study(of, true, keys, ids, draws, seed)


def _study(
    of: dict[str, Floats],
    true: Floats,
    keys: list[str],
    ids: list[str],
    draws: Draws,
    seed: int,
) -> EvidenceStudy:
    rng = np.random.default_rng(seed)
    resamples = rng.integers(0, len(keys), (RESAMPLES, len(keys)))
    tied = {i: set(tied_with_best(draws, machine_id=i)) for i in ids}
    share = 2.5 / max(1, len(of) - 1)  # of a per cent at either end: Bonferroni
    rows, by_id, firsts = [], {}, {}
    for name, values in of.items():
        known = np.isfinite(values).all(axis=1) & np.isfinite(true).all(axis=1)
        by_id[name] = np.array([rank_correlations(values[known, i], true[known, i])[()] for i in range(len(ids))])
        firsts[name] = [
            int(np.nanargmax(values[:, i])) if np.isfinite(values[:, i]).any() else -1 for i in range(len(ids))
        ]
        if known.sum() >= FEWEST:
            places = np.flatnonzero(known)
            taken = places[rng.integers(0, len(places), (RESAMPLES, len(places)))] if not known.all() else resamples
            drawn = [_mean_rho(v, true, taken) for v in (values, of[POOLED])]
            ends = np.nanpercentile(drawn[0], [2.5, 97.5])
            apart = np.nanpercentile(drawn[0] - drawn[1], [share, 100.0 - share]) if name != POOLED else np.zeros(2)
        else:
            ends = apart = np.full(2, np.nan)
        pooled = np.mean([rank_correlations(of[POOLED][known, i], true[known, i]) for i in range(len(ids))])
        hits, regret = _outcome(firsts[name], true, keys, ids, tied)
        overall = np.where(known, values.mean(axis=1), np.nan)
        first = [int(np.nanargmax(overall)) if known.any() else -1]
        together, below = _outcome(
            first, true.mean(axis=1, keepdims=True), keys, [MEAN], {MEAN: set(tied_with_best(draws))}
        )
        rho = float(np.mean(by_id[name]))
        rows.append((name, int(known.sum()), rho, *ends, rho - pooled, *apart, hits, regret, bool(together), below))
    columns = ["evidence", "n_detectors", "rho", "low", "high", "difference", "difference_low", "difference_high"]
    table = pd.DataFrame(rows, columns=[*columns, "hits", "regret", "together", "together_regret"])
    full = [name for name in of if int(table.set_index("evidence").loc[name, "n_detectors"]) >= FEWEST]
    chosen = []
    for i in range(len(ids)):
        others = np.arange(len(ids)) != i
        best = max(full, key=lambda name: float(np.nan_to_num(np.mean(by_id[name][others]), nan=-1.0)))
        chosen.append(firsts[best if others.any() else POOLED][i])
    hits, regret = _outcome(chosen, true, keys, ids, tied)
    return EvidenceStudy(table, len(ids), hits, regret)


def _outcome(
    firsts: list[int], true: Floats, keys: list[str], ids: list[str], tied: dict[str, set[str]]
) -> tuple[int, float]:
    """On how many machine ids a choice is the best or tied with it, and how far below the best it is on average."""
    hits = sum(first >= 0 and keys[first] in tied[i] for first, i in zip(firsts, ids, strict=True))
    below = [np.nanmax(true[:, n]) - true[first, n] for n, first in enumerate(firsts) if first >= 0]
    return hits, float(np.mean(below)) if below else float("nan")


def _mean_rho(values: Floats, true: Floats, taken: NDArray[np.intp]) -> Floats:
    """``(resamples,)``: mean over machine ids of the rank correlation over resampled detectors ``(resamples, n)``."""
    return np.asarray(
        np.mean([rank_correlations(values[taken, i], true[taken, i]) for i in range(true.shape[1])], axis=0)
    )


def rank_correlations(one: Floats, other: Floats) -> Floats:
    """Spearman's rank correlation along the last axis, ties at their mean rank; nan where one side is constant."""
    ranks = [scipy.stats.rankdata(values, axis=-1) for values in (one, other)]
    centred = [r - r.mean(axis=-1, keepdims=True) for r in ranks]
    scale = np.sqrt((centred[0] ** 2).sum(axis=-1) * (centred[1] ** 2).sum(axis=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((centred[0] * centred[1]).sum(axis=-1) / scale)


def store_study(study: EvidenceStudy, folder: Path) -> None:
    """Beside the detectors."""
    about = {"schema": SCHEMA, "versions": _versions(folder), "n_ids": study.n_ids, "chosen_hits": study.chosen_hits}
    write_parquet(study.table.assign(**about, chosen_regret=study.chosen_regret), folder / STUDY)


def _versions(folder: Path) -> str:
    """Of all detectors: the study is of these."""
    return " ".join(f"{key}:{version}" for key, version in sorted(model_versions(folder).items()))


def read_study(folder: Path) -> EvidenceStudy | None:
    """The stored study; ``None`` where there is none, or detectors were trained or added since."""
    table = read_parquet(folder / STUDY)
    if table is None or table.empty or "schema" not in table or (table["schema"] != SCHEMA).any():
        return None
    if table["versions"].iloc[0] != _versions(folder):
        return None
    first = table.iloc[0]
    about = int(first["n_ids"]), int(first["chosen_hits"]), float(first["chosen_regret"])
    return EvidenceStudy(table.drop(columns=["schema", "versions", "n_ids", "chosen_hits", "chosen_regret"]), *about)


def study_record(folder: Path) -> str:
    """How often choosing by synthetic anomalies was right where labels tell, a sentence; empty without a stored study."""
    study = read_study(folder)
    if study is None:
        return ""
    pooled = study.table.set_index("evidence").loc[POOLED]
    if study.n_ids == 1:
        return f"On the one machine id of {folder.name}, whose labels are known, the detector chosen so is {_together(pooled)}."
    return (
        f"On the {counted(study.n_ids, 'machine id')} of {folder.name}, whose labels are known, the detector chosen so is the best or tied "
        f"with it on {int(pooled['hits'])}; of all of them together it is {_together(pooled)}."
    )


def study_section(folder: Path) -> str:
    """A section of the results page."""
    command = "`python -m asd_core study --models FOLDER`"
    heading = "## Which evidence without labels predicts the ranking?"
    study = read_study(folder)
    if study is None:
        return f"{heading}\n\nNot measured for these detectors: {command} does."
    rows = [
        [
            str(row.evidence),
            str(row.n_detectors),
            _with_interval(row.rho, row.low, row.high),
            "" if row.evidence == POOLED else _with_interval(row.difference, row.difference_low, row.difference_high),
            f"{row.hits} of {study.n_ids}",
            f"{row.regret:.3f}",
            f"{'yes' if row.together else 'no'}, {row.together_regret:.3f}",
        ]
        for row in study.table.itertuples()
    ]
    columns = [
        "evidence",
        "detectors",
        "rank correlation (95%)",
        "less the pooled figure's",
        "best or tied",
        "below the best",
        "all ids together",
    ]
    about = (
        "Each row is a figure of every detector that takes no label. Its rank correlation (Spearman) with the true AUC is over "
        "detectors, controls aside, mean over machine ids; the interval is over detectors (resampled), that of the difference is widened "
        "for all rows together (Bonferroni). *Best or tied*: machine ids on which the detector that it puts first cannot be told from the "
        "best; *below the best*: by how much AUC, in the mean; *all ids together*: the same of the first by the mean over ids. The labels measure, and change nothing."
    )
    return "\n\n".join([heading, about, markdown_table(columns, rows), f"{' '.join(study.conclusions())} {command}."])


def _with_interval(value: float, low: float, high: float) -> str:
    return f"{value:+.2f} ({low:+.2f} to {high:+.2f})" if np.isfinite(low) else f"{value:+.2f} (too few)"
