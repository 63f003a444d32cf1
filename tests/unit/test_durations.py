"""How many hours of sound a dataset holds."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from asd_core.datasets import open_dataset, total_duration


def write(path: Path, seconds: float, rate: int = 16000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(0).normal(size=round(seconds * rate)) * 0.1
    soundfile.write(path, samples, rate)


def test_lengths_and_rates_and_formats_add_up(tmp_path: Path) -> None:
    write(tmp_path / "normal" / "a.wav", 1.0)
    write(tmp_path / "normal" / "b.flac", 2.5, 44100)
    write(tmp_path / "normal" / "c.ogg", 4.0, 48000)
    assert total_duration(open_dataset(str(tmp_path))) == pytest.approx(7.5, abs=0.01)


def test_a_header_that_lies_and_a_file_that_is_none(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write(tmp_path / "normal" / f"{name}.wav", 2.0)
    stream = bytearray((tmp_path / "normal" / "b.wav").read_bytes())
    stream[4:8] = stream[40:44] = b"\xff\xff\xff\x7f"  # as a recorder writes that was switched off
    (tmp_path / "normal" / "b.wav").write_bytes(bytes(stream))
    (tmp_path / "normal" / "c.wav").write_bytes(b"no sound")
    assert total_duration(open_dataset(str(tmp_path))) == pytest.approx(6.0)  # c as long as the others


def test_rendered_clips_are_all_of_one_length() -> None:
    dataset = open_dataset("demo")
    assert total_duration(dataset) == 10.0 * len(dataset.catalogue)
