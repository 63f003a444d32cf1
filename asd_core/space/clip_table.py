"""What is known of the clips of a map: the scores that are stored of them, and a table of those that were chosen."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from asd_core.sound import version_name

if TYPE_CHECKING:
    import pandas as pd

MARGIN, RAW, THRESHOLD, VERSION = "margin", "raw", "threshold", "model version"
ABOUT = ("clip_id", "machine_id", "split", "label", "fault", "severity", "snr_db")


def clip_figures(
    about: "pd.DataFrame", stored: "Sequence[pd.DataFrame]", detector: str, column: str
) -> "pd.Series[Any]":
    """One detector's stored figure of each clip, nan where none is stored.

    Args:
        about: rows of :class:`asd_core.space.projection.Space`.
        stored: score tables (of one split each).
        column: ``raw``, ``calibrated``, or what :func:`asd_core.scoring.with_margins` adds.
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
    rate: float,
) -> "pd.DataFrame":
    """The chosen clips in the map's order: what is known of each, and the scores of some detectors.

    Args:
        about: with ``applicable`` and ``applicability_reason`` (see :func:`asd_core.scoring.with_applicability`).
        numbers: of the clips (the index of ``about``); those that are not in it are left out.
        stored: score tables with margins.
        titles: detectors' names by key: what is given.
        versions: short names of their weights by key.
        rate: false-alarm rate that the thresholds are set to.

    Returns:
        The catalogue's columns, ``sha256``, ``applicable`` (missing where nothing is known) and why not, ``version`` and
        ``denoise`` (stored scores are of the recordings as they are), ``false_alarm_rate``, and four columns per
        detector: raw score, threshold on it, margin over it in normal spreads, version of the model.
    """
    rows = about.loc[about.index.isin(numbers)]
    columns = [n for n in (*ABOUT, "sha256", "applicable", "applicability_reason") if n in rows]
    table = rows[columns].assign(version=version_name(0.0), denoise=0.0, false_alarm_rate=rate)
    for key, title in titles.items():
        for column in (MARGIN, RAW, THRESHOLD):
            table[f"{title}, {column}"] = clip_figures(rows, stored, key, column)
        table[f"{title}, {VERSION}"] = versions[key]
    return table


def readable_columns(table: "pd.DataFrame") -> "pd.DataFrame":
    """Of :func:`chosen_clips`'s columns those for people to read: what is known of the clips, and margins."""
    return table[[name for name in table if name in ABOUT or str(name).endswith(f", {MARGIN}")]]
