"""One recording in one row: the same from the library and by the command."""

import json
from pathlib import Path

import numpy as np
import pytest

from asd_core.artifacts import ModelSet
from asd_core.cli.app import main
from asd_core.datasets import Dataset
from asd_core.evaluation import Reliability
from asd_core.explain import SUMMARY, Place, clip_summary, find_place, map_of
from asd_core.scoring import Applicability, DetectorScore, clip_verdict, stored_reliability
from asd_core.sound import prepare, read_clip, wav_bytes
from tests.conftest import write_wav

RELIABILITY = Reliability(("gwrp_gaussian", "knn_bands", "pca_lof"), ("pca_kde",), (), ("control_rms",), {})
PLACE = Place("knn_bands", 4.1, 4.6, 3400.0, 5500.0, "3.4 to 5.5 kHz, from 4.1 to 4.6 s")
APPLICABLE = Applicability(True, "", 0.0, None, None, 0, 0, 0.1, 0, 128)
FOREIGN = Applicability(
    False, "its level in quiet moments is 40 dB above the normal clips", 40.0, None, None, 0, 0, 0.1, 0, 128
)


def scores(*margins: float) -> list[DetectorScore]:
    return [
        DetectorScore(key, m, 50.0, 0.0, "anomaly" if m > 0 else "normal", m)
        for key, m in zip(RELIABILITY.order, margins, strict=True)
    ]


def test_a_fault_is_placed_and_the_votes_counted() -> None:
    row = clip_summary(scores(9, 3, -2, 9, 9), RELIABILITY, APPLICABLE, PLACE, 60, 0.05)
    assert tuple(row) == SUMMARY
    assert (row["applicable"], row["reason"], row["verdict"], row["ground"]) == (True, None, "anomaly", "margin")
    assert (row["detector"], row["decision"], row["margin"]) == ("gwrp_gaussian", "anomaly", 9)
    assert (row["agree"], row["trusted"]) == (2, 3)  # neither the weak one nor the control votes
    assert (row["map_of"], row["t0"], row["t1"], row["f0"], row["f1"]) == ("knn_bands", 4.1, 4.6, 3400.0, 5500.0)


def test_who_cannot_tell_does_not_agree() -> None:
    """As on the card: one near its threshold is counted on neither side."""
    row = clip_summary(scores(9, 3, 0.2, 9, 9), RELIABILITY, APPLICABLE, PLACE, 60, 0.05)
    assert (row["verdict"], row["agree"], row["trusted"]) == ("anomaly", 2, 3)


def test_a_normal_clip_has_no_place() -> None:
    row = clip_summary(scores(-2, -3, -2, 9, 9), RELIABILITY, APPLICABLE, PLACE, 60, 0.05)
    assert (row["verdict"], row["agree"], row["margin"]) == ("normal", 3, -2)
    assert [row[name] for name in ("map_of", "t0", "t1", "f0", "f1")] == [None] * 5


def test_what_is_not_applicable_has_a_reason_and_no_verdict() -> None:
    row = clip_summary(scores(9, 3, 2, 9, 9), RELIABILITY, FOREIGN, PLACE, 60, 0.05)
    assert (row["applicable"], row["reason"]) == (False, FOREIGN.reason)
    assert (row["verdict"], row["ground"], row["t0"]) == ("not sure", "foreign", None)
    assert row["margin"] == 9  # the figure is given all the same


def test_what_cannot_be_told_is_none() -> None:
    row = clip_summary(scores(9, 3, 2, 9, 9), RELIABILITY, None, None, 60, 0.05)
    assert (row["applicable"], row["reason"], row["verdict"], row["t0"]) == (None, None, "anomaly", None)
    of_few = clip_summary(scores(9, 3, 2, 9, 9), RELIABILITY, APPLICABLE, PLACE, 3, 0.05)
    assert (of_few["verdict"], of_few["ground"]) == (None, "too few normals")


@pytest.mark.parametrize(
    ("margins", "held_out", "verdict", "reason_code"),
    [
        ((0.3, 3, 2, 3, 3), 60, "not sure", "close"),
        ((9, -3, -2, 3, 3), 60, "not sure", "disagreement"),
        ((9, -3, 0.2, 3, 3), 60, "not sure", "disagreement"),  # who cannot tell is no vote for the side that it is on
        ((9, 0.2, -0.2, 3, 3), 60, "anomaly", "margin"),
        ((9, 3, 2, 3, 3), 3, "", "too few normals"),
    ],
)
def test_the_reason_of_a_verdict(margins: tuple[float, ...], held_out: int, verdict: str, reason_code: str) -> None:
    result = clip_verdict(scores(*margins), RELIABILITY, APPLICABLE, held_out, 0.05)
    assert (result.verdict, result.reason_code) == (verdict, reason_code)


def test_of_a_few_detectors_the_best_of_these_leads() -> None:
    some = scores(9, 3, 2, 3, 3)[2:]
    result = clip_verdict(some, RELIABILITY, APPLICABLE, 60, 0.05)
    assert result.leading
    assert (result.leading.detector, result.n_trusted) == ("pca_lof", 1)
    assert clip_verdict(some[2:], RELIABILITY, APPLICABLE, 60, 0.05).reason_code == "controls alone"


def test_the_command_writes_the_same_row(
    small_dataset: Dataset,
    small_models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = small_dataset.rows(machine_id="00", split="test", label="anomaly")
    sound = small_dataset.read(rows["clip_id"].iloc[0]).samples[0]
    stereo = tmp_path / "left is silent.wav"
    stereo.write_bytes(wav_bytes(np.stack([np.zeros_like(sound), sound]), 16000))
    mono = write_wav(tmp_path / "one.wav", sound)
    arguments = ["score", str(mono), str(stereo), "--models", str(small_models), "--machine-id", "00", "--json"]
    monkeypatch.setattr("sys.argv", ["asd_core", *arguments])
    assert main() == 0
    shown = capsys.readouterr()
    assert "Channel 1 of left is silent.wav is silent: channel 2 is analysed instead." in shown.err
    one, two = json.loads(shown.out)
    assert (one["channel"], two["channel"]) == ("1", "2")
    figures = [*SUMMARY, "scores"]
    assert [one[name] for name in figures] == [two[name] for name in figures]

    models = ModelSet(small_models)
    reliability = stored_reliability(small_models)
    assert one["detector"] == reliability.chosen()
    mapped = map_of(reliability.order)
    assert mapped
    place = find_place(prepare(read_clip(mono)), models, mapped, "00")
    assert place
    placed = one["verdict"] != "normal" and one["ground"] != "foreign"
    assert (one["t0"], one["f1"]) == ((place.t0, place.f1) if placed else (None, None))


def test_the_command_takes_a_channel_by_its_number(
    small_dataset: Dataset,
    small_models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clips = small_dataset.rows(machine_id="00", split="test").groupby("label")["clip_id"].first()
    normal, anomaly = (small_dataset.read(clips[label]).samples[0] for label in ("normal", "anomaly"))
    files = [write_wav(tmp_path / f"{n}.wav", sound) for n, sound in enumerate((normal, anomaly))]
    both = tmp_path / "both.wav"
    both.write_bytes(wav_bytes(np.stack([normal, anomaly]), 16000))
    rest = ["--models", str(small_models), "--machine-id", "00", "--json"]

    def raw(*arguments: str) -> list[float]:
        monkeypatch.setattr("sys.argv", ["asd_core", "score", *arguments, *rest])
        assert main() == 0
        return [score["raw"] for score in json.loads(capsys.readouterr().out)[0]["scores"]]

    assert raw(str(both)) == raw(str(files[0]))
    assert raw(str(both), "--channel", "2") == raw(str(files[1]))
    assert raw(str(both), "--channel", "mean") not in (raw(str(files[0])), raw(str(files[1])))
    monkeypatch.setattr("sys.argv", ["asd_core", "score", str(both), "--channel", "left", *rest])
    assert main() == 2
    assert "left is no channel: choose 1, 2, … or mean." in capsys.readouterr().err
