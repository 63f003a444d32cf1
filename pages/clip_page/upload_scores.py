"""Scores of an upload, which depend on no false-alarm rate, and its row of the table at the chosen rate.

A recording is decoded for this and not kept. Its scores go through the caches that an open clip is read from, so that
nothing is computed twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from asd_core.errors import AsdError, Cancelled
from asd_core.evaluation import Reliability
from asd_core.explain import Place, clip_summary, map_of
from asd_core.progress import Progress
from asd_core.scoring import Applicability
from asd_core.sound import Channel, Signal, channel_label, prepare, usable_channel
from pages.clip_page.reliability import deciding
from pages.clip_page.signal_scores import applicable, decided, located, otherwise, raw_signal_scores
from pages.shared.caching import cache_bytes, recall, remember
from pages.shared.choice import Choice
from pages.shared.trained_models import scoring_rate
from pages.shared.uploads import Upload

Key = tuple[Any, ...]


@dataclass(frozen=True)
class UploadResult:
    """The scores of one upload, the guard's answer, the place that the map shows, and how it was recorded."""

    channel: Channel
    raw: dict[str, float]  # by detector
    applicability: Applicability | None
    place: Place | None
    otherwise: str = ""  # in what it was recorded otherwise than the training
    problem: str = ""  # why it could not be scored; the rest means nothing then


def result_key(selected: Choice, upload: Upload, channel: Channel, mapped: str | None) -> Key:
    """The cache key of an upload's result.

    Args:
        channel: that is asked for.
        mapped: the detector whose map gives the place.
    """
    chosen = (selected.machine_id, *selected.source.key(), tuple(selected.detectors))
    return ("upload", upload.sha256, upload.name, channel, mapped, *chosen)


def stored_result(key: Key) -> UploadResult | None:
    """The stored result of an upload; ``None`` where it was not scored yet."""
    known: UploadResult | None = recall(key)
    return known


def score_uploads(
    selected: Choice, todo: Sequence[Upload], channel: Channel, mapped: str | None, progress: Progress
) -> int:
    """Score uploads, one after the other. Returns how many were scored."""
    for number, upload in enumerate(todo):
        step = partial(progress, number / len(todo), f"{number + 1} of {len(todo)}, {upload.name}")
        remember(result_key(selected, upload, channel, mapped), _score_upload(selected, upload, channel, mapped, step))
    return len(todo)


def _score_upload(
    selected: Choice, upload: Upload, wanted: Channel, mapped: str | None, step: Callable[[], None]
) -> UploadResult:
    """Score one upload; ``step`` is called between the parts, where the work may wait or be stopped."""
    step()
    try:
        clip = upload.read()
        channel, _ = usable_channel(clip, wanted)
        prepared = prepare(clip, sample_rate=scoring_rate(selected, clip.sample_rate), channel=channel)
        signal = Signal(prepared, channel)
        raw = raw_signal_scores(selected, signal)
        step()
        place = located(selected, mapped, signal) if mapped else None
        return UploadResult(channel, raw, applicable(selected, signal), place, otherwise(selected, clip, channel))
    except Cancelled:
        raise
    except AsdError as error:
        return UploadResult(wanted, {}, None, None, problem=str(error))


@cache_bytes
def _summary(
    key: Key, rate: float, reliability_key: Key, _result: UploadResult, _reliability: Reliability, _selected: Choice
) -> dict[str, Any]:
    scores = decided(_selected, _result.raw)
    _, calibration = deciding(_selected, _reliability, scores)
    held_out = calibration.n(_selected.machine_id)
    return clip_summary(scores, _reliability, _result.applicability, _result.place, held_out, rate)


def upload_row(selected: Choice, upload: Upload, channel: Channel, reliability: Reliability) -> dict[str, Any]:
    """An upload's row: name, hash and what :func:`asd_core.explain.clip_summary` says; ``problem`` where it cannot be scored.
    Name and hash alone where it was not scored yet."""
    row: dict[str, Any] = {"name": upload.name, "sha256": upload.sha256}
    key = result_key(selected, upload, channel, map_of(reliability.order))
    known = stored_result(key)
    if known is None:
        return row
    row |= {"machine_id": selected.machine_id, "channel": channel_label(known.channel), "problem": known.problem}
    if known.problem:
        return row
    reliability_key = (reliability.order, reliability.trusted, reliability.weak)
    return (
        row
        | {"false_alarm_rate": selected.rate, "recorded_otherwise": known.otherwise}
        | _summary(key, selected.rate, reliability_key, known, reliability, selected)
    )
