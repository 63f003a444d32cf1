"""The demo data set: a catalogue of simulated slide-rail clips, stored as seeds (text), rendered on demand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core.datasets import catalogue

# The simulator is imported where sound is made: the first page reads a rendered clip, and must not wait for SciPy.
if TYPE_CHECKING:
    import pandas as pd

    from asd_core.datasets.slide_rail import SimulatedClip

TRAIN_NORMALS, TEST_NORMALS = 300, 60  # of each machine id
TEST_PER_FAULT = 20  # test anomalies of each machine id and fault
COLUMNS = (*catalogue.COLUMNS, "fault", "severity", "snr_db", "seed")


def build_catalogue(seed: int = 2020) -> pd.DataFrame:
    """The table of the demo's clips, one row per clip, columns `COLUMNS`.

    SNRs are cycled, so training normals, test normals and the anomalies of each fault have the same mix of them;
    severities are spread evenly over 0.05 to 1.
    """
    import pandas as pd

    from asd_core.datasets.slide_rail import FAULTS, MACHINE_IDS, SNRS_DB

    rng = np.random.default_rng(seed)
    rows: list[tuple[Any, ...]] = []
    for machine_id in MACHINE_IDS:
        plans = [("train", "normal", "", 0.0)] * TRAIN_NORMALS + [("test", "normal", "", 0.0)] * TEST_NORMALS
        for fault in FAULTS:
            plans += [("test", "anomaly", fault, (k + 1) / TEST_PER_FAULT) for k in range(TEST_PER_FAULT)]
        counts: dict[tuple[str, str], int] = {}
        for split, label, fault, severity in plans:
            number = counts.get((split, label), 0)
            counts[split, label] = number + 1
            clip_id = f"{split}/{label}_id_{machine_id}_{number:08d}.wav"
            snr_db = SNRS_DB[number % len(SNRS_DB)]
            rows.append((clip_id, "slider", machine_id, split, label, "source", fault, severity, snr_db))
    # Distinct by construction: no clip shares its background or motion with another one.
    seeds = rng.choice(2**31, size=len(rows), replace=False)
    return pd.DataFrame([(*row, int(s)) for row, s in zip(rows, seeds, strict=True)], columns=list(COLUMNS))


def render_demo_clip(row: Mapping[str, Any] | pd.Series[Any]) -> SimulatedClip:
    """The sound of one row of the catalogue."""
    from asd_core.datasets.slide_rail import simulate

    fault = row["fault"]
    # An empty CSV cell may come back as NaN.
    name = fault if isinstance(fault, str) and fault else None
    return simulate(
        str(row["machine_id"]).zfill(2),
        seed=int(row["seed"]),
        snr_db=float(row["snr_db"]),
        fault=name,
        severity=float(row["severity"]),
    )
