"""What is known of the clips of a map: the scores that are stored of them, and a table of those that were chosen."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from asd_core.sound import version_name

if TYPE_CHECKING:
    import pandas as pd

FOR_FILES = ("sha256", "version", "denoise")  # columns that a page does not show
PERCENTILE, RAW, VERSION = "percentile", "raw", "model version"


def clip_figures(
    about: "pd.DataFrame", stored: "Sequence[pd.DataFrame]", detector: str, column: str
) -> "pd.Series[Any]":
    """One detector's stored figure of each clip, nan where none is stored.

    Args:
        about: rows of :class:`asd_core.space.projection.Space`.
        stored: score tables (of one split each).
        column: ``calibrated`` (percentile among the held-out normals) or ``raw``.
    """
    import pandas as pd

    parts = [t.loc[t["detector"] == detector, ["sha256", "machine_id", column]] for t in stored]
    parts = [part for part in parts if not part.empty]
    if not parts:
        return pd.Series(float("nan"), index=about.index, name=column)
    results = pd.concat(parts)
    values = results.drop_duplicates(["sha256", "machine_id"]).set_index(["sha256", "machine_id"])[column]
    at = pd.MultiIndex.from_frame(about[["sha256", "machine_id"]])
    return pd.Series(values.reindex(at).to_numpy(dtype=float), index=about.index, name=column)


def chosen_clips(
    about: "pd.DataFrame",
    numbers: Sequence[int],
    stored: "Sequence[pd.DataFrame]",
    titles: Mapping[str, str],
    versions: Mapping[str, str],
) -> "pd.DataFrame":
    """The chosen clips in the map's order: what is known of each, and the scores of some detectors.

    Args:
        numbers: of the clips (the index of ``about``); those that are not in it are left out.
        titles: detectors' names by key: what is given.
        versions: short names of their weights by key.

    Returns:
        The catalogue's columns, ``sha256``, ``version`` and ``denoise`` (stored scores are of the recordings as they are) and
        three columns a detector.
    """
    rows = about.loc[about.index.isin(numbers)]
    first = [n for n in ("clip_id", "machine_id", "split", "label", "fault", "severity", "snr_db") if n in rows]
    table = rows[[*first, "sha256"]].assign(version=version_name(0.0), denoise=0.0)
    for key, title in titles.items():
        table[f"{title}, {PERCENTILE}"] = clip_figures(rows, stored, key, "calibrated")
        table[f"{title}, {RAW}"] = clip_figures(rows, stored, key, "raw")
        table[f"{title}, {VERSION}"] = versions[key]
    return table


def readable_columns(table: "pd.DataFrame") -> "pd.DataFrame":
    """Of :func:`chosen_clips`'s columns those for the eye: percentiles, no raw scores and no versions."""
    hidden = (f", {RAW}", f", {VERSION}")
    return table[[name for name in table if not str(name).endswith(hidden) and name not in FOR_FILES]]
