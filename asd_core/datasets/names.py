"""Names of clips that tell apart: no two lines of a list, no two messages read the same."""

from collections import Counter
from collections.abc import Sequence


def short_names(clip_ids: Sequence[str]) -> list[str]:
    """File names of clips; of those that share one, as much of the path as tells them apart.

    Args:
        clip_ids: paths within a dataset; the same one may stand there twice.
    """
    names = {clip_id: clip_id.rsplit("/", 1)[-1] for clip_id in clip_ids}
    deepest = max((clip_id.count("/") + 1 for clip_id in names), default=1)
    for parts in range(2, deepest + 1):
        often = Counter(names.values())
        equal = [clip_id for clip_id, name in names.items() if often[name] > 1]
        if not equal:
            break
        names.update((clip_id, "/".join(clip_id.rsplit("/", parts)[-parts:])) for clip_id in equal)
    return [names[clip_id] for clip_id in clip_ids]
