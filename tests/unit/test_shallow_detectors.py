"""The shallow detectors on clips: they find a tone and point at it, and a control knows nothing."""

import numpy as np
import pytest

from asd_core.detectors import Detector
from asd_core.detectors.controls import ControlRandom
from asd_core.detectors.gwrp_gaussian import GwrpGaussian
from asd_core.detectors.knn_bands import KnnBands
from asd_core.detectors.pca_lof import PcaLof
from asd_core.evaluation import auc
from tests.unit.shallow_data import FRAMES, MELS, TONE, fitted, log_mels, with_tone

CLIP_DETECTORS = [KnnBands(), PcaLof(), GwrpGaussian(decay=0.9), GwrpGaussian(decay=0.9, n_mixture=2), ControlRandom()]
NAMES = ["knn", "lof", "gwrp", "gwrp mixture", "random"]


@pytest.mark.parametrize("detector", CLIP_DETECTORS[:4], ids=NAMES[:4])
def test_detectors_find_a_tone(detector: Detector) -> None:
    fitted(detector)
    ids = ["00"] * 40
    strange = detector.score([with_tone(clip) for clip in log_mels(40, seed=6)], ids)
    assert auc(detector.score(log_mels(40, seed=5), ids), strange) > 0.9


@pytest.mark.parametrize("detector", [CLIP_DETECTORS[0], *CLIP_DETECTORS[2:4]], ids=["knn", "gwrp", "gwrp mixture"])
def test_explanation_points_at_the_tone(detector: Detector) -> None:
    fitted(detector)
    shown = detector.explain(with_tone(log_mels(1, seed=6)[0]), "00")
    assert shown is not None
    assert shown.shape == (MELS, FRAMES)
    assert shown.dtype == np.float32
    assert int(shown.sum(axis=1).argmax()) == TONE
    assert shown[TONE, 40:50].sum() > 0.8 * shown[TONE].sum()


def test_random_control_knows_nothing_but_repeats_itself() -> None:
    detector = fitted(ControlRandom())
    clips = log_mels(300, seed=5)
    scores = detector.score(clips, ["00"] * 300)
    np.testing.assert_array_equal(detector.score(clips[::-1], ["02"] * 300)[::-1], scores)
    assert 0.0 <= scores.min() < 0.05
    assert 0.95 < scores.max() < 1.0
    assert abs(scores.mean() - 0.5) < 0.06
