"""Labels out to other programs and back in.

Out: CSV, JSON and Parquet (one row per label and annotator, one per region, one per adjudication), Audacity label
tracks, Label Studio tasks. In: CSV, Audacity and Label Studio. An import appends; what it would change is reported
first.
"""

from typing import TYPE_CHECKING, Literal

from asd_core.errors import LabelError
from asd_core.labels import audacity, flat, label_studio
from asd_core.labels.store import LabelStore

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["csv", "json", "parquet", "audacity", "label-studio"]
SUFFIXES: dict[Format, str] = {
    "csv": ".csv",
    "json": ".json",
    "parquet": ".parquet",
    "audacity": ".zip",
    "label-studio": ".json",
}


def export(
    store: LabelStore,
    dataset: str,
    form: Format,
    *,
    annotator: str | None = None,
    clips: "pd.DataFrame | None" = None,
    scores: "pd.DataFrame | None" = None,
) -> bytes:
    """A dataset's labels, regions and adjudications as they hold now, as a file's content.

    Args:
        annotator: only this one's.
        clips: columns clip_id, sha256, machine_id. With them Label Studio also gets the clips that nobody labelled.
        scores: a score table with margins (see :func:`asd_core.scoring.with_margins`) and, where they are known, the guard's
            columns (see :func:`asd_core.scoring.with_applicability`); for Label Studio, a prediction per detector.
    """
    if form not in SUFFIXES:
        raise LabelError(f"There is no format called {form}: choose {', '.join(SUFFIXES)}.")
    rows = flat.rows(store, dataset, annotator)
    if form == "csv":
        return flat.as_csv(rows)
    if form == "json":
        return flat.as_json(rows, dataset)
    if form == "parquet":
        return flat.as_parquet(rows)
    if form == "audacity":
        return audacity.tracks(rows)
    return label_studio.tasks(rows, dataset, clips, scores)
