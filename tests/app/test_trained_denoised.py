"""A detector that was trained on denoised sound is judged on it, and says so, on the Clip and Compare pages."""

import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.helpers import opened, text

CLAUSE = "trained on sound denoised at 0.6"


@pytest.fixture
def mixed(folders: Path, mixed_models: Path) -> None:
    """Detectors trained on recordings, and one on denoised sound, as the only dataset of the app."""
    shutil.copytree(mixed_models, folders / "models" / "mixed")


def rows(app: AppTest) -> dict[str, dict[str, object]]:
    """Rows of the score table by detector."""
    (sent,) = (e.proto.json for e in app.get("bidi_component") if e.proto.component_name == "asd_scores")
    return {row["detector"]: row for group in json.loads(sent)["groups"] for row in group["rows"]}


def test_it_is_judged_on_the_sound_it_learned(mixed: None) -> None:
    app = opened("clip", strength="1.0")
    shown = rows(app)
    assert {name: row["trained"] for name, row in shown.items() if row["trained"]} == {"GWRP + Gaussian": CLAUSE}
    own, other = shown["GWRP + Gaussian"], shown["PCA + KDE"]
    assert own["recorded"] == own["denoised"], "the player's denoising does not come on top"
    assert other["recorded"] != other["denoised"]
    assert f"**GWRP + Gaussian** ({CLAUSE})" in text(opened("clip", detectors=["GWRP + Gaussian"]))


def test_compare_says_which_version_it_scored(mixed: None) -> None:
    assert f"Scored on sound denoised as they learned it: GWRP + Gaussian ({CLAUSE})." in text(opened("compare"))
    assert f"Left out here, for they denoise every clip as they learned it: GWRP + Gaussian ({CLAUSE})." in text(
        opened("compare", of_denoise="0.5")
    )
