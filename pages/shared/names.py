"""Names that tell apart: two lines of a list must not read the same, for a list knows its lines by their text."""

from collections.abc import Collection, Mapping


def numbered(name: str, taken: Collection[str]) -> str:
    """The name, or with the first number that no other has: ``a.wav``, ``a.wav (2)``, ``a.wav (3)``."""
    number, result = 1, name
    while result in taken:
        number += 1
        result = f"{name} ({number})"
    return result


def distinct(titles: Mapping[str, str]) -> dict[str, str]:
    """Titles by key, numbered where an earlier one is the same."""
    result: dict[str, str] = {}
    for key, title in titles.items():
        result[key] = numbered(title, result.values())
    return result
