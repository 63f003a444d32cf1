"""The second embedded data set: simulated fans in two domains, rendered on demand, each clip from its own name.

The source domain is what is usual: three speeds, two loads, one microphone. The target domain has as many, all of them
others, and a tenth as many training clips (DCASE 2022 and later: 990 to 10): two of each speed and load.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from asd_core.datasets import catalogue
from asd_core.datasets.fan import FAULTS, MACHINE_IDS, simulate_fan
from asd_core.datasets.fan.machines import FANS
from asd_core.datasets.slide_rail import SimulatedClip

if TYPE_CHECKING:
    import pandas as pd


class Domain(NamedTuple):
    """In what the clips of a domain differ, in turn, and how many there are of each machine id."""

    speeds: tuple[float, ...]  # against the machine's nominal speed
    loads: tuple[float, ...]
    microphone: str
    train: int
    test_normals: int
    test_per_fault: int


DOMAINS = {
    "source": Domain((0.85, 0.95, 1.05), (0.2, 0.5), "a", 120, 30, 10),
    "target": Domain((1.15, 1.22, 1.3), (0.65, 0.8), "b", 12, 30, 10),
}
COLUMNS = (*catalogue.COLUMNS, "fault", "severity", "speed_rpm", "load", "microphone", "seed")
RENDERED_FROM = ("machine_id", "fault", "severity", "speed_rpm", "load", "microphone", "seed")


def clip_seed(clip_id: str, draw: int = 0) -> int:
    """The seed of a clip's sound, from its name: no list of seeds need be kept. `draw` above 0 gives another data set of
    the same kind, for figures with a spread."""
    return int.from_bytes(hashlib.sha256(f"demo-fan {draw} {clip_id}".encode()).digest()[:4], "big")


def build_fan_catalogue(draw: int = 0, domains: Mapping[str, Domain] = DOMAINS) -> pd.DataFrame:
    """The table of the fans' clips, one row per clip, columns `COLUMNS`.

    Speeds and loads are cycled, so training normals, test normals and the anomalies of each fault have the same mix of
    them; severities are spread evenly over 0.1 to 1.
    """
    import pandas as pd

    rows = [
        row for machine_id in MACHINE_IDS for name in domains for row in _rows(machine_id, name, domains[name], draw)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(machine_id: str, name: str, domain: Domain, draw: int) -> Iterator[tuple[Any, ...]]:
    plans = [("train", "normal", "", 0.0, k) for k in range(domain.train)]
    plans += [("test", "normal", "", 0.0, k) for k in range(domain.test_normals)]
    for fault in FAULTS:
        n = domain.test_per_fault
        plans += [("test", "anomaly", fault, (k + 1) / n, k) for k in range(n)]
    settings = [(speed, load) for speed in domain.speeds for load in domain.loads]
    counts: dict[tuple[str, str], int] = {}
    for split, label, fault, severity, turn in plans:
        number = counts.get((split, label), 0)
        counts[split, label] = number + 1
        speed, load = settings[turn % len(settings)]
        rpm = round(speed * FANS[machine_id].nominal_rpm)
        clip_id = (
            f"{split}/section_{machine_id}_{name}_{split}_{label}_{number:04d}_speed_{rpm}_load_{round(100 * load)}.wav"
        )
        seed = clip_seed(clip_id, draw)
        yield (
            *(clip_id, "fan", machine_id, split, label, name),
            *(fault, severity, rpm, load, domain.microphone, seed),
        )


def render_fan_clip(row: Mapping[str, Any] | pd.Series[Any]) -> SimulatedClip:
    """The sound of one row of the catalogue."""
    return simulate_fan(
        str(row["machine_id"]),
        seed=int(row["seed"]),
        rpm=float(row["speed_rpm"]),
        load=float(row["load"]),
        microphone=str(row["microphone"]),
        fault=str(row["fault"]) or None,
        severity=float(row["severity"]),
    )
