"""Numbers of things in a sentence."""


def counted(n: int, one: str, many: str = "") -> str:
    """``1 clip``, ``2 clips``, ``1,200 clips``; 0 takes the plural.

    Args:
        one: the thing in the singular.
        many: its plural, where that is not made by an ``s``.
    """
    return f"{n:,} {one if n == 1 else many or f'{one}s'}"
