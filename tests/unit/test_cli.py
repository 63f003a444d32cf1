import errno
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import soundfile
from rich.console import Console

from asd_core.artifacts import ModelSet, folder_in_use, read_manifest, trained_keys
from asd_core.cli import output
from asd_core.cli.app import main
from asd_core.datasets import open_dataset, open_for
from asd_core.datasets.slide_rail import simulate
from asd_core.detectors import REGISTRY, detector_keys
from asd_core.explain import REFERENCE, SUMMARY
from asd_core.scoring import model_versions, score_clip
from asd_core.settings import get_settings
from asd_core.sound import read_clip
from asd_core.space import UmapSettings, find_umap, read_space, stored_latents
from asd_core.training import EVIDENCE, read_evidence, stored_seeds, train, train_version
from tests.conftest import ROOT, write_wav


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["asd_core", *map(str, arguments)])
    code = main()
    shown = capsys.readouterr()
    return code, shown.out, shown.err


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    return lambda *arguments: run(monkeypatch, capsys, *arguments)


def test_detectors(cli) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = cli("detectors", "--json")
    rows = json.loads(out)
    assert code == 0
    assert [row["key"] for row in rows] == detector_keys(optional=True)
    assert set(rows[0]) == {"key", "title", "origin", "scope", "representation"}
    assert {row["origin"] for row in rows} <= {"report", "beyond", "control"}


@pytest.mark.slow
def test_simulate_train_score_evaluate(cli, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """The whole way on simulated clips, by the commands alone."""
    data, models = tmp_path / "data", tmp_path / "models"
    assert cli("simulate", "--out", data, "--machine-id", "02", "--limit", 12)[0] == 0
    wavs = sorted((data / "slider" / "test").glob("*.wav"))
    assert len(wavs) == 24
    code, _, err = cli(
        "train", "--data", data, "--out", models, "--detectors", "pca_kde,control_rms", "--preset", "quick"
    )
    assert (code, "pca_kde, control_rms" in err) == (0, True)
    code, out, _ = cli(
        "score", wavs[0], wavs[-1], "--models", models, "--machine-id", "02", "--denoise", "0.4", "--json"
    )
    result = json.loads(out)
    assert code == 0
    assert [set(r) for r in result] == [{"file", "machine_id", "channel", "denoise", *SUMMARY, "flags", "scores"}] * 2
    assert set(result[0]["scores"][0]) == {"detector", "raw", "calibrated", "threshold", "decision", "margin"}
    expected = score_clip(read_clip(wavs[0]), ModelSet(models), "02", denoise=0.4)
    assert result[0]["scores"][0]["raw"] == expected[0].raw
    code, out, _ = cli("evaluate", "--data", data, "--models", models, "--json")
    rows = json.loads(out)["rows"]
    assert set(rows[0]) == {
        "detector",
        "machine_id",
        "auc",
        "auc_low",
        "auc_high",
        "pauc",
        "pauc_low",
        "pauc_high",
        "n_normal",
        "n_anomaly",
        "n_ids",
    }
    assert [(r["detector"], r["machine_id"]) for r in rows] == [
        ("pca_kde", "02"),
        ("pca_kde", "mean"),
        ("control_rms", "02"),
        ("control_rms", "mean"),
    ]
    assert cli("results", "--models", models, "--out", tmp_path / "r.md")[0] == 0
    assert "PCA + KDE" in (tmp_path / "r.md").read_text()


@pytest.mark.slow
def test_unknown_ids_are_counted_and_named(cli, small_models: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    cli("simulate", "--out", tmp_path, "--machine-id", "00", "--machine-id", "06", "--limit", 1)
    code, out, err = cli("evaluate", "--data", tmp_path, "--models", small_models, "--json")
    assert code == 0
    assert "2 clips of machine id 06" in err
    assert {r["machine_id"] for r in json.loads(out)["rows"]} == {"00", "mean"}


def test_evaluate_tells_domains_apart(cli, domain_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    given = ("--data", domain_folder / "recordings", "--models", domain_folder / "models" / "fans")
    assert len(re.findall(r"\bdomain\b", cli("inspect", domain_folder / "recordings")[1])) == 2, "in both tables"
    code, out, _ = cli("evaluate", *given, "--json")
    document = json.loads(out)
    assert code == 0
    assert {(r["machine_id"], r["domain"]) for r in document["domains"]} == {
        (i, d) for i in ("00", "01") for d in ("source", "target")
    }
    for rule, n_figures in (("2022", 6), ("2021", 8)):
        code, out, _ = cli("evaluate", *given, "--official", rule, "--json")
        assert {row["n_figures"] for row in json.loads(out)["official"]} == {n_figures}
    console = Console(width=80, file=io.StringIO())
    monkeypatch.setattr(output, "console", console)
    assert cli("evaluate", *given)[0] == 0
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 80
    interval = r"[01]\.\d{3} \([01]\.\d{2}–[01]\.\d{2}\)"
    by_domain = [line for line in lines if re.search(rf" (source|target) +{interval} +{interval} +\d+\+\d+ *$", line)]
    assert len(by_domain) == 3 * 2 * 2
    assert "Official score: harmonic mean of these AUCs" in " ".join(shown.split())
    code, _, err = cli("evaluate", *given, "--official", "2019")
    assert (code, err.count("\n")) == (2, 1)


def test_without_domains_there_are_no_tables_of_them(cli, small_folder: Path, small_models: Path) -> None:  # type: ignore[no-untyped-def]
    given = ("--data", small_folder, "--models", small_models)
    document = json.loads(cli("evaluate", *given, "--json")[1])
    assert (document["domains"], document["official"]) == ([], [])
    assert "Official score" not in cli("evaluate", *given)[1]
    assert "domain" not in cli("inspect", small_folder)[1]
    assert {row["domain"] for row in json.loads(cli("inspect", small_folder, "--json")[1])["machines"]} == {"source"}


@pytest.mark.long  # umap compiles what it needs
def test_the_feature_space_is_prepared(  # type: ignore[no-untyped-def]
    cli, small_folder: Path, small_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Latent spaces, pictures and a UMAP by the commands that the page starts."""
    monkeypatch.setenv("ASD_DATA_DIR", str(tmp_path / "data"))
    get_settings.cache_clear()
    models = tmp_path / "small"
    shutil.copytree(small_models, models)
    code, _, err = cli("latents", "--data", small_folder, "--models", models)
    assert (code, "Latent spaces of cnn_ae stored" in err) == (0, True)
    assert stored_latents(models) == ["cnn_ae"]
    assert "was stored already" in cli("latents", "--data", small_folder, "--models", models)[2]
    code, _, err = cli("thumbnails", "--data", small_folder, "--models", models)
    (sheet,) = (tmp_path / "data" / "user" / "thumbnails").glob("*.webp")
    assert (code, f"{sheet} written." in err) == (0, True)
    chosen = ["--models", models, "--part", "cnn_ae", "--split", "test", "--machine-id", "02", "--n-neighbors", "5"]
    code, _, err = cli("umap", *chosen)
    assert code == 0
    assert "A map of 12 clips written to" in err
    space = read_space(models, "cnn_ae").subset(["test"], "02")
    found = find_umap(models, space.vectors, UmapSettings(n_neighbors=5))
    assert found is not None
    assert found.xy.shape == (12, 2)
    code, _, err = cli("umap", *chosen[:-2], "--n-neighbors", "1")
    assert (code, err) == (2, "n_neighbors 1 is outside 2 to 200.\n")
    code, _, err = cli("umaps", "--models", models)
    assert code == 0
    assert f"15 maps written to {models / 'umap.safetensors'}." in err  # 5 representations of all clips and of two ids
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("arguments", "description"),
    [
        (["nonsense"], "No such command"),
        (["score", "x.wav", "--models", "nowhere", "--machine-id", "00"], "no trained detectors"),
        (["score", "missing.wav", "--models", "{models}", "--machine-id", "77"], "they know 00 and 02"),
        (["score", "x.wav", "--models", "{models}", "--machine-id", "00", "--denoise", "2"], "--denoise"),
        (
            ["score", "x.wav", "--models", "{models}", "--machine-id", "00", "--detectors", "abc"],
            "Unknown detector 'abc'",
        ),
        (["train", "--data", "nowhere", "--out", "x"], "not a folder"),
        (["train", "--data", "demo", "--out", "x", "--preset", "slow"], "--preset"),
        (["simulate", "--out", "x", "--machine-id", "99"], "no machine id 99"),
        (["umap", "--models", "{models}", "--part", "taste"], "no representation 'taste'"),
        (["umap", "--models", "{models}", "--split", "none"], "UMAP needs more than 3 clips and 0 are chosen"),
        (["umap", "--models", "nowhere"], "no pooled features"),
        (["thumbnails", "--data", "demo", "--models", "nowhere"], "no pooled features"),
        (["latents", "--data", "demo", "--models", "nowhere"], "no trained detectors"),
        (["versions", "--models", "{models}/scores.parquet"], "scores.parquet is a file: give a folder of trained"),
        (
            ["versions", "--models", "{models}/scores.parquet/x", "--use", "first"],
            "scores.parquet is a file: give a folder",
        ),
        (
            ["reproduce", "dcase2020-slider", "--labels", "{models}"],
            "(Is a directory): give the list of labels, eval_data_list.csv.",
        ),
        (
            ["pretrained", "add", "panns", "{models}"],
            "(Is a directory): give the file of PANNs (CNN14), in the format torchscript.",
        ),
        (
            ["pretrained", "convert", "aisfx", "{models}"],
            "(Is a directory): give the file that pip download --no-deps aisfx",
        ),
    ],
)
def test_bad_use_is_exit_code_2_and_one_sentence(
    cli, small_models: Path, arguments: list[str], description: str
) -> None:  # type: ignore[no-untyped-def]
    code, out, err = cli(*[a.format(models=small_models) for a in arguments])
    assert code == 2
    assert description in err
    assert err.count("\n") == 1
    assert out == ""
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "name",
    [
        *("conditions.json", "dataset.json", "evidence.parquet", "features.parquet", "reference.safetensors"),
        *("scores.parquet", "control_rms/manifest.json", "control_rms/weights.safetensors"),
    ],
)
def test_a_folder_where_a_file_is_expected_is_named(cli, brief_folder: Path, tmp_path: Path, name: str) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "models" / name
    folder.mkdir(parents=True)
    code, _, err = cli("train", "--data", brief_folder, "--out", tmp_path / "models", "--detectors", "control_rms")
    sentence = f"{folder} is a folder where a file is expected: name a file, or move the folder away."
    assert (code, err.splitlines()[-1]) == (2, sentence)


@pytest.mark.parametrize("command", ["evaluate", "score"])
def test_a_detector_whose_manifest_cannot_be_read_is_named(  # type: ignore[no-untyped-def]
    cli, small_folder: Path, small_models: Path, tmp_path: Path, command: str
) -> None:
    models = shutil.copytree(small_models, tmp_path / "models")
    manifest = models / "control_rms" / "manifest.json"
    manifest.unlink()
    manifest.mkdir()
    clip = next(small_folder.rglob("test/*.wav"))
    given = {"evaluate": ["--data", small_folder], "score": [clip, "--machine-id", "00"]}[command]
    reason = "cannot be read (Is a directory): allow reading it, or remove it and train this detector again."
    assert cli(command, *given, "--models", models) == (2, "", f"{manifest} {reason}\n")


@pytest.mark.parametrize("command", ["study", "supervise", "umaps", "labels export"])
def test_a_command_names_the_damaged_detector_that_it_does_without(  # type: ignore[no-untyped-def]
    cli,
    label_url: str,
    small_folder: Path,
    small_models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    monkeypatch.setattr("asd_core.space.store_umaps", lambda *_, **__: 0)  # which takes long
    models = shutil.copytree(small_models, tmp_path / "models")
    manifest = models / "cnn_ae" / "manifest.json"
    manifest.write_text("{")
    given = {
        "supervise": ["--data", small_folder],
        "labels export": [
            "--dataset",
            "small",
            "--data",
            small_folder,
            "--out",
            tmp_path / "l.json",
            "--format",
            "label-studio",
        ],
    }
    _, _, said = cli(*command.split(), *given.get(command, []), "--models", models)
    reason = f"{manifest} is damaged: train this detector again."
    assert said.splitlines()[0] == f"Left out: CNN autoencoder. {reason}"


def test_an_output_that_cannot_be_one_is_named(cli, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "file").touch()
    assert cli("cards", "--out", tmp_path)[::2] == (
        2,
        f"{tmp_path} is a folder where a file is expected: name a file, or move the folder away.\n",
    )
    assert cli("cards", "--out", tmp_path / "file" / "below" / "cards.md")[::2] == (
        2,
        f"{tmp_path / 'file'} is a file where a folder is expected: name a folder, or move the file away.\n",
    )


def test_a_place_that_may_not_be_written_is_named(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    def forbid(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(tmp_path))

    monkeypatch.setattr("tempfile.mkstemp", forbid)  # root may write everywhere
    code, _, err = cli("cards", "--out", tmp_path / "cards.md")
    assert (code, err) == (
        2,
        f"{tmp_path} cannot be opened (Permission denied): change who may read and write it, or name another place.\n",
    )


def test_score_goes_on_after_a_bad_recording(  # type: ignore[no-untyped-def]
    cli, small_folder: Path, small_models: Path, tmp_path: Path
) -> None:
    good = sorted((small_folder / "test").glob("*_id_00_*.wav"))[:2]
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no sound")
    given = ("--models", small_models, "--machine-id", "00", "--detectors", "control_rms")
    code, out, err = cli("score", good[0], bad, "missing.wav", good[1], *given, "--json")
    assert code == 1
    assert [row["file"] for row in json.loads(out)] == [str(file) for file in good]
    sentences = err.splitlines()
    assert len(sentences) == 2
    assert sentences[0].startswith("bad.wav is not audio that can be read")
    assert sentences[1].startswith("missing.wav cannot be opened")
    code, out, _ = cli("score", bad, *given, "--json")
    assert (code, json.loads(out)) == (1, [])
    assert cli("score", *good, *given, "--json")[0] == 0


def test_score_reads_other_kinds_of_file_and_goes_on(  # type: ignore[no-untyped-def]
    cli, small_folder: Path, small_models: Path, tmp_path: Path
) -> None:
    wav = sorted((small_folder / "test").glob("*_id_00_*.wav"))[0]
    samples, rate = soundfile.read(wav)
    for name in ("a.flac", "b.caf"):
        soundfile.write(tmp_path / name, samples, rate, subtype="PCM_16")
    (tmp_path / "cut.wav").write_bytes(wav.read_bytes()[:40])
    given = ("--models", small_models, "--machine-id", "00", "--detectors", "control_rms", "--json")
    code, out, err = cli("score", *(tmp_path / name for name in ("a.flac", "cut.wav", "b.caf")), *given)
    assert code == 1
    a, b = json.loads(out)
    assert [Path(row["file"]).name for row in (a, b)] == ["a.flac", "b.caf"]
    assert a["scores"] == b["scores"] == json.loads(cli("score", wav, *given)[1])[0]["scores"]
    (sentence,) = err.splitlines()
    assert sentence.startswith("cut.wav")


def test_a_name_in_brackets_is_printed_whole(cli, small_folder: Path, small_models: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "[fan] 01.wav"
    file.write_bytes(next((small_folder / "test").glob("*_id_00_*.wav")).read_bytes())
    _, out, _ = cli("score", file, "--models", small_models, "--machine-id", "00", "--detectors", "control_rms")
    assert "[fan] 01.wav" in out
    (tmp_path / "[x]").mkdir()
    _, out, _ = cli("inspect", tmp_path)
    assert "[fan] 01.wav" in " ".join(out.split())


def test_a_recording_that_stops_early_is_scored_and_says_so(  # type: ignore[no-untyped-def]
    cli, small_folder: Path, small_models: Path, tmp_path: Path
) -> None:
    whole = next((small_folder / "test").glob("*_id_00_*.wav")).read_bytes()
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole[: len(whole) * 3 // 4])
    given = (cut, "--models", small_models, "--machine-id", "00", "--detectors", "control_rms")
    code, out, _ = cli("score", *given, "--json")
    (row,) = json.loads(out)
    assert code == 0
    assert "25% is missing" in row["flags"][0]
    assert "25% is missing" in " ".join(cli("score", *given)[2].split())
    code, out, err = cli("score", *given, "--strict", "--json")
    assert (code, json.loads(out)) == (1, [])
    assert err.startswith("cut.wav is cut off")


def test_score_says_what_does_not_belong(cli, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    own = simulate("00", seed=4711, snr_db=0).samples
    files = [write_wav(tmp_path / "own.wav", own), write_wav(tmp_path / "far.wav", own * 10**-1.5)]
    given = (*files, "--models", ROOT / "trained_models" / "demo", "--machine-id", "00", "--detectors", "control_rms")
    code, out, _ = cli("score", *given, "--json")
    rows = json.loads(out)
    assert code == 0
    assert [row["applicable"] for row in rows] == [True, False]
    assert rows[0]["reason"] is None
    said = r"its level in quiet moments is (29|30|31) dB below the normal clips"
    assert re.fullmatch(said, rows[1]["reason"])
    _, out, _ = cli("score", *given)
    first, second = out.split("far.wav")
    assert "⚠" not in first.split("own.wav")[0]
    assert first.rstrip().endswith("⚠")
    assert "Not like any recording of this machine" not in first
    assert "Not like any recording of this machine" in second
    assert re.search(said, " ".join(second.split()))


@pytest.mark.parametrize(
    "arguments",
    [
        ["detectors"],
        ["experiment", "--list"],
        ["evaluate", "--data", "demo", "--models", "{demo}"],
        ["score", "{clip}", "--models", "{demo}", "--machine-id", "00"],
    ],
)
def test_tables_fit_80_columns(arguments: list[str], tmp_path: Path) -> None:
    """In a terminal's own process: no line is longer, and every row of figures is one line."""
    clip = write_wav(tmp_path / "clip.wav", simulate("00", seed=4711, snr_db=0).samples)
    given = [part.format(demo=ROOT / "trained_models" / "demo", clip=clip) for part in arguments]
    shown = subprocess.run(
        [sys.executable, "-m", "asd_core", *given],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 80
    names = [line.split()[0] for line in lines if line.strip()]
    assert set(REGISTRY) <= set(names) or "mels" in names
    if arguments[0] == "evaluate":
        interval = r"0\.\d{3} \(0\.\d{2}–[01]\.\d{2}\)"
        rows = [line for line in lines if line.split()[:1] and line.split()[0] in REGISTRY]
        assert len(rows) == 5 * len(REGISTRY)
        assert all(re.search(rf"^ ?\w+ +(0\d|mean of 4) +{interval} +{interval} +\d+\+\d+ *$", row) for row in rows)
    if arguments[0] == "score":
        rows = [line for line in lines if line.split()[:1] and line.split()[0] in REGISTRY]
        assert all(len(row.split()) == 6 for row in rows)


def test_no_figure_of_a_table_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text gives way, with many columns and long names; a figure of very large or small size stays short."""
    console = Console(width=80, file=io.StringIO())
    monkeypatch.setattr(output, "console", console)
    figures = {f"figure_{i}": value for i, value in enumerate((123456789.0, 1.5e-7, 0.25, None, 240))}
    row = {"name": "some words of a long description " * 3, "auc": 0.5, "auc_low": 0.25, "auc_high": 0.75, **figures}
    output.print_table("T", [row, row])
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= 80
    assert sum("0.500 (0.25–0.75) 1.23e+08 1.5e-07 0.250 – 240" in " ".join(line.split()) for line in lines) == 2


@pytest.mark.long
@pytest.mark.real
@pytest.mark.filterwarnings("error")
def test_the_whole_way_on_real_recordings(cli, real_slider: Path, real_models: Path) -> None:  # type: ignore[no-untyped-def]
    """All detectors learn from the 75 real normals and score the real test clips, without a warning."""
    assert trained_keys(real_models) == list(REGISTRY)
    files = sorted((real_slider / "test").glob("*_id_00_*.wav"))
    code, out, _ = cli("score", *files, "--models", real_models, "--machine-id", "00", "--json")
    assert code == 0
    assert [len(r["scores"]) for r in json.loads(out)] == [len(REGISTRY)] * 11
    code, out, err = cli("evaluate", "--data", real_slider, "--models", real_models, "--json")
    assert code == 0
    assert all(f"machine id {i}" in err for i in ("02", "04", "06"))
    assert {r["n_normal"] for r in json.loads(out)["rows"]} == {6}


def test_labels(cli, label_url: str, small_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    """Labels by the commands alone: in from a file by name, compared, out, and in again without adding anything."""
    from asd_core.settings import get_settings

    monkeypatch.setenv("ASD_DATABASE_URL", label_url)
    get_settings.cache_clear()
    clips = [f"test/{path.name}" for path in sorted((small_folder / "test").glob("*.wav"))[:4]]
    table = tmp_path / "said.csv"
    lines = ["clip_id,annotator,label,note", *(f"{c},Ada,{c[5:].split('_')[0]}," for c in clips)]
    table.write_text("\n".join([*lines, f"{clips[0]},Bob,normal,quiet", "gone.wav,Bob,normal,"]) + "\n")
    given = ("--dataset", "slider", "--data", small_folder)
    code, _, err = cli("labels", "import", table, *given, "--dry-run")
    assert (code, "0 events added (5 rows new" in err, "gone.wav" in err) == (0, True, True)
    assert cli("labels", "agreement", "--dataset", "slider")[0] == 2  # nothing is there yet
    code, _, err = cli("labels", "import", table, *given)
    assert (code, "5 events added" in err, "found by name" in err) == (0, True, True)
    assert "0 events added" in cli("labels", "import", table, *given)[2]
    table.write_text(f"clip_id,annotator,label\n{clips[0]},Bob,unsure\n")
    assert "is normal, quiet to Bob now, and unsure in the file" in cli("labels", "import", table, *given)[2]
    assert "1 events added" in cli("labels", "import", table, *given, "--take")[2]
    code, out, _ = cli("labels", "agreement", "--dataset", "slider", "--json")
    found = json.loads(out)
    assert (code, found["pairs"][0]["n"], found["krippendorff_alpha"]["n"]) == (0, 1, 1)
    assert [c["labels"] for c in found["conflicts"]] == [{"Ada": "anomaly", "Bob": "unsure"}]
    for form in ("csv", "json", "parquet", "audacity", "label-studio"):
        out_file = tmp_path / f"out.{form}"
        assert cli("labels", "export", "--dataset", "slider", "--out", out_file, "--format", form)[0] == 0
        assert out_file.stat().st_size > 100
    (tmp_path / "again.csv").write_bytes((tmp_path / "out.csv").read_bytes())
    assert "0 events added (0 rows new, 5 known" in cli("labels", "import", tmp_path / "again.csv", *given)[2]
    assert cli("labels", "check", "--rebuild")[0] == 0
    code, _, err = cli("labels", "export", "--dataset", "nothing", "--out", tmp_path / "x")
    assert (code, err.strip()) == (2, "The label store knows no dataset nothing: it has labels of slider.")


@pytest.mark.slow
def test_a_strangers_folder_is_inspected_answered_and_trained(cli, small_folder: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
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


def test_a_table_is_inspected_trained_on_and_opened_again(cli, small_folder: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
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


def test_several_machine_types_are_trained_by_choice(cli, small_folder: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
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


def test_a_full_disk_is_a_sentence_and_what_was_stored_stays(brief_folder: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk."""

    def trained(detector: str, limit: int) -> "subprocess.CompletedProcess[str]":
        import resource

        command = [sys.executable, "-m", "asd_core", "train", "--data", str(brief_folder), "--out", str(tmp_path / "m")]
        limits = (limit, resource.RLIM_INFINITY)
        return subprocess.run(
            [*command, "--preset", "quick", "--detectors", detector, "--workers", "1"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits),
        )

    import resource

    assert trained("control_rms", resource.RLIM_INFINITY).returncode == 0
    full = trained("dcase_ae", 1 << 20)
    assert (full.returncode, "Traceback" in full.stderr) == (2, False), full.stderr
    assert re.search(r"(cannot be (written|put)|is full).*(File too large|room|free)", full.stderr.splitlines()[-1])
    assert trained_keys(tmp_path / "m") == ["control_rms"]


def test_a_fault_of_ours_ends_a_job_with_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(output.reporter, "ended", ended.append)
    monkeypatch.setattr("asd_core.cli.app._run", lambda: 1 // 0)
    assert main() == 1
    assert ended == [1]
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_training_again_with_labels(  # type: ignore[no-untyped-def]
    cli, small_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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


def test_commands_take_the_version_in_use_as_it_was_learned(  # type: ignore[no-untyped-def]
    cli, brief_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
