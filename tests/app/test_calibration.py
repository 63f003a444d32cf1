"""What pages say of thresholds that every training clip sets."""

import shutil
from pathlib import Path

from asd_core.artifacts import read_manifest
from asd_core.evaluation import CROSSED_WEIGHT, false_alarm_range
from tests.app.helpers import opened, text


def test_a_crossed_threshold_says_what_sets_it_and_how_far_it_strays(folders: Path, small_models: Path) -> None:
    models = Path(shutil.copytree(small_models, folders / "models" / "slider"))
    assert read_manifest(models / "pca_kde").crossed == ["00", "02"]
    low, high = false_alarm_range(24, 0.05, clip_weight=CROSSED_WEIGHT)
    clip = opened("clip", detectors=["PCA + KDE"], machine="00")
    said = text(clip)
    assert (
        "Threshold of PCA + KDE: set by 24 normal clips, each held out of one of five fits. On average over draws"
        in said
    )
    assert f"for one draw {low:.1%} to {high:.1%}." in said
    app = opened("compare", view="Thresholds", of_ids="00", detectors=["PCA + KDE", "CNN autoencoder"])
    details = next(frame.value for frame in app.dataframe if "Its range" in frame.value).set_index("Detector")
    assert details.loc["PCA + KDE", "Its range"] == f"{low:.1%} – {high:.1%}"
    assert "and 5 of machine id 00 set the threshold of CNN autoencoder. " in text(app), "which is fitted once"
