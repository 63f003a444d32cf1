"""Wrong use, damaged folders and full disks: exit code 2, and one sentence that says what to do."""

import errno
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from asd_core.artifacts import trained_keys
from asd_core.cli import output
from asd_core.cli.app import main
from tests.conftest import ROOT
from tests.unit.conftest import Cli


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
    cli: Cli, small_models: Path, arguments: list[str], description: str
) -> None:
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
def test_a_folder_where_a_file_is_expected_is_named(cli: Cli, brief_folder: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "models" / name
    folder.mkdir(parents=True)
    code, _, err = cli("train", "--data", brief_folder, "--out", tmp_path / "models", "--detectors", "control_rms")
    sentence = f"{folder} is a folder where a file is expected: name a file, or move the folder away."
    assert (code, err.splitlines()[-1]) == (2, sentence)


@pytest.mark.parametrize("command", ["evaluate", "score"])
def test_a_detector_whose_manifest_cannot_be_read_is_named(
    cli: Cli, small_folder: Path, small_models: Path, tmp_path: Path, command: str
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
def test_a_command_names_the_damaged_detector_that_it_does_without(
    cli: Cli,
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


def test_an_output_that_cannot_be_one_is_named(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert cli("cards", "--out", tmp_path)[::2] == (
        2,
        f"{tmp_path} is a folder where a file is expected: name a file, or move the folder away.\n",
    )
    assert cli("cards", "--out", tmp_path / "file" / "below" / "cards.md")[::2] == (
        2,
        f"{tmp_path / 'file'} is a file where a folder is expected: name a folder, or move the file away.\n",
    )


def test_a_place_that_may_not_be_written_is_named(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(tmp_path))

    monkeypatch.setattr("tempfile.mkstemp", forbid)  # root may write everywhere
    code, _, err = cli("cards", "--out", tmp_path / "cards.md")
    assert (code, err) == (
        2,
        f"{tmp_path} cannot be opened (Permission denied): change who may read and write it, or name another place.\n",
    )


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
