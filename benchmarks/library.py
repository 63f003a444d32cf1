"""Speeds of calls of the library, most of them as a ratio of medians taken in one run on one machine."""

import time
from collections.abc import Callable
from functools import cache

from asd_core.artifacts import ModelSet
from asd_core.datasets import demo_dataset
from asd_core.datasets.slide_rail import simulate
from asd_core.features import LogMel
from asd_core.scoring import scan_recording, score_clip
from asd_core.settings import get_settings
from asd_core.sound import Clip, denoise_mix, prepare
from benchmarks.browser import Figure, figure


@cache
def demo_clip() -> Clip:
    """The first test clip of the demo, ready for a detector."""
    demo = demo_dataset()
    return prepare(demo.read(demo.rows(split="test")["clip_id"].iloc[0]))


@cache
def demo_models() -> ModelSet:
    """Every detector of the demo."""
    return ModelSet(get_settings().models_dir / "demo")


def ratio(ours: Callable[[], object], theirs: Callable[[], object], n: int) -> Figure:
    """Median of ``n`` paired ratios of times: both are run in turn, so that a busy moment hits both."""
    for warm_up in (ours, theirs):
        warm_up()
    return figure([seconds(ours) / seconds(theirs) for _ in range(n)])


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def log_mel(n: int = 100) -> dict[str, Figure]:
    """Our log-mel against librosa's."""
    import librosa

    clip, representation = demo_clip(), LogMel()

    def theirs() -> object:
        power = librosa.feature.melspectrogram(
            y=clip.samples[0], sr=16000, n_fft=1024, hop_length=512, n_mels=128, power=2.0
        )
        return librosa.power_to_db(power, ref=1.0)

    return {"logmel_vs_librosa": ratio(lambda: representation.transform(clip), theirs, n)}


def _noisereduce(clip: Clip) -> Callable[[], object]:
    import noisereduce

    return lambda: noisereduce.reduce_noise(y=clip.samples[0], sr=16000, stationary=True, prop_decrease=0.6)


def denoise_move(n: int = 30) -> dict[str, Figure]:
    """A moved slider's signal, after the first, against one call of noisereduce."""
    clip = demo_clip()
    mix = denoise_mix(clip.samples[0], clip.sample_rate)
    return {"denoise_move_vs_noisereduce": ratio(lambda: mix.at(0.37), _noisereduce(clip), n)}


def all_detectors(n: int = 30) -> dict[str, Figure]:
    """One clip through every detector, features included, against one call of noisereduce."""
    clip, models = demo_clip(), demo_models()
    ours = ratio(lambda: score_clip(clip, models, "00"), _noisereduce(clip), n)
    return {"clip_all_detectors_vs_noisereduce": ours}


def window(n: int = 12) -> dict[str, Figure]:
    """Seconds of one more window of a long recording, by every detector."""
    models = demo_models()
    clip = Clip(simulate("00", seed=1, duration=10.0).samples[None], 16000, "0", "long.wav")
    scan_recording(clip, models, "00")
    return {"scan_window_s": figure([seconds(lambda: scan_recording(clip, models, "00")) for _ in range(n)], "s")}
