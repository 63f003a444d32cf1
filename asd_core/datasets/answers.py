"""People's answers about recordings, by patterns of their names."""

import re
from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatchcase

from asd_core.counting import counted

Answer = dict[str, str]  # ``pattern`` (a glob of clip ids) and the values of all clips that match
WHOLE = {"label", "machine_type", "machine_id"}  # what an answer gives that leaves nothing to be understood
ADDED_FOLDER = "kept"  # the dataset's folder for recordings that are added one by one, each with an answer of its own


def is_added(clip_id: str) -> bool:
    """Is a recording, or the pattern of an answer, in the folder for recordings that were added one by one?"""
    return clip_id.startswith(f"{ADDED_FOLDER}/")


def matched_answers(
    clip_ids: Iterable[str], answers: Sequence[Answer], added: Collection[str]
) -> tuple[dict[str, Answer], list[str]]:
    """The clip ids that answers match, with the values they give, and the patterns that match none. ``added`` ones are matched
    only by answers about their own folder."""
    by_clip: dict[str, Answer] = {}
    unmatched = dict.fromkeys(answer["pattern"] for answer in answers)
    for clip_id in clip_ids if answers else ():
        combined: Answer = {}
        for answer in answers:
            if fnmatchcase(clip_id, answer["pattern"]) and (clip_id not in added or is_added(answer["pattern"])):
                unmatched.pop(answer["pattern"], None)
                combined |= _values(answer)
        if combined:
            by_clip[clip_id] = combined
    return by_clip, list(unmatched)


def unmatched_notes(patterns: Sequence[str]) -> list[str]:
    """A sentence about answers that say nothing of any recording, where there are such."""
    if not patterns:
        return []
    more = f" and {len(patterns) - 3} more" if len(patterns) > 3 else ""
    return [
        f"{counted(len(patterns), 'answer')} match{'es' if len(patterns) == 1 else ''} no recording here "
        f"({', '.join(patterns[:3])}{more}): a pattern is a path below the folder, with / and in the same case."
    ]


def answered_alone(clip_ids: Iterable[str], answers: Sequence[Answer]) -> dict[str, Answer]:
    """The clip ids that answers name by themselves, with the values they give."""
    by_pattern: dict[str, Answer] = {}
    for answer in answers:
        by_pattern.setdefault(answer["pattern"], {}).update(_values(answer))
    return {c: by_pattern[pattern] for c in (clip_ids if answers else ()) if (pattern := exactly(c)) in by_pattern}


def _values(answer: Answer) -> Answer:
    return {name: value for name, value in answer.items() if name != "pattern" and value}


def exactly(clip_id: str) -> str:
    """The glob that matches a clip id alone."""
    return re.sub(r"([*?[])", r"[\1]", clip_id)


def exceptions_last(answers: Iterable[Answer]) -> list[Answer]:
    """Answers in their order, those about a single recording behind all others, which would override them."""
    return sorted(answers, key=lambda answer: not re.search(r"[*?[]", re.sub(r"\[[*?[]\]", "", answer["pattern"])))
