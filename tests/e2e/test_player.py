"""The player in a real browser: what is heard, what is seen, and what Python is told."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asd_core.features import LogMel, WelchSpectrum
from asd_core.sound import USUAL_STRENGTH
from pages.components.player import test_page
from tests.conftest import ROOT
from tests.e2e.helpers import FRAME, requests, wait_idle
from tests.e2e.server import serve

LONG = 90.0  # s: a sound that does not end meanwhile, however busy the machine is
STATE = "[data-testid=stText]"  # lines of the test page
TOP, WAVE_Y, MAP_TOP, MAP_HEIGHT, LEFT, RIGHT = "[data-part=top]", 30, 66, 192, 54, 58


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    with serve(Path(__file__).parent / "served_player.py", PYTHONPATH=str(ROOT)) as found:
        yield found


class Driven:
    """A player on a page, as a listener handles it."""

    def __init__(self, page: Any, index: int = 0) -> None:
        self.page, self.root = page, page.locator(".asd-player").nth(index)
        page.locator(".asd-player").nth(index).and_(page.locator("[data-ready=true]")).wait_for()

    def part(self, name: str) -> Any:
        return self.root.locator(f"[data-part={name}]")

    def data(self, name: str) -> str:
        return str(self.root.get_attribute(f"data-{name}"))

    @property
    def position(self) -> float:
        """In seconds, once what was done to the player has been drawn."""
        script = "r => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(r.dataset.position))))"
        return float(self.root.evaluate(script))

    @property
    def cursor(self) -> float:
        """Where it is drawn, from the canvas's left edge."""
        box = self.part("cursor").locator(".map").bounding_box()
        return float(box["x"] + box["width"] / 2 - self.part("top").bounding_box()["x"])

    @property
    def playing(self) -> bool:
        return self.data("playing") == "true"

    def x(self, seconds: float, duration: float = 10.0) -> float:
        """Where a moment lies on the canvas while the whole clip is seen."""
        return self.xs([seconds], duration)[0]

    def xs(self, moments: Iterable[float], duration: float = 10.0) -> list[float]:
        """Where moments lie: the canvas is measured once, which costs more than all else."""
        width = self.part("top").bounding_box()["width"]
        return [float(LEFT + seconds / duration * (width - LEFT - RIGHT)) for seconds in moments]

    def click(self, seconds: float, duration: float = 10.0) -> None:
        self.part("top").click(position={"x": self.x(seconds, duration), "y": WAVE_Y})

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """From one pixel of the canvas to another."""
        self.part("top").scroll_into_view_if_needed()
        box, mouse = self.part("top").bounding_box(), self.page.mouse
        mouse.move(box["x"] + start[0], box["y"] + start[1])
        mouse.down()
        for share in (0.3, 0.7, 1.0):
            mouse.move(*(box[a] + s + share * (e - s) for a, s, e in zip("xy", start, end, strict=True)))
        mouse.up()

    def play(self) -> None:
        self.part("play").click()
        self.page.wait_for_function(
            "r => r.dataset.playing === 'true' && Number(r.dataset.position) > 0", arg=self.node
        )

    @property
    def node(self) -> Any:
        return self.root.element_handle()

    def set_strength(self, value: float) -> None:
        """Set the slider as a mouse does: input while it moves, change when it is let go."""
        self.part("strength").evaluate(
            "(e, v) => { for (const type of ['input', 'change']) { e.value = v; "
            "e.dispatchEvent(new Event(type, {bubbles: true})); } }",
            value,
        )

    def advance(self, seconds: float) -> tuple[float, float]:
        """How far sound and clock go in a while, from one frame to another: between two of them the position is an old one."""
        script = """(r, ms) => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
          const from = performance.now(), position = Number(r.dataset.position);
          const look = (now) => now - from < ms ? requestAnimationFrame(look)
            : requestAnimationFrame((end) => done([Number(r.dataset.position) - position, (performance.now() - from) / 1000]));
          requestAnimationFrame(look);
        })))"""
        moved, passed = self.root.evaluate(script, seconds * 1000)
        return moved, passed


@pytest.fixture
def first(page: Any, served: str) -> Driven:
    page.goto(served)
    return Driven(page)


@pytest.fixture
def long(page: Any, served: str) -> Driven:
    page.goto(f"{served}/?seconds={LONG:g}")
    return Driven(page)


def state_in_python(page: Any) -> dict[str, str]:
    """What the page's script knows of the player."""
    return dict(re.findall(r"(\w+) (.+?) \|", page.locator(STATE, has_text="strength").first.inner_text()))


def state_after(page: Any, act: Callable[[], object]) -> dict[str, str]:
    """The same once an act has changed it: the player reports a moment later, and on a busy machine an earlier act's report
    may come in between."""
    line = page.locator(STATE, has_text="strength").first
    before = line.inner_text()
    act()
    page.wait_for_function("([line, before]) => line.innerText !== before", arg=[line.element_handle(), before])
    wait_idle(page)
    return state_in_python(page)


def runs(page: Any) -> int:
    return int(page.locator(STATE, has_text="runs").first.inner_text().split()[1])


def test_the_cursor_moves_with_the_sound_and_speed_moves_it_faster(first: Driven) -> None:
    first.play()
    moved, passed = first.advance(1.0)
    assert moved == pytest.approx(passed, abs=0.12)
    first.part("speed").select_option("2")
    moved, passed = first.advance(1.0)
    assert moved == pytest.approx(2 * passed, abs=0.2)
    first.part("play").click()
    assert not first.playing
    moved, _ = first.advance(0.3)
    assert moved == 0.0
    assert not first.playing


def test_nothing_is_drawn_while_nothing_moves(first: Driven) -> None:
    first.play()
    first.part("play").click()
    frames = """() => new Promise((done) => {
      const ask = window.requestAnimationFrame;
      let asked = 0;
      window.requestAnimationFrame = (then) => (asked++, ask(then));
      setTimeout(() => ((window.requestAnimationFrame = ask), done(asked)), 1000);
    })"""
    for _ in range(5):  # the level meter holds its peak for a second
        if (drawn := first.page.evaluate(frames)) <= 2:
            break
    assert drawn <= 2


def test_seeking_lands_within_50_ms(first: Driven) -> None:
    for seconds in (7.0, 2.35):
        first.click(seconds)
        assert first.position == pytest.approx(seconds, abs=0.05)
        assert first.cursor == pytest.approx(first.x(seconds), abs=2.0)
    first.play()
    first.click(5.0)
    assert 5.0 - 0.05 <= first.position <= 5.6
    assert first.playing


def test_switching_the_version_keeps_the_position_and_the_sound(long: Driven) -> None:
    long.click(4.0, LONG)
    long.play()
    runs_before = runs(long.page)
    long.part("denoised").click()
    assert long.playing
    moved, passed = long.advance(0.5)
    assert moved == pytest.approx(passed, abs=0.12)
    kept = long.position
    assert kept > 4.2
    wait_idle(long.page)
    assert (state_in_python(long.page)["version"], runs(long.page)) == ("denoised", runs_before + 1)
    assert long.playing  # after Python has answered, too
    assert long.position > kept


def test_strength_turned_while_playing_keeps_playing_and_tells_python_once(long: Driven) -> None:
    long.click(3.0, LONG)
    long.play()
    before, requested, page = runs(long.page), requests(long.page), long.page
    slider, mouse = long.part("strength"), page.mouse
    box = slider.bounding_box()
    mouse.move(box["x"] + 0.6 * box["width"], box["y"] + box["height"] / 2)
    mouse.down()
    for share in (0.55, 0.5, 0.4, 0.3):
        mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        page.wait_for_timeout(120)  # longer than the rest after which the player tells Python of another change
    assert requests(page) == requested  # nothing crosses the wire while it is held
    turned = float(long.data("strength"))
    assert 0.2 <= turned <= 0.4
    mouse.up()
    assert long.playing
    moved, passed = long.advance(0.8)
    assert moved == pytest.approx(passed, abs=0.12)
    wait_idle(page)
    assert (float(state_in_python(page)["strength"]), runs(page)) == (turned, before + 1)
    assert state_in_python(page)["version"] == "denoised"
    assert long.position > 3.8


def test_a_region_reaches_python_with_its_times_and_frequencies(first: Driven) -> None:
    representation = LogMel()
    row = {f: float(np.interp(f, representation.frequencies(), np.arange(128))) + 0.5 for f in (1000.0, 4000.0)}
    y = {f: MAP_TOP + (1 - r / 128) * MAP_HEIGHT for f, r in row.items()}
    heard = state_after(first.page, lambda: first.drag((first.x(2.0), y[4000.0]), (first.x(3.5), y[1000.0])))
    t0, t1, f0, f1 = map(float, heard["region"].split())
    pixel = 10.0 / (first.x(10.0) - first.x(0.0))
    assert (t0, t1) == (pytest.approx(2.0, abs=1.5 * pixel), pytest.approx(3.5, abs=1.5 * pixel))
    assert (f0, f1) == (pytest.approx(1000.0, rel=0.02), pytest.approx(4000.0, rel=0.02))
    # On the waveform: all frequencies.
    heard = state_after(first.page, lambda: first.drag((first.x(6.0), WAVE_Y), (first.x(5.0), WAVE_Y)))
    assert heard["region"].split()[2:] == ["0.0", "8000.0"]
    assert first.data("version") == "recorded"
    assert state_after(first.page, lambda: first.part("top").press("Escape"))["region"] == "none"


def test_a_loop_stays_inside_its_region(first: Driven) -> None:
    first.drag((first.x(2.0), WAVE_Y), (first.x(2.5), WAVE_Y))
    first.part("top").focus()
    first.part("top").press("l")
    assert first.part("loop").get_attribute("aria-pressed") == "true"
    first.play()
    script = """(r) => new Promise((done) => {
      const seen = [], from = performance.now();
      const look = (now) => (seen.push(Number(r.dataset.position)), now - from < 1500) ? requestAnimationFrame(look) : done(seen);
      requestAnimationFrame(look);
    })"""
    seen = first.root.evaluate(script)
    assert min(seen) >= 1.97
    assert max(seen) <= 2.53
    assert np.sum(np.diff(seen) < 0) >= 2  # it went round


def test_keys(page: Any, served: str) -> None:
    page.goto(f"{served}/?two=1")
    first, second = Driven(page), Driven(page, 1)
    first.click(5.0)
    page.locator("[data-testid=stText]").first.click()  # focus elsewhere on the page
    page.keyboard.press("b")
    assert first.position == pytest.approx(4.0, abs=0.06)
    page.keyboard.press("p")
    moved = (
        "r => r.dataset.playing === 'true' && Number(r.dataset.position) > 4"  # or the next key comes before any sound
    )
    page.wait_for_function(moved, arg=first.node)
    assert not second.playing
    page.keyboard.press("p")
    assert not first.playing
    page.keyboard.press("Control+b")
    page.keyboard.press("ArrowLeft")
    position = first.position
    assert position > 4.0  # neither a modifier's key nor an arrow outside the player
    note = page.get_by_label("A note")
    note.click()
    page.keyboard.type("pb")
    assert (first.playing, first.position, note.input_value()) == (False, position, "pb")
    first.part("top").focus()
    for key, expected in (("ArrowRight", position + 1), ("ArrowLeft", position), ("End", 10.0), ("Home", 0.0)):
        first.part("top").press(key)
        assert first.position == pytest.approx(expected, abs=0.06), key
    assert first.part("top").get_attribute("aria-valuetext") == "0.0 of 10.0 seconds"
    first.part("top").press("+")
    first.click(9.0)  # the right half is now 5 s away, so the click lands at half of it
    assert first.position == pytest.approx(4.5, abs=0.06)


def test_one_sound_at_a_time(page: Any, served: str) -> None:
    page.goto(f"{served}/?two=1")
    first, second = Driven(page), Driven(page, 1)
    first.play()
    second.play()
    assert (first.playing, second.playing) == (False, True)
    page.locator("audio").evaluate("audio => audio.play()")  # Streamlit draws it when the page is complete: waited for
    page.wait_for_function("r => r.dataset.playing === 'false'", arg=second.node)
    first.play()
    assert page.evaluate("document.querySelector('audio').paused")


# What the player reads out at each of some points of a canvas, until all are within 0.15 dB of what is expected (figures are
# rounded to 0.1); the last readings, if that does not come. While one point is wrong, that one alone is read again.
READ_OUT = """([root, part, places, pattern, expected]) => new Promise((done) => {
  const canvas = root.querySelector(`[data-part=${part}]`), from = performance.now();
  const read = ([x, y]) => {
    const box = canvas.getBoundingClientRect(), at = { clientX: box.x + x, clientY: box.y + y };
    canvas.dispatchEvent(new PointerEvent("pointermove", at));
    const level = root.querySelector("[data-part=readout]").textContent.match(pattern)?.[1];
    return level === undefined ? null : Number(level.replace("\u2212", "-"));
  };
  const right = (level, i) => level !== null && Math.abs(level - expected[i]) < 0.15;
  let wrong = 0;
  const look = () => {
    const late = performance.now() - from > 20000;
    if (late || right(read(places[wrong]), wrong)) {
      const levels = places.map(read);
      wrong = levels.findIndex((level, i) => !right(level, i));
      if (late || wrong < 0) return done(levels);
    }
    requestAnimationFrame(look);
  };
  look();
})"""


def read_out(player: Driven, part: str, places: list[tuple[float, float]], pattern: str, expected: list[float]) -> Any:
    levels = player.page.evaluate(READ_OUT, [player.node, part, places, pattern, expected])
    return np.array(levels, dtype=float)  # not a number where nothing was read


def test_what_is_read_off_the_pictures_is_what_python_computes(first: Driven) -> None:
    first.part("denoised").click()
    for strength in (1.0, 0.5, 0.0):
        pictures_are_of(first, strength)


def pictures_are_of(first: Driven, strength: float) -> None:
    first.set_strength(strength)
    heard = test_page.sound(10, 1).with_samples(test_page.mix(10, 1).at(strength))
    log_mel = LogMel().transform(heard)
    points = [(frame, band) for frame in range(4, 310, 17) for band in range(1, 128, 9)]
    across = first.xs(frame * 512 / 16000 for frame, _ in points)
    down = [MAP_TOP + (1 - (band + 0.5) / 128) * MAP_HEIGHT for _, band in points]
    places = list(zip(across, down, strict=True))
    expected = [float(log_mel[band, frame]) for frame, band in points]
    seen = read_out(first, "top", places, r"Hz · (\S+) dB", expected)
    assert np.abs(seen - expected).max() < 0.15
    spectrum, bins = WelchSpectrum().transform(heard), range(3, 512, 8)
    places = [(x, 100.0) for x in first.xs((k / 512 for k in bins), 1.0)]
    expected = [float(spectrum[k]) for k in bins]
    seen = read_out(first, "spectrum", places, f"{'denoised' if strength else 'recorded'} (\\S+) dB", expected)
    assert np.abs(seen - expected).max() < 0.15


# Sound is rendered when it is asked for, instead of played: half a second.
RENDERED = """window.AudioContext = class extends OfflineAudioContext {
  constructor({ sampleRate }) {
    super(1, sampleRate / 2, sampleRate);
    window.rendered = this;
  }
  async resume() {}
}"""


@pytest.mark.parametrize(
    ("strength", "version"), [(0.0, "denoised"), (0.35, "denoised"), (1.0, "denoised"), (0.35, "recorded")]
)
@pytest.mark.parametrize("turned", ["before", "while it plays"])
def test_what_is_played_is_the_cross_fade(page: Any, served: str, strength: float, version: str, turned: str) -> None:
    page.add_init_script(RENDERED)
    page.goto(served)
    first = Driven(page)
    for key in ("Home", "ArrowRight", "ArrowRight"):
        first.part("top").press(key)
    assert first.position == 2.0
    if turned == "before":
        first.set_strength(strength)
        first.part(version).click()
    first.part("play").click()
    page.wait_for_function("r => r.dataset.playing === 'true' && window.rendered", arg=first.node)
    if turned != "before":
        first.set_strength(strength)
        first.part(version).click()
    script = "async () => Array.from((await window.rendered.startRendering()).getChannelData(0))"
    played = np.array(page.evaluate(script))
    ends = test_page.mix(10, 1)
    # At 0 there is nothing to hear of the denoising: choosing it then turns it on.
    y = ends.off if version == "recorded" else ends.at(strength or USUAL_STRENGTH)
    gain = 0.9 / max(np.abs(signal).max() for signal in (ends.off, ends.zero, ends.one))
    start, settled = 32, 400  # samples: it begins after 2 ms, and has faded in and over well before 25 ms
    expected = gain * y[2 * 16000 - start : 2 * 16000 - start + 8000]
    assert len(played) == 8000
    assert np.abs(played - expected)[settled:].max() < 1e-4


def test_zoom_pan_and_jump(first: Driven) -> None:
    page, top = first.page, first.part("top")
    box = top.bounding_box()
    page.mouse.move(box["x"] + first.x(3.0), box["y"] + 200)
    page.keyboard.down("Control")
    for _ in range(4):
        page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.evaluate(FRAME)
    middle = {"x": first.x(3.0), "y": WAVE_Y}
    top.click(position=middle)  # the moment under the pointer stayed there
    assert first.position == pytest.approx(3.0, abs=0.05)
    top.hover(position={"x": first.x(3.0), "y": 200})
    assert re.match(r"(3\.0|2\.9)\d\d? s · \d+ Hz · .?\d+\.\d dB", first.part("readout").inner_text())
    first.drag((first.x(5.0), MAP_TOP + MAP_HEIGHT + 10), (first.x(2.0), MAP_TOP + MAP_HEIGHT + 10))  # the ruler
    top.click(position=middle)
    assert first.position > 3.1
    page.get_by_role("button", name="Jump to 4 s").click()
    page.wait_for_function("r => r.dataset.position === '4.0000'", arg=first.node)


def test_choosing_an_overlay_brings_its_map(first: Driven) -> None:
    assert state_after(first.page, lambda: first.part("overlay").select_option("knn"))["overlay"] == "knn"
    middle = "(r) => { const c = r.querySelector('[data-part=base]'), k = c.width / c.clientWidth; return [...c.getContext('2d').getImageData(%s * k, %s * k, 1, 1).data]; }"
    y = MAP_TOP + (1 - float(np.interp(3000, LogMel().frequencies(), np.arange(128))) / 128) * MAP_HEIGHT
    red, _, blue, _ = first.root.evaluate(middle % (first.x(3.3), y - 8))
    assert red > blue + 40  # warm where the map is high
    red, green, blue, _ = first.root.evaluate(middle % (first.x(8.5), MAP_TOP + 30))
    assert max(red, green, blue) - min(red, green, blue) < 20  # grey where it is low


@pytest.mark.long
def test_ten_minutes_stay_smooth_and_off_the_wire(page: Any, served: str) -> None:
    received: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
    for _ in range(3):  # what freezes the page does so on every new one; other work on the machine does not
        received.clear()
        first = _ten_minutes(page, served)
        _zoom_in_and_out(first)
        if (longest := page.evaluate("window.longest")) < 200:
            break
    assert longest < 200
    first.click(300.0, 600.0)
    assert first.position == pytest.approx(300.0, abs=600 / 1000)
    first.play()
    first.set_strength(0.4)
    moved, passed = first.advance(1.0)
    assert moved == pytest.approx(passed, abs=0.15)
    wait_idle(page)
    assert sum(received) < 1.5e6


def _ten_minutes(page: Any, served: str) -> Driven:
    """A new page, whose longest frame from now on is in ``window.longest``, in ms."""
    page.goto(f"{served}/?seconds=600")
    first = Driven(page)
    wait_idle(page)
    script = """() => { window.longest = 0; let last = performance.now();
      const look = (now) => { window.longest = Math.max(window.longest, now - last); last = now; requestAnimationFrame(look); };
      requestAnimationFrame((now) => { last = now; look(now); }); }"""
    page.evaluate(script)
    return first


def _zoom_in_and_out(first: Driven) -> None:
    page, box = first.page, first.part("top").bounding_box()
    page.mouse.move(box["x"] + 500, box["y"] + 200)
    page.keyboard.down("Control")
    for direction in (-1, 1):
        for _ in range(20):
            page.mouse.wheel(0, direction * 150)
            page.evaluate(FRAME)
    page.keyboard.up("Control")


def test_everything_is_reached_by_tab_and_has_a_name(first: Driven) -> None:
    first.part("back").focus()
    reached = []
    for _ in range(20):
        reached.append(first.page.evaluate("document.activeElement.shadowRoot?.activeElement?.dataset.part ?? ''"))
        first.page.keyboard.press("Tab")
    parts = "back play loop speed gain zoom-out zoom-in fit recorded denoised strength overlay difference top axis"
    assert [part for part in reached if part] == parts.split()
    for role, name in (("button", "Play (P)"), ("slider", "Position in the clip"), ("slider", "Denoising strength")):
        assert first.page.get_by_role(role, name=name, exact=True).count() == 1
