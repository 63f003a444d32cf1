"""The words by which people name the classes, the splits and the machines of their folders and files."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

_IN_ORDER = frozenset({"io", "i.o", "i.o.", "i_o"})  # German i.O., but also input and output
_NOT_IN_ORDER = frozenset({"nio", "n.i.o", "n.i.o.", "n_i_o"})
# As :func:`_plain` has them. Left out is what also means something else, or begins a place's name: it is asked about (bon, buena, Fehler,
# falla, roto, malo, conforme, panne, dañado).
NORMAL = frozenset(
    {
        *("normal", "normals", "ok", "good", "healthy", "normalsound", "normalsound_ind", "normalsound_cnt"),
        *("gut", "intakt", "fehlerfrei", "einwandfrei", "in_ordnung"),  # German
        # French; the first two in other languages, too
        *("normale", "normales", "normaux", "sans_defaut", "sans_defauts"),
        # Spanish, Portuguese
        *("bueno", "sin_defecto", "sin_defectos", "sin_averia", "normais", "sem_defeito", "sem_defeitos"),
        *("normali", "senza_difetti", "senza_difetto", "goed", "normaal", "in_orde", "zonder_defect"),  # Italian, Dutch
    }
)
ANOMALY = frozenset(
    {
        *("anomaly", "anomalies", "anomalous", "abnormal", "abnormals", "anomaloussound", "anomaloussound_ind"),
        *("fault", "faults", "faulty", "defect", "defects", "defective", "ng", "nok", "not_ok", "bad"),
        *("broken", "damage", "damaged", "failure", "failures"),
        *("defekt", "defekte", "fehlerhaft", "kaputt", "schadhaft", "beschadigt", "beschaedigt", "schlecht"),  # German
        *(*_NOT_IN_ORDER, "nicht_in_ordnung", "nicht_ok", "anomalie", "anomalien", "anormal"),
        *("defaut", "defauts", "endommage", "endommagee", "endommages", "endommagees", "non_conforme"),  # French
        *("anormale", "anormaux", "anormales"),
        *(f"defectueu{end}" for end in ("x", "se", "ses")),
        *(f"defaillan{end}" for end in ("t", "te", "ts", "tes", "ce", "ces")),
        # Spanish, Portuguese
        *("defecto", "defectos", "averia", "averias", "defeito", "defeitos", "avaria", "avarias"),
        *("anomalia", "anomalias", "anormais", "no_conforme", "nao_conforme"),
        *(f"{stem}{end}" for stem in ("defectuos", "averiad", "anomal", "estropead") for end in ("o", "a", "os", "as")),
        *(f"{stem}{end}" for stem in ("defeituos", "avariad", "danificad") for end in ("o", "a", "os", "as")),
        *("difetto", "difetti", "anomali", "anomale"),  # Italian
        *(f"{stem}{end}" for stem in ("difettos", "danneggiat") for end in "oaie"),
        *("guasto", "guasta", "guasti", "guaste"),
        *("defecte", "kapot", "kapotte", "beschadigd", "beschadigde", "abnormaal", "niet_ok", "niet_in_orde"),  # Dutch
    }
)
_INITIALS = re.compile(r"(?:n\.)?i\.o\b\.?", re.IGNORECASE)
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


@lru_cache(maxsize=4096)  # thousands of files are in one folder
def _plain(word: str) -> str:
    """Without accents, in small letters, its parts joined by ``_``."""
    letters = unicodedata.normalize("NFKD", word.strip().lower())
    return re.sub(r"[ _-]+", "_", "".join(one for one in letters if not unicodedata.combining(one)))


def label_of(word: str) -> str:
    """``normal``, ``anomaly``, or nothing for a word that names no class. Case, accents, hyphens and spaces do not count."""
    word = _plain(word)
    return "normal" if word in NORMAL else "anomaly" if word in ANOMALY else ""


def is_in_order(word: str) -> bool:
    """Is a word the German ``i.O.``? It names a class only where ``n.i.O.`` does, too: elsewhere it may be input and output."""
    return _plain(word) in _IN_ORDER


def is_not_in_order(word: str) -> bool:
    """Is a word the German ``n.i.O.``?"""
    return _plain(word) in _NOT_IN_ORDER


def first_word(stem: str) -> str:
    """The word that a file's name begins with, up to what is no letter; ``i.O.`` and ``n.i.O.`` are one."""
    stem = unicodedata.normalize("NFC", stem)
    initials = _INITIALS.match(stem)
    return initials[0] if initials else re.split(r"[\W\d_]", stem, maxsplit=1)[0]


def names_label(name: str, label: str) -> bool:
    """Is a word of a name, or some of its words together, the name of a label?"""
    words = [word for word in re.split(r"[^a-z]+", _plain(name)) if word]
    together = ("_".join(words[i : i + n]) for i in range(len(words)) for n in (1, 2, 3))
    return any(label_of(some) == label or (label == "normal" and is_in_order(some)) for some in together)


def given_label(word: str) -> str:
    """The label that a person gives by a word: one of :data:`LABELS`; nothing for another word."""
    plain = word.strip().lower().replace("unlabeled", "unlabelled")
    return label_of(word) or ("normal" if is_in_order(word) else plain if plain in LABELS else "")


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
