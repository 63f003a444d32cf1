"""The same sound through another rate gets the same verdict, by a margin that is close."""

from collections.abc import Callable

import av
import numpy as np
import pytest
import scipy.fft
import scipy.signal
import soxr

from asd_core.artifacts import ModelSet
from asd_core.datasets.slide_rail import simulate
from asd_core.scoring import score_clip
from asd_core.sound import Clip, flags, resample
from asd_core.sound.highest_bands import was_raised
from tests.conftest import ROOT

# Detectors that listen to every band by itself, whose normal clips differ least in the highest ones.
KEYS = ["pca_kde", "gwrp_gaussian", "knn_bands", "control_mahalanobis"]
CLOSE = 1.5  # normal spreads


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


def by_soxr(clip: Clip, rate: int) -> Clip:
    """As Audacity and librosa do it: from 7.3 kHz on little is left."""
    samples = soxr.resample(clip.samples[0], clip.sample_rate, rate, quality="HQ")
    return Clip(samples[None], rate, clip.sha256, clip.name)


@pytest.mark.parametrize("written", [by_fourier, through_ffmpeg, by_soxr])
@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize(("fault", "seed"), [(None, 12345), ("loose_belt", 77)])
def test_another_rate_is_not_a_fault(
    written: Callable[[Clip, int], Clip], rate: int, fault: str | None, seed: int
) -> None:
    models = ModelSet(ROOT / "trained_models" / "demo", KEYS)
    samples = simulate("00", seed=seed, snr_db=6, fault=fault, severity=1.0 if fault else 0.0).samples
    clip = Clip(samples[None].astype(np.float32), 16000, "", "clip")
    recorded, through = (score_clip(one, models, "00") for one in (clip, written(clip, rate)))
    for before, after in zip(recorded, through, strict=True):
        assert after.decision == before.decision, before.detector
        assert abs(after.margin - before.margin) < CLOSE, before.detector


def test_only_what_was_raised_is_completed() -> None:
    """A recording with sound above 8 kHz, and one whose sound ends at 6 kHz, are as they are."""
    rng = np.random.default_rng(0)
    wide = Clip(rng.normal(0, 0.1, (1, 96000)).astype(np.float32), 48000, "", "wide.wav")
    raised = by_fourier(resample(wide, 16000), 48000)
    low = scipy.fft.irfft(scipy.fft.rfft(wide.samples[0]) * (scipy.fft.rfftfreq(96000, 1 / 48000) < 6000), 96000)
    ending = wide.with_samples(low)
    assert [was_raised(c.samples[0], 48000, 16000) for c in (wide, raised, ending)] == [False, True, False]
    assert (
        "wide.wav came from a lower rate: what the change took between 7.2 and 8.0 kHz is put back" in flags(raised)[0]
    )
    assert flags(wide) == flags(ending) == []
    spectrum = np.abs(scipy.fft.rfft(resample(ending, 16000).samples[0]))
    assert spectrum[(2 * 7000) :].max() < 3e-3 * spectrum.max()


def test_each_channel_is_completed_by_itself() -> None:
    rng = np.random.default_rng(0)
    raised = by_soxr(Clip(rng.normal(0, 0.1, (1, 32000)).astype(np.float32), 16000, "", "a.wav"), 48000)
    wide = rng.normal(0, 0.1, raised.samples.shape[1]).astype(np.float32)
    both = resample(raised.with_samples(np.stack([wide, raised.samples[0]])), 16000)
    assert np.array_equal(both.samples[1], resample(raised, 16000).samples[0])
    assert np.array_equal(both.samples[0], resample(raised.with_samples(wide), 16000).samples[0])
