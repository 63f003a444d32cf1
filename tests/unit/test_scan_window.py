"""Windows that slide over a recording are as long as the clips that the detectors learned from."""

from pathlib import Path

import numpy as np
import pytest

from asd_core.settings import get_settings
from benchmarks.synthetic import write_models
from pages.clip_page.scan_window import steps, usual_length
from pages.shared.sources import sources
from tests.conftest import write_wav


def test_windows_are_as_long_as_the_usual_clip_or_shorter() -> None:
    assert list(steps(10.0)) == ["10 s every 5 s", "5 s every 2.5 s", "2 s every 1 s"]
    assert steps(4.0) == {"4 s every 2 s": (4.0, 2.0), "2 s every 1 s": (2.0, 1.0), "0.8 s every 0.4 s": (0.8, 0.4)}
    assert list(steps(None)) == list(steps(10.0)), "where nobody knows"
    shortest = get_settings().min_clip_seconds
    assert all(window >= shortest for window, _ in steps(1.2 * shortest).values())


def test_the_usual_clip_is_that_of_the_recordings_to_learn_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings = tmp_path / "recordings"
    write_models(tmp_path / "models" / "own", recordings, 4, ["control_rms"])
    monkeypatch.setenv("ASD_MODELS_DIR", str(tmp_path / "models"))
    get_settings.cache_clear()
    (source,) = sources()
    for n, seconds in enumerate((4.03, 4.03, 9.0)):
        write_wav(recordings / "train" / f"normal_id_00_{n:08d}.wav", np.full(round(seconds * 16000), 0.1))
    assert usual_length(source) == 4.0
