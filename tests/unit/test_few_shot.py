"""Few clips of a domain: points made of them, distances that leave one out, and the smallest distance of all domains."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core import artifacts
from asd_core.datasets import fan_dataset
from asd_core.datasets.demo_fan import Domain, build_fan_catalogue
from asd_core.datasets.fan import simulate_fan
from asd_core.detectors import knn_domains
from asd_core.detectors.common.distances import squared_distances
from asd_core.detectors.common.few_shot import Made, leave_one_out, memory_mixing, nearest_distances, smote
from asd_core.detectors.knn_bands import KnnBands
from asd_core.detectors.knn_domains import MIXING, NOTHING, SMOTE, DomainNeighbours, KnnDomains
from asd_core.evaluation import auc, domain_figures
from asd_core.features import Array, LogMel
from asd_core.sound import Clip, wav_bytes
from asd_core.training import train
from asd_core.training.cross_conformal import cross_calibration


def two_domains(n_target: int = 8, seed: int = 0, wide: float = 2.0) -> tuple[np.ndarray, list[str]]:
    """Many source vectors about 0 and a few target ones about 6, spread more widely: ``(n, 6)``."""
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=(80, 6)), 6 + wide * rng.normal(size=(n_target, 6))
    return np.concatenate([source, target]), ["source"] * 80 + ["target"] * n_target


def parts() -> tuple[np.ndarray, np.ndarray]:
    vectors, _ = two_domains()
    return vectors[80:], vectors[:80]


def test_memory_mixing_is_genreps_formula() -> None:
    few, many = parts()
    made = memory_mixing(few, many, n_mixed=7)
    assert made.points.shape == (8 * 7, 6)
    for k, point in enumerate(few):
        nearest = many[np.argsort(((many - point) ** 2).sum(axis=1))[:7]]
        own = made.points[made.parents[:, 0] == k]
        np.testing.assert_allclose(own, 0.9 * point + 0.1 * nearest, atol=1e-12)
    assert len(memory_mixing(few, many, n_mixed=1000).points) == 8 * 80


def test_smote_makes_points_between_near_neighbours() -> None:
    few, _ = parts()
    made = smote(few, 40, n_neighbors=3, seed=1)
    order = np.argsort(squared_distances(few, few), axis=1)
    places = []
    for point, (first, second) in zip(made.points, made.parents, strict=True):
        assert second in order[first, 1:4]
        line = few[second] - few[first]
        place = float((point - few[first]) @ line / (line @ line))
        np.testing.assert_allclose(few[first] + place * line, point, atol=1e-9)
        places.append(place)
    assert 0 <= min(places) < 0.1
    assert 0.9 < max(places) < 1
    assert np.bincount(made.parents[:, 0]).tolist() == [5] * 8
    np.testing.assert_array_equal(made.points, smote(few, 40, n_neighbors=3, seed=1).points)
    assert not np.array_equal(made.points, smote(few, 40, n_neighbors=3, seed=2).points)
    assert smote(few[:1], 10).points.shape == smote(few, 0).points.shape == (0, 6)


@pytest.mark.parametrize("method", ["mixing", "smote"])
@pytest.mark.parametrize("n_neighbors", [1, 3])
def test_leaving_one_out_leaves_out_what_was_made_of_it(method: str, n_neighbors: int) -> None:
    few, many = parts()
    made = memory_mixing(few, many, n_mixed=5) if method == "mixing" else smote(few, 60, seed=0)
    by_hand = []
    for k, point in enumerate(few):
        others = made.points[(made.parents != k).all(axis=1)]
        bank = np.concatenate([np.delete(few, k, axis=0), others])
        by_hand.append(nearest_distances(point[None], bank, n_neighbors)[0])
    np.testing.assert_allclose(leave_one_out(few, made, n_neighbors), by_hand, rtol=1e-6)
    beside = nearest_distances(few, made.points, n_neighbors)  # with what was made of it, a clip looks at home
    assert beside.mean() < 0.9 * np.mean(by_hand)
    with pytest.raises(ValueError, match="two points"):
        leave_one_out(few[:1], Made(np.empty((0, 6)), np.empty((0, 2), dtype=np.intp)), 1)


@pytest.mark.parametrize("balance", [NOTHING, MIXING, SMOTE])
def test_each_domain_is_standardised_by_its_own_clips(balance: int) -> None:
    vectors, domains = two_domains(12)
    model = DomainNeighbours(balance=balance).fit(vectors, domains=domains)
    assert model.names == ["source", "target"]
    assert model.centre_[1] > 1.2 * model.centre_[0]  # few and widely spread: far from one another
    fresh, of = two_domains(400, seed=1)
    scores, is_target = model.by_domain(fresh), np.asarray(of) == "target"
    np.testing.assert_array_equal(model.score(fresh), scores.min(axis=1))
    for place, own in enumerate((~is_target, is_target)):  # new normal clips are about 0 by their own domain's measure
        assert abs(float(scores[own, place].mean())) < 0.8
        assert (scores[own].argmin(axis=1) == place).mean() > 0.95
    # Source by hand: the mean and deviation of the distances to the nearest other one.
    points = model.points_[:80].astype(np.float64)
    distances = np.sqrt(squared_distances(points, points)) + np.diag(np.full(80, np.inf))
    alone = distances.min(axis=1)
    np.testing.assert_allclose((model.centre_[0], model.spread_[0]), (alone.mean(), alone.std(ddof=1)), rtol=1e-6)


def test_a_target_clip_no_longer_looks_anomalous_for_being_one_of_few() -> None:
    """Anomalies of either domain lie 3 source deviations off; over ten draws."""
    gains = []
    for seed in range(10):
        vectors, domains = two_domains(seed=seed)
        test, of = two_domains(80, seed=100 + seed)
        rng = np.random.default_rng(seed)
        off = rng.normal(size=test.shape)
        anomalies = test + 3.5 * off / np.linalg.norm(off, axis=1, keepdims=True)
        is_target = np.asarray(of) == "target"
        pooled = DomainNeighbours(balance=NOTHING).fit(vectors)
        apart = DomainNeighbours(balance=NOTHING).fit(vectors, domains=domains)
        gains.append(
            auc(apart.score(test[is_target]), apart.score(anomalies))
            - auc(pooled.score(test[is_target]), pooled.score(anomalies))
        )
    assert min(gains) > 0
    assert np.mean(gains) > 0.1


def test_without_domains_it_is_the_distance_to_the_nearest_of_all() -> None:
    vectors, _ = two_domains()
    fresh, _ = two_domains(30, seed=1)
    model = DomainNeighbours().fit(vectors)
    standard = (fresh - model.mean_) / model.scale_
    nearest = np.sqrt(squared_distances(standard, model.points_)).min(axis=1)
    np.testing.assert_allclose(model.score(fresh), (nearest - model.centre_[0]) / model.spread_[0])
    assert model.names == ["all"]


def test_a_domain_of_two_clips_is_counted_to_the_largest() -> None:
    vectors, domains = two_domains(2)
    model = DomainNeighbours().fit(vectors, domains=domains)
    assert model.names == ["source"]
    np.testing.assert_array_equal(model.score(vectors), DomainNeighbours().fit(vectors).score(vectors))


def test_what_is_mixed_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two domains of hundreds of clips would make a hundred thousand points of each other."""
    monkeypatch.setattr(knn_domains, "MOST_MIXED", 40)
    vectors, domains = two_domains(8)
    model = DomainNeighbours(balance=MIXING).fit(vectors, domains=domains)
    assert len(model._whole[1]) == 8 + 8 * 5


def log_mels(n: int, seed: int = 0) -> list[Array]:
    rng = np.random.default_rng(seed)
    return [rng.normal(-40, 3, (16, 20)).astype(np.float32) for _ in range(n)]


@pytest.mark.parametrize("balance", [NOTHING, MIXING, SMOTE])
def test_state_holds_the_domains_and_not_what_was_made(balance: int) -> None:
    features, ids = log_mels(30), ["00"] * 20 + ["02"] * 10
    domains = ["source"] * 15 + ["target"] * 5 + ["source"] * 10
    detector = KnnDomains(balance=balance).fit_in_domains(features, ids, domains, seed=3)
    state = detector.state()
    assert state.config["domains"] == {"00": ["source", "target"], "02": ["source"]}
    assert sum(len(array) for name, array in state.arrays.items() if name.endswith("points")) == 30
    again = KnnDomains.from_state(state)
    new = log_mels(8, seed=1)
    np.testing.assert_array_equal(again.score(new, ["00"] * 8), detector.score(new, ["00"] * 8))
    assert again.domains_ == detector.domains_
    other = KnnDomains(balance=balance).fit(features, ids, seed=3)
    assert not np.allclose(other.score(new, ["00"] * 8), detector.score(new, ["00"] * 8))


def test_a_detector_that_knows_no_domains_learns_as_ever() -> None:
    features, ids, new = log_mels(20), ["00"] * 20, log_mels(5, seed=1)
    plain = KnnBands().fit(features, ids).score(new, ["00"] * 5)
    told = KnnBands().fit_in_domains(features, ids, ["source"] * 10 + ["target"] * 10).score(new, ["00"] * 5)
    np.testing.assert_array_equal(plain, told)


def fan_sound(row: dict[str, object]) -> np.ndarray:
    """A second of a row of the catalogue."""
    sound = simulate_fan(
        str(row["machine_id"]),
        seed=int(str(row["seed"])),
        rpm=float(str(row["speed_rpm"])),
        load=float(str(row["load"])),
        microphone=str(row["microphone"]),
        fault=str(row["fault"]) or None,
        severity=float(str(row["severity"])),
        duration=1.0,
    )
    return sound.samples


@pytest.mark.slow
def test_under_a_simulated_shift_domains_apart_raise_the_target_auc() -> None:
    """Six training clips of another speed, load and microphone beside 120; two draws of both fans. docs/simulator.md has the
    figures of the whole set."""
    domains = {
        "source": Domain((0.85, 0.95, 1.05), (0.2, 0.5), "a", 120, 12, 4),
        "target": Domain((1.15, 1.22, 1.3), (0.65, 0.8), "b", 6, 12, 4),
    }
    gains = []
    for draw in (1, 2):
        clips = build_fan_catalogue(draw, domains)
        features = [
            LogMel().transform(Clip(fan_sound(row)[None], 16_000, "0" * 64, "clip")) for row in clips.to_dict("records")
        ]
        taught, heard = (clips[clips["split"] == split] for split in ("train", "test"))
        material = [features[i] for i in taught.index], taught["machine_id"].tolist()
        tables = []
        for name, detector in (
            ("pooled", KnnDomains(balance=NOTHING).fit(*material)),
            ("apart", KnnDomains().fit_in_domains(*material, taught["domain"].tolist())),
        ):
            raw = detector.score([features[i] for i in heard.index], heard["machine_id"].tolist())
            tables.append(heard.assign(detector=name, raw=raw))
        official = domain_figures(pd.concat(tables), resamples=2).official.set_index("detector")
        names = ["auc_target", "auc_source", "official"]
        gains.append((official.loc["apart", names] - official.loc["pooled", names]).to_numpy(dtype=np.float64))
    target, _, score = np.mean(gains, axis=0)
    assert target > 0.04
    assert score > -0.02  # the source domain pays for it: docs/simulator.md


def test_training_tells_a_detector_the_domains(tmp_path: Path) -> None:
    fans = fan_dataset()
    rows = fans.catalogue.query("machine_id == '00'")
    groups = rows.groupby(["split", "domain", "label"])
    few = pd.concat([group.head(10 if split == "train" else 2) for (split, *_), group in groups], ignore_index=True)
    by_id = few.set_index("clip_id", drop=False)
    small = replace(fans, catalogue=few, source=lambda c: wav_bytes(fan_sound(by_id.loc[c].to_dict()), 16_000))
    train(small, tmp_path / "fans", detectors=["knn_domains"], preset="quick")
    stored = artifacts.load(tmp_path / "fans" / "knn_domains")
    assert isinstance(stored.detector, KnnDomains)
    assert stored.detector.domains_ == {"00": ["source", "target"]}
    assert stored.manifest.diagnostics["domains"] == {"00": ["source", "target"]}


def test_every_fold_of_the_calibration_hears_of_the_domains() -> None:
    """Told of them, folds are fitted as the detector in use is; untold, they score on another scale."""
    features, ids = log_mels(60), ["00"] * 60
    for clip in features[48:]:
        clip += 9.0
    domains, fold = ["source"] * 48 + ["target"] * 12, np.arange(60) % 5
    rest = [i for i in range(60) if fold[i]]
    detector = KnnDomains().fit_in_domains([features[i] for i in rest], ["00"] * 48, [domains[i] for i in rest])
    told = cross_calibration(detector, features, ids, fold, domains=domains)
    expected = []
    for k in range(5):
        others, own = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        again = KnnDomains().fit_in_domains([features[i] for i in others], ["00"] * 48, [domains[i] for i in others])
        expected.extend(again.score([features[i] for i in own], ["00"] * 12))
    np.testing.assert_allclose(sorted(told.scores["00"]), sorted(expected), rtol=1e-9)
    untold = cross_calibration(detector, features, ids, fold)
    assert sorted(untold.scores["00"]) != sorted(told.scores["00"])


def test_copies_of_a_clip_are_no_domain_of_their_own_and_no_measure() -> None:
    rng = np.random.default_rng(0)
    many, one = rng.normal(size=(40, 12)), rng.normal(size=(1, 12))
    few = DomainNeighbours().fit(np.concatenate([many, one, one, one]), domains=["source"] * 40 + ["target"] * 3)
    assert few.names == ["source"]
    close = one + 1e-6 * rng.normal(size=(6, 12))
    near = DomainNeighbours().fit(np.concatenate([many, close]), domains=["source"] * 40 + ["target"] * 6)
    assert near.names == ["source", "target"]
    assert near.spread_.min() == pytest.approx(0.1 * near.spread_.max())
