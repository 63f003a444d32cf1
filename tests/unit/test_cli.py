"""The commands: detectors, spaces, labels, tables, and the whole way from recordings to figures."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from asd_core.artifacts import ModelSet, trained_keys
from asd_core.cli import output
from asd_core.datasets.slide_rail import simulate
from asd_core.detectors import REGISTRY, detector_keys
from asd_core.explain import SUMMARY
from asd_core.scoring import score_clip
from asd_core.settings import get_settings
from asd_core.sound import read_clip
from asd_core.space import UmapSettings, find_umap, read_space, stored_latents
from tests.conftest import ROOT, write_wav
from tests.unit.conftest import Cli


def test_detectors(cli: Cli) -> None:
    code, out, _ = cli("detectors", "--json")
    rows = json.loads(out)
    assert code == 0
    assert [row["key"] for row in rows] == detector_keys(optional=True)
    assert set(rows[0]) == {"key", "title", "origin", "scope", "representation"}
    assert {row["origin"] for row in rows} <= {"report", "beyond", "control"}


@pytest.mark.slow
def test_simulate_train_score_evaluate(cli: Cli, tmp_path: Path) -> None:
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
def test_unknown_ids_are_counted_and_named(cli: Cli, small_models: Path, tmp_path: Path) -> None:
    cli("simulate", "--out", tmp_path, "--machine-id", "00", "--machine-id", "06", "--limit", 1)
    code, out, err = cli("evaluate", "--data", tmp_path, "--models", small_models, "--json")
    assert code == 0
    assert "2 clips of machine id 06" in err
    assert {r["machine_id"] for r in json.loads(out)["rows"]} == {"00", "mean"}


def test_evaluate_tells_domains_apart(cli: Cli, domain_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_without_domains_there_are_no_tables_of_them(cli: Cli, small_folder: Path, small_models: Path) -> None:
    given = ("--data", small_folder, "--models", small_models)
    document = json.loads(cli("evaluate", *given, "--json")[1])
    assert (document["domains"], document["official"]) == ([], [])
    assert "Official score" not in cli("evaluate", *given)[1]
    assert "domain" not in cli("inspect", small_folder)[1]
    assert {row["domain"] for row in json.loads(cli("inspect", small_folder, "--json")[1])["machines"]} == {"source"}


@pytest.mark.long  # umap compiles what it needs
def test_the_feature_space_is_prepared(
    cli: Cli, small_folder: Path, small_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
def test_the_whole_way_on_real_recordings(cli: Cli, real_slider: Path, real_models: Path) -> None:
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


def test_labels(cli: Cli, label_url: str, small_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
