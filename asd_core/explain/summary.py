"""A recording in one row: does it belong to the machine, is it normal, by which detector, how clearly, and where. The
page's table of uploads and ``asd score`` write the same one."""

from collections.abc import Sequence
from typing import Any

from asd_core.evaluation import Reliability
from asd_core.explain.place import Place
from asd_core.scoring import Applicability, DetectorScore, clip_verdict

SUMMARY = (  # its columns
    *("applicable", "reason", "verdict", "ground", "detector", "decision", "margin", "agree", "trusted"),
    *("map_of", "t0", "t1", "f0", "f1"),
)


def clip_summary(
    scores: Sequence[DetectorScore],
    reliability: Reliability,
    applicability: Applicability | None,
    place: Place | None,
    held_out: int,
    rate: float,
) -> dict[str, Any]:
    """What is known of one clip, flat, under the names of :data:`SUMMARY`; ``None`` where it is not known.

    ``applicable`` and ``reason`` are the guard's; ``verdict`` (``None`` where too few normal clips set the thresholds) and ``ground``, the
    code of its reason, see :class:`asd_core.scoring.ClipVerdict`; ``detector`` is the leading one, with its ``decision`` and ``margin`` (normal
    spreads above its threshold); ``agree`` of ``trusted`` detectors decide the same; ``t0, t1`` (s) and ``f0, f1`` (Hz) are
    where the map of ``map_of`` is strongest, ``None`` for a clip that is called normal: it has no fault to place.

    Args:
        scores, reliability, applicability, held_out, rate: see :func:`asd_core.scoring.clip_verdict`.
        place: of the clip as it was scored.
    """
    result = clip_verdict(scores, reliability, applicability, held_out, rate)
    leading = result.leading
    shown = place if result.verdict != "normal" and result.reason_code != "foreign" and leading else None
    values = (
        applicability.applicable if applicability else None,
        (applicability.reason or None) if applicability else None,
        result.verdict or None,
        result.reason_code,
        leading.detector if leading else None,
        leading.decision if leading else None,
        leading.margin if leading else None,
        result.n_agreeing,
        result.n_trusted,
        *((shown.detector, shown.t0, shown.t1, shown.f0, shown.f1) if shown else (None,) * 5),
    )
    return dict(zip(SUMMARY, values, strict=True))
