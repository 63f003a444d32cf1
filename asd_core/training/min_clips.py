"""From how many normal clips of a machine a detector is worth having: advice before training, never a refusal.

``min_clips.toml`` holds what the learning curve on the demo showed (``asd_core experiment clips``); ``asd_core worth`` writes it.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from asd_core.counting import counted, listed
from asd_core.detectors import detector_class, select

MIN_CLIPS_FILE = Path(__file__).with_name("min_clips.toml")
MANY = 3  # machines that are named one by one
DO = "record more normal sound, or rely on other detectors"
BEST_CONTROL = "the best control"
IS = " (a simple score, such as the clip's level, that a useful detector must beat)"


@dataclass(frozen=True)
class MinClips:
    """What a learning curve showed.

    Attributes:
        title: of the clips.
        most: clips of a machine, the largest number that was tried.
        least: from how many on each detector beats the best control, by key; 0 where it does not with the most.
        quick: those of them that were trained with the quick preset.
        fewest: clips of a machine, the smallest number that was tried of each, by key: even fewer may be enough.
    """

    title: str
    most: int
    least: dict[str, int]
    quick: tuple[str, ...]
    fewest: dict[str, int]

    def toml(self) -> str:
        """As the file has it."""
        quick = ", ".join(f'"{key}"' for key in self.quick)
        lines = [
            "# From how many normal clips of a machine each detector beats the best control; 0: not with the most that was tried.",
            '# Written by "asd_core worth" from the stored experiment "clips".',
            f"title = {json.dumps(self.title, ensure_ascii=False)}",  # as a basic string of TOML; that has no pairs of surrogates
            f"most = {self.most}",
            f"quick = [{quick}]",
            "",
            "[least]",
            *(f"{key} = {clips}" for key, clips in self.least.items()),
            "",
            "[fewest]",
            *(f"{key} = {clips}" for key, clips in self.fewest.items()),
        ]
        return "\n".join(lines) + "\n"


@cache
def stored_min_clips(path: Path = MIN_CLIPS_FILE) -> MinClips:
    """What the package holds."""
    content = tomllib.loads(path.read_text("utf-8"))
    return MinClips(
        content["title"], content["most"], dict(content["least"]), tuple(content["quick"]), dict(content["fewest"])
    )


def too_few(keys: Iterable[str], clips: Mapping[str, int], min_clips: MinClips | None = None) -> list[str]:
    """Which detectors are not worth having with the clips at hand and what to do, one text for all that need the same number. The
    first says what a control is.

    Args:
        keys: detectors about to be trained; those without a learning curve are left out.
        clips: normal clips to train on of each machine id, those held out included.
        min_clips: a learning curve's; the package's for ``None``.
    """
    min_clips = min_clips or stored_min_clips()
    groups: dict[tuple[int, bool, bool], list[str]] = {}
    for key in select(keys):
        needed = min_clips.least.get(key)
        if needed is not None and _fewer(clips, needed or min_clips.most + 1):
            about = needed, key in min_clips.quick, needed == min_clips.fewest.get(key)
            groups.setdefault(about, []).append(detector_class(key).info.title)
    ordered = sorted(groups, key=lambda group: (group[0] == 0, group))
    return [
        _sentence(groups[group], *group, BEST_CONTROL if k else BEST_CONTROL + IS, clips, min_clips)
        for k, group in enumerate(ordered)
    ]


def _fewer(clips: Mapping[str, int], needed: int) -> dict[str, int]:
    return {machine_id: n for machine_id, n in clips.items() if n < needed}


def _sentence(
    titles: list[str],
    needed: int,
    quick: bool,
    fewest: bool,
    control: str,
    clips: Mapping[str, int],
    min_clips: MinClips,
) -> str:
    names = listed(titles)
    trained = ", trained with the quick preset," if quick else ""
    if not needed:
        return (
            f"{names}{trained} did not beat {control} with {min_clips.most} clips of a machine, the most that was tried on: "
            f"{min_clips.title}. Rely on {'it' if len(titles) == 1 else 'them'} only where Compare shows, by your own labelled test "
            f"clips, that {'it beats' if len(titles) == 1 else 'they beat'} the controls."
        )
    fewer = _fewer(clips, needed)
    have = ", ".join(f"id {machine_id} has {n}" for machine_id, n in sorted(fewer.items()))
    if len(fewer) > MANY:
        least = min(fewer, key=lambda machine_id: fewer[machine_id])
        have = f"{counted(len(fewer), 'machine')} have fewer, id {least} has {fewer[least]}"
    if fewest:
        return (
            f"{names}{trained} beat {control} with {needed} clips of a machine, the fewest that was tried on: {min_clips.title}. "
            f"{have[0].upper()}{have[1:]}: {DO}."
        )
    return (
        f"{names}{trained} needed {needed} clips of a machine to beat {control} on: {min_clips.title}. "
        f"{have[0].upper()}{have[1:]}: {DO}."
    )
