"""Where in time and frequency the flagged moments of a long recording are anomalous."""

from typing import TYPE_CHECKING

import numpy as np

from asd_core.artifacts import ModelSet
from asd_core.explain.explanation import explain
from asd_core.features import extract
from asd_core.progress import Progress, silent
from asd_core.sound import Clip

if TYPE_CHECKING:
    import pandas as pd
from asd_core.scoring import cut_clip


def locate(moments: "pd.DataFrame", prepared: Clip, models: ModelSet, *, progress: Progress = silent) -> "pd.DataFrame":
    """Moments with the place that their detector's map shows in the peak window: ``t0, t1`` in s of the recording and
    ``f0, f1`` in Hz; nan where a detector has no map.

    Args:
        moments: see :func:`moments`; of this very recording.
    """
    places = np.full((len(moments), 4), np.nan)
    for index, row in enumerate(moments.to_dict("records")):
        progress(index / len(moments), f"moment {index + 1} of {len(moments)}")
        artifact, part = models[row["detector"]], cut_clip(prepared, row["peak_start"], row["peak_end"])
        wanted = ModelSet(models.folder, [row["detector"]], shared=models).representations()
        place = explain(artifact, models, extract(part, wanted), row["machine_id"]).why
        if place:
            places[index] = row["peak_start"] + place.t0, row["peak_start"] + place.t1, place.f0, place.f1
    progress(1.0, "done")
    return moments.assign(**dict(zip(("t0", "t1", "f0", "f1"), places.T, strict=True)))
