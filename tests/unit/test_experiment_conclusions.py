"""Sentences, tables and figures of experiments whose truth is known, because it was made up."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
import pytest

from asd_core import artifacts
from asd_core.detectors import detector_keys, is_control
from asd_core.evaluation import auc
from asd_core.experiments import (
    ABOUT,
    BOTH,
    TEST_ONLY,
    Header,
    Stored,
    conclusion,
    dbscan_transfers,
    detector_order,
    experiment_summary,
    read_experiment,
    staleness,
    stored_names,
)
from asd_core.experiments.catalogue import DEFAULT_RULE, EPOCHS, named
from asd_core.experiments.conclusions import UNKNOWN
from asd_core.experiments.dbscan import halves
from asd_core.experiments.records import empty, record
from asd_core.experiments.report import _table
from asd_core.experiments.store import PointRecord
from asd_core.plots import experiment_figures
from asd_core.plots.emphasis import BACKGROUND, DARK_INK
from tests.conftest import ROOT

IDS, N = ("00", "02", "04", "06"), 50
CLIPS = pd.DataFrame(
    [(f"test/{label}_id_{i}_{n:04d}.wav", i, label) for i in IDS for label in ("normal", "anomaly") for n in range(N)],
    columns=["clip_id", "machine_id", "label"],
)


def scores(shift: float | Mapping[str, float], *, noise: float = 0.1) -> np.ndarray:
    """Scores of all clips with anomalies ``shift`` standard deviations up; what clips have in common is common."""
    shared = np.random.default_rng(0).normal(size=len(CLIPS))
    own = np.random.default_rng(crc32(str(shift).encode())).normal(size=len(CLIPS))
    up = CLIPS["machine_id"].map(shift) if isinstance(shift, Mapping) else shift
    return np.asarray(shared + noise * own + up * (CLIPS["label"] == "anomaly"), dtype=np.float64)


def made_up(
    kind: str, raw: Mapping[str, np.ndarray], diagnostics: Mapping[str, dict[str, Any]] | None = None
) -> Stored:
    """An experiment with these points stored, with these scores."""
    about = ABOUT[kind]
    header = Header(
        name=kind,
        kind=kind,
        **vars(about),
        dataset="made up",
        dataset_title="Made up",
        fingerprint="0",
        test_fingerprint="0",
    )
    known = {p.name: p for p in named(kind).points}
    records: list[PointRecord] = [
        record(known[name], fit_seconds=1.0, diagnostics=(diagnostics or {}).get(name, {})) for name in raw
    ]
    tables = [CLIPS.assign(point=name, raw=values.astype(np.float32)) for name, values in raw.items()]
    nothing = empty(header)
    return Stored(header.model_copy(update={"points": records}), pd.concat(tables), nothing.held_out)


def losses(value: float) -> dict[str, Any]:
    return {"train_loss": [9.0, value], "validation_loss": [9.0, value], "best_epoch": 1}


def test_summary_has_the_figures_of_the_scores() -> None:
    raw = {"32 mel bands": scores(0.5), "128 mel bands": scores(1.0)}
    stored = made_up("mels", raw, {"32 mel bands": losses(0.25)})
    table = experiment_summary(stored)
    anomaly = (CLIPS["label"] == "anomaly").to_numpy()
    for row in table.itertuples():
        own = raw[row.point].astype(np.float32)
        each = [auc(own[m & ~anomaly], own[m & anomaly]) for m in (CLIPS["machine_id"] == i for i in IDS)]
        assert row.auc == pytest.approx(np.mean(each))
        assert row.auc_low < row.auc < row.auc_high
    assert table["held_out_loss"].tolist()[0] == 0.25
    assert np.isnan(table["held_out_loss"].tolist()[1])


def test_tuning() -> None:
    tie = conclusion(made_up("mels", {f"{n} mel bands": scores(1.0 + n / 1e5) for n in (32, 64, 128, 256)})).details
    assert "none is better than the default, 128 mel bands, beyond its paired 95% interval" in tie
    assert tie.endswith("none is worse than the default, 128 mel bands beyond it.")
    shifts = {32: 0.2, 64: 1.0, 128: 1.0, 256: 2.0}
    real = conclusion(made_up("mels", {f"{n} mel bands": scores(s) for n, s in shifts.items()})).details
    assert "better than the default, 128 mel bands, beyond the paired 95% interval: 256 mel bands (at best +0." in real
    assert "worse than the default, 128 mel bands: 32 mel bands." in real
    assert "64" not in real.split("better")[1]
    batches = conclusion(made_up("batch_size", {"batch 16": scores(2.0), "batch 64": scores(1.0)})).details
    assert "better than the default, batch 64" in batches
    assert "nothing to compare" in conclusion(made_up("mels", {"64 mel bands": scores(1.0)})).details


def test_an_answer_is_a_few_words_and_follows_the_figures() -> None:
    demo = ROOT / "trained_models" / "demo"
    answers = {name: conclusion(read_experiment(path)).answer for name, path in stored_names(demo).items()}
    assert answers["dbscan"] == "No."
    assert answers["skips"] == "No: lower error, worse detection."
    assert all(0 < len(answer.split()) < 10 and answer.endswith(".") for answer in answers.values()), answers
    shifts = {32: 1.0, 64: 1.0, 128: 3.0, 256: 3.0}
    best = conclusion(made_up("mels", {f"{n} mel bands": scores(s) for n, s in shifts.items()}))
    assert best.answer == "The default beats 2 of 3 other values."
    tie = conclusion(made_up("mels", {f"{n} mel bands": scores(1.0 + n / 1e5) for n in (32, 64, 128)}))
    assert tie.answer == "It makes no clear difference."
    assert conclusion(made_up("mels", {"64 mel bands": scores(1.0)})).answer == UNKNOWN


def test_no_labels_no_conclusion() -> None:
    stored = made_up("mels", {"64 mel bands": scores(1.0), "128 mel bands": scores(2.0)})
    unlabelled = Stored(stored.header, stored.scores.assign(label="unlabelled"), stored.held_out)
    assert conclusion(unlabelled).details.startswith("No AUC can be computed")
    assert conclusion(empty(stored.header)).details.startswith("No AUC can be computed")


def denoised(both: float, test_only: float) -> Stored:
    raw = {}
    for key in ("pca_kde", "pca_lof", "control_rms"):
        raw[f"{key}, undenoised"] = scores(1.0)
        for s in ("0.5", "1"):
            raw[f"{key}, {s} in {BOTH}"] = scores(both)
            raw[f"{key}, {s} in {TEST_ONLY}"] = scores(test_only)
    return made_up("denoising", raw)


def test_denoising() -> None:
    helps = conclusion(denoised(2.0, 0.3)).details
    assert (
        "Denoising training and test clips at 0.5 raises the AUC of 2 of 2 detectors" in helps
    )  # controls do not count
    assert conclusion(denoised(2.0, 0.3)).answer == "Yes, most detectors; harmful on test clips alone."
    assert "Denoising test clips alone at 0.5 raises the AUC of 0 of 2 detectors" in helps
    assert "lowers that of 2 (worst for PCA + KDE, −0." in helps
    assert helps.endswith("Do not denoise for detectors that were trained without it.")
    tie = conclusion(denoised(1.001, 1.001)).details
    assert "raises the AUC of 0 of 2 detectors beyond its paired 95% interval and lowers that of 0; at 1" in tie
    assert "Do not denoise" not in tie
    mixed = denoised(1.001, 1.0)
    late = mixed.scores["point"].str.contains(f"1 in {BOTH}")
    anomaly = mixed.scores["label"] == "anomaly"
    stronger = mixed.scores.assign(raw=mixed.scores["raw"] + 1.0 * (late & anomaly))
    assert conclusion(Stored(mixed.header, stronger, mixed.held_out)).answer == "Moderately, for some detectors."


@pytest.mark.parametrize(
    ("most", "description"),
    [
        (2.5, "More components help as far as the clips allow"),
        (0.2, "Too many components do harm"),
        (1.0001, "makes no"),
    ],
)
def test_components(most: float, description: str) -> None:
    raw = {
        f"{k} components, {rule}": scores(shift)
        for rule in ("likelihood", "Scott's rule")
        for k, shift in ((8, 1.0), (32, 1.0 + 0.6 * (most - 1.0)), (224, most))
    }
    text = conclusion(made_up("components", raw)).details
    assert description in text
    assert "8 components and" in text


def test_bandwidth() -> None:
    tie = conclusion(
        made_up("bandwidth", {f"8 components, bandwidth x {f}": scores(1.0 + f / 1e5) for f in (0.5, 1, 2)})
    ).details
    assert "No other bandwidth is better beyond its paired 95% interval" in tie
    real = conclusion(
        made_up("bandwidth", {f"8 components, bandwidth x {f}": scores(s) for f, s in ((0.5, 1.6), (1, 1.0), (2, 0.5))})
    ).details
    assert "test labels would choose another bandwidth" in real


@pytest.mark.parametrize(
    ("skip_loss", "skip_shift", "messages"),
    [
        (0.01, 0.6, ["the lower error is the worse detection", "The network with skips still does better than chance"]),
        (0.01, 1.2001, ["the lower error is no better detection"]),
        (0.01, 2.5, ["the lower error is the better detection"]),
        (0.9, 0.3, ["here skips do not lower the error"]),
        (0.01, 0.0, ["the lower error is the worse detection", "detects nothing beyond chance"]),
    ],
)
def test_skips(skip_loss: float, skip_shift: float, messages: list[str]) -> None:
    raw = {
        "cnn_ae, 1 epochs": scores(1.0),
        f"cnn_ae, {EPOCHS[-1]} epochs": scores(1.2),
        "cnn_ae_skip, 1 epochs": scores(0.9),
        f"cnn_ae_skip, {EPOCHS[-1]} epochs": scores(skip_shift),
    }
    fallen = {name: losses(0.5 if name.startswith("cnn_ae,") else skip_loss) for name in raw}
    stored = made_up("skips", raw, fallen)
    text = conclusion(stored).details
    for description in messages:
        assert description in text
    assert f"CNN autoencoder, 1 to {EPOCHS[-1]} epochs: held-out loss 0.5 to 0.5" in text


def test_halves_are_disjoint_and_balanced() -> None:
    table = CLIPS.assign(point="a", raw=0.0)
    table = pd.concat([table, table.assign(point="b")], ignore_index=True)
    ways = halves(table)
    assert [name for name, *_ in ways] == [
        "half of the clips",
        "the other half of the clips",
        "ids 00, 02",
        "ids 04, 06",
    ]
    for name, tuned, with_decisions in ways:
        one, other = set(table[tuned]["clip_id"]), set(table[with_decisions]["clip_id"])
        assert not one & other
        assert len(one | other) == len(CLIPS)
        if name.startswith("ids"):
            assert set(table[tuned]["machine_id"]).isdisjoint(table[with_decisions]["machine_id"])
        else:
            counts = table[tuned].groupby(["point", "machine_id", "label"]).size()
            assert set(counts) == {N // 2}
    shuffled = halves(table.sample(frac=1.0, random_state=1))
    assert set(table[ways[0][1]]["clip_id"]) == set(table.loc[shuffled[0][1][lambda m: m].index]["clip_id"])
    assert len(halves(table[table["machine_id"] == "00"])) == 2


def test_dbscan_that_carries_over_and_that_does_not() -> None:
    everywhere = {
        DEFAULT_RULE: scores(0.3),
        "eps 1, min_samples 2": scores(2.0),
        "eps 2, min_samples 2": scores(0.5),
    }
    stored = made_up("dbscan", everywhere)
    table = dbscan_transfers(stored)
    assert table["chosen"].tolist() == ["eps 1, min_samples 2"] * 4
    assert (table["low"] > 0).all()
    assert "The tuning carries over." in conclusion(stored).details
    assert conclusion(stored).details.startswith("**Oracle.**")
    # Points that are good on some ids alone: what is chosen there is worse than the rule elsewhere.
    front, back = {"00": 2.0, "02": 2.0, "04": 0.0, "06": 0.0}, {"00": 0.0, "02": 0.0, "04": 2.0, "06": 2.0}
    overfitted = made_up(
        "dbscan",
        {
            DEFAULT_RULE: scores(1.0),
            "eps 1, min_samples 2": scores(front),
            "eps 2, min_samples 2": scores(back),
            "eps 3, min_samples 2": scores(1.2),
        },
    )
    by_ids = dbscan_transfers(overfitted).query("by == 'ids'").set_index("tuned_on")
    assert by_ids["chosen"].to_dict() == {"ids 00, 02": "eps 1, min_samples 2", "ids 04, 06": "eps 2, min_samples 2"}
    assert (by_ids["oracle"] > 0.9).all()
    assert (by_ids["high"] < 0).all()
    assert by_ids["oracle_elsewhere"].to_list() == by_ids["oracle"].to_list()[::-1]
    assert "does harm when tuned on “ids 00, 02” and “ids 04, 06”" in conclusion(overfitted).details
    nothing = made_up("dbscan", {DEFAULT_RULE: scores(1.0), "eps 1, min_samples 2": scores(1.0001)})
    assert "the tuning does not carry over" in conclusion(nothing).details
    assert "nothing can be said" in conclusion(made_up("dbscan", {"eps 1, min_samples 2": scores(1.0)})).details


def test_figures_and_tables_of_every_kind() -> None:
    skips = {f"{k}, {n} epochs": scores(1.0) for k in ("cnn_ae", "cnn_ae_skip") for n in (1, 2)}
    kinds = {
        "denoising": denoised(1.5, 0.5),
        "mels": made_up("mels", {"64 mel bands": scores(1.0), "128 mel bands": scores(1.1)}),
        "components": made_up("components", {"8 components, likelihood": scores(1.0)}),
        "skips": made_up("skips", skips, {name: losses(0.1 + len(name) / 100) for name in skips}),
        "dbscan": made_up("dbscan", {DEFAULT_RULE: scores(1.0), "eps 1, min_samples 2": scores(1.1)}),
    }
    for kind, stored in kinds.items():
        figures = experiment_figures(stored, experiment_summary(stored))
        assert len(figures) == (2 if kind in ("denoising", "skips", "dbscan") else 1)
        for figure in figures.values():
            assert {trace.type for trace in figure.data} == {"scatter"}
            assert figure.layout.xaxis.title.text
        assert _table(stored).count("\n") >= 2
    both, alone = experiment_figures(kinds["denoising"], experiment_summary(kinds["denoising"])).values()
    lines = {trace.name: trace for trace in both.data if trace.name}
    assert set(lines) == {"PCA + KDE", "PCA + LOF", "Control: clip level"}
    assert list(lines["PCA + KDE"].x) == [0.0, 0.5, 1.0]
    assert lines["PCA + KDE"].y[2] > next(t for t in alone.data if t.name == "PCA + KDE").y[2]
    assert "| PCA + KDE |" in _table(kinds["denoising"])
    of_one = replace(kinds["skips"], scores=kinds["skips"].scores.query("machine_id == '00'"))
    for stored, called in ((kinds["skips"], "mean AUC over machine ids"), (of_one, "AUC")):
        for figure in experiment_figures(stored, experiment_summary(stored)).values():
            assert figure.layout.yaxis.title.text == f"{called} (95% interval)"
    assert experiment_figures(empty(kinds["mels"].header), experiment_summary(empty(kinds["mels"].header))) == {}


def test_of_many_detectors_the_best_stand_out_and_the_legend_is_in_the_order_of_auc() -> None:
    others = [key for key in detector_keys() if key != "fusion" and not is_control(key)]
    keys = [*others[:10], "control_rms", "control_random"]
    distances = {key: 0.1 + 0.2 * place for place, key in enumerate(keys)}  # the last are the best
    points = {f"{key}, undenoised": scores(d) for key, d in distances.items()}
    points |= {f"{key}, 1 in {BOTH}": scores(3.0 - d) for key, d in distances.items()}  # denoised, the first are
    stored = made_up("denoising", points)
    table = experiment_summary(stored)
    order = detector_order(stored, table)
    auc = table[(table["x"] == 0.0) & (table["series"] == BOTH)].set_index("detector")["auc"]
    assert order == auc.sort_values(ascending=False).index.tolist()
    (figure, _) = experiment_figures(stored, table, dark=True).values()
    lines = {t.legendgroup: t for t in figure.data if t.legendgroup and t.showlegend is not False}
    assert sorted(lines, key=lambda key: lines[key].legendrank) == order
    best = [key for key in order if not is_control(key)][:7]
    assert {key for key in lines if lines[key].line.color not in (BACKGROUND, DARK_INK)} == set(best)
    assert [key for key in lines if lines[key].line.color == DARK_INK] == [key for key in order if is_control(key)][:1]
    assert not figure.layout.annotations  # the legend has the names
    assert all(lines[key].visible is not False for key in order)  # grey, and there to be pointed at
    assert [t for t in figure.data if t.fill == "toself"] == []  # so many intervals cannot be told apart
    assert figure.layout.xaxis.range == pytest.approx((-0.04, 1.04))


def test_what_is_said_of_a_stale_experiment_names_the_detector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = denoised(1.5, 0.5).header
    point = header.points[0].model_copy(update={"model_version": "0000"})
    trained = {point.detector: SimpleNamespace(data_fingerprint=header.fingerprint, weights_sha256="ffff")}
    monkeypatch.setattr(artifacts, "trained_keys", lambda _: list(trained))
    monkeypatch.setattr(artifacts, "read_manifest", lambda path: trained[path.name])
    said = staleness(header.model_copy(update={"points": [point]}), tmp_path)
    assert "was run before PCA + KDE was trained again" in said
