"""File names of the public datasets. A layout is a function from a recording's folders and stem to a row, or ``None``.

A row has the catalogue's columns but ``clip_id`` and ``domain``; whatever else it has is an attribute of the clip. An empty
machine type, or an empty split, is filled in from the whole tree (:mod:`asd_core.datasets.folder_survey`).

Known are DCASE Task 2 of 2020 to 2026 (MIMII DUE and DG, and what ToyADMOS2's mixer writes, have these names, too), ToyADMOS and
ToyADMOS2; another is one more function in ``LAYOUTS``. Raw MIMII is a plain folder (:mod:`asd_core.datasets.plain_folders`).
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from asd_core.datasets.catalogue import DCASE_ATTRIBUTES, attribute_name
from asd_core.datasets.words import split_of

CatalogueRow = dict[str, str]
Layout = Callable[[Sequence[str], str], CatalogueRow | None]

NO_ATTRIBUTE = "noattribute"  # in lower case: DCASE's word for none
_DCASE_2020 = re.compile(r"(?:(?P<label>normal|anomaly)_)?id_(?P<id>\d\d)_\d{8}$", re.IGNORECASE)
_SECTION = re.compile(
    r"(?:(?P<type>[^\W_]+)_)?section_(?P<section>\d\d)_"
    r"(?:(?P<domain>source|target)_)?(?:(?P<split>train|test)_)?(?:(?P<label>normal|anomaly)_)?\d{4,8}(?:_(?P<rest>.*))?$",
    re.IGNORECASE,
)
_TOYADMOS = re.compile(
    r"\d+_(?P<type>Toy[^\W_]+)_case(?P<case>\d+)_(?P<condition>normal|ab\d+)_(?:IND|CNT)_ch(?P<channel>\d+)_\d+$",
    re.IGNORECASE,
)
_TOYADMOS2 = re.compile(
    r"(?P<toy>[CT])(?P<class>[NA])\d+-(?P<kind>car|train)(?P<id>[^\W_]+)-speed(?P<speed>\d+)"
    r"(?:-(?P<condition>[^_]+?)(?:-damage(?P<damage>[^\W_]+))?)?_mic(?P<channel>\d+)_\d+$",
    re.IGNORECASE,
)


def dcase_2020(folders: Sequence[str], stem: str) -> CatalogueRow | None:
    """``<machine type>/<train|test>/[normal_|anomaly_]id_00_00000000.wav`` (unlabelled names are the eval set's)."""
    if not (match := _DCASE_2020.match(stem)):
        return None
    return _row(folders, "", match["id"], match["label"])


def dcase_sections(folders: Sequence[str], stem: str) -> CatalogueRow | None:
    """DCASE 2021 to 2026: ``<machine type>/<folder>/section_00_<domain>_<train|test>_<label>_0000[_<attributes>].wav``.

    The folder is ``train``, ``test``, ``source_test``, ``target_test`` or ``supplemental``; unlabelled names
    (``section_00_0000.wav``) are the eval set's. Attributes are pairs (``vel_100``), ``noAttribute``, or nothing.
    """
    if not (match := _SECTION.match(stem)) or "supplemental" in (folder.lower() for folder in folders):
        return None
    row = _row(folders, match["type"] or "", match["section"], match["label"], match["split"])
    attributes = with_class(_attributes(match["rest"] or ""))
    return {**attributes, **row, "domain": (match["domain"] or "source").lower()}


def toyadmos(folders: Sequence[str], stem: str) -> CatalogueRow | None:
    """ToyADMOS: ``ToyCar/case1/NormalSound_IND/010003_ToyCar_case1_normal_IND_ch1_0003.wav``: a case is one toy."""
    if not (match := _TOYADMOS.match(stem)):
        return None
    normal = match["condition"].lower() == "normal"
    row = _row((), match["type"], match["case"], "normal" if normal else "anomaly", split_of(folders))
    return row | {"channel": match["channel"]} | ({} if normal else {"condition": match["condition"]})


def toyadmos2(folders: Sequence[str], stem: str) -> CatalogueRow | None:
    """ToyADMOS2 before its mixer: ``toyad2_car_A_anomaly/CA001-carA1-speed1-a-damageL_mic1_00001.mp4``, normal ones
    ``CN001-carA1-speed1_mic1_00001``; a car or train is one machine. A name whose class and condition contradict
    each other is not recognised."""
    if not (match := _TOYADMOS2.match(stem)):
        return None
    normal = match["class"].upper() == "N"
    toy = {"c": "car", "t": "train"}[match["toy"].lower()]
    if toy != match["kind"].lower() or normal != (match["condition"] is None):
        return None
    row = _row((), f"Toy{toy.capitalize()}", match["id"], "normal" if normal else "anomaly", split_of(folders))
    row |= {"speed": match["speed"], "channel": match["channel"]}
    return row | {name: match[name] for name in ("condition", "damage") if match[name]}


LAYOUTS: tuple[Layout, ...] = (
    dcase_2020,
    dcase_sections,
    toyadmos,
    toyadmos2,
)


def _row(
    folders: Sequence[str], machine_type: str, machine_id: str, label: str | None, split: str | None = None
) -> CatalogueRow:
    """A row; the machine type is the folder over the split's."""
    named, above = _split_and_above(tuple(folders))
    split = (split or named).lower()
    return {
        "machine_type": machine_type or above,
        "machine_id": machine_id,
        "split": (split or ("" if label.lower() == "normal" else "test")) if label else "eval",
        "label": label.lower() if label else "unlabelled",
    }


def with_class(attributes: CatalogueRow) -> CatalogueRow:
    """DCASE's attributes and, where there are any, all of them in one text, whose values are classes to tell apart. Other sets'
    columns may be anything (the demo's signal-to-noise ratio, a fault): they are no classes of normal sound."""
    if not attributes:
        return {}
    return {**attributes, DCASE_ATTRIBUTES: " ".join(f"{name}={value}" for name, value in sorted(attributes.items()))}


@lru_cache(maxsize=1024)  # thousands of files are in one folder
def _split_and_above(folders: tuple[str, ...]) -> tuple[str, str]:
    """The split that folders name, and the folder over the one that names it."""
    place = next((i for i in reversed(range(len(folders))) if split_of(folders[i : i + 1])), len(folders))
    return split_of(folders), folders[place - 1] if place else ""


def _attributes(text: str) -> dict[str, str]:
    """``vel_100_f-n_A`` as pairs; what is no list of pairs is one attribute."""
    if not text.strip("_") or text.lower() == NO_ATTRIBUTE:
        return {}
    parts = text.split("_")
    names = parts[::2]
    if len(parts) % 2 or len(set(names)) < len(names) or not all(parts):
        return {"attributes": text}
    return {attribute_name(n): v for n, v in zip(names, parts[1::2], strict=True)}
