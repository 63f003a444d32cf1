"""Speed of the Feature space page with very many clips, in a browser."""

import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from asd_core.artifacts import read_pooled
from asd_core.features import LogMel
from asd_core.sound import prepare, read_clip
from asd_core.space import sheet_path, thumbnails
from benchmarks.browser import APP, Figure, browsing, figure, serve, timed
from benchmarks.synthetic import SOUNDS, write_space

MANY = 20_000  # clips
POINTS = 5  # that are clicked on a visit
PLAYING = ".asd-player[data-ready=true][data-playing=true]"
DETECTORS = ("pca_kde", "control_rms")
# The clip of the visible element of a selector, also in the shadow of a component.
CLIP = """(selector) => {
  const roots = [...document.querySelectorAll("div")].map((element) => element.shadowRoot).filter(Boolean)
  return [document, ...roots].flatMap((root) => [...root.querySelectorAll(selector)])
    .find((element) => element.checkVisibility())?.dataset.clip
}"""
CHART = ".st-key-space_chart .js-plotly-plot[data-hover=ready]"
# Where some clips are on the screen that lie alone enough to be pointed at, each with a sound of its own.
ALONE = """() => {
  const chart = document.querySelector('.st-key-space_chart .js-plotly-plot'), layout = chart._fullLayout
  const box = chart.getBoundingClientRect(), points = []
  for (const trace of chart._fullData) {
    if (!trace.customdata) continue
    for (let k = 0; k < trace.x.length; k++) points.push([
      layout.xaxis._offset + layout.xaxis.l2p(trace.x[k]), layout.yaxis._offset + layout.yaxis.l2p(trace.y[k]),
      trace.customdata[k]])
  }
  const gap = (p) => Math.min(...points.map((q) => q === p ? 1e9 : Math.hypot(q[0] - p[0], q[1] - p[1])))
  const order = points.slice().sort((a, b) => a[0] - b[0])
  const outer = [...order.slice(0, 40), ...order.slice(-40)].map((p) => [gap(p), p]).sort((a, b) => b[0] - a[0])
  const sound = (p) => p[2] % SOUNDS
  const lonely = outer.map(([, p]) => p).filter((p, i, all) => all.findIndex((q) => sound(q) === sound(p)) === i)
  return lonely.map((p) => [box.x + p[0], box.y + p[1], p[2]])
}""".replace("SOUNDS", str(SOUNDS))


def space_speed(browser: str, n: int = 3, n_clips: int = MANY) -> dict[str, Figure]:
    """Seconds until a warm server and browser show a dataset they have not seen, from resting on a point to its card, and
    from a click to the sound."""
    drawn: list[float] = []
    hovered: list[float] = []
    played: list[float] = []
    with tempfile.TemporaryDirectory() as folder, browsing(browser) as new_page:
        root = Path(folder)
        names = ["a warm-up", *(f"many-{k}" for k in range(n))]
        for index, name in enumerate(names):
            write_space(root / "models" / name, root / name, n_clips if index else 200, DETECTORS, seed=index)
            _pictures(root, name)
        folders = {"ASD_MODELS_DIR": str(root / "models"), "ASD_DATA_DIR": str(root)}
        with serve(APP, **folders) as address:
            for index, name in enumerate(names):
                page = new_page()
                result = _visit(page, f"{address}/feature_space?only=false&outliers=true&dataset={name}")
                page.close()
                if index:
                    drawn.append(result[0])
                    hovered += result[1]
                    played += result[2]
    return {
        f"space_page_{n_clips}_s": figure(drawn, "s"),
        f"space_hover_{n_clips}_s": figure(hovered, "s"),
        f"space_click_{n_clips}_s": figure(played, "s"),
    }


def _visit(page: Any, url: str) -> tuple[float, list[float], list[float]]:
    """Seconds until the map is drawn, until cards are shown, until clips play; the first card and clip are not counted:
    they wait for files that serve all others."""
    began = time.perf_counter()
    page.goto(url)
    page.wait_for_selector(CHART, timeout=120_000)
    drawn = time.perf_counter() - began
    page.wait_for_timeout(1000)
    hovered, played = [], []
    card = clip = ""
    for x, y, _ in page.evaluate(ALONE)[:POINTS]:
        other_card = f".asd-hover-card[data-clip]:not([data-clip='{card}'])"
        seconds, card = timed(page, "mousemove", partial(page.mouse.move, x, y), CLIP, [other_card])
        hovered.append(seconds)
        page.wait_for_timeout(300)
        other_clip = f"{PLAYING}[data-clip]:not([data-clip='{clip}'])"
        seconds, clip = timed(page, "mousedown", partial(_click, page), CLIP, [other_clip])
        played.append(seconds)
        page.wait_for_timeout(300)
    return drawn, hovered[1:], played[1:]


def _click(page: Any) -> None:
    page.mouse.down()
    page.mouse.up()


def _pictures(root: Path, name: str) -> None:
    """The sheet of the clips' pictures: the same for all."""
    clips = read_pooled(root / "models" / name, ("clip_id", "sha256"))
    picture = thumbnails.shrink(LogMel().transform(prepare(read_clip(root / name / clips["clip_id"].iloc[0]))))
    path = root / "user" / "thumbnails" / sheet_path(root / name, clips).name  # of the server's data
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(thumbnails.encode(thumbnails.sheet(np.repeat(picture[None], len(clips), axis=0))))
