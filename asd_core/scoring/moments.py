"""The moments of a long recording at which a detector's curve stands out, and their exports."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors import detector_class
from asd_core.evaluation import Floats, percentile_in_words
from asd_core.lazy import pd, scipy
from asd_core.scoring.long_recording import PROVENANCE

FEWEST = (
    6  # scored windows: of fewer, one fault covers too many to tell it from a recording that is anomalous throughout
)
SPREADS = 5.0  # of its own windows, by which a moment exceeds the level of a recording that is anomalous throughout
GAUSSIAN_MAD = 1.4826  # a Gaussian's standard deviation over its median absolute deviation
FIGURES = ("start", "end", "raw", "calibrated", "margin")


def flagged_moments(table: "pd.DataFrame") -> "pd.DataFrame":
    """Where a detector's margin over time has a peak above the threshold, the largest margin first.

    A moment is a local maximum. It goes on to both sides while the margin stays above half the peak's height, and a smaller
    peak is one of its own when the margin falls below half of *its* height in between. Windows above the threshold that
    share no sound with such a moment are moments, too. In a recording that is above the threshold throughout (see
    :func:`anomalous_throughout`) heights are measured from its own median, and a moment exceeds that by ``SPREADS``
    robust standard deviations of its windows: one moment from beginning to end would say nothing of where to listen.

    Args:
        table: see :func:`scan_recording`.

    Returns:
        Columns ``detector, start, end, peak_start, peak_end, peak_raw, peak_calibrated, peak_margin, n_windows`` and
        ``PROVENANCE``; times in s. The peak is the window of the largest margin.
    """
    moments = [_listed(windows.sort_values("start", ignore_index=True)) for _, windows in table.groupby("detector")]
    listed = pd.concat(moments, ignore_index=True) if moments else _listed(table)
    return listed.sort_values(["peak_margin", "start"], ascending=[False, True], kind="stable", ignore_index=True)


def _listed(windows: "pd.DataFrame") -> "pd.DataFrame":
    """The moments of one detector's windows, which are in order."""
    starts, ends, margins = (windows[name].to_numpy(dtype=np.float64) for name in ("start", "end", "margin"))
    moments = list(_peaks(margins, starts, ends))
    first, peak, last = np.array(moments, dtype=np.int64).reshape(-1, 3).T
    at = windows.loc[peak, ["detector", *FIGURES, *PROVENANCE]].reset_index(drop=True)
    at = at.rename(columns={name: f"peak_{name}" for name in FIGURES})
    at.insert(1, "start", starts[first])
    at.insert(2, "end", ends[last])
    at.insert(8, "n_windows", last - first + 1)
    return at


def anomalous_throughout(table: "pd.DataFrame") -> list[str]:
    """Detectors that call more than half of the windows of each third of a recording anomalies: it differs as a whole."""
    ordered = table.sort_values("start", kind="stable").groupby("detector", sort=False)["margin"]
    above = {key for key, margins in ordered if _is_above(margins.to_numpy(dtype=np.float64))}
    return [str(key) for key in table["detector"].unique() if key in above]


def _is_above(margins: Floats) -> bool:
    scored = margins[np.isfinite(margins)]
    return len(scored) >= FEWEST and all(np.mean(third > 0.0) > 0.5 for third in np.array_split(scored, 3))


def _levels(margins: Floats) -> tuple[float, float]:
    """From where heights are measured, and the least height of a moment."""
    if not _is_above(margins):
        return 0.0, 0.0
    middle = float(np.nanmedian(margins))
    return middle, max(1.0, SPREADS * GAUSSIAN_MAD * float(np.nanmedian(np.abs(margins - middle))))


def _peaks(margins: Floats, starts: Floats, ends: Floats) -> Iterator[tuple[int, int, int]]:
    """First window, peak and last window of each moment."""
    base, least = _levels(margins)
    heights = np.maximum(np.nan_to_num(margins - base, nan=0.0), 0.0)
    padded = np.r_[0.0, heights, 0.0]  # the recording's ends are slopes, too
    places, properties = scipy.signal.find_peaks(padded, height=np.nextafter(least, np.inf), prominence=0.0)
    places = places[properties["prominences"] >= 0.5 * properties["peak_heights"]] - 1
    free = heights > least
    for place in places[np.argsort(-heights[places], kind="stable")].tolist():
        if not free[place]:  # as high as the peak of its moment
            continue
        first, last = _run(heights >= 0.5 * heights[place], place)
        yield first, place, last
        free &= (starts >= ends[last]) | (ends <= starts[first])
    while free.any():
        place = int(np.argmax(np.where(free, heights, -1.0)))
        first, last = _run(free, place)
        yield first, place, last
        free[first : last + 1] = False


def _run(inside: NDArray[np.bool_], place: int) -> tuple[int, int]:
    """First and last of the neighbours of a place that are inside."""
    outside = np.flatnonzero(~inside)
    before, after = outside[outside < place], outside[outside > place]
    return int(before[-1]) + 1 if len(before) else 0, int(after[0]) - 1 if len(after) else len(inside) - 1


def moments_audacity(moments: "pd.DataFrame") -> str:
    """Moments as an Audacity label track (File > Import > Labels): start, end and text between tabs; where a moment was
    located, the labels are its place, with a second line ``\\``, lowest and highest frequency in Hz."""
    lines = []
    for row in moments.sort_values("start", kind="stable").to_dict("records"):
        title = detector_class(row["detector"]).info.title
        inputs = f", denoised at {row['denoise']:g}" if row["denoise"] else ""
        label = f"{title}: margin {row['peak_margin']:.1f}, {percentile_in_words(row['peak_calibrated'])}{inputs}"
        located = np.isfinite(row.get("f0", np.nan))
        start, end = (row["t0"], row["t1"]) if located else (row["start"], row["end"])
        lines.append(f"{start:.6f}\t{end:.6f}\t{label}")
        if located:
            lines.append(f"\\\t{row['f0']:.6f}\t{row['f1']:.6f}")
    return "".join(f"{line}\n" for line in lines)
