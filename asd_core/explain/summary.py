"""A recording in one row: does it belong to the machine, is it normal, by which detector, how clearly, and where. The
page's table of uploads and ``asd score`` write the same one."""

from collections.abc import Sequence
from typing import Any

from asd_core.evaluation import Standing
from asd_core.explain.place import Place
from asd_core.scoring import Applicability, DetectorScore, Judgement, judge

SUMMARY = (  # its columns
    *("applicable", "reason", "verdict", "ground", "detector", "decision", "margin", "agree", "trusted"),
    *("map_of", "t0", "t1", "f0", "f1"),
)


def clip_summary(
    scores: Sequence[DetectorScore],
    worth: Standing,
    belongs: Applicability | None,
    place: Place | None,
    held_out: int,
    rate: float,
) -> dict[str, Any]:
    """What is known of one clip, flat, under the names of :data:`SUMMARY`; ``None`` where it is not known.

    ``applicable`` and ``reason`` are the guard's; ``verdict`` and ``ground`` see :class:`asd_core.scoring.Judgement`; ``detector``
    is the leading one, with its ``decision`` and ``margin`` (normal spreads above its threshold); ``agree`` of
    ``trusted`` detectors decide the same; ``t0, t1`` (s) and ``f0, f1`` (Hz) are where the map of ``map_of`` is
    strongest, ``None`` for a clip that is called normal: it has no fault to place.

    Args:
        scores, worth, belongs, held_out, rate: see :func:`asd_core.scoring.judge`.
        place: of the clip as it was scored.
    """
    judged: Judgement = judge(scores, worth, belongs, held_out, rate)
    asked = judged.asked
    shown = place if judged.verdict != "normal" and judged.ground != "foreign" and asked else None
    values = (
        belongs.applicable if belongs else None,
        (belongs.reason or None) if belongs else None,
        judged.verdict,
        judged.ground,
        asked.detector if asked else None,
        asked.decision if asked else None,
        asked.margin if asked else None,
        judged.agree,
        judged.n_trusted,
        *((shown.detector, shown.t0, shown.t1, shown.f0, shown.f1) if shown else (None,) * 5),
    )
    return dict(zip(SUMMARY, values, strict=True))
