"""The same sound through another rate gets the same verdict, by a margin that is close."""

from collections.abc import Callable

import av
import numpy as np
import pytest
import scipy.signal

from asd_core.artifacts import ModelSet
from asd_core.datasets.slide_rail import simulate
from asd_core.scoring import score_clip
from asd_core.sound import Clip
from tests.conftest import ROOT

# Detectors that listen to every band by itself, whose normal clips differ least in the highest ones.
KEYS = ["pca_kde", "gwrp_gaussian", "knn_bands", "control_mahalanobis"]
EXACT, CLOSE = (
    0.1,
    3.0,
)  # normal spreads: of a writer that keeps all, and of FFmpeg, which cuts the last 240 Hz below 8 kHz


def through_ffmpeg(clip: Clip, rate: int) -> Clip:
    """What FFmpeg writes at another rate, as 16 bits."""
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=rate)
    frame = av.AudioFrame.from_ndarray(clip.samples, format="fltp", layout="mono")
    frame.sample_rate = clip.sample_rate
    blocks = [part.to_ndarray() for part in [*resampler.resample(frame), *resampler.resample(None)]]
    samples = np.round(np.concatenate(blocks, axis=1) * 2**15) / 2**15
    return Clip(samples.astype(np.float32), rate, clip.sha256, clip.name)


def by_fourier(clip: Clip, rate: int) -> Clip:
    samples = scipy.signal.resample(
        clip.samples[0].astype(np.float64), clip.samples.shape[1] * rate // clip.sample_rate
    )
    return Clip(samples.astype(np.float32)[None], rate, clip.sha256, clip.name)


@pytest.mark.parametrize(("written", "near"), [(by_fourier, EXACT), (through_ffmpeg, CLOSE)])
@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize("fault", [None, "loose_belt"])
def test_another_rate_is_not_a_fault(
    written: Callable[[Clip, int], Clip], near: float, rate: int, fault: str | None
) -> None:
    models = ModelSet(ROOT / "trained_models" / "demo", KEYS)
    samples = simulate("00", seed=12345, snr_db=6, fault=fault, severity=1.0 if fault else 0.0).samples
    clip = Clip(samples[None].astype(np.float32), 16000, "", "clip")
    recorded, through = (score_clip(one, models, "00") for one in (clip, written(clip, rate)))
    for before, after in zip(recorded, through, strict=True):
        assert after.decision == before.decision, before.detector
        assert abs(after.margin - before.margin) < near, before.detector
