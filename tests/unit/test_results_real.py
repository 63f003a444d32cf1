"""docs/results-real.md: detectors on recordings beside the demo and published figures, on a generated tree of DCASE 2020's layout."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core.evaluation import Draws, bootstrap, evaluate
from asd_core.report import order_correlation, order_sentence, stored_scores
from asd_core.scoring import read_scores
from tests.conftest import ROOT, write_wav
from tests.unit.conftest import Cli

KEYS = ("pca_kde", "pca_lof", "knn_bands", "gwrp_gaussian")


def write_slider(root: Path) -> Path:
    """Training clips of id 00 alone, test clips of ids 00 and 02, as in the few real ones at hand."""
    rng = np.random.default_rng(0)
    for machine_id, split, label, level, count in (
        ("00", "train", "normal", 0.05, 18),
        ("00", "test", "normal", 0.05, 6),
        ("00", "test", "anomaly", 0.08, 5),
        ("02", "test", "normal", 0.05, 2),
    ):
        for n in range(count):
            name = f"{label}_id_{machine_id}_{n:08d}.wav"
            write_wav(root / "slider" / split / name, rng.normal(0, level * rng.uniform(0.8, 1.25), 24000).clip(-1, 1))
    return root


def test_the_page_is_written_from_a_tree(cli: Cli, tmp_path: Path) -> None:
    data, out, models = write_slider(tmp_path / "dev_data"), tmp_path / "real.md", tmp_path / "models"
    keys = ",".join([*KEYS, "control_rms", "id_classifier"])
    code, _, err = cli(
        "results-real", "--data", data, "--out", out, "--models", models, "--detectors", keys, "--preset", "quick"
    )
    assert code == 0, err
    text = out.read_text("utf-8")
    assert (
        f"python -m asd_core results-real --data DIR --out docs/results-real.md --detectors {keys} --preset quick --seed 0"
        in text
    )
    assert str(tmp_path) not in text
    assert "## 11 test clips" in text
    assert (
        "Tested on id 00: 6 normal and 5 anomalous. Test clips of machines without training clips are not scored (id 02: 2)."
        in text
    )
    assert "Machine-id classifier was not trained: " in text
    # What was measured, beside the demo's.
    own = {r.detector: r for r in evaluate(read_scores(models, None)) if r.machine_id == "mean"}
    demo = {r.detector: r for r in evaluate(stored_scores(ROOT / "trained_models" / "demo")) if r.machine_id == "mean"}
    rows = [line for line in text.splitlines() if line.startswith("| ") and "–" in line]
    assert set(own) == {*KEYS, "control_rms"}
    for key, result in own.items():
        figures = f"| {result.auc:.3f} ({result.auc_low:.3f}–{result.auc_high:.3f}) | {result.pauc:.3f} | {demo[key].auc:.3f} |"
        assert any(figures in row for row in rows), key
    aucs = [float(row.split("|")[3].split("(")[0]) for row in rows[: len(own)]]
    assert aucs == sorted(aucs, reverse=True)
    # The curve has the numbers of clips that there are.
    curve = text.split("## Learning curve")[1].split("## What others")[0]
    assert [cell.strip() for cell in curve.strip().splitlines()[2].split("|")[1:-1]] == [
        "detector",
        "8",
        "16",
        "worth having from",
    ]
    # What others published, and the empty row.
    published = text.split("## What others published")[1]
    assert "| DCASE 2020 baseline: dense autoencoder | 0.8499 / 0.6693 | https://github.com" in published
    assert "| **ours on the whole set** |" in published
    assert "`asd_core reproduce dcase2020-slider`" in published


def test_without_a_folder_nothing_is_kept(cli: Cli, tmp_path: Path) -> None:
    data, out = write_slider(tmp_path / "dev_data"), tmp_path / "real.md"
    code, _, err = cli("results-real", "--data", data, "--out", out, "--detectors", "control_rms", "--preset", "quick")
    assert code == 0, err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dev_data", "real.md"]
    assert "Too few detectors are trained on both sets" in out.read_text("utf-8")


def draws(aucs: dict[str, float], n: int) -> Draws:
    """Detectors whose scores of ``n`` normal and ``n`` anomalous clips have about these AUCs."""
    rng = np.random.default_rng(n)
    shared = rng.normal(size=2 * n)
    rows = [
        pd.DataFrame(
            {
                "detector": key,
                "machine_id": "00",
                "clip_id": range(2 * n),
                "label": ["normal"] * n + ["anomaly"] * n,
                "raw": shared + 0.2 * rng.normal(size=2 * n) + np.repeat([0.0, 3.0 * (auc - 0.5)], n),
            }
        )
        for key, auc in aucs.items()
    ]
    return bootstrap(pd.concat(rows), resamples=200)


RISING = dict(zip(KEYS, (0.5, 0.7, 0.9, 1.1), strict=True))
FALLING = dict(zip(KEYS, (1.1, 0.9, 0.7, 0.5), strict=True))


@pytest.mark.parametrize(
    ("here", "n", "rho", "says"),
    [
        (RISING, 300, 1.0, "The order is the demo's."),
        (FALLING, 300, -1.0, "the orders contradict each other"),
        (dict(zip(KEYS, (0.5, 0.9, 0.7, 1.1), strict=True)), 300, 0.8, "the orders agree in part"),
        (dict(zip(KEYS, (0.72, 0.7, 0.71, 0.7), strict=True)), 5, None, "do not even tell whether the orders agree"),
    ],
)
def test_an_order_that_differs_is_said(here: dict[str, float], n: int, rho: float | None, says: str) -> None:
    real, demo = draws({**here, "control_rms": 0.5}, n), draws({**RISING, "control_rms": 2.0}, 300)
    found = order_correlation(real, demo)
    assert found is not None
    assert found.n == 4, "controls stand apart"
    if rho is not None:
        assert found.rho == pytest.approx(rho)
    assert found.low <= found.rho <= found.high
    sentence = order_sentence(real, demo)
    assert says in sentence
    assert ("the demo is not the world" in sentence) == (rho != 1.0)
