"""What a fusion learns of its members from synthetic anomalies: their weights, and which rule combines them best.

Everything is measured on the half of the held-out clips that teaches the fusion, in five folds: the scale that a clip's scores
are put on, and the weights, come from the other folds. Neither the half that calibrates it nor a recorded anomaly is looked at.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from asd_core.datasets import Extracted, folds
from asd_core.detectors.fusion import Fusion, Rule
from asd_core.features import MemberScores
from asd_core.training.checks import SyntheticCheck, auc_difference

PLAIN = Rule()
RULES = tuple(Rule(how, z) for z in (False, True) for how in ("mean", "minimum", "maximum", "weighted"))
FEWEST = 2  # normal clips of a machine id that a scale can be had from


def learn_rule(fusion: Fusion, normal: Extracted, anomalies: Extracted) -> None:
    """Give a fusion its members' weights and, where it chooses, its rule.

    Args:
        normal, anomalies: members' raw scores of the clips that teach it, and of the synthetic anomalies made of them, which
            carry the clip ids of their sources.
    """
    if anomalies.rows.empty:
        return
    place = {clip_id: k for k, clip_id in enumerate(normal.rows["clip_id"])}
    sources = np.array([place[clip_id] for clip_id in anomalies.rows["clip_id"]], dtype=np.intp)
    vectors, changed = (np.stack(part.features[MemberScores()]) for part in (normal, anomalies))
    fold = folds(normal.rows["sha256"].tolist(), normal.machine_ids)
    learn(fusion, vectors, normal.machine_ids, changed, sources, fold)


def learn(
    fusion: Fusion,
    normal: NDArray[np.floating],
    machine_ids: list[str],
    anomalies: NDArray[np.floating],
    sources: NDArray[np.intp],
    fold: NDArray[np.intp],
) -> None:
    """:func:`learn_rule` on plain arrays.

    Args:
        normal: ``(n, n_members)`` raw scores, of clips of ``machine_ids``.
        anomalies: ``(m, n_members)``, the k-th made of clip ``sources[k]``.
        fold: ``(n,)``, of each normal clip.
    """
    fusion.weights_ = member_weights(normal, machine_ids, anomalies, sources)
    if fusion.choose:
        fusion.rule_ = best_rule(rule_checks(normal, machine_ids, anomalies, sources, fold))


def member_weights(
    normal: NDArray[np.floating], machine_ids: list[str], anomalies: NDArray[np.floating], sources: NDArray[np.intp]
) -> NDArray[np.float64]:
    """How far each member's AUC on synthetic anomalies lies above chance, ``(n_members,)`` with sum 1; alike where none does."""
    above = np.array(
        [
            _check(normal[:, m], machine_ids, anomalies[:, m], sources).auc - 0.5 if len(anomalies) else 0.0
            for m in range(normal.shape[1])
        ]
    )
    above = np.maximum(np.nan_to_num(above), 0.0)
    return above / above.sum() if above.sum() else np.full(len(above), 1.0 / len(above))


def rule_checks(
    normal: NDArray[np.floating],
    machine_ids: list[str],
    anomalies: NDArray[np.floating],
    sources: NDArray[np.intp],
    fold: NDArray[np.intp],
) -> dict[Rule, SyntheticCheck]:
    """What each rule makes of the clips and of the anomalies made of them, each scored by the other folds. A machine id whose
    other folds hold too few clips is left out."""
    ids = np.asarray(machine_ids)
    scores = {rule: (np.full(len(normal), np.nan), np.full(len(anomalies), np.nan)) for rule in RULES}
    for k in np.unique(fold):
        rest, made = fold != k, fold[sources] == k
        enough = [i for i in np.unique(ids[fold == k]) if (rest & (ids == i)).sum() >= FEWEST]
        rest, left = rest & np.isin(ids, enough), (fold == k) & np.isin(ids, enough)
        made &= np.isin(ids[sources], enough)
        if not enough:
            continue
        place = np.cumsum(rest) - 1
        of_rest = rest[sources]
        weights = member_weights(normal[rest], list(ids[rest]), anomalies[of_rest], place[sources[of_rest]])
        for rule, (of_normal, of_anomalies) in scores.items():
            fusion = _with_rule(rule)
            fusion.weights_ = weights
            fusion.fit(list(normal[rest]), list(ids[rest]))
            of_normal[left] = fusion.score(list(normal[left]), list(ids[left]))
            of_anomalies[made] = fusion.score(list(anomalies[made]), list(ids[sources[made]]))
    result = {}
    for rule, (of_normal, of_anomalies) in scores.items():
        known, scored = np.isfinite(of_normal), np.isfinite(of_anomalies)
        place = np.cumsum(known) - 1
        result[rule] = _check(of_normal[known], list(ids[known]), of_anomalies[scored], place[sources[scored]])
    return result


def best_rule(checks: Mapping[Rule, SyntheticCheck]) -> Rule:
    """The rule of the highest AUC, where the 95% interval of its difference from the plain mean lies above 0; else the mean."""
    if not len(checks[PLAIN].anomalies):
        return PLAIN
    best = max(checks, key=lambda rule: checks[rule].auc)
    return best if best != PLAIN and auc_difference(checks[best], checks[PLAIN])[0] > 0.0 else PLAIN


def _with_rule(rule: Rule) -> Fusion:
    fusion = Fusion(choose=True)
    fusion.rule_ = rule
    return fusion


def _check(
    normal: NDArray[np.floating], machine_ids: list[str], anomalies: NDArray[np.floating], sources: NDArray[np.intp]
) -> SyntheticCheck:
    return SyntheticCheck(
        normal.astype(np.float64), machine_ids, anomalies.astype(np.float64), sources, [""] * len(anomalies)
    )
