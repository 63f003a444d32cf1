"""What this project promises of its speed: every figure by name, and what measures it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from asd_core.detectors import detector_keys
from asd_core.progress import Progress, silent
from benchmarks.browser import Figure, chromium
from benchmarks.clip_page import message_size, next_clip_speed, slider_speed
from benchmarks.cluster import ray_vs_pool
from benchmarks.compare_page import MANY, page_speed, statistics_speed
from benchmarks.feature_space_page import MANY as POINTS
from benchmarks.feature_space_page import space_speed
from benchmarks.label_page import label_page_speed
from benchmarks.label_store import labelling_speed
from benchmarks.library import all_detectors, denoise_move, log_mel, window
from benchmarks.many_clips import FEWER, MORE, memory, pool_speed, scoring_speed
from benchmarks.sessions import SESSIONS, sessions_speed
from benchmarks.start import start

SIZE = len(detector_keys())
COMPARED = f"{MANY}x{SIZE}_s", f"100k_x{SIZE}_s", f"100k_x{SIZE}_mb"


@dataclass(frozen=True)
class Benchmark:
    """Figures that are measured together."""

    names: tuple[str, ...]  # as they are printed
    measure: Callable[..., dict[str, Figure]]  # called with the browser where it needs one
    in_browser: bool = False


BENCHMARKS = (
    Benchmark(("logmel_vs_librosa",), log_mel),
    Benchmark(("denoise_move_vs_noisereduce",), denoise_move),
    Benchmark(("clip_all_detectors_vs_noisereduce",), all_detectors),
    Benchmark(("scan_window_s",), window),
    Benchmark(("ray_two_nodes_vs_pool",), ray_vs_pool),
    Benchmark(("bootstrap_2000x20_s", "bootstrap_2000x20_vs_sklearn"), statistics_speed),
    Benchmark(tuple(f"compare_page_{of}" for of in COMPARED), page_speed),
    Benchmark(
        tuple(f"sessions_{SESSIONS}_{what}" for what in ("errors", "median_s", "p95_s", "cpu_s", "memory_mb")),
        sessions_speed,
    ),
    Benchmark(("labels_open_100k_s", "labels_next_clip_100k_s"), labelling_speed),
    Benchmark(("pool_vs_one_process",), pool_speed),
    Benchmark((f"score_{FEWER}_vs_librosa_loop", f"score_{FEWER}_vs_one_process"), scoring_speed),
    Benchmark((f"memory_{MORE}_vs_{FEWER}_mb",), memory),
    Benchmark(("start_vs_empty_app", "start_complete_vs_empty_app"), start, in_browser=True),
    Benchmark(("slider_vs_bare_slider", "slider_s", "bare_slider_s"), slider_speed, in_browser=True),
    Benchmark(("clip_page_next_clip_s",), next_clip_speed, in_browser=True),
    Benchmark(("clip_page_message_mb",), message_size, in_browser=True),
    Benchmark(tuple(f"space_{what}_{POINTS}_s" for what in ("page", "hover", "click")), space_speed, in_browser=True),
    Benchmark(
        ("label_page_first_open_s", "label_page_open_s", "label_page_next_clip_s"), label_page_speed, in_browser=True
    ),
)


class UnknownFigure(Exception):
    """A name that is no figure's; the text lists those there are."""


def run(
    only: Collection[str] = (), *, progress: Progress = silent, notify: Callable[[str], None] = lambda _: None
) -> dict[str, Figure]:
    """Figures by name: ``{name: {value, unit, n, spread}}``; the spread is the ratio's range from quartile to quartile.

    Args:
        only: names of figures; what measures none of them is not run. All by default.

    Raises:
        UnknownFigure: for a name that is no figure's.
    """
    known = [name for one in BENCHMARKS for name in one.names]
    if unknown := [name for name in only if name not in known]:
        raise UnknownFigure(f"No figure is called {', '.join(unknown)}: the names are {', '.join(known)}.")
    wanted = set(only) or set(known)
    chosen = [one for one in BENCHMARKS if wanted & set(one.names)]
    browser = chromium()
    if browser is None and any(one.in_browser for one in chosen):
        notify("The pages' speeds in a browser were not measured: no Chromium or playwright here.")
        chosen = [one for one in chosen if not one.in_browser]
    figures: dict[str, Figure] = {}
    for index, one in enumerate(chosen):
        progress(index / len(chosen), one.names[0])
        try:
            measured = one.measure(browser) if one.in_browser else one.measure()
        except Exception as error:  # the others are measured all the same
            notify(f"{', '.join(one.names)} could not be measured: {error}")
            continue
        if set(measured) != set(one.names):
            raise RuntimeError(f"{one.measure.__name__} gives {', '.join(measured)}, not {', '.join(one.names)}")
        figures |= measured
    return {name: value for name, value in figures.items() if name in wanted}
