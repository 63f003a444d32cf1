"""Do anomaly maps point at the fault? Their strongest points against the places where the simulator put it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from asd_core import artifacts
from asd_core.artifacts import ModelSet
from asd_core.datasets import Dataset
from asd_core.detectors import detector_class, detector_keys
from asd_core.errors import DatasetError
from asd_core.features import Array, LogMel, extract, map_grid, undenoised
from asd_core.files import write_parquet
from asd_core.markdown import markdown_table
from asd_core.progress import Progress, silent
from asd_core.sound import Clip, prepare

if TYPE_CHECKING:
    import pandas as pd

OVERLAP = "overlap.parquet"
TOP = 0.1  # of a map's frames, or of its points
STRONG = 2 / 3  # severity above which a fault is strong, as in the table of faults
AUDIBLE_DB = 3.0  # a point is the fault's when the fault at least doubles the power there
REACHABLE = 1 / 3  # of the time: a fault that fills more cannot be hit three times as often as by chance
MEASURES = ("time", "place")


def measure(dataset: Dataset, models: ModelSet, *, progress: Progress = silent) -> "pd.DataFrame":
    """How often the top tenth of each map lies in the fault, for every strong fault of the demo's test clips.

    Columns: ``detector, model_version, clip_id, fault``, and for frames (``time_``) and points (``place_``) the share
    of the top tenth that lies in the fault (``hit``), the same for the map with its frames in random order
    (``shuffled``), the share by chance (``chance``) and the largest possible one (``best``).

    Raises:
        DatasetError: for another dataset than the demo, which alone knows where its faults are.
    """
    import pandas as pd

    from asd_core.datasets import render_demo_clip

    if dataset.name != "demo":
        raise DatasetError(f"Nobody knows where the faults of {dataset.title} are: overlap is measured on the demo.")
    rows = dataset.rows(split="test", label="anomaly")
    strong = rows[rows["severity"].astype(float) > STRONG].to_dict("records")
    representations, result, rng = models.representations(), [], np.random.default_rng(0)
    for index, row in enumerate(strong):
        progress(index / len(strong), f"fault {index + 1} of {len(strong)}")
        clip = prepare(dataset.read(row["clip_id"]))
        features = extract(clip, representations)
        in_place = fault_points(row, clip)
        in_time = fault_frames(render_demo_clip(row).fault_events, in_place.shape[1])
        for key in models:
            detector, representation = models[key].detector, models[key].representation
            if map_grid(undenoised(representation)) is None:
                continue
            anomaly_map = detector.explain(features[representation], row["machine_id"])
            if anomaly_map is None:
                continue
            about = {"detector": key, "model_version": models[key].version}
            where = {"clip_id": row["clip_id"], "fault": row["fault"]}
            mixed = anomaly_map[:, rng.permutation(anomaly_map.shape[1])]
            figures: dict[str, float] = {}
            for name, truth in (("time", in_time), ("place", in_place)):
                figures |= {f"{name}_{k}": v for k, v in overlap(anomaly_map, mixed, truth).items()}
            result.append({**about, **where, **figures})
    progress(1.0, "done")
    return pd.DataFrame(result)


def overlap(anomaly_map: Array, mixed: Array, truth: NDArray[np.bool_]) -> dict[str, float]:
    """Shares of a map's top tenth that lie in the fault.

    Args:
        anomaly_map: ``(n_mels, n_frames)``.
        mixed: the same with its frames in another order.
        truth: where the fault is: ``(n_frames,)`` for frames, which count by their mean over bands, or ``(n_mels,
            n_frames)`` for points.
    """
    count = max(1, round(TOP * truth.size))

    def hit(values: Array) -> float:
        ranked = values.mean(axis=0) if truth.ndim == 1 else values.ravel()
        top = np.argsort(-ranked, kind="stable")[:count]
        return float(truth.ravel()[top].mean())

    chance, best = float(truth.mean()), min(1.0, float(truth.sum()) / count)
    return {"hit": hit(anomaly_map), "shuffled": hit(mixed), "chance": chance, "best": best}


def fault_frames(events: tuple[tuple[float, float], ...], n_frames: int) -> NDArray[np.bool_]:
    """Which frames have their centre within a fault's time (s): ``(n_frames,)``."""
    times = LogMel().times(n_frames)
    inside = np.zeros(n_frames, dtype=bool)
    for start, end in events:
        inside |= (times >= start) & (times <= end)
    return inside


def fault_points(row: Mapping[str, Any], clip: Clip) -> NDArray[np.bool_]:
    """Which points of the log-mel the fault lifts by ``AUDIBLE_DB`` or more: ``(n_mels, n_frames)``.

    The simulator makes the healthy machine of the same seed, so the difference of the two clips is the fault itself.
    """
    from asd_core.datasets import render_demo_clip

    healthy = prepare(clip.with_samples(render_demo_clip({**row, "fault": "", "severity": 0.0}).samples))
    return np.asarray(LogMel().transform(clip) - LogMel().transform(healthy) >= AUDIBLE_DB)


def summary(table: "pd.DataFrame") -> "pd.DataFrame":
    """Ratios to chance, the mean over clips: a row per detector, in the registry's order.

    Columns, for ``time`` and ``place``: ``_ratio`` with its 95% bootstrap interval over clips (``_low``, ``_high``),
    ``_shuffled``, ``_best`` (the largest one possible), and ``time_short`` over the clips whose fault fills at most a
    third of the time; one column per fault and measure.
    """
    import pandas as pd

    rng = np.random.default_rng(0)
    order, rows = {key: i for i, key in enumerate(detector_keys(optional=True))}, []
    for key, subset in sorted(table.groupby("detector"), key=lambda pair: order[str(pair[0])]):
        row: dict[str, Any] = {"detector": key, "n": len(subset)}
        for name in MEASURES:
            hits = subset[[f"{name}_{column}" for column in ("hit", "shuffled", "best")]]
            ratios = hits.div(subset[f"{name}_chance"], axis=0).set_axis(["ratio", "shuffled", "best"], axis=1)
            means = ratios["ratio"].to_numpy()[rng.integers(len(subset), size=(1000, len(subset)))].mean(axis=1)
            row[f"{name}_low"], row[f"{name}_high"] = np.percentile(means, [2.5, 97.5])
            row |= ratios.mean().add_prefix(f"{name}_").to_dict()
            by_fault = ratios.groupby(subset["fault"]).mean()
            row |= by_fault["ratio"].add_prefix(f"{name} ").to_dict()
            row |= by_fault["best"].add_prefix(f"best {name} ").to_dict()
        short = subset["time_chance"] <= REACHABLE
        row["time_short"] = (subset["time_hit"] / subset["time_chance"])[short].mean()
        row["best_short"] = (subset["time_best"] / subset["time_chance"])[short].mean()
        row["n_short"] = int(short.sum())
        rows.append(row)
    return pd.DataFrame(rows)


def store_overlap(dataset: Dataset, models: ModelSet, *, progress: Progress = silent) -> None:
    """Measure, and store the figures beside the detectors."""
    write_parquet(measure(dataset, models, progress=progress), models.folder / OVERLAP)


def overlap_section(folder: Path) -> str:
    """The section of ``docs/results.md``, from what :func:`store_overlap` wrote of the detectors as they are now."""
    import pandas as pd

    heading = "## Do the maps point at the fault?"
    command = "`python -m asd_core overlap --data demo --models DIR`"
    path = folder / OVERLAP
    table = pd.read_parquet(path) if path.is_file() else pd.DataFrame({"detector": [], "model_version": []})
    current = {key: manifest.version for key, manifest in artifacts.readable(folder).items()}
    table = table[table["model_version"] == table["detector"].map(current)]
    if table.empty:
        return f"{heading}\n\nNot measured: {command} measures it."
    result = summary(table)
    faults = sorted(table["fault"].unique())
    about = (
        f"The {result['n'].max()} strong faults of the test clips (severity above 2/3). Of each map the top tenth is taken, "
        "and how much more of it lies in the fault than would by chance: 1 is chance, and each figure is the mean over "
        "clips with a 95% bootstrap interval. *Times*: frames, by their mean over bands, within the simulator's fault "
        "times. *Places*: points of time and frequency that the fault lifts by 3 dB or more over the same clip without it. "
        "*Shuffled* is the same map with its frames in random order: it keeps the bands and loses the times. A fault that "
        f"fills much of the clip cannot be hit three times as often as by chance: {_reach(result, faults)} "
        f"The figure for short faults is over the {result['n_short'].iloc[0]} clips whose fault fills at most a third of "
        f"the time (at most {result['best_short'].iloc[0]:.2f})."
    )
    return "\n\n".join([heading, about, _table(result, faults), _best_maps(result)])


def _reach(table: "pd.DataFrame", faults: list[str]) -> str:
    first = table.iloc[0]
    each = ", ".join(f"{fault.replace('_', ' ')} {first[f'best time {fault}']:.2f}" for fault in faults)
    return (
        f"the most that a map could reach is {first['time_best']:.2f} for times ({each}) and {first['place_best']:.2f} "
        "for places."
    )


def _table(table: "pd.DataFrame", faults: list[str]) -> str:
    names = [fault.replace("_", " ") for fault in faults]
    heads = ["detector", "times (95%)", *names, "short faults", "shuffled", "places (95%)", *names, "shuffled"]
    rows = []
    for row in table.to_dict("records"):
        cells = [detector_class(row["detector"]).info.title]
        for name in MEASURES:
            cells.append(f"{row[f'{name}_ratio']:.2f} ({row[f'{name}_low']:.2f}–{row[f'{name}_high']:.2f})")
            cells += [f"{row[f'{name} {fault}']:.2f}" for fault in faults]
            cells += [f"{row['time_short']:.2f}"] if name == "time" else []
            cells.append(f"{row[f'{name}_shuffled']:.2f}")
        rows.append(cells)
    return markdown_table(heads, rows)


def _best_maps(table: "pd.DataFrame") -> str:
    """Which map is best, and whether it is three times better than chance."""
    parts = []
    for label, name in (("times", "time_ratio"), ("times of short faults", "time_short"), ("places", "place_ratio")):
        best = table.loc[table[name].idxmax()]
        title = detector_class(str(best["detector"])).info.title
        above = "above" if best[name] >= 3.0 else "below"
        parts.append(f"for {label} {title} ({best[name]:.2f}, {above} three times chance)")
    return (
        f"The best map is {'; '.join(parts)}. It is chosen on these very clips, so its own figure is a little too good. "
        "Detectors without a map are not in the table."
    )
