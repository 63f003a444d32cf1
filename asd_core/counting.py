"""Numbers and names of things in a sentence."""

from collections.abc import Collection


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
