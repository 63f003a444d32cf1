"""From how many clips a detector is worth having: draws, curves of known truth, and what is said before training."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core.datasets import Dataset, Extracted
from asd_core.detectors import detector_keys
from asd_core.errors import TrainingError
from asd_core.experiments import (
    EXPERIMENTS_FOLDER,
    Stored,
    conclusion,
    curve_table,
    experiment_summary,
    learning_curve,
    min_clips,
    min_clips_by_detector,
    read_experiment,
    run,
)
from asd_core.experiments.catalogue import CLIPS, DRAWS, NETWORK_CLIPS, named, quick_curve
from asd_core.experiments.draws import drawn
from asd_core.features import Level
from asd_core.plots import experiment_figures
from asd_core.training import MinClips, stored_min_clips, too_few, train
from asd_core.training.min_clips import MIN_CLIPS_FILE
from tests.conftest import ROOT
from tests.unit.conftest import Cli
from tests.unit.test_experiment_conclusions import made_up, scores

MIN_CLIPS = MinClips(
    "made up",
    256,
    {"pca_kde": 0, "knn_bands": 8, "pca_lof": 32, "gwrp_gaussian": 32, "f_anogan": 64},
    ("f_anogan",),
    {"pca_kde": 8, "knn_bands": 8, "pca_lof": 8, "gwrp_gaussian": 8, "f_anogan": 16},
)


def some_clips(counts: dict[str, int]) -> Extracted:
    rows = [(f"{i}/{n}", i, f"{i}{n:062d}") for i, count in counts.items() for n in range(count)]
    table = pd.DataFrame(rows, columns=["clip_id", "machine_id", "sha256"])
    return Extracted(table, {Level(): [np.array([n]) for n in range(len(rows))]}, [])


def test_a_draw_is_of_content_and_holds_the_smaller_ones() -> None:
    clips = some_clips({"00": 20, "02": 30})
    small, large, other = drawn(clips, 8, 0), drawn(clips, 16, 0), drawn(clips, 8, 1)
    assert small.rows["machine_id"].value_counts().to_dict() == {"00": 8, "02": 8}
    assert set(small.rows["clip_id"]) < set(large.rows["clip_id"])
    assert set(small.rows["clip_id"]) != set(other.rows["clip_id"])
    order = np.random.default_rng(0).permutation(50)
    shuffled = Extracted(clips.rows.iloc[order].reset_index(drop=True), {}, [])
    assert set(drawn(shuffled, 8, 0).rows["clip_id"]) == set(small.rows["clip_id"])
    assert len(drawn(clips, 20, 0).rows) == 40
    with pytest.raises(TrainingError, match="machine id 00 has 20 normal clips to draw 21 from"):
        drawn(clips, 21, 0)


def curve_of(shifts: dict[str, dict[int, float]], draws: int = 1) -> Stored:
    """Anomalies of each detector and number of clips so many deviations up."""
    raw = {
        f"{key}, {n} clips, draw {d + 1}": scores(shift + d / 1e4)
        for key, by_number in shifts.items()
        for n, shift in by_number.items()
        for d in range(draws)
    }
    return made_up("clips", raw)


CONTROLS = {"control_rms": dict.fromkeys(CLIPS, 0.1), "control_mahalanobis": dict.fromkeys(CLIPS, 0.5)}
LEARNS = {8: 0.4, 16: 1.5, 32: 0.5, 64: 2.0, 128: 2.0, 256: 2.0}


def test_worth_having_is_from_where_all_larger_numbers_beat_the_best_control() -> None:
    stored = curve_of(
        {**CONTROLS, "pca_lof": LEARNS, "knn_bands": dict.fromkeys(CLIPS, 2.0), "pca_kde": dict.fromkeys(CLIPS, 0.3)}
    )
    curve = learning_curve(stored)
    assert min_clips_by_detector(curve) == {"pca_lof": 64, "knn_bands": 8, "pca_kde": None}
    by_number = curve[curve["detector"] == "pca_lof"].set_index("clips")
    assert by_number["beats"].to_dict() == {8: False, 16: True, 32: False, 64: True, 128: True, 256: True}
    assert by_number.loc[8, "gain"] < 0, "against the better control, not the level"
    answer, text = conclusion(stored)
    assert answer == "2 of 3 detectors, from 8 to 64 clips."
    assert "From 8 clips: kNN per sub-band; from 64 clips: PCA + LOF; not with 256: PCA + KDE." in text
    table = curve_table(stored).splitlines()
    assert table[0].replace(" ", "").startswith("|detector|8|16|32|64|128|256|worthhavingfrom|")
    own = next(line for line in table if line.startswith("| PCA + LOF"))
    assert own.count("**") == 2 * 4
    assert own.endswith("| 64 |")
    (figure,) = experiment_figures(stored, experiment_summary(stored)).values()
    assert {len(trace.x) for trace in figure.data if trace.mode == "lines+markers"} == {6}


def test_a_draw_that_fails_is_a_failure() -> None:
    """A detector is not worth having with as many clips if that hangs on which they are."""
    good = curve_of({**CONTROLS, "pca_lof": dict.fromkeys(CLIPS, 2.0)}, draws=2)
    assert min_clips_by_detector(learning_curve(good)) == {"pca_lof": 8}
    bad = good.scores.copy()
    unlucky = bad["point"] == "pca_lof, 8 clips, draw 2"
    bad.loc[unlucky, "raw"] = scores(0.0).astype(np.float32)
    assert min_clips_by_detector(learning_curve(Stored(good.header, bad, good.held_out))) == {"pca_lof": 16}


def test_points_are_of_all_that_learn_from_sound() -> None:
    points = named("clips").points
    assert {p.detector for p in points} == set(detector_keys()) - {"fusion", "control_random"}
    own = {key: [(p.clips, p.draw) for p in points if p.detector == key] for key in ("knn_bands", "dcase_ae")}
    assert own["knn_bands"] == [(n, d) for n in CLIPS for d in range(DRAWS)]
    assert own["dcase_ae"] == [(n, 0) for n in NETWORK_CLIPS]
    quick = quick_curve(["knn_bands", "dcase_ae"])
    assert quick is not None
    assert {p.detector for p in quick.points if p.name in quick.chosen} == {"knn_bands"}
    assert quick_curve(["dcase_ae"]) is None


def test_it_is_run_with_as_many_clips_as_there_are(small_dataset: Dataset, tmp_path: Path) -> None:
    said: list[str] = []
    experiment = named("clips", detectors=["pca_kde", "control_rms"])
    stored = run(experiment, small_dataset, tmp_path / "none", out=tmp_path, notify=said.append)
    assert sorted({p.x for p in stored.header.points}) == [8, 16]
    assert len(stored.header.points) == 2 * 2 * DRAWS
    assert said == ["Points of 32, 64, 128, 256 clips were not run: machine id 00 has 24 normal clips."]
    assert stored.scores.groupby(["point", "machine_id"])["raw"].max().max() <= 12, "ranks"
    of = stored.scores.set_index(["point", "clip_id"])["raw"]
    assert not of["pca_kde, 8 clips, draw 1"].equals(of["pca_kde, 8 clips, draw 2"])
    said.clear()
    again = run(experiment, small_dataset, tmp_path / "none", out=tmp_path, notify=said.append)
    assert [p.fit_seconds for p in again.header.points] == [p.fit_seconds for p in stored.header.points]


def test_the_file_is_what_the_stored_experiment_shows() -> None:
    stored = read_experiment(ROOT / "trained_models" / "demo" / EXPERIMENTS_FOLDER / "clips")
    assert MIN_CLIPS_FILE.read_text("utf-8") == min_clips(stored).toml()
    assert stored_min_clips() == min_clips(stored)


def test_the_command_writes_the_file(cli: Cli, tmp_path: Path) -> None:
    code, _, err = cli("worth", "--models", ROOT / "trained_models" / "demo", "--out", tmp_path / "worth.toml")
    assert code == 0, err
    assert (tmp_path / "worth.toml").read_text("utf-8") == MIN_CLIPS_FILE.read_text("utf-8")
    code, _, err = cli("worth", "--models", tmp_path, "--out", tmp_path / "x.toml")
    assert (code, "holds no stored experiment" in err) == (2, True)


def test_sentences_before_training() -> None:
    control = "the best control (a simple score, such as the clip's level, that a useful detector must beat)"
    do = "record more normal sound, or rely on other detectors."
    keys = ["pca_kde", "knn_bands", "pca_lof", "control_rms", "fusion"]
    assert too_few(keys, {"00": 12}, MIN_CLIPS) == [
        f"PCA + LOF needed 32 clips of a machine to beat {control} on: made up. Id 00 has 12: {do}",
        "PCA + KDE did not beat the best control with 256 clips of a machine, the most that was tried on: made up. Rely on it only "
        "where Compare shows, by your own labelled test clips, that it beats the controls.",
    ], "once is enough to say what a control is"
    assert too_few(["pca_kde"], {"00": 12}, MIN_CLIPS)[0].startswith(f"PCA + KDE did not beat {control} with 256 clips")
    assert too_few(["pca_lof", "gwrp_gaussian"], {"00": 12, "02": 40, "04": 31}, MIN_CLIPS) == [
        f"GWRP + Gaussian and PCA + LOF needed 32 clips of a machine to beat {control} on: made up. Id 00 has 12, id 04 has 31: {do}"
    ]
    many = dict(zip("abcde", range(4, 9), strict=True))
    assert too_few(["pca_lof"], many, MIN_CLIPS)[0].endswith(f"on: made up. 5 machines have fewer, id a has 4: {do}")
    assert too_few(["knn_bands"], {"00": 5}, MIN_CLIPS) == [
        f"kNN per sub-band beat {control} with 8 clips of a machine, the fewest that was tried on: made up. Id 00 has 5: {do}"
    ]
    assert too_few(["f_anogan"], {"00": 12}, MIN_CLIPS)[0].startswith(
        "f-AnoGAN, trained with the quick preset, needed 64"
    )
    assert too_few(["pca_lof"], {"00": 32}, MIN_CLIPS) == []
    assert too_few(["pca_kde"], {"00": 968}, MIN_CLIPS) == [], "what was not tried is not said"


def test_training_says_so_and_does_not_refuse(
    small_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asd_core.training.min_clips.stored_min_clips", lambda: MIN_CLIPS)
    said: list[str] = []
    assert train(small_dataset, tmp_path, detectors=["pca_lof"], notify=said.append) == ["pca_lof"]
    (sentence,) = (one for one in said if "needed 32" in one)
    assert sentence.startswith(
        "PCA + LOF needed 32 clips of a machine to beat the best control (a simple score, such as"
    )
    assert sentence.endswith("Id 00 has 24, id 02 has 24: record more normal sound, or rely on other detectors.")
    assert json.loads((tmp_path / "pca_lof" / "manifest.json").read_text())["detector"] == "pca_lof"


def test_a_title_with_quotes_is_read_back() -> None:
    title = 'Press "3" \\ hall \U0001f3ed'
    assert tomllib.loads(MinClips(title, 256, {"pca_kde": 8}, (), {"pca_kde": 8}).toml())["title"] == title
