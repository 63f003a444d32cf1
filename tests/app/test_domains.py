"""Source and target domain on the Compare page and in the report: only where a dataset has both."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core.artifacts import POOLED
from asd_core.datasets import DATASET, import_recordings
from asd_core.evaluation import domain_figures
from asd_core.report import report_content, report_html, report_json
from asd_core.scoring import SCORES, read_scores
from asd_core.settings import get_settings
from asd_core.sound import wav_bytes
from tests.app.helpers import app_at, opened

SCORE, ARITHMETIC = "Official score", "Arithmetic mean"


@pytest.fixture
def fans(domain_folder: Path, settings: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    settings.setenv("ASD_MODELS_DIR", str(domain_folder / "models"))
    settings.setenv("ASD_DATA_DIR", str(tmp_path / "data"))
    return domain_folder / "models" / "fans"


def toggles(app: object) -> list[str]:
    return [toggle.label for toggle in app.toggle]  # type: ignore[attr-defined]


def test_the_demo_has_no_domains() -> None:
    assert "Domains" not in toggles(opened("compare"))
    assert all(SCORE not in frame.value for frame in opened("compare", by_domain="true").dataframe)


@pytest.mark.parametrize(("domains", "hidden"), [(["source"], True), (["source", "target"], False)])
def test_the_data_page_shows_domains_where_there_are_two(folders: Path, domains: list[str], hidden: bool) -> None:
    """Elsewhere the table's menu can show the column: it is how a domain is given."""
    sound = wav_bytes(np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32), 16000)
    names = [f"section_00_{domain}_train_normal_{n:04}.wav" for domain in domains for n in range(2)]
    import_recordings("Fans", [(name, lambda: sound) for name in names])
    (columns,) = (
        json.loads(frame.proto.columns) for frame in opened("data", data="Fans").dataframe if "Domain" in frame.value
    )
    assert columns["Domain"]["hidden"] == hidden
    assert columns["Domain"]["type_config"]["options"] == ["source", "target"]


def test_domains_are_shown_on_choice_with_the_official_score(fans: Path) -> None:
    app = app_at("compare").run()
    assert not app.exception
    assert all(SCORE not in frame.value for frame in app.dataframe)
    next(toggle for toggle in app.toggle if toggle.label == "Domains").set_value(True).run()
    assert not app.exception
    expected = domain_figures(read_scores(fans, None)).official
    shown = next(frame.value for frame in app.dataframe if SCORE in frame.value)
    assert shown[SCORE].tolist() == expected["official"].tolist()
    assert shown[ARITHMETIC].tolist() == expected["arithmetic"].tolist()
    assert any("DCASE 2022 to 2025" in caption.value for caption in app.caption)
    app = opened("compare", by_domain="true", official="DCASE 2021", each_id="true")
    shown = next(frame.value for frame in app.dataframe if SCORE in frame.value)
    assert shown[SCORE].tolist() == domain_figures(read_scores(fans, None), "2021").official["official"].tolist()
    rows = next(frame.value for frame in app.dataframe if "Domain" in frame.value)
    assert rows[["Machine id", "Domain"]].drop_duplicates().to_numpy().tolist() == [
        ["00", "source"],
        ["00", "target"],
        ["01", "source"],
        ["01", "target"],
    ]
    assert (fans / SCORES).is_file()


def test_the_report_has_them_too(fans: Path) -> None:
    comparison, dataset, _ = report_content(fans)
    page = report_html(comparison, dataset)
    assert "Source and target domain" in page
    for row in domain_figures(read_scores(fans, None)).official.to_dict("records"):
        assert f"<td>{row['official']:.3f}</td>" in page
    assert '"official_low"' in report_json(comparison)


def test_compare_says_which_domain_was_never_trained(fans: Path, settings: pytest.MonkeyPatch, tmp_path: Path) -> None:
    never = "No normal clip of their domain was trained on"
    assert all(never not in warning.value for warning in app_at("compare").run().warning)
    recordings, models = tmp_path / "recordings", tmp_path / "models" / "fans"
    shutil.copytree(fans.parents[1] / "recordings", recordings)  # times of change are copied: the stored scores hold
    shutil.copytree(fans, models)
    (models / DATASET).write_text(json.dumps({"location": str(recordings), "title": "Fans"}))
    learned = pd.read_parquet(models / POOLED)  # as a training without these clips leaves it
    learned = learned[~learned["clip_id"].str.contains("section_01_target_train_")]
    learned.to_parquet(models / POOLED)
    settings.setenv("ASD_MODELS_DIR", str(models.parent))
    get_settings.cache_clear()
    app = app_at("compare").run()
    assert not app.exception
    (said,) = (warning.value for warning in app.warning if never in warning.value)
    assert "12 clips of the target domain (machine id 01)" in said
