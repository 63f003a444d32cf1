"""The comparison with PyOD: a lost or a missing comparison is said by name, and fails the command."""

import numpy as np
import pytest

from asd_core.evaluation import auc
from asd_core.features import LogMel
from asd_core.sound import Clip
from benchmarks import peers
from benchmarks.peer_families import FAMILIES, MODULATIONS, heavy_tails, modulation_spectrum, one_class
from benchmarks.peers import METHODS, Method, Row, fitter, main, measure, outcomes, summary, tables


def pair(*, ours: float = 0.9, theirs: float = 0.9, milliseconds: float = 0.1, failed: str = "") -> list[Row]:
    return [
        Row("wine", "KDE", "PyOD", [theirs], [0.8], 1.0, 0.2, 0.1),
        Row("wine", "KDE", "asd_core", [ours], [0.8], 1.0, milliseconds, 0.1, failed=failed),
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (pair(ours=0.894), "BELOW by 0.006"),
        (pair(milliseconds=0.3), "SLOWER (0.300 for 0.200 ms)"),
        (pair(failed="ModuleNotFoundError: gone"), "asd_core NOT COMPARED (ModuleNotFoundError: gone)"),
        (pair(ours=float("nan")), "BELOW by nan"),
    ],
)
def test_what_is_lost_or_not_compared_is_said_by_name(rows: list[Row], said: str) -> None:
    found = outcomes([*rows, *pair()])
    assert [outcome.fails for outcome in found] == [True, False]
    assert f"- KDE on wine: {said}" in summary(found)
    assert summary(found).startswith("1 of 2 comparisons fail")


def test_what_is_as_good_passes() -> None:
    found = outcomes(pair(ours=0.896, milliseconds=0.2))
    assert not found[0].fails
    assert summary(found).startswith("No method of ours is below")


@pytest.mark.parametrize("missing", [False, True])
def test_an_array_that_pyod_cannot_take_is_no_loss_but_a_missing_class_is(missing: bool) -> None:
    rows = pair()
    rows[0] = Row("wine", "KDE", "PyOD", failed="ValueError: too few", missing=missing)
    (outcome,) = outcomes(rows)
    assert outcome.fails is missing
    assert "too few" in outcome.outcome


def test_every_method_names_classes_that_exist() -> None:
    """A class that has moved was once skipped in silence."""
    pytest.importorskip("pyod")
    for method in METHODS.values():
        for library in ("PyOD", "asd_core"):
            fitter(method, library)


def test_a_network_s_spread_over_seeds_is_shown() -> None:
    rows = pair()
    rows[1].aucs = [0.8, 0.9, 1.0]
    assert "0.900 ± 0.100" in tables(rows)


def test_a_row_is_measured_on_every_problem_and_seed() -> None:
    row = Row("wine", "kNN", "asd_core")
    problems = one_class("wine", [0, 1])
    measure(row, fitter(Method("", "knn_bands:BandNeighbours"), "asd_core"), problems, (0, 1))
    expected = []
    for train, test, is_anomaly in problems.values():
        scores = fitter(Method("", "knn_bands:BandNeighbours"), "asd_core")(train, 0)(test)
        expected.append(auc(scores[~is_anomaly], scores[is_anomaly]))
    assert row.aucs == [pytest.approx(np.mean(expected))] * 2
    assert row.score_one_ms > 0.0


@pytest.mark.parametrize("ours", [0.9, 0.8])
def test_the_exit_code(ours: float, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyod")
    monkeypatch.setattr(peers, "compare", lambda methods, families: pair(ours=ours))
    assert main(["--families", "wine"]) == int(ours < 0.9)
    assert ("KDE on wine: BELOW by 0.100" in capsys.readouterr().out) is (ours < 0.9)


class TestFamilies:
    def test_they_are_many_and_said(self) -> None:
        assert len(FAMILIES) >= 5
        assert all(text for text, _ in FAMILIES.values())

    def test_a_rhythm_is_found_in_its_band_and_its_modulation(self) -> None:
        t = np.arange(160000) / 16000
        noise = np.random.default_rng(0).normal(size=len(t))
        samples = (1e-3 * noise + (1.5 + np.sin(2 * np.pi * 3.0 * t)) * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)
        log_mel = LogMel(n_mels=60)
        found = modulation_spectrum(log_mel, Clip(samples[None], 16000, "a", "a")).reshape(60, len(MODULATIONS) - 1)
        band, modulation = np.unravel_index(found.argmax(), found.shape)
        assert MODULATIONS[modulation] <= 3.0 < MODULATIONS[modulation + 1]
        assert log_mel.frequencies()[band] == pytest.approx(1000, rel=0.1)

    def test_tails_are_heavy_and_bands_correlated(self) -> None:
        train, test, is_anomaly = heavy_tails()["draw 0"]
        fourth = (train**4).mean()
        assert fourth > 4.0  # a Gaussian's is 3
        assert np.corrcoef(train[:, 10], train[:, 11])[0, 1] > 0.7
        assert abs(np.corrcoef(train[:, 10], train[:, 60])[0, 1]) < 0.3
        assert is_anomaly.sum() == 200
        assert len(test) == 400

    def test_a_class_is_trained_on_its_own_vectors_alone(self) -> None:
        problems = one_class("wine", [0, 1, 2])
        assert [len(train) for train, _, _ in problems.values()] == [35, 42, 28]
        train, test, is_anomaly = problems["0"]
        np.testing.assert_allclose(train.mean(axis=0), 0.0, atol=1e-9)
        assert (~is_anomaly).sum() == 59 - 35
        assert len(test) == 178 - 35
