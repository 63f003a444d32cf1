"""Moments of a long recording: peaks with an end, found also where every window is above the threshold."""

import numpy as np
import pandas as pd
import pytest

from asd_core.artifacts import ModelSet
from asd_core.datasets.slide_rail import simulate
from asd_core.explain import locate
from asd_core.scoring import anomalous_throughout, flagged_moments, moments_audacity, scan_recording
from asd_core.sound import Clip
from tests.conftest import ROOT

RATE = 16000
FAULTS = (62.0, 151.0, 247.0)  # s: where each begins in five minutes
LASTS = 3.0  # s
SATURATING = ["knn_bands", "pca_lof", "gwrp_gaussian"]  # at windows of 2 s; the second has no map


def curve(margins: list[float], detector: str = "pca_lof") -> pd.DataFrame:
    """Windows of ten seconds every five."""
    start = 5.0 * np.arange(len(margins))
    table = pd.DataFrame({"start": start, "end": start + 10.0, "margin": margins, "raw": margins, "calibrated": 100.0})
    about = {
        "clip": "c",
        "machine_id": "00",
        "sample_rate": 16000,
        "version": "original",
        "denoise": 0.0,
        "kind": "stationary",
        "model_version": "v",
    }
    return table.assign(detector=detector, false_alarm_rate=0.05, **about)


def spans(table: pd.DataFrame) -> list[tuple[float, float, float]]:
    moments = flagged_moments(table.sample(frac=1.0, random_state=1)).sort_values("start")
    return list(zip(moments["start"], moments["end"], moments["peak_start"], strict=True))


def test_a_moment_ends_at_half_its_height() -> None:
    assert spans(curve([-1, -1, 9, 20, 11, 4, -1])) == [(15.0, 30.0, 15.0)]


def test_nothing_above_the_threshold_is_no_moment() -> None:
    assert spans(curve([-1.0, -0.1, 0.0, -3.0])) == []
    assert spans(curve([np.nan, np.nan])) == []
    assert spans(curve([])) == []


def test_a_peak_is_one_of_its_own_where_the_curve_falls_below_half_of_it_in_between() -> None:
    assert [peak for _, _, peak in spans(curve([-1, 20, 4, 10, -1, -1]))] == [5.0, 15.0]
    assert [peak for _, _, peak in spans(curve([-1, 20, 11, 14, -1, -1]))] == [5.0]
    assert [peak for _, _, peak in spans(curve([-1, 20, 9, -1, -1, -1]))] == [5.0]  # a flank that shares its sound


def test_a_recordings_ends_and_silence_end_a_moment() -> None:
    assert spans(curve([8.0, 3.0, np.nan, 6.0, 7.0])) == [(0.0, 10.0, 0.0), (15.0, 30.0, 20.0)]


def test_a_lasting_fault_behind_a_strong_peak_is_not_lost() -> None:
    margins = [-1.0] * 6 + [60.0, 30.5, *([20.0, 21.0, 19.0] * 3)]
    assert spans(curve(margins)) == [(30.0, 45.0, 30.0), (45.0, 90.0, 45.0)]


def test_a_fault_of_most_of_the_recording_is_a_moment_and_not_throughout() -> None:
    table = curve([-1.0] * 8 + [30.0, 32.0] * 6)
    assert anomalous_throughout(table) == []
    assert [(a, b) for a, b, _ in spans(table)] == [(40.0, 105.0)]


def test_above_the_threshold_throughout_a_moment_stands_out_from_the_recording() -> None:
    level = [20.0, 21.0, 19.0, 20.5, 19.5] * 6
    assert anomalous_throughout(curve(level)) == ["pca_lof"]
    assert spans(curve(level)) == []
    level[12] = 60.0
    assert spans(curve(level)) == [(60.0, 70.0, 60.0)]


def test_two_windows_of_one_fault_are_not_a_recording_anomalous_throughout() -> None:
    assert anomalous_throughout(curve([5.0, 6.0])) == []
    assert len(spans(curve([5.0, 6.0]))) == 1


def test_percentiles_of_one_hundred_do_not_make_moments_equal() -> None:
    moments = flagged_moments(curve([-1, 3, -1, -1, 50, -1, -1, 7, -1]))
    assert (moments["peak_calibrated"] == 100.0).all()
    assert moments["peak_margin"].tolist() == [50.0, 7.0, 3.0]


@pytest.fixture(scope="module")
def five_minutes() -> dict[str, np.ndarray]:
    """The same rail normal, and with a broken rail: a minute of each, five times over without a click in between."""

    def repeated(**fault: object) -> np.ndarray:
        minute = simulate("00", seed=7, snr_db=6, duration=60.1, **fault).samples  # type: ignore[arg-type]
        fade = np.linspace(0.0, 1.0, RATE // 10)
        loop = minute[: 60 * RATE].copy()
        loop[: len(fade)] = fade * loop[: len(fade)] + (1.0 - fade) * minute[60 * RATE :]
        return np.tile(loop, 5).astype(np.float32)

    return {"normal": repeated(), "faulty": repeated(fault="no_grease", severity=1.0)}


@pytest.fixture(scope="module")
def models() -> ModelSet:
    return ModelSet(ROOT / "trained_models" / "demo", SATURATING)


def scanned(samples: np.ndarray, models: ModelSet, window: float) -> tuple[Clip, pd.DataFrame]:
    clip = Clip(samples[None], RATE, "0", "long.wav")
    return clip, scan_recording(clip, models, "00", window=window, hop=window / 2)


@pytest.mark.parametrize("window", [10.0, 2.0])
def test_each_fault_of_a_long_recording_is_a_moment(
    five_minutes: dict[str, np.ndarray], models: ModelSet, window: float
) -> None:
    samples = five_minutes["normal"].copy()
    for begins in FAULTS:
        part = slice(int(begins * RATE), int((begins + LASTS) * RATE))
        samples[part] = five_minutes["faulty"][part]
    clip, table = scanned(samples, models, window)
    if window == 2.0:
        saturated = (table["calibrated"] == 100.0).groupby(table["detector"]).mean()
        assert saturated["pca_lof"] > 0.9
        assert "pca_lof" in anomalous_throughout(table)
    moments = locate(flagged_moments(table), clip, models)
    for key in SATURATING:
        own = moments[moments["detector"] == key]
        strongest = own.head(3).sort_values("start")
        for begins, row in zip(FAULTS, strongest.to_dict("records"), strict=True):
            assert row["start"] < begins + LASTS
            assert row["end"] > begins
            assert row["end"] - row["start"] <= LASTS + 2 * window
            assert begins - 1.0 <= row["instant"] <= begins + LASTS + 1.0
        assert own["peak_margin"].iloc[3:].max() < 0.5 * strongest["peak_margin"].min() or len(own) == 3
        windows = table[table["detector"] == key]
        peak = windows.loc[windows["margin"].idxmax()]
        assert any(peak["start"] < begins + LASTS and peak["end"] > begins for begins in FAULTS)
    assert set(moments.loc[moments["detector"] == "pca_lof", "instant_by"]) <= {"knn_bands", "gwrp_gaussian", ""}


def test_a_recording_without_a_fault_has_hardly_a_moment(five_minutes: dict[str, np.ndarray], models: ModelSet) -> None:
    for window in (10.0, 2.0):
        _, table = scanned(five_minutes["normal"], models, window)
        assert len(flagged_moments(table)) <= 0.05 * len(table)


def test_a_recording_that_is_anomalous_throughout_is_said_and_is_no_moment(
    five_minutes: dict[str, np.ndarray], models: ModelSet
) -> None:
    clip, table = scanned(five_minutes["faulty"], models, 10.0)
    assert anomalous_throughout(table) == list(models)
    moments = locate(flagged_moments(table), clip, models)
    assert moments.empty
    assert {"instant", "instant_by", "t0"} <= set(moments)
    assert moments_audacity(moments) == ""
