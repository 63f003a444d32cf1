"""Many people at once: sessions that open every page, step through clips, move sliders and change selectors, and think between acts."""

import asyncio
import os
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import numpy as np

from benchmarks.browser import APP, Figure, figure, serve
from benchmarks.client import Tab, tab

SESSIONS, ACTS, THINKING = 50, 20, 10.0  # acts of each session, s between two of them
CLIPS, READERS = 500, 4  # different clips that are opened without thinking, by so many sessions
Act = Callable[[Tab, int], Awaitable[float]]  # of a tab and the act's number in its session; gives the seconds


def _open(path: str) -> Act:
    return lambda one, _: one.go(path)


def _segment(key: str) -> Act:
    """Another one of some segments than the first, which is open already."""

    async def act(one: Tab, turn: int) -> float:
        others = (await one.options(key))[1:]
        return await one.choose_all(key, [others[turn % len(others)]])

    return act


def _other(key: str) -> Act:
    async def act(one: Tab, turn: int) -> float:
        options = await one.options(key)
        return await one.choose(key, options[turn % len(options)])

    return act


async def _slider(one: Tab, turn: int) -> float:
    """As the browser does it: the table asks for the scores while the slider is held, the player tells of it at rest."""
    state = (await one.data("player"))["state"]
    state |= {"strength": (1 + turn % 19) / 20, "version": "denoised", "turn": state["turn"] + 1}
    asked = {name: state[name] for name in ("clip", "strength", "turn")}
    return await one.set_state("score_table", asked=asked) + await one.set_state("player", state=state)


async def _name(one: Tab, turn: int) -> float:
    return await one.choose("annotator", f"Listener {turn}") + await one.until("label_panel")


async def _label(one: Tab, turn: int) -> float:
    showing = (await one.data("label_panel"))["showing"]
    act = {"id": uuid4().hex, "kind": "label", "value": "normal", "showing": showing}
    return await one.trigger("label_panel", "act", act)


async def _detectors(one: Tab, turn: int) -> float:
    options = await one.options("detectors")
    first = turn % (len(options) - 5)
    return await one.choose_all("detectors", options[first : first + 5])


# What a session does, one after the other. What follows a page is done on it.
PLAN: tuple[tuple[str, Act], ...] = (
    ("Clip", _open("")),
    ("Clip: next", lambda one, _: one.press("next_clip")),
    ("Clip: slider", _slider),
    ("Clip: next", lambda one, _: one.press("next_clip")),
    ("Clip: machine", _other("machine")),
    ("Clip: closer", _segment("look")),
    ("Feature space", _open("feature_space")),
    ("Feature space: colour", _other("colour")),
    ("Label", _open("label")),
    ("Label: name", _name),
    ("Label: label", _label),
    ("Label: label", _label),
    ("Compare", _open("compare")),
    ("Compare: tab", _segment("view")),
    ("Compare: tab", _segment("view")),
    ("Compare: detectors", _detectors),
    ("Experiments", _open("experiments")),
    ("Experiments: other", _segment("experiment")),
    ("Data", _open("data")),
    ("Present", _open("present")),
)


@dataclass
class Load:
    """What sessions have measured."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))  # of every act, by its name
    errors: list[str] = field(default_factory=list)
    memory_mb: float = 0.0  # of the server, at the end
    cpu_s: float = 0.0  # that the server has computed for an act, while the sessions acted

    def at(self, percent: int) -> dict[str, float]:
        """A percentile of every act's seconds, by its name."""
        return {name: float(np.percentile(took, percent)) for name, took in self.seconds.items()}


def sessions_speed() -> dict[str, Figure]:
    """Fifty sessions at once on a warm server, with ten seconds of thinking between acts; then 500 clips that nobody has
    opened yet. Medians and 95th percentiles are of the slowest act; the spread goes from the fastest to it."""
    load = measure()
    for error in sorted(set(load.errors)):
        print(f"{load.errors.count(error)} x {error}", file=sys.stderr)
    for name, took in load.seconds.items():
        print(
            f"{name}: median {np.median(took):.2f} s, 95% {np.percentile(took, 95):.2f} s, n {len(took)}",
            file=sys.stderr,
        )
    n, most = sum(map(len, load.seconds.values())), f"sessions_{SESSIONS}"
    medians, late = load.at(50), load.at(95)
    return {
        f"{most}_errors": figure([float(len(load.errors))], "errors") | {"n": n},
        f"{most}_median_s": _slowest(medians) | {"n": n},
        f"{most}_p95_s": _slowest(late) | {"n": n},
        f"{most}_cpu_s": figure([load.cpu_s], "s") | {"n": n},
        f"{most}_memory_mb": figure([load.memory_mb], "MB"),
    }


def _slowest(seconds: dict[str, float]) -> Figure:
    return {"value": max(seconds.values()), "unit": "s", "spread": [min(seconds.values()), max(seconds.values())]}


def measure(
    app: Path = APP,
    *,
    sessions: int = SESSIONS,
    acts: int = ACTS,
    thinking: float = THINKING,
    clips: int = CLIPS,
    plan: Sequence[tuple[str, Act]] = PLAN,
) -> Load:
    """What sessions meet at a server of the app that one session has warmed up; it ends by itself.

    Args:
        acts: of each session. thinking: s between two of them. clips: that are opened afterwards.
        plan: what a session does, over and over.
    """
    with TemporaryDirectory() as folder:
        server = serve(app, ASD_DATABASE_URL=f"sqlite:///{folder}/labels.sqlite3")
        # In a thread of its own, for whoever calls it from a loop of events.
        with server as address, ThreadPoolExecutor(1) as thread:
            work = _measure(address, server.process.pid, sessions, acts, thinking, clips, plan)
            return thread.submit(asyncio.run, work).result()


async def _measure(
    address: str, server: int, sessions: int, acts: int, thinking: float, clips: int, plan: Sequence[tuple[str, Act]]
) -> Load:
    load, warm = Load(), Load()
    await _session(address, 0, 0.0, len(plan), 0.0, plan, warm)
    before = _cpu_seconds(server)
    await asyncio.gather(
        *(_session(address, k, thinking * k / sessions, acts, thinking, plan, load) for k in range(sessions))
    )
    load.cpu_s = (_cpu_seconds(server) - before) / max(1, sum(map(len, load.seconds.values())))
    await asyncio.gather(*(_read(address, k, clips // READERS, warm) for k in range(READERS) if clips))
    load.memory_mb = _memory_mb(server)
    load.errors += warm.errors
    return load


async def _session(
    address: str, number: int, comes: float, acts: int, thinking: float, plan: Sequence[tuple[str, Act]], load: Load
) -> None:
    """One person: comes a little later than the one before, and begins with another page."""
    await asyncio.sleep(comes)
    pages = [k for k, (name, _) in enumerate(plan) if ":" not in name]
    async with tab(address) as one:
        for turn in range(acts):
            name, act = plan[(pages[number % len(pages)] + turn) % len(plan)]
            try:
                load.seconds[name].append(await act(one, number + turn))
            except Exception as error:  # the others go on, and so does the count
                one.errors.append(f"{name}: {error!r}")
            await asyncio.sleep(thinking)
        load.errors += one.errors


async def _read(address: str, number: int, clips: int, load: Load) -> None:
    """Step through the clips of a machine that nobody else steps through."""
    async with tab(address) as one:
        try:
            await one.go("")
            await one.choose("split", "any")
            await one.choose("machine", (await one.options("machine"))[number])
            for _ in range(clips):
                await one.press("next_clip")
        except Exception as error:
            one.errors.append(f"clip after clip: {error!r}")
        load.errors += one.errors


def _cpu_seconds(process: int) -> float:
    user, system = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _memory_mb(process: int) -> float:
    """What a process holds in memory, as the system counts it (RSS)."""
    status = Path(f"/proc/{process}/status").read_text()
    return 1024 * int(status.split("VmRSS:")[1].split()[0]) / 1e6
