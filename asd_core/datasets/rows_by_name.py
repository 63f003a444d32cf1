"""The catalogue's row of a recording, as its folders, its name and an answer say."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from asd_core.datasets import plain_folders
from asd_core.datasets.answers import Answer
from asd_core.datasets.layouts import LAYOUTS, CatalogueRow
from asd_core.datasets.splits import split_names
from asd_core.datasets.words import LEAVE_OUT, first_word, is_in_order, is_not_in_order, label_of, split_of

_NUMBER = re.compile(r"(?<=\d)-\d+$")  # of an upload whose path was taken: normal_id_00_00000000-2


def rows_by_name(
    recordings: Iterable[tuple[str, ...]], labels: dict[str, str], dev: bool, alone: Collection[str]
) -> tuple[dict[str, CatalogueRow], set[str]]:
    """Rows by clip id, and the clip ids whose label is not known. ``labels`` are people's answers, to some about them ``alone``;
    ``dev`` as in :func:`split_names`."""
    recordings = list(recordings)
    class_folders = _class_folders(recordings, labels, alone)
    in_order = _not_in_order_is_named(recordings)
    rows: dict[str, CatalogueRow] = {}
    plain: dict[str, plain_folders.Parts] = {}
    unclear: set[str] = set()
    for path in recordings:
        clip_id, folders, stem = "/".join(path), split_names(path[:-1], dev), path[-1][: path[-1].rfind(".")]
        if in_order:
            folders = tuple("ok" if is_in_order(folder) else folder for folder in folders)
            stem = f"ok{stem[len(word) :]}" if is_in_order(word := first_word(stem)) else stem
        if row := row_by_layout(folders, stem):
            rows[clip_id] = row
        elif parts := plain_folders.parts(
            folders, stem, labels.get(clip_id, ""), class_folder=_depth(path[:-1], class_folders)
        ):
            plain[clip_id] = parts
        else:
            unclear.add(clip_id)
    rows |= zip(plain, plain_folders.rows(list(plain.values())), strict=True)
    return rows, unclear


def _not_in_order_is_named(recordings: Sequence[tuple[str, ...]]) -> bool:
    """Is a folder or a name of the tree called ``n.i.O.``? Then ``i.O.`` names the other class."""
    folders = {folder for path in recordings for folder in path[:-1]}
    names = (path[-1] for path in recordings if path[-1][0] in "nN")  # of 100,000, few are looked at
    return any(map(is_not_in_order, folders)) or any(is_not_in_order(first_word(name)) for name in names)


def row_by_layout(folders: Sequence[str], stem: str) -> CatalogueRow | None:
    """The row of a name of a public dataset, also of one that got a number because another file has it."""
    stems = dict.fromkeys((stem, _NUMBER.sub("", stem)))
    return next((row for name in stems for layout in LAYOUTS if (row := layout(folders, name))), None)


def folders_and_stem(clip_id: str) -> tuple[list[str], str]:
    *folders, name = clip_id.split("/")
    return folders, name[: name.rfind(".")]


def _class_folders(
    recordings: Iterable[tuple[str, ...]], labels: dict[str, str], alone: Collection[str]
) -> set[tuple[str, ...]]:
    """Folders that stand for a class without being called so: people gave all recordings in one the same label, and a folder beside
    it another, or that one is called so. None where one beside it holds both classes: folders are machines there. One with folders
    of its own may be a machine, too: it stands for a class where one beside it is called another, or where folders of its name
    have that label at two places. A recording that was answered alone is an exception in its folder, where the others have answers:
    it does not change what that folder means."""
    given: dict[tuple[str, ...], set[str]] = {}
    exceptions: dict[tuple[str, ...], set[str]] = {}
    unanswered: set[tuple[str, ...]] = set()
    for path in recordings:
        clip_id = "/".join(path)
        if (label := labels.get(clip_id, "")) and label != LEAVE_OUT:
            (exceptions if clip_id in alone else given).setdefault(path[:-1], set()).add(label)
        else:
            unanswered.add(path[:-1])
    given = exceptions | given
    below: dict[tuple[str, ...], set[str]] = {}
    for folder, class_labels in given.items():
        for each in _folders(folder):
            below.setdefault(each, set()).update(class_labels)
    beside: dict[tuple[str, ...], set[str]] = {}
    mixed: set[tuple[str, ...]] = set()
    for folder, class_labels in below.items():
        beside.setdefault(folder[:-1], set()).update(class_labels)
        if {"normal", "anomaly"} <= class_labels:
            mixed.add(folder[:-1])
    called: dict[tuple[str, ...], set[str]] = {}
    for folder in {each for path in unanswered if below for each in _folders(path)}:
        if label := label_of(folder[-1]):
            called.setdefault(folder[:-1], set()).add(label)
    of_one = {folder: next(iter(of)) for folder, of in below.items() if len(of) == 1 and not label_of(folder[-1])}
    places = Counter((folder[-1], label) for folder, label in of_one.items())
    return {
        folder
        for folder, label in of_one.items()
        if folder[:-1] not in mixed
        and len(beside[folder[:-1]] | called.get(folder[:-1], set())) > 1
        and (folder in given or called.get(folder[:-1], set()) - {label} or places[folder[-1], label] > 1)
    }


def _folders(path: tuple[str, ...]) -> list[tuple[str, ...]]:
    """A folder and all over it."""
    return [path[:n] for n in range(1, len(path) + 1)]


def _depth(path: tuple[str, ...], class_folders: Collection[tuple[str, ...]]) -> int | None:
    """The number of the folder of a path that stands for a class, if one does."""
    return next((len(folder) - 1 for folder in _folders(path) if folder in class_folders), None)


def with_answer(clip_id: str, row: CatalogueRow, answer: Answer, dev: bool) -> CatalogueRow:
    new = row | answer
    if row["label"] == "unlabelled" != new["label"] and "split" not in answer:
        folders = split_names(tuple(clip_id.split("/")[:-1]), dev)
        new["split"] = split_of(folders)  # without a label it was taken for the evaluation set's
    if new["label"] == "unlabelled":
        new["split"] = "eval"
    return new
