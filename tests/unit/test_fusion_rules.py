"""The rules of a fusion: what each makes of its members' scores, and how one is chosen without a label."""

from typing import Any

import numpy as np
import pytest

from asd_core.detectors.fusion import Fusion, Rule
from asd_core.errors import TrainingError
from asd_core.evaluation import bootstrap
from asd_core.lazy import pd
from asd_core.report import fusion_gain
from asd_core.training.fusion_rules import PLAIN, best_rule, learn, member_weights, rule_checks

N = 60
IDS = ["00"] * N
FOLD = np.arange(N) % 5
SOURCES = np.arange(N)


def normals(seed: int = 0, members: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(N, members))


def fitted(scores: np.ndarray, **parameters: bool) -> Fusion:
    return Fusion(**parameters).fit(list(scores), IDS)


def test_the_default_is_the_mean_and_stores_what_it_stored() -> None:
    """Artifacts of earlier versions, which know ``use_maximum`` alone, score as they did."""
    fusion, clip = fitted(normals()), np.array([1.0, 2.0, -0.5])
    assert fusion.score([clip], ["00"])[0] == np.mean(fusion.neg_log10_ps(clip, "00"))
    state = fusion.state()
    assert set(state.arrays) == {"00/sorted"}
    assert state.config["parameters"] == {"use_maximum": False}
    assert Fusion(weigh=True).parameters() == {"use_maximum": False, "weigh": True}
    assert Fusion.from_state(state).score([clip], ["00"]) == fusion.score([clip], ["00"])


def test_z_scores_are_by_the_clips_that_members_have_not_learned() -> None:
    scores = normals() * np.array([1.0, 100.0, 0.01]) + np.array([0.0, 5.0, -3.0])
    clip = scores.mean(axis=0) + np.array([1.0, 2.0, 6.0]) * scores.std(axis=0)
    assert fitted(scores, standardise=True).score([clip], ["00"])[0] == pytest.approx(3.0)
    assert fitted(scores, standardise=True, use_minimum=True).score([clip], ["00"])[0] == pytest.approx(1.0)
    assert fitted(scores, standardise=True, use_maximum=True).score([clip], ["00"])[0] == pytest.approx(6.0)
    constant = scores.copy()
    constant[:, 1] = 7.0
    assert np.isfinite(fitted(constant, standardise=True).score([clip], ["00"])).all()


def test_the_minimum_waits_for_all_members() -> None:
    fusion = fitted(normals(), use_minimum=True)
    one, all_ = fusion.score([np.array([9.0, 9.0, 0.0]), np.array([2.0, 2.0, 2.0])], ["00"] * 2)
    assert all_ > one


def test_members_count_by_how_well_they_tell_synthetic_anomalies() -> None:
    normal = normals()
    changed = normal + np.array([3.0, 1.0, 0.0])
    weights = member_weights(normal, IDS, changed, SOURCES)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[0] > 1.3 * weights[1] > 1.3 * weights[2] >= 0.0
    fusion = Fusion(weigh=True)
    learn(fusion, normal, IDS, changed, SOURCES, FOLD)
    fusion.fit(list(normal), IDS)
    first, last = fusion.score([np.array([2.5, 0.0, 0.0]), np.array([0.0, 0.0, 2.5])], ["00"] * 2)
    assert first > last + 0.3
    assert np.array_equal(member_weights(normal, IDS, normal - 5.0, SOURCES), np.full(3, 1 / 3)), "worse than chance"
    plain = fitted(normal, weigh=True)  # never taught, as in an experiment
    assert plain.score([np.array([1.0, 2.0, 3.0])], ["00"]) == fitted(normal).score([np.array([1.0, 2.0, 3.0])], ["00"])


def test_a_rule_is_chosen_where_it_clearly_tells_more() -> None:
    """Anomalies in two members' normal noise: the third alone tells them, by far."""
    normal = normals(1, 12)
    changed = normals(2, 12)
    changed[:, 0] = 3.0
    assert best_rule(rule_checks(normal, IDS, changed, SOURCES, FOLD)).how in ("maximum", "weighted")
    assert best_rule(rule_checks(normal, IDS, normal + 0.7, SOURCES, FOLD)) == PLAIN, "all tell them alike"
    assert best_rule(rule_checks(normal, IDS, changed[:0], SOURCES[:0], FOLD)) == PLAIN


def test_a_better_figure_by_chance_chooses_nothing() -> None:
    chosen = []
    for seed in range(8):
        normal, changed = normals(seed), normals(100 + seed) + 1.0
        checks = rule_checks(normal, IDS, changed, SOURCES, FOLD)
        chosen.append(best_rule(checks))
        assert max(check.auc for check in checks.values()) > checks[PLAIN].auc, "some rule is ahead by the point"
    assert chosen.count(PLAIN) >= 7


def test_a_clip_is_scored_by_other_folds_alone() -> None:
    normal, changed = normals(3), normals(4) + 1.0
    before = rule_checks(normal, IDS, changed, SOURCES, FOLD)
    moved, moved_changed = normal.copy(), changed.copy()
    moved[0] += 50.0
    moved_changed[0] += 50.0
    after = rule_checks(moved, IDS, moved_changed, SOURCES, FOLD)
    mates = np.flatnonzero((FOLD[0] == FOLD) & (np.arange(N) > 0))
    others = FOLD[0] != FOLD
    for rule, check in before.items():
        assert np.array_equal(check.normal[mates], after[rule].normal[mates]), rule
        assert np.array_equal(check.anomalies[mates], after[rule].anomalies[mates]), rule
    z = Rule("mean", True)
    assert not np.array_equal(before[z].normal[others], after[z].normal[others])


def test_what_was_chosen_comes_back_with_the_state() -> None:
    normal, changed = normals(1, 12), normals(2, 12)
    changed[:, 0] = 3.0
    fusion = Fusion(choose=True)
    learn(fusion, normal, IDS, changed, SOURCES, FOLD)
    fusion.fit(list(normal), IDS)
    assert fusion.rule == fusion.rule_ != PLAIN
    again = Fusion.from_state(fusion.state())
    assert again.rule == fusion.rule
    assert np.array_equal(again.score(list(changed), IDS), fusion.score(list(changed), IDS))
    half = Fusion(choose=True).learned_with(fusion).fit(list(normal[:30]), IDS[:30])
    assert half.rule == fusion.rule


def test_two_rules_at_once_are_refused() -> None:
    with pytest.raises(TrainingError, match="set one"):
        fitted(normals(), use_maximum=True, weigh=True)


class Manifest:
    """What the sentence reads of one."""

    config: dict[str, Any] = {"members": ["gwrp_gaussian", "pca_kde", "pca_lof"]}  # noqa: RUF012


@pytest.mark.parametrize(
    ("shift", "said"),
    [
        (2.0, "Fusion is better than its best member, GWRP + Gaussian (of the 2 of its 3 members"),
        (0.02, "Fusion is not clearly better than its best member, GWRP + Gaussian"),
        (-2.0, "Fusion is worse than its best member, GWRP + Gaussian, which alone would do"),
    ],
)
def test_whether_the_fusion_beats_its_best_member_is_computed(shift: float, said: str) -> None:
    rng = np.random.default_rng(5)
    label = np.repeat(["normal", "anomaly"], 80)
    clips = pd.DataFrame({"clip_id": np.arange(160).astype(str), "machine_id": "00", "label": label})
    noise, anomalous = rng.normal(size=160), label == "anomaly"
    raw = {
        "gwrp_gaussian": noise + 1.0 * anomalous,
        "pca_kde": rng.normal(size=160) + 0.2 * anomalous,
        "knn_bands": noise + 4.0 * anomalous,  # better than all, and no member
        "fusion": noise + 0.05 * rng.normal(size=160) + (1.0 + shift) * anomalous,
    }
    draws = bootstrap(pd.concat([clips.assign(detector=key, raw=values) for key, values in raw.items()]))
    manifests: Any = dict.fromkeys(raw, Manifest())
    assert fusion_gain(draws, manifests).startswith(said)
    assert "95% paired interval" in fusion_gain(draws, manifests)
    alone = bootstrap(clips.assign(detector="fusion", raw=raw["fusion"]))
    assert fusion_gain(alone, manifests) == ""
