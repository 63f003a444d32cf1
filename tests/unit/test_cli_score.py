"""The command score: recordings that cannot be read, that stop early or do not belong, and what goes on beside them."""

import json
import re
from pathlib import Path

import soundfile

from asd_core.datasets.slide_rail import simulate
from tests.conftest import ROOT, write_wav
from tests.unit.conftest import Cli


def test_score_goes_on_after_a_bad_recording(cli: Cli, small_folder: Path, small_models: Path, tmp_path: Path) -> None:
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


def test_score_reads_other_kinds_of_file_and_goes_on(
    cli: Cli, small_folder: Path, small_models: Path, tmp_path: Path
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


def test_a_name_in_brackets_is_printed_whole(cli: Cli, small_folder: Path, small_models: Path, tmp_path: Path) -> None:
    file = tmp_path / "[fan] 01.wav"
    file.write_bytes(next((small_folder / "test").glob("*_id_00_*.wav")).read_bytes())
    _, out, _ = cli("score", file, "--models", small_models, "--machine-id", "00", "--detectors", "control_rms")
    assert "[fan] 01.wav" in out
    (tmp_path / "[x]").mkdir()
    _, out, _ = cli("inspect", tmp_path)
    assert "[fan] 01.wav" in " ".join(out.split())


def test_a_recording_that_stops_early_is_scored_and_says_so(
    cli: Cli, small_folder: Path, small_models: Path, tmp_path: Path
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


def test_score_says_what_does_not_belong(cli: Cli, tmp_path: Path) -> None:
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
