"""The speeds this project promises, most of them as a ratio of medians taken in one run on one machine."""

import time
from collections.abc import Callable

from asd_core.artifacts import ModelSet
from asd_core.datasets import demo_dataset
from asd_core.features import LogMel
from asd_core.progress import Progress, silent
from asd_core.scoring import score_clip
from asd_core.settings import get_settings
from asd_core.sound import Clip, denoise_ends, prepare
from benchmarks.browser import CHROMIUM_FLAGS, Figure, chromium, figure, serve
from benchmarks.compare_page import page_speed, statistics_speed
from benchmarks.label_store import labelling_speed

__all__ = ["CHROMIUM_FLAGS", "Figure", "chromium", "figure", "run", "serve"]


def run(*, progress: Progress = silent, say: Callable[[str], None] = lambda _: None) -> dict[str, Figure]:
    """All figures: ``{name: {value, unit, n, spread}}``; the spread is the ratio's range from quartile to quartile."""
    demo = demo_dataset()
    clip = prepare(demo.read(demo.rows(split="test")["clip_id"].iloc[0]))
    models = ModelSet(get_settings().models_dir / "demo")
    figures: dict[str, Figure] = {}
    parts: list[tuple[str, Callable[[], dict[str, Figure]]]] = [
        ("logmel_vs_librosa", lambda: {"logmel_vs_librosa": log_mel(clip)}),
        ("denoise_move_vs_noisereduce", lambda: {"denoise_move_vs_noisereduce": denoise_move(clip)}),
        (
            "clip_all_detectors_vs_noisereduce",
            lambda: {"clip_all_detectors_vs_noisereduce": all_detectors(clip, models)},
        ),
        ("scan_window_s", lambda: {"scan_window_s": window(models)}),
        ("statistics of a comparison", statistics_speed),
        ("Compare page", page_speed),
        ("labels", labelling_speed),
    ]
    browser = chromium()
    if browser is None:
        say("The pages' speeds in a browser were not measured: no Chromium or playwright here.")
    else:
        from benchmarks.clip_page import message_size, slider_speed
        from benchmarks.feature_space_page import space_speed
        from benchmarks.label_page import label_page_speed
        from benchmarks.start import start

        parts += [
            ("start_vs_empty_app", lambda: start(browser)),
            ("slider_vs_bare_slider", lambda: slider_speed(browser)),
            ("clip_page_message_mb", lambda: message_size(browser)),
            ("feature space", lambda: space_speed(browser)),
            ("Label page", lambda: label_page_speed(browser)),
        ]
    for index, (name, measure) in enumerate(parts):
        progress(index / len(parts), name)
        figures |= measure()
    return figures


def window(models: ModelSet, n: int = 12) -> Figure:
    """Seconds of one more window of a long recording, by every detector."""
    from asd_core.datasets.slide_rail import simulate
    from asd_core.scoring.long_recording import scan

    clip = Clip(simulate("00", seed=1, duration=10.0).samples[None], 16000, "0", "long.wav")
    scan(clip, models, "00")
    return figure([_seconds(lambda: scan(clip, models, "00")) for _ in range(n)], "s")


def ratio(ours: Callable[[], object], theirs: Callable[[], object], n: int) -> Figure:
    """Median of ``n`` paired ratios of times: both are run in turn, so that a busy moment hits both."""
    for warm_up in (ours, theirs):
        warm_up()
    return figure([_seconds(ours) / _seconds(theirs) for _ in range(n)])


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def log_mel(clip: Clip) -> Figure:
    """Our log-mel against librosa's."""
    import librosa

    samples, representation = clip.samples[0], LogMel()

    def theirs() -> object:
        power = librosa.feature.melspectrogram(y=samples, sr=16000, n_fft=1024, hop_length=512, n_mels=128, power=2.0)
        return librosa.power_to_db(power, ref=1.0)

    return ratio(lambda: representation.transform(clip), theirs, 100)


def _noisereduce(clip: Clip) -> Callable[[], object]:
    import noisereduce

    return lambda: noisereduce.reduce_noise(y=clip.samples[0], sr=16000, stationary=True, prop_decrease=0.6)


def denoise_move(clip: Clip) -> Figure:
    """A moved slider's signal, after the first, against one call of noisereduce."""
    ends = denoise_ends(clip.samples[0], clip.sample_rate)
    return ratio(lambda: ends.at(0.37), _noisereduce(clip), 30)


def all_detectors(clip: Clip, models: ModelSet) -> Figure:
    """One clip through every detector, features included, against one call of noisereduce."""
    return ratio(lambda: score_clip(clip, models, "00"), _noisereduce(clip), 30)
