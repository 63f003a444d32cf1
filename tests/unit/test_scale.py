"""What many clips cost: the arithmetic on costs that are known, and that all there is was measured."""

import pytest

from asd_core.artifacts import trained_keys
from asd_core.detectors import detector_class
from benchmarks.scale import CLIPS, MODELS, Run, dearest, duration, needed, page, runs, size, transfer
from benchmarks.scale_costs import Cost, Measured, cost, measure
from tests.conftest import ROOT


def every(**seconds: float) -> dict[str, Cost]:
    return {name: Cost(value, value, value) for name, value in seconds.items()}


def known() -> Measured:
    reading = {"decode WAV, 16 bit, 16 kHz": 1.0, "decode FLAC, 16 bit, 16 kHz": 2.0, "denoise, stationary": 30.0}
    reading |= {"one channel, offset (no other rate)": 0.5, "the same, from 48 kHz to 16 kHz": 10.5}
    detectors = every(knn_bands=1.0, pca_lof=2.0, cnn_ae=4.0, pca_kde=8.0, idnn=16.0, fusion=0.25)
    needs = dict.fromkeys(detectors, "log-mel") | {"pca_kde": "FFT bands", "fusion": ""}
    sizes = {"WAV, 16 bit, 16 kHz": 320_000.0, "FLAC, 16 bit, 16 kHz": 160_000.0, "scores, a detector": 12.0}
    representations = every(**{"log-mel": 3.0, "FFT bands": 5.0})
    return Measured(every(**reading), representations, detectors, needs, every(all=60.0)["all"], 128, 2.0, sizes)


def test_what_is_shared_counts_once() -> None:
    measured = known()
    assert needed(measured, []) == 1.5
    assert needed(measured, ["knn_bands"]) == 1.5 + 3 + 1
    assert needed(measured, ["knn_bands", "pca_lof", "fusion"]) == 1.5 + 3 + 1 + 2 + 0.25
    assert dearest(measured) == ["idnn", "pca_kde", "cnn_ae"]
    assert [run.seconds for run in runs(measured)] == [1.5, 5.5, 7.75, 1.5 + 3 + 5 + 31.25]


def test_hours_and_sizes() -> None:
    assert Run("", 3600.0).core_hours == pytest.approx(CLIPS * 10 / 3600)  # as long as the sound itself
    assert transfer(1e9 / 8 / CLIPS * 3600, 1e9 / 8) == pytest.approx(1.0)
    assert [duration(h) for h in (0.01, 0.5, 1.0, 47.0, 48.0, 2400.0)] == [
        "36 s",
        "30 min",
        "1.0 h",
        "47.0 h",
        "2 days",
        "100 days",
    ]
    assert [size(n) for n in (4, 999, 320_000, 3.2e12)] == ["4 bytes", "999 bytes", "320 kB", "3.2 TB"]


def test_the_page_of_known_costs() -> None:
    text = page(known(), 48, 5)
    assert "| kNN per sub-band | 5.5 | 42.4 | 21.2 h | 2.7 h | 20 min | 2 min |" in text
    assert "The three dearest are IDNN; PCA + KDE; CNN autoencoder." in text
    assert "| WAV, 16 bit, 16 kHz over 1 Gbit/s | 7.1 h | 2 | 6 | 9 | 45 |" in text
    assert "10 s an hour of sound join every row" in text


def test_processor_time_is_that_of_the_work() -> None:
    import time

    slept = cost(lambda: time.sleep(0.05), 1.0, 2)
    worked = cost(lambda: sum(range(1_000_000)), 1.0, 2)
    assert slept.most < 0.01 < 0.02 < 10 * worked.least
    assert worked.least <= worked.median <= worked.most


@pytest.mark.long
def test_everything_is_measured_and_the_docs_hold_it() -> None:
    measured = measure(MODELS, 2, 1)
    assert list(measured.detectors) == trained_keys(MODELS)
    assert all(one.median > 0 for one in (*measured.detectors.values(), *measured.reading.values()))
    assert set(measured.needs.values()) - {""} == set(measured.representations)
    assert all(one > 0 for one in measured.sizes.values())
    stored = (ROOT / "docs" / "scale.md").read_text("utf-8")
    for key in measured.detectors:
        assert f"| {detector_class(key).info.title}" in stored
    for name in (*measured.representations, *measured.reading, *measured.sizes):
        assert f"| {name} |" in stored
