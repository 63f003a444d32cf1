"""Where in a long recording a flagged moment is strongest, by its detector's map."""

from typing import TYPE_CHECKING

import numpy as np

from asd_core.artifacts import ModelSet
from asd_core.explain.explanation import Why, explain
from asd_core.explain.smoothing import moving_mean
from asd_core.features import Array, extract_version, map_grid, undenoised
from asd_core.progress import Progress, silent
from asd_core.scoring import cut_clip
from asd_core.sound import Clip

if TYPE_CHECKING:
    import pandas as pd

SMOOTHED = 0.2  # s: of single frames, a click in the background would win over a fault
PLACE = ("t0", "t1", "f0", "f1", "instant")


def locate(
    moments: "pd.DataFrame",
    prepared: Clip,
    models: ModelSet,
    *,
    recorded: Clip | None = None,
    progress: Progress = silent,
) -> "pd.DataFrame":
    """Moments with their place in the recording.

    Columns ``t0, t1`` (s) and ``f0, f1`` (Hz) are what the detector's map shows in the peak window, nan where it has
    none; ``instant`` (s) is when the map is strongest between t0 and t1; ``instant_by`` is the detector whose map gives
    it. For a detector without a map, it is the one of the largest margin whose instant lies in the moment; without any,
    the instant is the middle of the peak window and ``instant_by`` is empty.

    Args:
        moments: see :func:`asd_core.scoring.flagged_moments`; of this very recording.
        prepared, recorded: as for :func:`asd_core.scoring.scan_recording`.
    """
    places = np.full((len(moments), len(PLACE)), np.nan)
    for index, row in enumerate(moments.to_dict("records")):
        progress(index / len(moments), f"moment {index + 1} of {len(moments)}")
        artifact, span = models[row["detector"]], (row["peak_start"], row["peak_end"])
        part = cut_clip(prepared, *span)
        before = part if recorded is None else cut_clip(recorded, *span)
        wanted = ModelSet(models.folder, [row["detector"]], shared=models).representations()
        explanation = explain(artifact, models, extract_version(part, before, wanted), row["machine_id"])
        bands = map_grid(undenoised(artifact.representation))
        if explanation.map is not None and explanation.why and bands is not None:
            hop = bands.hop_length / bands.sample_rate
            at = strongest_instant(explanation.map, explanation.why, hop)
            times = row["peak_start"] + np.array([explanation.why.t0, explanation.why.t1, at])
            places[index] = *times[:2], explanation.why.f0, explanation.why.f1, times[2]
    progress(1.0, "done")
    located = moments.assign(**dict(zip(PLACE, places.T, strict=True)))
    by = located["detector"].where(located["instant"].notna(), "")
    mapped = located[located["instant"].notna()].sort_values("peak_margin", ascending=False, kind="stable")
    for index, row in located[located["instant"].isna()].iterrows():
        inside = mapped[mapped["instant"].between(row["start"], row["end"])]
        located.loc[index, "instant"] = (
            inside["instant"].iloc[0] if len(inside) else 0.5 * (row["peak_start"] + row["peak_end"])
        )
        by.loc[index] = inside["detector"].iloc[0] if len(inside) else ""
    return located.assign(instant_by=by)


def strongest_instant(anomaly_map: Array, place: Why, hop_seconds: float) -> float:
    """When a map ``(n_mels, n_frames)`` is strongest within its place, in s of the map: of its sum over all bands, averaged
    over ``SMOOTHED`` seconds."""
    strength = np.maximum(np.nan_to_num(np.asarray(anomaly_map, dtype=np.float64)), 0.0).sum(axis=0)
    smoothed = moving_mean(strength, min(SMOOTHED, len(strength) * hop_seconds), hop_seconds)
    times = hop_seconds * np.arange(len(strength))
    inside = (times >= place.t0) & (times <= place.t1)
    return float(times[np.argmax(np.where(inside, smoothed, -1.0))]) if inside.any() else place.t0
