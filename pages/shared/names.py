"""Names that tell apart: two lines of a list must not read the same, for a list knows its lines by their text."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence


def short_names(clip_ids: Sequence[str]) -> list[str]:
    """File names of clips; of those that share one, as much of the path as tells them apart.

    Args:
        clip_ids: paths within a dataset; the same one may stand there twice.
    """
    names = {clip_id: clip_id.rsplit("/", 1)[-1] for clip_id in clip_ids}
    parts = 1
    while equal := {name for name, n in Counter(names.values()).items() if n > 1}:
        parts += 1
        names = {
            clip_id: "/".join(clip_id.split("/")[-parts:]) if name in equal else name for clip_id, name in names.items()
        }
        if parts > max(clip_id.count("/") + 1 for clip_id in names):
            break  # whole paths: they differ
    return [names[clip_id] for clip_id in clip_ids]


def numbered(name: str, taken: Collection[str]) -> str:
    """The name, or with the first number that no other has: ``a.wav``, ``a.wav (2)``, ``a.wav (3)``."""
    number, result = 1, name
    while result in taken:
        number += 1
        result = f"{name} ({number})"
    return result


def distinct(titles: Mapping[str, str]) -> dict[str, str]:
    """Titles by key, numbered where an earlier one is the same."""
    result: dict[str, str] = {}
    for key, title in titles.items():
        result[key] = numbered(title, result.values())
    return result
