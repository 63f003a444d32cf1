"""The command train on strangers' folders and tables, with labels, and the version in use in other commands."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from asd_core.artifacts import folder_in_use, read_manifest
from asd_core.datasets import open_dataset, open_for
from asd_core.explain import REFERENCE
from asd_core.scoring import model_versions
from asd_core.settings import get_settings
from asd_core.training import EVIDENCE, read_evidence, stored_seeds, train, train_version
from tests.unit.conftest import Cli


@pytest.mark.slow
def test_a_strangers_folder_is_inspected_answered_and_trained(cli: Cli, small_folder: Path, tmp_path: Path) -> None:
    """Odd names, a broken file and a duplicate: asked, answered, trained, and opened again in the same way."""
    root = tmp_path / "strange"
    for kind, split, label in (("ON", "train", "normal"), ("BLADE FAULT", "test", "anomaly")):
        (root / "press").mkdir(parents=True, exist_ok=True)
        for n, path in enumerate(sorted((small_folder / split).glob(f"{label}_id_00_*.wav"))):
            (root / "press" / f"{kind}_{n:03}.wav").write_bytes(path.read_bytes())
    (root / "press" / "ON_broken.wav").write_bytes(b"no sound")
    code, out, _ = cli("inspect", root, "--json")
    found = json.loads(out)
    assert (code, found["machines"]) == (0, [])
    assert [question.split(" like ")[1] for question in found["questions"]] == [
        "press/BLADE FAULT_000.wav: normal, anomaly, or leave out?",
        "press/ON_000.wav: normal, anomaly, or leave out?",
    ], "ON_broken.wav is no recording"
    assert [(one["file"], "not audio" in one["reason"]) for one in found["unusable"]][-1] == (
        "press/ON_broken.wav",
        True,
    )
    code, _, err = cli("train", "--data", root, "--out", tmp_path / "models", "--detectors", "control_rms")
    assert code == 2
    assert "normal, anomaly, or leave out?" in err

    answers = tmp_path / "answers.csv"
    answers.write_text("pattern,label\n*/ON_*,normal\n*/BLADE FAULT_*,anomaly\n")
    code, out, _ = cli("inspect", root, "--map", answers, "--json")
    found = json.loads(out)
    assert {(m["machine_type"], m["machine_id"], m["split"], m["label"]) for m in found["machines"]} == {
        ("press", "00", "train", "normal"),
        ("press", "00", "test", "normal"),
        ("press", "00", "test", "anomaly"),
    }
    assert found["questions"] == []
    assert [file["file"] for file in found["unusable"]] == ["press/ON_broken.wav"]
    assert "is not audio" in found["unusable"][0]["reason"]
    assert "press/ON_000.wav" in " ".join(cli("inspect", root)[1].split())

    models = tmp_path / "models"
    given = ("--out", models, "--detectors", "control_rms", "--map", answers)
    code, _, err = cli("train", "--data", root, *given)
    assert code == 0
    assert "ON_broken.wav is not audio" in err
    code, out, _ = cli("evaluate", "--data", models / "dataset.toml", "--models", models, "--json")
    assert code == 0
    assert json.loads(out)["rows"]
    # The folder itself is understood as in training by every command that is given the detectors.
    assert cli("evaluate", "--data", root, "--models", models, "--json") == (0, out, "")
    assert cli("scores", "--data", root, "--models", models)[0] == 0
    page, without_sounds = tmp_path / "report.html", "The report is without sounds"
    code, _, err = cli("report", "--data", root, "--models", models, "--out", page)
    assert (code, without_sounds in err) == (0, False)
    code, _, err = cli("train", "--data", root, "--out", models, "--detectors", "control_random")
    assert (code, (models / "control_random" / "manifest.json").is_file()) == (0, True), err
    # Another folder was not what they were trained on: its names are asked about.
    elsewhere = shutil.copytree(root, tmp_path / "elsewhere")
    code, _, err = cli("evaluate", "--data", elsewhere, "--models", models)
    assert code == 2
    assert "normal, anomaly, or leave out?" in err


def test_a_table_is_inspected_trained_on_and_opened_again(cli: Cli, small_folder: Path, tmp_path: Path) -> None:
    rows = ["Machine Type;File;Label;Split;Machine ID"]
    for n, path in enumerate(sorted(small_folder.glob("*/*_id_00_*.wav"))):
        (tmp_path / f"rec {n}.wav").write_bytes(path.read_bytes())
        label, split = path.name.split("_")[0], path.parent.name
        rows += [f"{kind};rec {n}.wav;{label};{split};7" for kind in ("press",)]
    table = tmp_path / "labels.csv"
    table.write_text("\n".join([*rows, "press;gone.wav;normal;;7"]))
    code, out, _ = cli("inspect", table, "--json")
    found = json.loads(out)
    assert code == 0
    assert {(m["machine_type"], m["machine_id"], m["split"], m["label"], m["n"]) for m in found["machines"]} == {
        ("press", "7", "train", "normal", 24),
        ("press", "7", "test", "normal", 6),
        ("press", "7", "test", "anomaly", 6),
    }
    assert found["unusable"] == [{"file": "gone.wav", "reason": "labels.csv names it, but it is not there"}]
    assert found["notes"] == ["labels.csv tells of 36 recordings here."]
    models = tmp_path / "models"
    code, _, err = cli("train", "--data", table, "--out", models, "--detectors", "control_rms")
    assert code == 0, err
    assert "gone.wav" in err
    assert json.loads((models / "dataset.json").read_text())["location"] == str(table)
    code, out, _ = cli("evaluate", "--data", table, "--models", models, "--json")
    assert (code, "7" in out) == (0, True)
    code, _, err = cli(
        "train", "--data", table, "--out", tmp_path / "m", "--detectors", "control_rms", "--machine-type", "press"
    )
    assert code == 0, err
    assert cli("evaluate", "--data", tmp_path / "m" / "dataset.toml", "--models", tmp_path / "m")[0] == 0


def test_several_machine_types_are_trained_by_choice(cli: Cli, small_folder: Path, tmp_path: Path) -> None:
    for kind in ("fan", "pump"):
        for n, path in enumerate(sorted((small_folder / "train").glob("normal_id_00_*.wav"))):
            target = tmp_path / "plant" / kind / "normal" / f"{n}.wav"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    given = ("train", "--data", tmp_path / "plant", "--out", tmp_path / "models", "--detectors", "control_rms")
    code, _, err = cli(*given)
    assert code == 2
    assert "holds machines of 2 types (fan and pump)" in err
    assert not (tmp_path / "models").exists()
    assert "holds no machine type belt" in cli(*given, "--machine-type", "belt")[2]
    code, _, err = cli(*given, "--machine-type", "fan")
    assert code == 0, err
    manifest = json.loads((tmp_path / "models" / "control_rms" / "manifest.json").read_text())
    assert set(manifest["n_fitted"]) == {"00"}

    described = (tmp_path / "models" / "dataset.toml").read_bytes()
    code, _, err = cli(*given, "--machine-type", "pump")
    assert code == 2
    assert "holds detectors of fan in" in err
    assert "with those of pump in" in err
    elsewhere = ("train", "--data", tmp_path / "plant" / "pump", *given[3:])
    assert "holds detectors of" in cli(*elsewhere)[2]
    assert "holds detectors of fan in" in cli(*elsewhere, "--machine-type", "pump")[2]
    assert (tmp_path / "models" / "dataset.toml").read_bytes() == described
    assert cli(*given, "--machine-type", "fan")[0] == 0

    def tested() -> set[tuple[str, int]]:
        """Machine ids and normal clips: of the fans alone."""
        code, out, err = cli("evaluate", "--data", tmp_path / "plant", "--models", tmp_path / "models", "--json")
        assert (code, "not scored" in err) == (0, False)
        return {(row["machine_id"], row["n_normal"]) for row in json.loads(out)["rows"]}

    assert tested() == {("00", 4), ("mean", 4)}
    assert cli(*given)[0] == 0, "what was chosen holds for these detectors"
    fans = open_dataset(tmp_path / "models" / "dataset.toml")
    train_version(fans, tmp_path / "models", {str(fans.rows(split="test")["clip_id"].iloc[0]): "normal"})
    assert tested() == {("00", 3), ("mean", 3)}


def test_training_again_with_labels(
    cli: Cli, small_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from asd_core.settings import get_settings

    monkeypatch.setenv("ASD_DATABASE_URL", f"sqlite:///{tmp_path / 'labels.sqlite3'}")
    get_settings.cache_clear()
    models = tmp_path / "rail"
    given = ("train", "--data", small_folder, "--out", models, "--detectors", "control_rms")
    assert cli(*given, "--seed", 3)[0] == 0
    code, _, err = cli(*given, "--with-labels")
    assert (code, "changes what detectors learn from" in err) == (2, True)
    clips = [f"test/normal_id_00_{n:08d}.wav" for n in range(3)]
    said = [(clips[0], "Ada", "normal"), (clips[1], "Ada", "normal"), (clips[1], "Bob", "anomaly")]
    table = tmp_path / "said.csv"
    table.write_text("\n".join(["clip_id,annotator,label", *map(",".join, said)]))
    assert cli("labels", "import", table, "--dataset", "rail", "--data", small_folder)[0] == 0
    code, _, err = cli(*given, "--with-labels")
    assert code == 0, err
    assert "1 clip called normal joins training and is not tested on" in err  # people disagree on the other
    code, _, err = cli(*given, "--with-labels", "--resume")
    assert (code, "--with-labels begins a new version: leave one of them out" in err) == (2, True)
    assert read_manifest(models / "versions" / "rail.v2" / "control_rms").seed == 3  # as the first one
    rows = json.loads(cli("versions", "--models", models, "--json")[1])
    assert [(r["version"], r["in_use"], r["joined"]) for r in rows] == [("first", "", 0), ("rail.v2", "yes", 1)]
    found = json.loads(cli("evaluate", "--data", small_folder, "--models", models, "--json")[1])["rows"]
    assert {r["n_normal"] for r in found if r["machine_id"] == "00"} == {5}
    assert cli("versions", "--models", models, "--use", "first")[0] == 0
    found = json.loads(cli("evaluate", "--data", small_folder, "--models", models, "--json")[1])["rows"]
    assert {r["n_normal"] for r in found if r["machine_id"] == "00"} == {6}
    code, _, err = cli("versions", "--models", models, "--use", "last")
    assert (code, "has no trained version last: choose one of first, rail.v2" in err) == (2, True)


def test_commands_take_the_version_in_use_as_it_was_learned(
    cli: Cli, brief_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What joined its training is no test clip of theirs, though ``--data`` names the recordings."""
    monkeypatch.setenv("ASD_DATABASE_URL", f"sqlite:///{tmp_path / 'labels.sqlite3'}")
    monkeypatch.setenv("ASD_DATA_DIR", str(tmp_path / "user"))
    get_settings.cache_clear()
    dataset, models = open_dataset(brief_folder), tmp_path / "rail"
    train(dataset, models, detectors=["control_rms", "idnn"], preset="quick", seed=3)
    joined = str(dataset.rows(split="test", label="normal")["clip_id"].iloc[0])
    left = str(dataset.rows(split="train")["clip_id"].iloc[0])
    train_version(dataset, models, {joined: "normal", left: "anomaly"})
    folder = folder_in_use(models)
    assert read_manifest(folder / "idnn").seed == 3
    tested = set(open_for(brief_folder, folder).rows(split="test")["clip_id"])
    assert joined not in tested
    given = ("--data", brief_folder, "--models", models)

    assert cli("seeds", *given, "--seed", 7, "--detectors", "idnn", "--preset", "quick")[0] == 0
    assert set(stored_seeds(folder)["clip_id"]) == tested

    reference = (folder / REFERENCE).read_bytes()
    assert cli("reference", *given)[0] == 0
    assert (folder / REFERENCE).read_bytes() == reference

    (folder / EVIDENCE).unlink()
    code, _, err = cli("evidence", *given, "--detectors", "control_rms")
    assert (code, "was trained on other clips" in err) == (0, False)
    assert set(read_evidence(folder)["detector"]) == {"control_rms"}

    out = tmp_path / "tasks.json"
    code, _, err = cli("labels", "export", "--dataset", "rail", "--out", out, "--format", "label-studio", *given)
    assert code == 0, err
    predicted = [p["model_version"] for task in json.loads(out.read_text()) for p in task["predictions"]]
    assert len(predicted) == 2 * len(tested)
    assert {v.split()[-1] for v in predicted} == set(model_versions(folder).values())

    sweep = ("sweep", "--detector", "pca_kde", "--parameter", "n_components", "--values", "2", "--preset", "quick")
    code, _, err = cli("experiment", *sweep, *given, "--out", tmp_path / "sweeps")
    assert code == 0, err
    (table,) = (tmp_path / "sweeps").rglob("*.parquet")
    assert set(pd.read_parquet(table)["clip_id"]) == tested
