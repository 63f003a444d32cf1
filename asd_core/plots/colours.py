"""One colour per detector and one per label, safe for colour-blind eyes (Okabe and Ito, 2008)."""

from asd_core.detectors import OPTIONAL, REGISTRY

_PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6BB1", "#7F7F7F")
_DASHES = ("solid", "dash", "dot")

LABELS = {"normal": "#0072B2", "anomaly": "#D55E00", "unlabelled": "#7F7F7F"}
MINE, OTHERS = "#CC79A7", "#7F7F7F"  # regions that people marked
RAW, DENOISED = "#56B4E9", "#E69F00"
SPECTROGRAM = "Viridis"


def detector_colour(key: str) -> str:
    """Eight colours in the registry's order; :func:`detector_dash` tells the ninth detector from the first."""
    return _PALETTE[_place(key) % len(_PALETTE)]


def detector_dash(key: str) -> str:
    return _DASHES[_place(key) // len(_PALETTE) % len(_DASHES)]


def _place(key: str) -> int:
    return [*REGISTRY, *OPTIONAL].index(key)


def categories(values: list[str]) -> dict[str, str]:
    """A colour for each of some names (fixed for labels)."""
    return {v: LABELS.get(v, _PALETTE[i % len(_PALETTE)]) for i, v in enumerate(values)}
