"""Published figures beside these detectors' own, on a small tree in DCASE 2020's layout."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core.artifacts import trained_keys
from asd_core.datasets import open_dataset, read_eval_labels, with_eval_labels
from asd_core.errors import DatasetError
from asd_core.evaluation import evaluate
from asd_core.report.reproduction import PUBLISHED, benchmarks
from asd_core.scoring import Scope, read_scores
from asd_core.settings import get_settings
from tests.conftest import write_wav
from tests.unit.conftest import Cli

KEYS = ("pca_kde", "control_rms")


def write_challenge(root: Path) -> Path:
    """The three releases of DCASE 2020, of slider and (dev alone) fan: ids 00 and 02, additional training of id 01, and its
    evaluation clips, whose labels are in a list beside them."""
    rng = np.random.default_rng(0)
    sound = lambda level: rng.normal(0, level * rng.uniform(0.8, 1.25), 24000).clip(-1, 1)  # noqa: E731
    for machine, ids in (("slider", ("00", "02")), ("fan", ("00",))):
        for machine_id in ids:
            for split, label, level, count in (
                ("train", "normal", 0.05, 12),
                ("test", "normal", 0.05, 6),
                ("test", "anomaly", 0.1, 6),
            ):
                for n in range(count):
                    name = f"{label}_id_{machine_id}_{n:08d}.wav"
                    write_wav(root / "dev_data" / machine / split / name, sound(level))
    for n in range(12):
        write_wav(root / "additional" / "slider" / "train" / f"normal_id_01_{n:08d}.wav", sound(0.05))
    lines = ["fan", "id_01_00000000.wav,normal_id_01_00000000.wav,0", "slider"]
    for n in range(12):
        anomalous = n % 3 == 0
        write_wav(root / "eval" / "slider" / "test" / f"id_01_{n:08d}.wav", sound(0.1 if anomalous else 0.05))
        lines.append(
            f"id_01_{n:08d}.wav,{'anomaly' if anomalous else 'normal'}_id_01_{n + 40:08d}.wav,{int(anomalous)}"
        )
    (root / "eval_data_list.csv").write_text("\n".join(lines) + "\n")
    return root


@pytest.mark.slow
def test_a_set_is_trained_evaluated_and_put_beside_what_was_published(cli: Cli, tmp_path: Path) -> None:
    data, out = write_challenge(tmp_path / "data"), tmp_path / "models"
    given = ("--data", data, "--labels", data / "eval_data_list.csv", "--out", out, "--detectors", ",".join(KEYS))
    code, _, err = cli("reproduce", "dcase2020-slider", *given, "--preset", "quick")
    assert code == 0, err
    assert f"{out / 'reproduction.md'} written." in err
    assert trained_keys(out) == list(KEYS)
    assert open_dataset(out / "dataset.toml").catalogue["machine_type"].unique().tolist() == ["slider"]
    text = (out / "reproduction.md").read_text("utf-8")
    command = next(
        line for line in text.splitlines() if line.startswith("python -m asd_core reproduce dcase2020-slider")
    )
    assert (
        f"--data {data} --labels {data / 'eval_data_list.csv'} --out {out} --detectors pca_kde,control_rms" in command
    )
    assert command.endswith("--preset quick --seed 0")
    dev, evaluation = text.split("## Evaluation set")
    assert (
        "12 normal and 12 anomalous clips. Means do not compare: the published ones are of machine ids 00, 02, 04, 06"
        in dev
    )
    assert "these of 00, 02." in dev
    assert "8 normal and 4 anomalous clips." in evaluation
    # What was published, and where.
    assert (
        "| DCASE 2020 baseline: dense autoencoder | 0.850 / 0.669 | 0.963 / 0.818 | 0.788 / 0.629 | https://github.com"
        in dev
    )
    assert "| IDNN (Suefusa et al., ICASSP 2020) | 0.818 / 0.580 | – | https://github.com/liuyoude/AE-ASD" in evaluation
    # What was measured: the figures of the stored scores.
    own = {r.detector: r for r in evaluate(read_scores(out, None)) if r.machine_id == "mean"}
    for result in own.values():
        figures = f"| {result.auc:.3f} ({result.auc_low:.3f}–{result.auc_high:.3f}) / {result.pauc:.3f} |"
        assert figures in dev
    labels = read_eval_labels(data / "eval_data_list.csv", "slider")
    scores = with_eval_labels(read_scores(out, None, Scope("eval")), labels)
    for result in evaluate(scores):
        if result.machine_id == "01":
            assert f"| {result.auc:.3f} / {result.pauc:.3f} | this run |" in evaluation
    # Again without the list: the detectors are there, and the evaluation set is left out.
    code, _, err = cli("reproduce", "dcase2020-slider", *given[:2], *given[4:], "--preset", "quick", "--resume")
    assert (code, "give the organisers' list of its labels with --labels" in err) == (0, True)
    assert "Evaluation set" not in (out / "reproduction.md").read_text("utf-8")


def test_labels_of_both_kinds_of_lists(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "bandsaw\nsection_00_0005.wav,section_00_source_test_anomaly_0005_vel_15.wav\n"
        "section_00_0010.wav,section_00_target_test_normal_0010_vel_15.wav\n"
        "slider\nid_01_00000000.wav,normal_id_01_00000098.wav,0\nid_01_00000001.wav,anomaly_id_01_00000007.wav,1\n"
    )
    assert read_eval_labels(path, "bandsaw") == {"section_00_0005.wav": "anomaly", "section_00_0010.wav": "normal"}
    labels = read_eval_labels(path, "Slider")
    assert labels == {"id_01_00000000.wav": "normal", "id_01_00000001.wav": "anomaly"}
    clips = pd.DataFrame({"clip_id": ["slider/test/id_01_00000001.wav", "id_01_00000009.wav"], "label": "unlabelled"})
    assert with_eval_labels(clips, labels)["label"].tolist() == ["anomaly", "unlabelled"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("fan\nid_01_00000000.wav,normal_id_01_00000098.wav,0\n", "has no labels of slider"),
        ("slider\nid_01_00000000.wav,clip 98.wav\n", r"clip 98\.wav says no label"),
        ("\xff\xfe", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_a_list_that_is_none_is_a_sentence(text: str | None, reason: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "list.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(DatasetError, match=rf"list\.csv.*{reason}"):
        read_eval_labels(tmp_path / "list.csv", "slider")


def test_what_is_not_there_is_said(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, factory: Path) -> None:
    monkeypatch.setenv("ASD_DATA_DIR", str(tmp_path / "data"))
    get_settings.cache_clear()
    code, _, err = cli("reproduce", "dcase2020-slider")
    assert (code, "run python -m asd_core download dcase2020-slider" in err) == (2, True)
    code, _, err = cli("reproduce", "dcase2020-fan")
    assert (code, err) == (2, "There are no published figures of dcase2020-fan here, only of dcase2020-slider.\n")
    code, _, err = cli("reproduce", "dcase2020-slider", "--data", factory / "fan", "--out", tmp_path / "m")
    assert (code, "holds fan and no slider" in err) == (2, True)


def test_published_figures_have_their_sources() -> None:
    text = PUBLISHED.read_text("utf-8")
    for of in benchmarks().values():
        for split, rows in of.published.items():
            for row in rows:
                assert not row.ids or list(row.ids) == of.machine_ids[split]
                assert re.match(r"https://\S+ \(.+\)$", row.source)
                assert row.source in text
                assert 0.4 < row.pauc < row.auc <= 1
                if row.ids:  # a mean of what stands beside it
                    assert np.mean([auc for auc, _ in row.ids.values()]) == pytest.approx(row.auc, abs=2e-6)
                    assert np.mean([pauc for _, pauc in row.ids.values()]) == pytest.approx(row.pauc, abs=2e-6)
