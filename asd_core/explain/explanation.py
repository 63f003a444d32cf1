"""Why a detector scores a clip as it does: the time and the band that contribute most, in a sentence with numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.artifacts import Artifact, ModelSet, raw_scores
from asd_core.detectors import Detector, detector_class
from asd_core.detectors.fusion import Fusion
from asd_core.explain.smoothing import moving_mean
from asd_core.features import Array, Features, MemberScores, map_grid, undenoised
from asd_core.scoring import is_long

COLUMNS = 400  # frames are summed down to so many: every span of them is tried
STANDS_OUT = 1.5  # times its part of the clip: a span that holds less of the map is no place
STRONGEST = 99.5  # percentile of the map that is drawn full: a single point does not make the rest invisible
EDGES = 20  # frames from which on the first and the last are no place
HIGH, QUIET, EVEN = 95, 10, 0.5  # percentiles of a map over time; the least that one is of the other in an even map
RIPPLES = 0.125  # s: what is shorter makes no map uneven
MOST = 0.5  # of a span's map lies in the band that is named


@dataclass(frozen=True)
class Why:
    """Where in time (s) and frequency (Hz) a map is strongest."""

    t0: float
    t1: float
    f0: float
    f1: float
    share: float  # of the map that lies between t0 and t1
    time_share: float  # of the clip between t0 and t1: what ``share`` would be by chance
    band_share: float  # of that part that lies between f0 and f1
    even: bool  # whether that band of the map is high nearly all the clip's time
    description: str


@dataclass(frozen=True, eq=False)
class Explanation:
    """One detector's explanation of one clip."""

    detector: str
    map: Array | None  # (n_mels, n_frames)
    why: Why | None
    description: str


def why(anomaly_map: Array, hop_seconds: float, mel_frequencies: NDArray[Any], shows: str = "the score") -> Why | None:
    """The span of time that stands out most of a map ``(n_mels, n_frames)``, and the band that holds most of it.

    Of all spans it is the one whose share of the map is least likely by its length alone: the largest likelihood ratio
    of Kulldorff's scan statistic (Communications in Statistics 26, 1997). A long span with a little more than its part
    does not outdo a short one with many times its part. The band is the narrowest that holds half of that span's map.

    Args:
        anomaly_map: higher = contributes more; what is below 0 counts as 0.
        shows: what the map is made of, for the sentence.

    Returns:
        ``None`` for a map without anything in it.
    """
    values = np.maximum(np.nan_to_num(np.asarray(anomaly_map, dtype=np.float64)), 0.0)
    if values.shape[1] > EDGES and values[:, 1:-1].any():
        values[:, [0, -1]] = 0.0  # half of such a frame is padding, of which detectors have learned little
    total = float(values.sum())
    if total <= 0.0:
        return None
    n_frames = values.shape[1]
    edges = np.linspace(0, n_frames, min(n_frames, COLUMNS) + 1).astype(int)
    first, last = strongest_span(np.add.reduceat(values.sum(axis=0), edges[:-1]), np.diff(edges))
    start, stop = int(edges[first]), int(edges[last])
    somewhere = float(values[:, start:stop].sum()) / total >= STANDS_OUT * (stop - start) / n_frames
    if not somewhere:
        start, stop = 0, n_frames
    by_band = values[:, start:stop].sum(axis=1)
    low, high = narrowest_band(by_band, MOST)
    share, time_share = float(by_band.sum()) / total, (stop - start) / n_frames
    band_share = float(by_band[low:high].sum() / by_band.sum())
    loudness = values[low:high].sum(axis=0)
    even = is_even(loudness[1:-1] if n_frames > EDGES else loudness, hop_seconds)
    bands, limits = band_edges(mel_frequencies), [0.0, (n_frames - 1) * hop_seconds]
    # A frame stands for the half hop on each side of its centre.
    t0, t1 = np.clip((np.array([start, stop]) - 0.5) * hop_seconds, *limits).tolist()
    f0, f1 = float(bands[low]), float(bands[high])
    if somewhere:
        description = (
            f"{_percent(share)} of {shows} comes from {_span(t0, t1)} ({_percent(time_share)} of the clip's time), "
            f"{_percent(band_share)} of that from {_band(f0, f1)}."
        )
    else:
        # Of minutes the map of the whole does not tell: what is short in them has to be looked for in windows.
        alike = "No time stands out;" if even else "It comes and goes;"
        head = f"In all {t1:.0f} s taken as one clip," if is_long(t1) else alike
        description = f"{head} {_percent(band_share)} of {shows} comes from {_band(f0, f1)}."
    return Why(t0, t1, f0, f1, share, time_share, band_share, even, description)


def is_even(loudness: NDArray[np.float64], hop_seconds: float) -> bool:
    """Whether a map's sum over a band ``(n_frames,)`` is high nearly all the time: its quietest tenth apart, at least half as high
    as where it is highest."""
    smooth = moving_mean(loudness, RIPPLES, hop_seconds, mode="valid")  # no false silence at the ends
    quiet, high = np.percentile(smooth, [QUIET, HIGH])
    return bool(quiet >= EVEN * high)


def strongest_span(values: NDArray[Any], widths: NDArray[Any]) -> tuple[int, int]:
    """First and last-but-one index of the run of ``values (n,)`` that exceeds its part of ``widths (n,)`` the most."""
    cumulated = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)]) / max(float(values.sum()), 1e-300)
    part = np.concatenate([[0.0], np.cumsum(widths, dtype=np.float64)]) / float(widths.sum())
    share, width = cumulated[None, :] - cumulated[:, None], part[None, :] - part[:, None]
    ratio = np.full(share.shape, -np.inf)
    more = (width > 0.0) & (share > width)
    s, w = np.clip(share[more], 1e-12, 1.0), width[more]
    rest = np.maximum(1.0 - s, 1e-12)
    ratio[more] = s * np.log(s / w) + rest * np.log(rest / np.maximum(1.0 - w, 1e-12))
    if not more.any():  # the same everywhere
        return 0, len(values)
    first, last = np.unravel_index(int(ratio.argmax()), ratio.shape)
    return int(first), int(last)


def narrowest_band(values: NDArray[Any], share: float) -> tuple[int, int]:
    """First and last-but-one index of the shortest run of ``values (n,)`` that holds a share of their sum."""
    cumulated = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    # For each start, the first end that holds enough; none does for starts too far up.
    ends = np.searchsorted(cumulated, cumulated[:-1] + share * cumulated[-1] * (1.0 - 1e-9))
    lengths = np.where(ends < len(cumulated), ends - np.arange(len(values)), len(values) + 1)
    first = int(lengths.argmin())
    return first, int(ends[first])


def band_edges(frequencies: NDArray[Any]) -> NDArray[np.float64]:
    """Limits of bands in Hz, half way between their centres: ``(n,) -> (n + 1,)``."""
    centres = np.asarray(frequencies, dtype=np.float64)
    middle = 0.5 * (centres[1:] + centres[:-1])
    return np.concatenate([[max(0.0, 2 * centres[0] - middle[0])], middle, [2 * centres[-1] - middle[-1]]])


def explain(artifact: Artifact, models: ModelSet, features: Features, machine_id: str) -> Explanation:
    """One detector's map and sentence for one clip."""
    detector, representation = artifact.detector, artifact.representation
    if isinstance(detector, Fusion):
        return Explanation(artifact.key, None, None, _members(detector, models, features, machine_id))
    result = (
        None if isinstance(representation, MemberScores) else detector.explain(features[representation], machine_id)
    )
    bands = map_grid(undenoised(representation))
    if result is None or bands is None:
        description = "This detector gives one figure for the whole clip: it does not say where in it the fault is."
        return Explanation(artifact.key, None, None, description)
    hop = bands.hop_length / bands.sample_rate
    place = why(result, hop, bands.frequencies(), detector.map_shows)
    nothing = "No point of the clip raises this detector's score."
    return Explanation(artifact.key, result, place, place.description if place else nothing)


def _members(fusion: Fusion, models: ModelSet, features: Features, machine_id: str) -> str:
    """-log10 p of each member of a fusion at this clip, the largest first."""
    members = ModelSet(models.folder, fusion.members_, shared=models)
    raw = raw_scores(members, {r: [values] for r, values in features.items()}, [machine_id])
    neg_log10_ps = fusion.neg_log10_ps([raw[m][0] for m in fusion.members_], machine_id)
    listed = sorted(zip(fusion.members_, neg_log10_ps, strict=True), key=lambda pair: -pair[1])
    named = ", ".join(f"{detector_class(key).info.title} {value:.1f}" for key, value in listed)
    return f"-log10 p of its members (1 is one normal clip in ten scoring as high): {named}."


def _span(t0: float, t1: float) -> str:
    digits = 1 if t1 - t0 >= 0.5 else 2
    return f"{t0:.{digits}f}–{t1:.{digits}f} s"


def _band(f0: float, f1: float) -> str:
    digits = 1 if f1 - f0 >= 300 and f0 >= 1000 else 2
    return f"{f0 / 1000:.{digits}f}–{f1 / 1000:.{digits}f} kHz"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%" if share >= 0.01 else "under 1%"


def drawable(anomaly_map: Array) -> Array:
    """A detector's map ``(n_mels, n_frames)`` from 0 (nothing, or below) to 1 (its strongest half percent)."""
    rest = np.maximum(np.nan_to_num(anomaly_map), 0.0)
    top = float(np.percentile(rest, STRONGEST)) or float(rest.max())
    return np.asarray(np.minimum(rest / top, 1.0) if top > 0 else rest, dtype=np.float32)


def with_map(keys: Iterable[str]) -> list[str]:
    """Those detectors that have an anomaly map."""
    return [key for key in keys if detector_class(key).explain is not Detector.explain]
