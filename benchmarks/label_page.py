"""Speed of the Label page in a browser: until it is open, and from a key to the next clip, drawn and ready to play."""

import hashlib
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from asd_core.artifacts import POOLED
from asd_core.files import write_parquet
from asd_core.labels import LabelStore
from asd_core.sound import wav_bytes
from benchmarks.browser import APP, Figure, browsing, figure, serve
from benchmarks.synthetic import made_up_scores, write_labels, write_models

CLIPS = 100_000  # each with a label, half of them by the one who opens the page
SOUNDS = 1_000  # of them hold a sound: more than are played
DETECTORS = ("pca_kde", "pca_dbscan", "f_anogan", "vae_kde", "deep_svdd")
SERVERS, OPENS, PRESSES = 3, 4, 14  # the first press of a server is not counted: it loads what the others share
NAME = ".st-key-annotator input"
READY = ".asd-player[data-ready=true]"
PLACE = "Clip {} of"
# The player carries its clip; the panel says which one it is. Both are looked at in the page, in every frame: asking from
# outside would add a round trip.
NEXT = """(player, [place, text]) => new Promise((done) => {
  const began = performance.now(), before = player.dataset.clip;
  const look = () => {
    const there = player.dataset.ready === "true" && player.dataset.clip !== before;
    if (there && place.textContent.includes(text)) done((performance.now() - began) / 1000);
    else requestAnimationFrame(look);
  };
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "n", code: "KeyN", keyCode: 78, which: 78, bubbles: true }));
  document.dispatchEvent(new KeyboardEvent("keyup", { key: "n", code: "KeyN", keyCode: 78, which: 78, bubbles: true }));
  requestAnimationFrame(look);
})"""


def label_page_speed(browser: str) -> dict[str, Figure]:
    """Seconds with 100,000 labels on the 100,000 recordings of a folder: the first queue of a server that has only been
    asked for the name, the page opened again by reloading, and from a key to the next clip."""
    first: list[float] = []
    opened: list[float] = []
    took: list[float] = []
    with tempfile.TemporaryDirectory() as folder, browsing(browser) as new_page:
        place = {
            "ASD_DATABASE_URL": f"sqlite:///{Path(folder) / 'labels.sqlite3'}",
            "ASD_MODELS_DIR": str(Path(folder) / "models"),
        }
        _fill(Path(folder), place["ASD_DATABASE_URL"])
        for _ in range(SERVERS):
            with serve(APP, **place) as address:
                page = new_page()
                page.goto(f"{address}/label?order=In+order&blind=false")  # the first recordings hold a sound
                page.locator(NAME).fill("Ada")
                page.wait_for_timeout(6000)  # libraries are being imported
                began = time.perf_counter()
                page.locator(NAME).press("Enter")
                page.wait_for_selector(READY, timeout=120_000)
                first.append(time.perf_counter() - began)
                page.wait_for_timeout(3000)
                opened += [_open_again(page) for _ in range(OPENS)]
                page.locator("h1").click()
                took += [_next(page, number) for number in range(2, PRESSES + 2)][1:]
                page.close()
    return {
        "label_page_first_open_s": figure(first, "s"),
        "label_page_open_s": figure(opened, "s"),
        "label_page_next_clip_s": figure(took, "s"),
    }


def _open_again(page: Any) -> float:
    began = time.perf_counter()
    page.reload()
    page.wait_for_selector(f"text={PLACE.format(1)}")
    page.wait_for_selector(READY)
    return time.perf_counter() - began


def _next(page: Any, number: int) -> float:
    """Seconds from the key to the clip of a number in the queue. Before it one is played, and the next one fetched."""
    page.wait_for_timeout(1500)
    place = page.locator(".asd-label [data-part=place]").element_handle()
    return float(page.locator(".asd-player").evaluate(NEXT, [place, PLACE.format(number)]))


def _fill(folder: Path, url: str) -> None:
    """A folder of recordings, of which the first ones hold a sound, with detectors, and labels on all of them."""
    noise = bytearray(wav_bytes(np.random.default_rng(0).normal(0, 0.05, (1, 160_000)).astype(np.float32), 16_000))
    hashes = [f"{number:064x}" for number in range(CLIPS)]

    def sound(number: int) -> bytes:
        if number >= SOUNDS:
            return b""
        noise[-4:] = number.to_bytes(4, "little")  # so that no two are the same
        hashes[number] = hashlib.sha256(noise).hexdigest()
        return bytes(noise)

    models = folder / "models" / "many"
    write_models(models, folder / "recordings" / "many", CLIPS, DETECTORS, sound=sound)
    clips = made_up_scores(CLIPS, DETECTORS[:1])[["clip_id", "machine_id"]].assign(sha256=hashes)
    write_parquet(clips, models / POOLED)
    store = LabelStore.open(url)
    write_labels(store, clips, models.name, [*["Ada"] * 8, *["Bob"] * 8])  # so that both have all machine ids
    store.close()
