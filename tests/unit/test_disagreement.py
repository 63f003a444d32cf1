"""The sentence on what detectors decide of a clip, where no card says it."""

import pytest

from asd_core.scoring import DetectorScore
from pages.components.score_table import disagreement

KEYS = ("pca_kde", "vae_kde", "deep_svdd", "cnn_ae", "f_anogan", "idnn", "control_rms")


@pytest.mark.parametrize(
    ("margins", "sentence"),
    [
        ((3.0,), "PCA + KDE calls it an anomaly."),
        ((0.1,), "PCA + KDE cannot tell."),
        ((3.0, 3.0, 3.0), "All 3 detectors call it an anomaly."),
        ((0.1, -0.1), "No detector can tell."),
        (
            (3.0, -3.0, -3.0, -3.0),
            "1 of 4 detectors calls it an anomaly, 3 call it normal. Only PCA + KDE calls it an anomaly.",
        ),
        ((3.0, 3.0, 3.0, -3.0, -3.0, -3.0), "3 of 6 detectors call it an anomaly, 3 call it normal."),
        (
            (3.0, -3.0, 0.1, 3.0),
            "2 of 4 detectors call it an anomaly, 1 calls it normal, 1 cannot tell. Only VAE + KDE calls it normal.",
        ),
        ((3.0,) * 7, "All 6 detectors call it an anomaly."),  # and a control, which is none of them
        ((-3.0, -3.0, 0.1), "2 of 3 detectors call it normal, 1 cannot tell."),
    ],
)
def test_who_decides_what_and_who_cannot_tell(margins: tuple[float, ...], sentence: str) -> None:
    scores = [
        DetectorScore(key, 0.0, 0.0, 0.0, "anomaly" if margin > 0 else "normal", margin)
        for key, margin in zip(KEYS, margins, strict=False)
    ]
    assert disagreement(scores) == sentence
