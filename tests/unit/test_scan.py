import csv
import io
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from asd_core.artifacts import ModelSet
from asd_core.datasets.slide_rail import simulate
from asd_core.errors import Cancelled, ClipError, UnknownMachineError
from asd_core.explain import locate
from asd_core.scoring import (
    flagged_moments,
    moments_audacity,
    scan_csv,
    scan_recording,
    scan_windows,
    score_clip,
    with_decisions,
)
from asd_core.sound import Clip
from tests.conftest import ROOT

DEMO = ROOT / "trained_models" / "demo"
FAULT = (40.0, 50.0)  # s


@pytest.fixture(scope="module")
def recording() -> Clip:
    """80 s of normal sound, with a broken belt and rail between 40 and 50 s and digital silence from 65 s on."""
    normal = [simulate("00", seed=50 + n, snr_db=6).samples for n in range(8)]
    normal[4] = simulate("00", seed=99, snr_db=6, fault="no_grease", severity=1.0).samples
    samples = np.concatenate(normal)
    samples[65 * 16000 :] = 0.0
    return Clip(samples[None], 16000, "0", "long, recording.wav")


@pytest.fixture(scope="module")
def models() -> ModelSet:
    return ModelSet(DEMO, ["gwrp_gaussian", "fusion", "pca_lof"])


@pytest.fixture(scope="module")
def table(recording: Clip, models: ModelSet) -> pd.DataFrame:
    return scan_recording(recording, models, "00")


def test_windows_cover_the_recording_to_its_end() -> None:
    assert scan_windows(30.0) == [(0, 10), (5, 15), (10, 20), (15, 25), (20, 30)]
    assert scan_windows(27.3)[-2:] == [(15.0, 25.0), (pytest.approx(17.3), pytest.approx(27.3))]
    assert scan_windows(10.0) == [(0.0, 10.0)]
    assert scan_windows(3.2) == [(0.0, 3.2)]
    for window, hop in ((0.1, 0.05), (10.0, 0.0), (5.0, 6.0)):
        with pytest.raises(ClipError, match="cannot be scored"):
            scan_windows(30.0, window, hop)


def test_a_window_scores_as_the_cut_out_clip(recording: Clip, models: ModelSet, table: pd.DataFrame) -> None:
    for start in (0.0, 40.0):
        part = recording.samples[:, int(start * 16000) : int((start + 10) * 16000)]
        expected = {s.detector: s for s in score_clip(Clip(part, 16000, "1", "cut"), models, "00")}
        windows = table[table["start"] == start].set_index("detector")
        for key in models:
            assert windows.loc[key, "raw"] == pytest.approx(expected[key].raw, rel=1e-4)
            assert windows.loc[key, "decision"] == expected[key].decision
            assert windows.loc[key, "threshold"] == pytest.approx(expected[key].threshold)


def test_silent_windows_are_not_scored(table: pd.DataFrame, models: ModelSet) -> None:
    silent = table[table["start"] >= 65.0]
    assert len(silent) == 2 * len(models)
    assert silent[["raw", "calibrated"]].isna().all().all()
    assert (silent["decision"] == "").all()
    assert table[table["start"] < 65.0]["raw"].notna().all()


def test_the_fault_is_the_flagged_moment(table: pd.DataFrame, models: ModelSet) -> None:
    moments = flagged_moments(table)
    assert moments["peak_margin"].is_monotonic_decreasing
    for key in models:
        windows = moments[(moments["detector"] == key) & (moments["end"] <= 60.0)]  # then windows that are half silent
        best = windows.sort_values("peak_raw").iloc[-1]
        assert best["peak_start"] == FAULT[0]
        assert best["start"] < FAULT[1]
        assert best["end"] > FAULT[0]


def test_exports_can_be_read_back(recording: Clip, models: ModelSet, table: pd.DataFrame) -> None:
    moments = locate(flagged_moments(table), recording, models)
    rows = list(csv.DictReader(io.StringIO(scan_csv(table.assign(denoise=0.5)))))
    assert len(rows) == len(table)
    assert rows[0]["clip"] == "long, recording.wav"
    assert {row["denoise"] for row in rows} == {"0.5"}
    assert {(row["sample_rate"], row["version"]) for row in rows} == {("16000", "original")}  # as it was scanned
    assert {(row["machine_id"], row["false_alarm_rate"]) for row in rows} == {("00", "0.05")}
    assert [float(row["margin"]) if row["margin"] else np.nan for row in rows] == pytest.approx(
        table["margin"], nan_ok=True
    )
    assert {row["model_version"] for row in rows} == {models[key].version for key in models}
    assert [float(row["raw"]) if row["raw"] else np.nan for row in rows] == pytest.approx(table["raw"], nan_ok=True)
    assert len(list(csv.DictReader(io.StringIO(scan_csv(moments))))) == len(moments)

    labels: list[list[float]] = []
    for line in moments_audacity(moments.assign(denoise=0.5)).splitlines():
        fields = line.split("\t")
        assert len(fields) == 3
        if fields[0] == "\\":
            labels[-1] += [float(fields[1]), float(fields[2])]
        else:
            labels.append([float(fields[0]), float(fields[1])])
            assert "denoised at 0.5" in fields[2]
    assert len(labels) == len(moments)
    for label in labels:
        assert 0.0 <= label[0] < label[1] <= recording.duration
    assert sorted(len(label) for label in labels) == sorted(4 if f else 2 for f in moments["f0"].notna())
    assert set(moments[moments["f0"].notna()]["detector"]) == {"gwrp_gaussian"}


def test_a_located_moment_lies_in_its_peak_window(recording: Clip, models: ModelSet, table: pd.DataFrame) -> None:
    moments = locate(flagged_moments(table), recording, models).dropna(subset=["t0"])
    assert len(moments)
    assert (moments["t0"] >= moments["peak_start"]).all()
    assert (moments["t1"] <= moments["peak_end"]).all()
    assert moments["instant"].between(moments["t0"], moments["t1"]).all()
    assert (moments["f0"] < moments["f1"]).all()


def test_it_reports_and_stops(recording: Clip, models: ModelSet) -> None:
    reported: list[float] = []

    def stop(fraction: float, message: str) -> None:
        reported.append(fraction)
        if fraction > 0.5:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        scan_recording(recording, models, "00", progress=stop)
    assert reported[0] == 0.0
    assert reported == sorted(reported)
    with pytest.raises(UnknownMachineError, match="Machine id 77"):
        scan_recording(recording, models, "77")


def test_a_short_clip_is_one_window(models: ModelSet) -> None:
    samples = simulate("00", seed=1, duration=4.0).samples
    table = scan_recording(Clip(samples[None], 16000, "0", "short.wav"), models, "00")
    assert table[["start", "end"]].drop_duplicates().to_numpy().tolist() == [[0.0, 4.0]]
    assert len(table) == len(models)


def test_another_false_alarm_rate_needs_no_new_scan(recording: Clip, models: ModelSet, table: pd.DataFrame) -> None:
    first = Clip(recording.samples[:, : 20 * 16000], 16000, "0", "first.wav")
    for rate in (0.2, 0.05):
        expected = scan_recording(first, models, "00", false_alarm_rate=rate)
        again = with_decisions(scan_recording(first, models, "00"), models, "00", rate)
        pd.testing.assert_frame_equal(again, expected)
    loose, strict = (with_decisions(table, models, "00", rate) for rate in (0.5, 0.05))
    assert (loose["decision"] == "anomaly").sum() > (strict["decision"] == "anomaly").sum()
    assert (loose.loc[table["raw"].isna(), "decision"] == "").all()


@pytest.mark.parametrize(("hop", "window"), [(5.0, 10.0), (10.0, 10.0), (2.0, 10.0)])
@pytest.mark.parametrize("more", [0.0, 1 / 16000, 0.3, 0.49, 2.0])
def test_no_window_is_there_twice_and_none_is_missing(hop: float, window: float, more: float) -> None:
    """One sample more than a whole number of hops gave a last window next to the one before."""
    spans = scan_windows(30.0 + more, window, hop)
    starts = np.array([start for start, _ in spans])
    assert np.diff(starts).min() > 1e-3
    assert spans[-1][1] == 30.0 + more
    assert all(after - before[1] <= 1e-3 for before, (after, _) in pairwise(spans))
    assert len(scan_windows(20.0000625)) == 3
