"""The speeds this project promises, most of them as a ratio of medians taken in one run on one machine."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asd_core.audio import Clip, prepare
from asd_core.bench_compare import page_speed, statistics_speed
from asd_core.bench_labels import labelling_speed
from asd_core.datasets.rendered import demo_dataset
from asd_core.denoise import denoise_ends
from asd_core.detectors.base import Progress, silent
from asd_core.features import LogMel
from asd_core.scoring import ModelSet, score_clip
from asd_core.settings import PROJECT_ROOT, get_settings

Figure = dict[str, Any]


def run(*, progress: Progress = silent, say: Callable[[str], None] = lambda _: None) -> dict[str, Figure]:
    """All figures: ``{name: {value, unit, n, spread}}``; the spread is the ratio's range from quartile to quartile."""
    demo = demo_dataset()
    clip = prepare(demo.read(demo.rows(split="test")["clip_id"].iloc[0]))
    models = ModelSet(get_settings().models_dir / "demo")
    figures = {}
    parts: list[tuple[str, Callable[[], Figure]]] = [
        ("logmel_vs_librosa", lambda: log_mel(clip)),
        ("denoise_move_vs_noisereduce", lambda: denoise_move(clip)),
        ("clip_all_detectors_vs_noisereduce", lambda: all_detectors(clip, models)),
    ]
    for index, (name, measure) in enumerate(parts):
        progress(index / 7, name)
        figures[name] = measure()
    progress(3 / 7, "statistics of a comparison")
    figures |= statistics_speed()
    progress(4 / 7, "Compare page")
    figures |= page_speed()
    progress(5 / 7, "labels")
    figures |= labelling_speed()
    progress(6 / 7, "start_vs_empty_app")
    browser = chromium()
    if browser is None:
        say("start_vs_empty_app was not measured: no Chromium or playwright here.")
    else:
        figures |= start(browser)
    return figures


def ratio(ours: Callable[[], object], theirs: Callable[[], object], n: int) -> Figure:
    """Median of ``n`` paired ratios of times: both are run in turn, so that a busy moment hits both."""
    for warm_up in (ours, theirs):
        warm_up()
    return figure([_seconds(ours) / _seconds(theirs) for _ in range(n)])


def figure(ratios: list[float]) -> Figure:
    """Median of ratios, with the range from quartile to quartile as its spread."""
    low, _, high = statistics.quantiles(ratios, n=4)
    return {"value": statistics.median(ratios), "unit": "ratio", "n": len(ratios), "spread": [low, high]}


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


def chromium() -> str | None:
    """Path of a Chromium that playwright can drive, or ``None``."""
    import shutil
    from importlib.util import find_spec

    if find_spec("playwright") is None:
        return None
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


EMPTY_APP = 'import streamlit as st\n\nst.title("Empty")\n'


# What must be seen, one after the other: the clip's spectrogram with the verdict, then the denoised one with all scores.
DRAWN = [".heatmaplayer image", "strong:has-text('call')"]
COMPLETE = [
    "text=of the energy removed",
    ".heatmaplayer image >> nth=1",
    "[data-testid=stDataFrame] tbody td >> nth=100",
]


def start(browser: str, n: int = 5) -> dict[str, Figure]:
    """From the start of a server to its first page, against an empty app's title in the same browser run: once the clip
    and the verdict on it are drawn (from stored scores), and once denoiser and detectors have loaded and run."""
    drawn, complete = [], []
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "app.py"
        empty.write_text(EMPTY_APP, encoding="utf-8")
        for _ in range(n):
            (base,) = first_page(browser, empty, [["h1"]])
            first, last = first_page(browser, PROJECT_ROOT / "app.py", [DRAWN, COMPLETE])
            drawn.append(first / base)
            complete.append(last / base)
    return {"start_vs_empty_app": figure(drawn), "start_complete_vs_empty_app": figure(complete)}


def first_page(browser: str, app: Path, stages: list[list[str]]) -> list[float]:
    """Seconds from starting a server until all elements of each stage are on its first page, in a waiting browser."""
    from playwright.sync_api import sync_playwright

    took = []
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=browser, args=CHROMIUM_FLAGS)
        page = chrome.new_page(viewport={"width": 1440, "height": 900})
        began = time.perf_counter()
        with serve(app) as address:
            page.goto(address)
            for selectors in stages:
                for selector in selectors:
                    page.wait_for_selector(selector, timeout=120_000, state="attached")
                took.append(time.perf_counter() - began)
        chrome.close()
    return took


# Flags that let it run without a screen, as root and offline.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]


class serve:
    """A Streamlit server of one script on a free port, while the block lasts; gives its address."""

    def __init__(self, app: Path, **environment: str) -> None:
        self.app, self.environment = app, environment

    def __enter__(self) -> str:
        import socket
        import urllib.error
        import urllib.request

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "streamlit", "run", str(self.app), f"--server.port={port}"]
        self.process = subprocess.Popen(
            [*command, "--server.headless=true", "--server.address=127.0.0.1", "--browser.gatherUsageStats=false"],
            cwd=self.app.parent,
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        address = f"http://127.0.0.1:{port}"
        for _ in range(1200):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1)
                return address
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        self.__exit__()
        raise TimeoutError(f"{self.app} did not start")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()
