"""Numbers and names of things in a sentence."""

import math
from collections.abc import Collection
from typing import Any

NOT_COMPUTABLE = "n/c"


def counted(n: int, one: str, many: str = "") -> str:
    """``1 clip``, ``2 clips``, ``1,200 clips``; 0 takes the plural.

    Args:
        one: the thing in the singular.
        many: its plural, where that is not made by an ``s``.
    """
    return f"{n:,} {one if n == 1 else many or f'{one}s'}"


def listed(names: Collection[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``; a name that holds a comma or an ``and`` is put in quotation marks.

    Args:
        names: in this order; ``none`` where there is none.
    """
    if not names:
        return "none"
    *others, last = (f"“{name}”" if "," in name or " and " in name else name for name in names)
    return f"{', '.join(others)} and {last}" if others else last


def machines_named(ids: Collection[str]) -> str:
    """``machine id 02``, ``machine ids 02, 04 and 06``: see :func:`listed`."""
    return f"machine id{'' if len(ids) == 1 else 's'} {listed(ids)}"


def computable(value: Any) -> bool:
    """Whether a figure could be computed."""
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def percent(value: Any) -> str:
    """A rate in percent with as many digits as it can bear: 42%, 5%, 4.2%, 0.02%."""
    if not computable(value):
        return NOT_COMPUTABLE
    digits = 2 if 0 < value < 0.001 else 1 if value < 0.0995 else 0
    text = f"{100 * value:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if digits else text}%"
