"""What is said of recordings before anything is trained."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core.datasets import examine, findings, open_dataset, readable, survey
from asd_core.errors import ClipError
from asd_core.sound import wav_bytes
from tests.conftest import write_wav

RATE = 16000


def noise(seed: int, level: float = 0.1, seconds: float = 2.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, level, int(RATE * seconds)).astype(np.float32)


def normals(root: Path, count: int = 25) -> None:
    for n in range(count):
        write_wav(root / "normal" / f"{n}.wav", noise(n))


def said(root: Path) -> tuple[list[str], pd.DataFrame, list[str]]:
    clips, unusable = examine(open_dataset(root))
    return findings(clips), clips, [unused.reason for unused in unusable]


def test_a_clean_set_has_nothing_to_say(tmp_path: Path) -> None:
    normals(tmp_path)
    for n in range(5):
        write_wav(tmp_path / "faulty" / f"{n}.wav", noise(100 + n))
    assert said(tmp_path)[0] == []


def test_bad_files_are_named_and_the_rest_is_examined(tmp_path: Path) -> None:
    normals(tmp_path)
    (tmp_path / "normal" / "empty.wav").write_bytes(b"")
    (tmp_path / "normal" / "text.wav").write_bytes(b"not sound")
    write_wav(tmp_path / "faulty" / "1.wav", noise(100))
    _, clips, reasons = said(tmp_path)
    assert len(clips) == 26
    assert sorted(reason.split(" is ")[0] for reason in reasons) == ["empty.wav", "text.wav"]


def test_what_spoils_a_comparison_is_said_with_its_remedy(tmp_path: Path) -> None:
    normals(tmp_path, 4)
    write_wav(tmp_path / "normal" / "copy.wav", noise(0))
    write_wav(tmp_path / "faulty" / "same.wav", noise(1))
    write_wav(tmp_path / "faulty" / "other rate.wav", noise(50, seconds=5), rate=44100)
    write_wav(tmp_path / "faulty" / "offset.wav", noise(51) + 0.03)
    write_wav(tmp_path / "faulty" / "zeros.wav", noise(52) * (np.arange(2 * RATE) < RATE))
    write_wav(tmp_path / "faulty" / "stereo.wav", np.stack([0 * noise(53), noise(53)]))
    text = "\n".join(said(tmp_path)[0])
    for expected in (
        "The same sound is called normal and anomaly (faulty/same.wav, normal/1.wav)",
        "9 at 16,000 Hz, 1 at 44,100 Hz",
        "different numbers of channels (9 with 1, 1 with 2)",
        "1 recording with a constant offset",
        "faulty/offset.wav",
        "1 recording with digital silence in more than a quarter",
        "1 recording with a silent channel: choose the channel that holds the machine (faulty/stereo.wav)",
        " normal recordings to learn from: they set thresholds in turn",
    ):
        assert expected in text
    assert "copy.wav" in text


def test_the_same_sound_in_training_and_test(tmp_path: Path) -> None:
    for place in ("train/normal", "test/normal"):
        write_wav(tmp_path / place / "1.wav", noise(1))
    assert any(
        "The same sound is in training and test (test/normal/1.wav, train/normal/1.wav)" in s for s in said(tmp_path)[0]
    )


def test_the_same_sound_without_a_label_is_no_contradiction(tmp_path: Path) -> None:
    for name in ("train/normal_id_00_00000000.wav", "test/id_00_00000000.wav"):
        write_wav(tmp_path / name, noise(1))
    (sentence,) = [s for s in said(tmp_path)[0] if "The same sound" in s]
    assert "is in training and test (test/id_00_00000000.wav, train/normal_id_00_00000000.wav)" in sentence


def test_anomalies_that_a_level_meter_tells(tmp_path: Path) -> None:
    normals(tmp_path)
    for n in range(4):
        write_wav(tmp_path / "faulty" / f"{n}.wav", noise(100 + n, 0.2))
    assert any("louder than every normal recording: a level meter" in s for s in said(tmp_path)[0])


def test_without_anomalies_it_says_what_is_compared(tmp_path: Path) -> None:
    normals(tmp_path)
    assert said(tmp_path)[0] == [
        "There is no anomaly: detectors can be trained, and are compared by synthetic anomalies alone."
    ]


def test_nobody_is_asked_about_what_cannot_be_read(tmp_path: Path) -> None:
    """Neither whole groups nor by an example that cannot be heard; a cheap look is enough, or a reading that has run."""
    rng = np.random.default_rng(0)
    files = {"odd/on_0.wav": b"", "odd/on_1.wav": wav_bytes(rng.normal(0, 0.1, 16000).astype(np.float32), 16000)}
    files |= {
        "odd/empty_0.wav": b"",
        "odd/text.flac": b"<html>not found</html>",
        "odd/image.mp3": b"\x89PNG\r\n\x1a\n" * 99,
    }
    files |= {"odd/noise_0.wav": rng.bytes(4000), "odd/noise_1.wav": rng.bytes(4000)}
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    found = survey(tmp_path)
    assert found.questions == ["2 recordings like odd/on_1.wav: normal, anomaly, or leave out?"]
    assert [(group.pattern, group.example) for group in found.usable_groups] == [("odd/on_*", "odd/on_1.wav")]
    reasons = {one.file: one.reason for one in found.explained}
    assert "0 bytes" in reasons["odd/empty_0.wav"]
    assert all(
        "not audio" in reasons[f"odd/{name}"] for name in ("text.flac", "image.mp3", "noise_0.wav", "noise_1.wav")
    )
    (tmp_path / "odd" / "empty_0.wav").write_bytes(files["odd/on_1.wav"])
    assert len(survey(tmp_path).questions) == 2, "it was recorded again"


def test_what_cannot_be_read_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd.wav").write_bytes(b"no sound")
    assert survey(tmp_path).questions == []
    monkeypatch.setattr(readable, "read_clip", lambda *_, **__: pytest.fail("read again"))
    assert survey(tmp_path).questions == []


def test_what_somebody_could_not_hear_is_asked_about_no_longer(tmp_path: Path) -> None:
    (tmp_path / "cut.wav").write_bytes(b"RIFF")
    found = survey(tmp_path)
    assert found.questions == ["1 recording like cut.wav: normal, anomaly, or leave out?"]
    with pytest.raises(ClipError):
        found.read("cut.wav")
    assert survey(tmp_path).questions == []
