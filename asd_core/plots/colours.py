"""One colour per detector and one per label, safe for colour-blind eyes (Okabe and Ito, 2008)."""

from collections.abc import Sequence

from asd_core.detectors import OPTIONAL, REGISTRY

_PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6BB1", "#7F7F7F")
_DASHES = ("solid", "dash", "dot")

LABELS = {"normal": "#0072B2", "anomaly": "#D55E00", "unlabelled": "#7F7F7F"}
MINE, OTHERS = "#CC79A7", "#7F7F7F"  # regions that people marked
RAW, DENOISED = "#56B4E9", "#E69F00"
SPECTROGRAM = "Viridis"
PAGES = {False: "#FFFFFF", True: "#10161C"}  # backgrounds by whether the page is dark: the theme's
LEAST = 3.0  # WCAG's contrast ratio of what is not text
EQUAL = (1.05 * 0.05) ** 0.5 - 0.05  # luminance to which black and white have the same contrast, 4.58


def detector_colour(key: str) -> str:
    """Eight colours in the registry's order; :func:`detector_dash` tells the ninth detector from the first."""
    return _PALETTE[_place(key) % len(_PALETTE)]


def detector_dash(key: str) -> str:
    return _DASHES[_place(key) // len(_PALETTE) % len(_DASHES)]


def _place(key: str) -> int:
    return [*REGISTRY, *OPTIONAL].index(key)


def _channels(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def _luminance(channels: list[float]) -> float:
    """WCAG's relative luminance of red, green and blue, each from 0 to 255."""
    linear = [v / 3294.6 if v <= 10.3 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(colour: str, *, dark: bool, opacity: float = 1.0) -> float:
    """WCAG's contrast ratio of a hex colour, drawn at an opacity, to the page."""
    page = _channels(PAGES[dark])
    drawn = [opacity * c + (1.0 - opacity) * p for c, p in zip(_channels(colour), page, strict=True)]
    low, high = sorted((_luminance(drawn), _luminance([*map(float, page)])))
    return (high + 0.05) / (low + 0.05)


def ink_on(colours: Sequence[str], share: float) -> str:
    """Black or white, whichever has the higher contrast (4.5 at least) to what lies a share of the way along hex colours that are
    equally far apart, as a colour scale mixes them."""
    place = min(max(share, 0.0), 1.0) * (len(colours) - 1)
    first = min(int(place), len(colours) - 2)
    ends = zip(_channels(colours[first]), _channels(colours[first + 1]), strict=True)
    mixed = _luminance([start + (end - start) * (place - first) for start, end in ends])
    return "#000000" if mixed > EQUAL else "#FFFFFF"


def seen(colour: str, *, dark: bool, opacity: float = 1.0, least: float = LEAST) -> str:
    """A hex colour with as much white (on a dark page) or black (on a light one) as its contrast to the page takes."""
    end = 255 if dark else 0
    for share in range(0, 101, 5):
        mixed = "#" + "".join(f"{c + (end - c) * share // 100:02X}" for c in _channels(colour))
        if contrast(mixed, dark=dark, opacity=opacity) >= least:
            break
    return mixed


def categories(values: list[str]) -> dict[str, str]:
    """A colour for each of some names (fixed for labels)."""
    return {v: LABELS.get(v, _PALETTE[i % len(_PALETTE)]) for i, v in enumerate(values)}
