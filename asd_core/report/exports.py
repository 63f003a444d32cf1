"""A comparison as CSV and JSON, for a spreadsheet or a program.

Every row says which model version, split and denoising strength it is of. What cannot be computed is an empty cell in
CSV and null in JSON.
"""

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from asd_core.detectors import detector_class
from asd_core.report.figures import Comparison
from asd_core.report.tables import attributes

if TYPE_CHECKING:
    import pandas as pd


def figures_key(scores: "pd.DataFrame") -> str:
    """A hash of a score table's content: the same key, the same figures."""
    import pandas as pd

    names = [n for n in scores.columns if n in ("detector", "clip_id", "label", "raw", "split", "denoise")]
    rows = pd.util.hash_pandas_object(scores[[*names, *attributes(scores)]].astype(str), index=False)
    return hashlib.sha256(rows.to_numpy().tobytes()).hexdigest()


def report_json(comparison: Comparison, protocol: list[str] | None = None) -> str:
    """All tables and what they stand on, as one JSON document; what cannot be computed is null.

    Args:
        protocol: sentences on how the figures were made.
    """
    document = {
        "dataset": comparison.title,
        "split": comparison.split,
        "clips": comparison.where or "all",
        "labels": comparison.labels or "dataset",
        "denoising": comparison.denoise,
        "denoising_kind": comparison.kind if comparison.denoise else None,
        "assumptions": asdict(comparison.assumptions),
        "protocol": protocol or [],
        "best_or_tied_with_it": comparison.tied,
        "in_use": comparison.in_use or None,
        "models": {
            key: {
                "title": detector_class(key).info.title,
                "model_version": m.version,
                "seed": m.seed,
                "preset": m.preset,
                "data_fingerprint": m.data_fingerprint,
                "parameters": m.config.get("parameters", {}),
                "versions": m.versions,
                "alarms": m.alarms,
            }
            for key, m in comparison.manifests.items()
        },
        # pandas turns nan into null, and numpy's numbers into JSON's.
        "tables": {
            name: json.loads(table.to_json(orient="records", double_precision=15))
            for name, table in comparison.tables().items()
        },
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"
