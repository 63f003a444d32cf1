"""Folders that name the classes in words: ``[machines/][train|test/]<normal|faulty|…>/<any name>``, raw MIMII among them.

What a folder beside the class means is only seen from the whole tree: below ``normal/`` and ``anomaly/`` alike it names a machine
type, below ``anomaly/`` alone a kind of fault; above them, what differs from place to place names the machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from asd_core.datasets.layouts import CatalogueRow
from asd_core.datasets.words import first_word, is_date, label_of, machine_id_of, numbered, snr_of, split_of

PLAIN_ID = "00"  # a tree that names no machine holds one


@dataclass(frozen=True)
class Parts:
    """What a recording's folders and stem name.

    Attributes:
        label: ``normal`` or ``anomaly``.
        split: empty where no folder names one.
        machine_id: of a folder like ``id_00``; may be empty.
        snr: of a folder like ``-6_dB_fan``, in dB; may be empty.
        above, below: the other folders, over and under the one that names the class.
    """

    label: str
    split: str
    machine_id: str
    snr: str
    above: tuple[str, ...]
    below: tuple[str, ...]


def parts(folders: Sequence[str], stem: str, label: str = "", *, class_folder: int | None = None) -> Parts | None:
    """What folders and stem name; ``None`` where neither a folder nor the stem's first word names a class, and people did not.

    Args:
        label: that people gave the recording.
        class_folder: number of the folder that stands for that label, whatever it is called.
    """
    if class_folder is not None:
        word = "normal" if label == "normal" else "anomaly"
        called = parts([*folders[:class_folder], word, *folders[class_folder + 1 :]], stem, label)
        # An anomaly's folder with none below it is a kind of fault.
        return called and (
            replace(called, below=(folders[class_folder],)) if label == "anomaly" and not called.below else called
        )
    places = [i for i, folder in enumerate(folders) if label_of(folder)]
    place = places[-1] if places else len(folders)
    label = label or label_of(folders[place] if places else first_word(stem))
    if not label:
        return None
    ids = [machine_id_of(folder) for folder in folders]
    snrs = [snr_of(folder)[0] for folder in folders]

    def others(part: range) -> tuple[str, ...]:
        named = [snr_of(folders[i])[1] if snrs[i] else folders[i] for i in part]
        return tuple(
            name
            for i, name in zip(part, named, strict=True)
            if name and not ids[i] and not label_of(name) and not split_of([name]) and not is_date(name)
        )

    return Parts(
        label,
        split_of(folders),
        next((i for i in reversed(ids) if i), ""),
        next((snr for snr in snrs if snr), ""),
        tuple(dict.fromkeys(others(range(place)))),  # MIMII names the type twice: -6_dB_fan/fan
        others(range(place + 1, len(folders))),
    )


def rows(recordings: Sequence[Parts]) -> list[CatalogueRow]:
    """A catalogue row of each recording of one tree."""
    below = {label: {p.below[0] for p in recordings if p.below and p.label == label} for label in ("normal", "anomaly")}
    types_below = bool(below["normal"] & below["anomaly"])
    paths = [(*p.above, *p.below[:1]) if types_below else p.above for p in recordings]
    shared = 0
    while len({path[: shared + 1] for path in paths}) == 1 and all(len(path) > shared + 1 for path in paths):
        shared += 1  # what all have in common names no machine, but the last of it may name the type
    return [_row(p, path[shared:], types_below) for p, path in zip(recordings, paths, strict=True)]


def _row(recording: Parts, path: tuple[str, ...], types_below: bool) -> CatalogueRow:
    machine_type, number = (path[-1], "") if recording.machine_id and path else numbered(path[-1]) if path else ("", "")
    machine_id = "-".join([*path[:-1], *filter(None, [recording.machine_id or number])]) or PLAIN_ID
    row = {
        "machine_type": machine_type,
        "machine_id": machine_id,
        "split": recording.split if recording.split != "eval" else "test",
        "label": recording.label,
    }
    faults = recording.below[1:] if types_below else recording.below
    return (
        row | ({"snr_db": recording.snr} if recording.snr else {}) | ({"condition": "/".join(faults)} if faults else {})
    )
