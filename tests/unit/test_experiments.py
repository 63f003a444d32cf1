"""Running and storing experiments: resuming, stale results, denoising both ways, sweeps, and the command."""

import json
import os
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core.datasets import Dataset
from asd_core.detectors.pca_kde import PcaKde
from asd_core.errors import ArtifactError, TrainingError
from asd_core.experiments import (
    ABOUT,
    BOTH,
    POINTS_FILE,
    TEST_ONLY,
    Point,
    Stored,
    experiment_summary,
    experiments_section,
    read_experiment,
    staleness,
    store,
    sweep,
    sweepable,
)
from asd_core.experiments.catalogue import named
from asd_core.experiments.runner import run
from asd_core.experiments.store import EXPERIMENTS_FOLDER
from asd_core.experiments.variants import PcaDbscanTuned, PcaKdeBandwidth
from asd_core.features import BandSpectrum, Denoised, Level, LogMel
from asd_core.plots import experiment_figures
from asd_core.report.results_page import stored_scores
from asd_core.settings import Settings
from asd_core.sound import denoise_mix, prepare
from asd_core.training import train

pytestmark = pytest.mark.slow


def raw(stored: Stored, point: str) -> np.ndarray:
    own = stored.scores[stored.scores["point"] == point].sort_values("clip_id")
    return own["raw"].to_numpy()


def test_a_run_goes_on_where_it_stopped(
    small_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = sweep("pca_kde", "n_components", ["2", "1", "4"])

    def interrupt(fraction: float, message: str) -> None:
        if "n_components 2" in message:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(experiment, small_dataset, tmp_path / "none", out=tmp_path, progress=interrupt)
    folder = tmp_path / experiment.name
    first = read_experiment(folder)
    assert [p.name for p in first.header.points] == ["n_components 1"]
    assert len(first.scores) == 24

    fit = PcaKde.fit

    def only_the_others(self: PcaKde, *args: object, **kwargs: object) -> PcaKde:
        assert self.n_components != 1, "trained again"
        return fit(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(PcaKde, "fit", only_the_others)
    run(experiment, small_dataset, tmp_path / "none", out=tmp_path)
    monkeypatch.setattr(PcaKde, "fit", lambda *_, **__: pytest.fail("trained again"))
    done = run(experiment, small_dataset, tmp_path / "none", out=tmp_path)
    assert [p.x for p in done.header.points] == [1.0, 2.0, 4.0]
    np.testing.assert_array_equal(raw(done, "n_components 1"), raw(first, "n_components 1"))
    assert {p.fit_seconds is not None for p in done.header.points} == {True}
    # A sweep keeps the values that were swept before, in the order of the values.
    monkeypatch.setattr(PcaKde, "fit", fit)
    more = run(sweep("pca_kde", "n_components", [3]), small_dataset, tmp_path / "none", out=tmp_path)
    assert [p.x for p in more.header.points] == [1.0, 2.0, 3.0, 4.0]


def test_points_of_other_clips_or_parameters_are_run_again(small_dataset: Dataset, tmp_path: Path) -> None:
    experiment = sweep("pca_kde", "n_components", [2])
    said: list[str] = []
    before = run(experiment, small_dataset, tmp_path / "none", out=tmp_path, notify=said.append)
    assert said == []
    catalogue = small_dataset.catalogue
    gone = catalogue[catalogue["split"] == "train"]["clip_id"].iloc[0]
    fewer = replace(small_dataset, catalogue=catalogue[catalogue["clip_id"] != gone])
    after = run(experiment, fewer, tmp_path / "none", out=tmp_path, notify=said.append)
    assert "run on other clips" in said[0]
    assert after.header.fingerprint != before.header.fingerprint
    assert not np.array_equal(raw(after, "n_components 2"), raw(before, "n_components 2"))
    # A stored point whose parameters are no longer the detector's is another point.
    path = tmp_path / experiment.name / POINTS_FILE
    content = json.loads(path.read_text())
    content["points"][0]["spec"]["parameters"]["residual"] = True
    path.write_text(json.dumps(content))
    said.clear()
    run(experiment, fewer, tmp_path / "none", out=tmp_path, notify=said.append)
    assert "other parameters" in said[0]
    assert json.loads(path.read_text())["points"][0]["spec"]["parameters"]["residual"] is False


def of_other_clips(stored: Stored) -> Stored:
    """The same points with other scores."""
    header = stored.header.model_copy(update={"fingerprint": "others"})
    return Stored(header, stored.scores.assign(raw=-stored.scores["raw"]), stored.held_out)


@pytest.mark.parametrize("other", ["clips", "parameters"])
def test_a_run_that_is_stopped_while_it_stores_leaves_no_point_with_the_scores_of_another(
    other: str, small_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = sweep("pca_kde", "n_components", [1, 2])
    new = run(experiment, small_dataset, tmp_path / "none", out=tmp_path / "new")
    void, kept = new.header.points
    old = of_other_clips(new)
    if other == "parameters":  # of the first point only
        header = new.header.model_copy(update={"points": [void.model_copy(update={"spec": {}}), kept]})
        old = Stored(header, old.scores.where(old.scores["point"] == void.name, new.scores), old.held_out)
    move, moves_left = os.replace, 0

    def stopping(source: str, target: Path) -> None:
        nonlocal moves_left
        if tmp_path in target.parents:
            if not moves_left:
                raise KeyboardInterrupt
            moves_left -= 1
        move(source, target)

    for number in range(100):
        folder = tmp_path / str(number) / experiment.name
        store.write_experiment(old, folder)
        moves_left = number
        with monkeypatch.context() as patched, suppress(KeyboardInterrupt):
            patched.setattr(os, "replace", stopping)
            done = run(experiment, small_dataset, tmp_path / "none", out=folder.parent)
            break
        stored = read_experiment(folder) if (folder / POINTS_FILE).exists() else new
        for point in stored.header.points:
            its_own = old if point in old.header.points and stored.header.fingerprint == old.header.fingerprint else new
            np.testing.assert_array_equal(raw(stored, point.name), raw(its_own, point.name))
        assert other == "clips" or kept in stored.header.points
    assert number > 1
    pd.testing.assert_frame_equal(done.scores, new.scores)


def test_what_is_read_while_a_run_stores_is_of_one_time(
    small_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = sweep("pca_kde", "n_components", [1, 2])
    new = run(experiment, small_dataset, tmp_path / "none", out=tmp_path / "new")
    store.write_experiment(of_other_clips(new), tmp_path)
    read, storing = pd.read_parquet, [new]

    def read_late(path: Path) -> pd.DataFrame:
        if storing:
            store.write_experiment(storing.pop(), tmp_path)
        return read(path)

    monkeypatch.setattr(pd, "read_parquet", read_late)
    stored = read_experiment(tmp_path)
    assert not storing
    assert stored.header == new.header
    pd.testing.assert_frame_equal(stored.scores, new.scores)


def test_stored_detectors_are_used_and_a_newer_training_makes_points_stale(
    small_dataset: Dataset, small_models: Path, tmp_path: Path
) -> None:
    experiment = named("denoising", detectors=["pca_kde", "control_rms"])
    few = replace(experiment, chosen=frozenset({"pca_kde, undenoised", "control_rms, undenoised"}))
    done = run(few, small_dataset, small_models, out=tmp_path)
    trained = stored_scores(small_models)
    for point in done.header.points:
        assert point.model_version is not None
        own = trained[trained["detector"] == point.detector].sort_values("clip_id")["raw"].to_numpy()
        np.testing.assert_allclose(raw(done, point.name), own, rtol=1e-6)
    alone = run(few, small_dataset, tmp_path / "none", out=tmp_path / "fitted")
    np.testing.assert_allclose(raw(alone, "pca_kde, undenoised"), raw(done, "pca_kde, undenoised"), rtol=1e-5)
    assert staleness(done.header, small_models) == ""
    older = done.header.points[0].model_copy(update={"model_version": "00000000"})
    assert "trained again" in staleness(done.header.model_copy(update={"points": [older]}), small_models)
    assert "other clips" in staleness(done.header.model_copy(update={"fingerprint": "0"}), small_models)


def test_denoising_both_and_test_only(small_dataset: Dataset, tmp_path: Path) -> None:
    experiment = named("denoising", detectors=["pca_kde"])
    names = {f"pca_kde, {s} in {way}" for s in ("0.5", "1") for way in (BOTH, TEST_ONLY)} | {"pca_kde, undenoised"}
    done = run(replace(experiment, chosen=frozenset(names)), small_dataset, tmp_path / "none", out=tmp_path)
    scores = {name: raw(done, name) for name in names}
    assert len({values.tobytes() for values in scores.values()}) == 5
    # Test clips alone: the very detector of the undenoised point, on denoised sound.
    rows = small_dataset.rows(split="train", label="normal")
    from asd_core.datasets import held_out

    clips = [small_dataset.read(c) for c in rows["clip_id"]]
    fitted = ~held_out([c.sha256 for c in clips], rows["machine_id"].tolist())
    vectors = [BandSpectrum().transform(prepare(c)) for c, f in zip(clips, fitted, strict=True) if f]
    detector = PcaKde().fit(vectors, rows["machine_id"][fitted].tolist())
    test = small_dataset.rows(split="test").sort_values("clip_id")
    heard = []
    for clip_id in test["clip_id"]:
        clip = prepare(small_dataset.read(clip_id))
        mix = denoise_mix(clip.samples[0], clip.sample_rate)
        heard.append(BandSpectrum().transform(clip.with_samples(mix.at(0.5))))
    expected = detector.score(heard, test["machine_id"].tolist())
    np.testing.assert_allclose(scores[f"pca_kde, 0.5 in {TEST_ONLY}"], expected, rtol=1e-5)
    # Both curves start at the undenoised point, and both have a figure.
    table = experiment_summary(done)
    assert table[table["x"] == 0.0]["series"].tolist() == [BOTH, TEST_ONLY]
    assert list(experiment_figures(done, table)) == [f"Denoised: {BOTH}", f"Denoised: {TEST_ONLY}"]


def test_strength_0_is_no_denoising(small_dataset: Dataset) -> None:
    point = Point("p", BOTH, 0.0, "cnn_ae")
    assert point.representation(0.0) == LogMel()
    assert point.representation(0.5) == Denoised(LogMel(), 0.5)
    assert "trained_at" in point.spec()
    assert point.spec() != replace(point, tested_at=0.5).spec()
    clip = prepare(small_dataset.read(small_dataset.catalogue["clip_id"].iloc[0]))
    other = prepare(small_dataset.read(small_dataset.catalogue["clip_id"].iloc[1]))
    for strength in (0.25, 1.0):
        for each in (clip, other):
            mix = denoise_mix(each.samples[0], each.sample_rate)
            expected = Level().transform(each.with_samples(mix.at(strength)))
            np.testing.assert_array_equal(Denoised(Level(), strength).transform(each), expected)


def test_fusion_is_that_of_training(small_dataset: Dataset, tmp_path: Path) -> None:
    keys = ["pca_kde", "gwrp_gaussian", "knn_bands", "fusion"]
    train(small_dataset, tmp_path / "m", detectors=keys, preset="quick")
    experiment = named("denoising", preset="quick", detectors=keys)
    chosen = [p.name for p in experiment.points if p.detector in keys and p.x in (0.0, 1.0)]
    said: list[str] = []
    few = replace(experiment, chosen=frozenset(chosen))
    done = run(few, small_dataset, tmp_path / "m", notify=said.append)
    assert said == []
    assert done.header.name == "denoising-quick"
    trained = stored_scores(tmp_path / "m").query("detector == 'fusion'").sort_values("clip_id")["raw"].to_numpy()
    np.testing.assert_allclose(raw(done, "fusion, undenoised"), trained, rtol=1e-4)
    for way in (BOTH, TEST_ONLY):
        assert not np.allclose(raw(done, f"fusion, 1 in {way}"), trained, rtol=1e-3)
    run(named("denoising", detectors=["fusion"]), small_dataset, tmp_path / "none", out=tmp_path, notify=said.append)
    assert "Fusion is left out" in said[0]


def test_few_bands_are_repeated_for_the_network(small_dataset: Dataset) -> None:
    from asd_core.detectors.cnn_ae import CnnAe

    points = {p.x: p for p in named("mels").points}
    clip = prepare(small_dataset.read(small_dataset.catalogue["clip_id"].iloc[0]))
    features = points[32].representation(0.0).transform(clip)
    np.testing.assert_array_equal(features[::2], LogMel(n_mels=32).transform(clip))
    np.testing.assert_array_equal(features[::2], features[1::2])
    assert points[64].representation(0.0) == LogMel(n_mels=64)
    assert points[128].representation(0.0) == LogMel()
    for x in (32, 64, 256):
        shown = points[x].representation(0.0).transform(clip)
        detector = CnnAe(epochs=0).fit([shown + i for i in range(8)], ["00"] * 8)
        assert np.isfinite(detector.score([shown], ["00"])).all()


def test_variants_turn_what_they_say() -> None:
    rng = np.random.default_rng(0)
    vectors = [v for v in rng.normal(size=(60, 12)).astype(np.float32)]
    ids = ["00"] * 60
    rule = PcaKde(n_components=4).fit(vectors, ids).models_["00"]
    same = PcaKdeBandwidth(n_components=4).fit(vectors, ids)
    double = PcaKdeBandwidth(n_components=4, factor=2.0).fit(vectors, ids)
    scott = PcaKdeBandwidth(n_components=4, scott=True).fit(vectors, ids)
    fixed = PcaKdeBandwidth(n_components=4, fixed=0.7).fit(vectors, ids)
    bandwidth = rule.bandwidth_  # type: ignore[attr-defined]
    found = [d.diagnostics_["bandwidth"] for d in (same, double, scott, fixed)]
    assert found == pytest.approx([bandwidth, 2 * bandwidth, 60 ** (-1 / 8), 0.7])
    assert not np.allclose(double.score(vectors, ids), same.score(vectors, ids))
    narrow, wide = (PcaDbscanTuned(eps=eps).fit(vectors, ids).score(vectors, ids) for eps in (0.01, 3.0))
    assert set(narrow) == {0.0}  # nothing is dense enough: all clips are alike
    assert len(set(wide)) > 1
    assert (wide <= 1.0).mean() > 0.9


@pytest.mark.parametrize(
    ("arguments", "description"),
    [
        (("nothing", "x", [1]), "Unknown detector 'nothing'"),
        (("control_rms", "x", [1]), "Control: clip level has no parameter"),
        (("fusion", "use_maximum", ["true"]), "learns from other detectors' scores"),
        (("pca_kde", "bandwidth", [1]), "no parameter 'bandwidth'; it has: n_components, residual"),
        (("pca_kde", "n_components", []), "No values of n_components"),
        (("pca_kde", "n_components", ["two"]), "'two' is no value of n_components"),
        (("pca_kde", "n_components", ["1.5"]), "takes whole numbers"),
        (("pca_kde", "n_components", ["500"]), "outside 1 to 128"),
        (("pca_kde", "residual", ["2"]), "it is true or false"),
        (("cnn_ae", "learning_rate", ["nan"]), "outside"),
    ],
)
def test_a_sweep_that_cannot_be(arguments: tuple[str, str, list[str]], description: str) -> None:
    with pytest.raises(TrainingError, match=description):
        sweep(*arguments)


def test_every_sweepable_detector_has_a_sweep() -> None:
    from asd_core.detectors import detector_class

    for key in sweepable():
        row = detector_class(key).parameter_table()[0]
        assert [p.x for p in sweep(key, row.name, [row.default, row.low]).points] == sorted({row.default, row.low})
    assert [p.x for p in sweep("pca_kde", "residual", ["TRUE", "false", "true"]).points] == [0.0, 1.0]


def test_named_experiments_are_whole() -> None:
    for kind in ABOUT:
        experiment = named(kind)
        names = [p.name for p in experiment.points]
        assert len(set(names)) == len(names)
        specs = [json.dumps(p.spec(), sort_keys=True) for p in experiment.points]
        assert len(set(specs)) == len(specs), kind
        assert named(kind, preset="quick", seed=2).name == f"{kind}-quick-seed2"
    assert {p.preset for p in named("denoising").points if p.detector == "f_anogan"} == {"quick"}
    for point in named("skips").points:
        parameters = point.parameters()
        assert parameters["patience"] == parameters["epochs"] == point.x
    with pytest.raises(TrainingError, match="There is no experiment 'noise'"):
        named("noise")
    with pytest.raises(TrainingError, match="no points of pca_kde; it has: cnn_ae"):
        named("mels", detectors=["pca_kde"])


def test_damaged_and_missing_experiments_are_named(small_dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no stored experiment"):
        read_experiment(tmp_path / "x")
    experiment = sweep("pca_kde", "n_components", [1])
    run(experiment, small_dataset, tmp_path / "none", out=tmp_path)
    folder = tmp_path / experiment.name
    (folder / store.SCORES).write_bytes(b"no")
    with pytest.raises(ArtifactError, match="damaged"):
        read_experiment(folder)
    (folder / POINTS_FILE).write_text('{"schema_version": 99}')
    with pytest.raises(ArtifactError, match="schema version 99"):
        read_experiment(folder)
    (folder / POINTS_FILE).write_text("[]")
    with pytest.raises(ArtifactError, match="damaged"):
        read_experiment(folder)


def test_nothing_to_learn_from_is_said(small_dataset: Dataset, tmp_path: Path) -> None:
    catalogue = small_dataset.catalogue
    for split, what in (("train", "normal training"), ("test", "test")):
        part = replace(small_dataset, catalogue=catalogue[catalogue["split"] != split])
        with pytest.raises(TrainingError, match=f"no {what} clips"):
            run(sweep("pca_kde", "n_components", [1]), part, tmp_path, out=tmp_path)


def test_the_command(cli, small_folder: Path, small_models: Path, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    settings = Settings(data_dir=tmp_path / "data")
    monkeypatch.setattr("asd_core.experiments.store.get_settings", lambda: settings)
    where = ("--data", small_folder, "--models", small_models)
    swept = ("sweep", "--detector", "pca_kde", "--parameter", "n_components", "--values", "1,2")
    code, out, err = cli("experiment", *swept, *where, "--json")
    result = json.loads(out)
    assert code == 0
    assert [p["point"] for p in result["points"]] == ["n_components 1", "n_components 2"]
    assert result["conclusion"] in err
    assert (tmp_path / "data" / "user" / "experiments" / small_models.name / "sweep-pca_kde-n_components").is_dir()
    code, out, _ = cli("experiment", "--list", "--models", small_models, "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert code == 0
    assert set(ABOUT) < set(rows)
    assert rows["sweep-pca_kde-n_components"]["stored"] == 2
    assert rows["mels"]["stored"] == 0
    for arguments, description in (
        (("nonsense",), "There is no experiment 'nonsense'"),
        (("mels", "--values", "1"), "--values belong to a sweep"),
        (("sweep", "--detector", "pca_kde"), "--parameter, --values is missing"),
        (("sweep", "--data", "elsewhere"), "--models FOLDER"),
    ):
        code, out, err = cli("experiment", *arguments)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert description in err


def test_the_section_says_what_was_not_run_and_what_is_stale(
    small_dataset: Dataset, small_models: Path, tmp_path: Path
) -> None:
    text = experiments_section(tmp_path)
    assert text.count("Not run: `python -m asd_core experiment ") == len(ABOUT)
    few = replace(named("bandwidth"), chosen=frozenset(p.name for p in named("bandwidth").points[:3]))
    done = run(few, small_dataset, small_models, out=tmp_path / EXPERIMENTS_FOLDER)
    text = experiments_section(tmp_path)
    assert text.count("Not run") == len(ABOUT) - 1
    assert "| 0.25 | 1.000 |" in text
    assert "3 points: `python -m asd_core experiment bandwidth`" in text
    others = Path(shutil.copytree(small_models, tmp_path / "small"))
    store.write_experiment(
        Stored(done.header.model_copy(update={"fingerprint": "0"}), done.scores, done.held_out),
        others / EXPERIMENTS_FOLDER / "bandwidth",
    )
    assert "was run on other clips" in experiments_section(others)
