"""The words by which people name the classes, the splits and the machines of their folders and files."""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

NORMAL = frozenset({"normal", "normals", "ok", "good", "healthy", "normalsound", "normalsound_ind", "normalsound_cnt"})
ANOMALY = frozenset(
    {
        *("anomaly", "anomalies", "anomalous", "abnormal", "abnormals", "anomaloussound", "anomaloussound_ind"),
        *("fault", "faults", "faulty", "defect", "defects", "defective", "ng", "nok", "not_ok", "bad"),
        *("broken", "damage", "damaged", "failure", "failures"),
    }
)
LEAVE_OUT = "leave out"  # the label by which an answer or a table leaves recordings out
LABELS = ("normal", "anomaly", "unlabelled", LEAVE_OUT)
VALIDATION = frozenset({"val", "valid", "validation"})  # for testing: nothing is chosen by them here
_SPLITS = {"train": "train", "training": "train", "eval": "eval", "evaluation": "eval"} | dict.fromkeys(
    ("test", "testing", "source_test", "target_test", *VALIDATION), "test"
)
_ID = re.compile(r"(?:machine[ _-]?)?id(?:[ _-]|(?=\d))(\w+)$", re.IGNORECASE)
_SNR = re.compile(r"(?P<snr>-?\d+)_?dB(?:_(?P<type>.+))?$", re.IGNORECASE)
_NUMBERED = re.compile(r"(?P<type>.*[^\W\d_])?[ _-]*(?P<id>\d+)$")
_DATE = re.compile(r"[\dT:._ -]{6,}Z?$")
_DIGITS = {  # of a date without separators, by their number: serial numbers look alike
    6: ("%y%m%d", "%d%m%y"),
    8: ("%Y%m%d", "%d%m%Y"),
    12: ("%Y%m%d%H%M", "%y%m%d%H%M%S"),
    14: ("%Y%m%d%H%M%S",),
}
# Of recordings; not of today's clock, by which a serial number would be a date from some day on.
_YEARS = range(1990, 2031)


def label_of(word: str) -> str:
    """``normal``, ``anomaly``, or nothing for a word that names no class. Case, hyphens and spaces do not count."""
    word = re.sub(r"[ -]+", "_", word.strip().lower())
    return "normal" if word in NORMAL else "anomaly" if word in ANOMALY else ""


def given_label(word: str) -> str:
    """The label that a person gives by a word: one of :data:`LABELS`; nothing for another word."""
    plain = word.strip().lower().replace("unlabeled", "unlabelled")
    return label_of(word) or (plain if plain in LABELS else "")


def given_split(word: str) -> str:
    """The split that a person names: train, test, eval; nothing for another word."""
    return _SPLITS.get(word.strip().lower(), "")


def split_of(folders: Sequence[str]) -> str:
    """The split that the innermost folder with such a name stands for, or nothing."""
    return next((_SPLITS[f.lower()] for f in reversed(folders) if f.lower() in _SPLITS), "")


def machine_id_of(folder: str) -> str:
    """``00`` of ``id_00``, ``ID-00`` or ``id00``; nothing for another folder."""
    match = _ID.match(folder)
    return match[1] if match else ""


def snr_of(folder: str) -> tuple[str, str]:
    """Signal-to-noise ratio in dB and machine type of MIMII's ``-6_dB_slider``; empty for another folder."""
    match = _SNR.match(folder)
    return (match["snr"], match["type"] or "") if match else ("", "")


def numbered(folder: str) -> tuple[str, str]:
    """Type and number of ``motor_1``; the folder itself and nothing where it ends without one."""
    match = _NUMBERED.match(folder)
    return (match["type"] or "", match["id"]) if match else (folder, "")


def is_date(folder: str) -> bool:
    """Does a folder name a day or a time (``2024-05-03``, ``20240503``), which tells machines not apart?"""
    if not folder.isdecimal():
        return bool(_DATE.match(folder))
    return any(_is_day(folder, form) for form in _DIGITS.get(len(folder), ()))


@lru_cache(maxsize=1024)  # thousands of files are in one folder
def _is_day(digits: str, form: str) -> bool:
    try:
        return datetime.strptime(digits, form).year in _YEARS
    except ValueError:
        return False
