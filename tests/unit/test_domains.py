"""Figures by section and domain, and DCASE's official scores: by hand, and as the organisers' evaluators compute them."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import hmean
from sklearn.metrics import roc_auc_score

from asd_core.cli.app import main
from asd_core.datasets import open_dataset
from asd_core.evaluation import domain_figures, harmonic_mean, has_domains, other_machine_type, untrained_domains
from asd_core.training import train
from tests.domain_set import write_domains


def table(clips: list[tuple[str, str, str, float]], detector: str = "d") -> pd.DataFrame:
    """Rows of machine id, domain, label, score."""
    rows = pd.DataFrame(clips, columns=["machine_id", "domain", "label", "raw"])
    return rows.assign(detector=detector, clip_id=[f"{k}.wav" for k in range(len(rows))])


def by_hand() -> pd.DataFrame:
    """One section: source normals 1, 2 and anomaly 3; target normals 2.5, 4 and anomaly 3.5."""
    clips = [("source", "normal", 1.0), ("source", "normal", 2.0), ("source", "anomaly", 3.0)]
    clips += [("target", "normal", 2.5), ("target", "normal", 4.0), ("target", "anomaly", 3.5)]
    return table([("00", *clip) for clip in clips])


def test_both_rules_by_hand() -> None:
    """2021: source 3 > 1, 2: AUC 1; target 3.5 > 2.5 alone: 1/2. 2022: both anomalies above both source normals: 1; of the four
    target pairs two: 1/2."""
    for rule in ("2021", "2022"):
        figures = domain_figures(by_hand(), rule, resamples=50)  # type: ignore[arg-type]
        sections = figures.sections.set_index("domain")
        assert sections.loc["source", "auc"] == 1.0
        assert sections.loc["target", "auc"] == 0.5
    assert figures.sections.set_index("domain")["n_anomaly"].to_dict() == {"source": 2, "target": 2}
    # 2022: AUC 1 and 1/2, and the pAUC of all six clips, in which no anomaly lies above all normal clips: 0.5 (1 - 0.005/0.095).
    lowest = 0.5 * (1 - 0.005 / 0.095)
    row = figures.official.iloc[0]
    assert row["official"] == pytest.approx(3 / (1 / 1.0 + 1 / 0.5 + 1 / lowest))
    assert row["arithmetic"] == pytest.approx((1.0 + 0.5 + lowest) / 3)
    assert (row["auc_source"], row["auc_target"], row["n_figures"]) == (1.0, 0.5, 3)
    # 2021: source 1 and 1, target 1/2 and the lowest pAUC.
    row = domain_figures(by_hand(), "2021", resamples=50).official.iloc[0]
    assert row["official"] == pytest.approx(4 / (1 / 1.0 + 1 / 1.0 + 1 / 0.5 + 1 / lowest))
    assert row["n_figures"] == 4


def drawn(seed: int = 0, detectors: tuple[str, ...] = ("a", "b")) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    clips = [
        (section, domain, label, 0.0)
        for section in ("03", "04", "05")
        for domain, count in (("source", 40), ("target", 25))
        for label in ("normal", "anomaly")
        for _ in range(count)
    ]
    tables = []
    for index, detector in enumerate(detectors):
        one = table(clips, detector)
        shift = (one["label"] == "anomaly") * (1.5 - 0.6 * index) + (one["domain"] == "target") * 0.8
        tables.append(one.assign(raw=(rng.normal(size=len(one)) + shift).round(1)))
    return pd.concat(tables, ignore_index=True)


def of(clips: pd.DataFrame, max_fpr: float | None = None) -> float:
    return float(roc_auc_score(clips["label"] == "anomaly", clips["raw"], max_fpr=max_fpr))


def test_official_scores_are_those_of_scikit_learn_and_scipy() -> None:
    scores = drawn()
    for detector in ("a", "b"):
        mine = scores[scores["detector"] == detector]
        old, new = [], []
        for _, section in mine.groupby("machine_id"):
            new.append(of(section, 0.1))
            for domain in ("source", "target"):
                here = section["domain"] == domain
                old += [of(section[here]), of(section[here], 0.1)]
                new.append(of(section[here | (section["label"] == "anomaly")]))
        for rule, expected in (("2021", old), ("2022", new)):
            official = domain_figures(scores, rule, resamples=20).official.set_index("detector")  # type: ignore[arg-type]
            assert official.loc[detector, "official"] == pytest.approx(hmean(expected))
            assert official.loc[detector, "arithmetic"] == pytest.approx(np.mean(expected))
            assert official.loc[detector, "n_figures"] == len(expected)
    assert official.index.tolist() == ["a", "b"]  # the best first
    values = np.array([[0.0, 0.2], [0.5, 0.9]])
    assert harmonic_mean(values) == pytest.approx(hmean(np.maximum(values, np.finfo(float).eps), axis=0))


def test_intervals_hold_the_figures_and_hang_on_nothing_but_the_clips() -> None:
    scores = drawn()
    figures = domain_figures(scores)
    for name in ("auc", "pauc"):
        assert figures.sections[name].between(figures.sections[f"{name}_low"], figures.sections[f"{name}_high"]).all()
    official = figures.official
    assert official["official"].between(official["official_low"], official["official_high"]).all()
    width = (figures.sections["auc_high"] - figures.sections["auc_low"]).groupby(figures.sections["domain"]).mean()
    assert width["source"] < width["target"]  # 40 and 25 normal clips
    alone = domain_figures(scores[scores["detector"] == "a"].sample(frac=1.0, random_state=1))
    expected = figures.sections.query("detector == 'a'").reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.sections, expected)
    assert (official["official_high"] - official["official_low"]).max() < 0.12


def test_intervals_of_the_official_score_cover_the_truth_about_as_often_as_they_say() -> None:
    """The figure of very many clips stands for the truth."""
    rng = np.random.default_rng(5)

    def run(count: int) -> pd.DataFrame:
        clips = [
            ("00", d, label, 0.0) for d in ("source", "target") for label in ("normal", "anomaly") for _ in range(count)
        ]
        one = table(clips)
        shift = (one["label"] == "anomaly") * 1.2 + (one["domain"] == "target") * 0.5
        return one.assign(raw=rng.normal(size=len(one)) + shift)

    truth = domain_figures(run(40_000), resamples=2).official.loc[0, "official"]
    rows = [domain_figures(run(60), resamples=200).official.iloc[0] for _ in range(100)]
    assert sum(row["official_low"] <= truth <= row["official_high"] for row in rows) >= 88


def test_what_is_missing_is_said_and_ranked_last() -> None:
    scores = drawn()
    fewer = scores[(scores["detector"] == "b") | (scores["machine_id"] != "05")]
    official = domain_figures(fewer).official.set_index("detector")
    assert official["n_missing"].to_dict() == {"b": 0, "a": 3}
    assert official.index.tolist() == ["b", "a"]
    # Each has figures that the other one has not, and as many.
    apart = scores[~scores["machine_id"].where(scores["detector"] == "a", "").eq("05")]
    apart = apart[~apart["machine_id"].where(apart["detector"] == "b", "").eq("03")]
    official = domain_figures(apart).official.set_index("detector")
    assert official[["n_figures", "n_missing"]].to_numpy().tolist() == [[6, 3], [6, 3]]
    none = scores[(scores["domain"] == "source") | (scores["label"] == "normal")]
    sections = domain_figures(none, "2021").sections.query("domain == 'target'")
    assert sections["auc"].isna().all()
    assert (sections["n_anomaly"] == 0).all()


def test_a_catalogue_of_one_domain_has_none() -> None:
    scores = drawn()
    assert has_domains(scores)
    assert not has_domains(scores[scores["domain"] == "source"])
    assert not has_domains(scores.drop(columns="domain"))
    assert not has_domains(scores[(scores["domain"] == "source") | (scores["label"] == "anomaly")])
    each_one = scores[(scores["domain"] == "source") == (scores["machine_id"] == "03")]
    assert not has_domains(each_one)  # a domain a machine: there is nothing to compare
    json.dumps(domain_figures(scores).official.to_dict("records"))


def test_a_domain_that_was_never_trained_is_named() -> None:
    tested = drawn()
    pairs = [(i, d) for i in ("03", "04", "05") for d in ("source", "target")]
    trained = pd.DataFrame(pairs, columns=["machine_id", "domain"])
    assert untrained_domains(trained, tested) == ""
    without = trained[(trained["domain"] == "source") | (trained["machine_id"] == "04")]
    sentence = untrained_domains(without, tested)
    assert "100 clips of the target domain (machine ids 03 and 05)" in sentence  # each once, not once a detector
    assert sentence.startswith("No normal clip of their domain was trained on for")
    assert untrained_domains(without, tested[tested["domain"] == "source"]) == ""
    # A machine that nothing is known of is another matter, and a table without domains says nothing.
    assert "(machine id 03)" in untrained_domains(without[without["machine_id"] != "05"], tested)
    assert untrained_domains(without.drop(columns="domain"), tested) == ""
    assert untrained_domains(trained, tested.assign(domain="")) == ""  # nor does a clip without one
    assert untrained_domains(trained, tested[:0]) == ""  # nor does a dataset without test clips
    # Recordings of which none is for training (any more), or of other machines: their page once failed.
    assert untrained_domains(trained[:0], tested) == ""
    assert untrained_domains(trained.assign(machine_id="99"), tested) == ""


def test_recordings_of_another_machine_type_are_doubted() -> None:
    trained, tested = pd.DataFrame({"machine_type": ["slider"]}), pd.DataFrame({"machine_type": ["fan", "slider"]})
    sentence = other_machine_type(trained, tested)
    assert sentence.startswith(
        "These detectors learned slider, and the recordings are of fan: unless that is another name"
    )
    assert other_machine_type(trained, tested[1:]) == ""
    assert other_machine_type(trained[:0], tested) == ""  # training stored no table
    assert other_machine_type(trained, tested[["machine_type"]].iloc[:0]) == ""


def test_evaluating_fans_by_detectors_of_slide_rails_says_so(
    factory: Path, small_models: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have a machine id 00."""
    arguments = ["asd_core", "evaluate", "--data", str(factory / "fan"), "--models", str(small_models)]
    monkeypatch.setattr(sys, "argv", arguments)
    assert main() == 0
    assert "the recordings are of fan: unless that is another name" in " ".join(capsys.readouterr().err.split())


def test_training_and_evaluating_say_which_domain_was_never_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_domains(tmp_path / "recordings")
    for path in (tmp_path / "recordings").rglob("section_01_target_train_*"):
        path.unlink()
    said: list[str] = []
    models = tmp_path / "models"
    train(open_dataset(tmp_path / "recordings"), models, detectors=["control_rms"], notify=said.append)
    expected = "12 clips of the target domain (machine id 01)"
    assert sum(expected in sentence for sentence in said) == 1
    arguments = ["asd_core", "evaluate", "--data", str(tmp_path / "recordings"), "--models", str(models)]
    monkeypatch.setattr(sys, "argv", arguments)
    assert main() == 0
    assert expected in " ".join("".join(capsys.readouterr()).split())
    # A clip of the domain that comes later is no clip that was trained on.
    late = next((tmp_path / "recordings").rglob("section_01_target_test_normal_0000*"))
    (late.parent.parent / "train" / "section_01_target_train_normal_0000_vel_01.wav").write_bytes(late.read_bytes())
    assert main() == 0
    assert expected in " ".join("".join(capsys.readouterr()).split())
