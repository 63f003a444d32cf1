"""Resamples of large samples by their linear part: the same figures and errors as resampling them in full."""

import numpy as np
import pandas as pd
import pytest

from asd_core.evaluation import bootstrap
from asd_core.evaluation.clip_resampling import taken
from asd_core.evaluation.linear_part import LARGE, linear_parts, resampled_parts
from asd_core.evaluation.resampled_auc import resampled
from asd_core.evaluation.roc_auc import auc, pauc


def scores(n: int, m: int, shift: float, digits: int = 9) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([n, m])
    return rng.normal(size=n).round(digits), (rng.normal(size=m) + shift).round(digits)


@pytest.mark.parametrize("digits", [9, 1, 0])
@pytest.mark.parametrize(("n", "m", "shift"), [(6000, 6000, 1.0), (7000, 300, 0.0), (50, 9000, 3.0), (1, 1, 1.0)])
def test_the_figures_are_those_of_the_curve(n: int, m: int, shift: float, digits: int) -> None:
    normal, anomaly = scores(n, m, shift, digits)
    of_auc, of_pauc = linear_parts(normal, anomaly)
    assert of_auc.observed == pytest.approx(auc(normal, anomaly), abs=1e-12)
    assert of_pauc.observed == pytest.approx(pauc(normal, anomaly), abs=1e-12)


@pytest.mark.parametrize(("n", "m", "shift"), [(6000, 6000, 1.0), (6000, 9000, 0.5), (9000, 6000, 2.5)])
def test_resamples_are_those_of_full_resampling(n: int, m: int, shift: float) -> None:
    normal, anomaly = scores(n, m, shift)
    parts = linear_parts(normal, anomaly)
    full, linear = [], []
    for _, taken_normal, taken_anomaly in taken("00", n, m, 300, 0):
        full.append(resampled(normal, anomaly, taken_normal, taken_anomaly))
        linear.append([resampled_parts([part], taken_normal, taken_anomaly)[0] for part in parts])
    for part, exactly, by_part in zip(parts, np.concatenate(full, 1), np.concatenate(linear, 1), strict=True):
        assert part.exact_enough
        assert np.corrcoef(exactly, by_part)[0, 1] > 0.998
        assert by_part.std() == pytest.approx(exactly.std(), rel=0.02)
        assert by_part.mean() == pytest.approx(exactly.mean(), abs=0.1 * exactly.std())


@pytest.mark.parametrize(
    ("shift", "digits", "enough"),
    [
        (5.0, 9, (False, False)),  # a handful of clips overlap
        (1.0, 0, (True, False)),  # all normal clips left of the limit have one of two or three scores
        (1.0, 9, (True, True)),
    ],
)
def test_it_is_not_enough_where_few_clips_decide(shift: float, digits: int, enough: tuple[bool, bool]) -> None:
    parts = linear_parts(*scores(6000, 6000, shift, digits))
    assert tuple(part.exact_enough for part in parts) == enough


def table(*detectors: tuple[str, float]) -> pd.DataFrame:
    """Scores of 2 x LARGE clips; detectors find the same ones hard."""
    rng = np.random.default_rng(0)
    anomalous = np.arange(2 * LARGE) % 2 == 1
    hard = rng.normal(size=len(anomalous))
    of_all = {"clip_id": [f"{k:05d}" for k in range(len(anomalous))], "machine_id": "00"}
    of_all["label"] = np.where(anomalous, "anomaly", "normal")
    return pd.concat(
        [
            pd.DataFrame({**of_all, "detector": name, "raw": hard + rng.normal(size=len(hard)) + shift * anomalous})
            for name, shift in detectors
        ]
    )


def test_a_detector_near_the_end_is_resampled_in_full_on_the_same_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(*args: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        calls.append(len(args[0]))
        return resampled(*args)

    monkeypatch.setattr("asd_core.evaluation.stratified_bootstrap.resampled", counted)
    draws = bootstrap(table(("weak", 1.0), ("strong", 2.0), ("near one", 7.5)), 200)
    assert calls == [LARGE], "one detector, once"
    for module in ("stratified_bootstrap", "clip_resampling"):
        monkeypatch.setattr(f"asd_core.evaluation.{module}.LARGE", 10**9)
    full = bootstrap(table(("weak", 1.0), ("strong", 2.0), ("near one", 7.5)), 200)
    for metric in ("auc", "pauc"):
        np.testing.assert_allclose(draws.point(metric=metric), full.point(metric=metric), atol=1e-12)
        # The same clips would be drawn otherwise there: the error of an error of 200 draws is a twentieth.
        np.testing.assert_allclose(
            draws.of(metric=metric).std(axis=1), full.of(metric=metric).std(axis=1), rtol=0.25, atol=1e-6
        )
    shared, in_full = (np.corrcoef(d.of()[:2])[0, 1] for d in (draws, full))
    assert shared == pytest.approx(in_full, abs=0.1)
    assert shared > 0.3, "the detectors find the same clips hard"
