"""Tables as CSV that is safe to open in a spreadsheet, which runs a cell that begins like a formula."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # as OWASP lists them under CSV injection


def as_text(cell: Any) -> Any:
    """A cell's content, text that a spreadsheet would run with an apostrophe before it; numbers are left as they are."""
    return f"'{cell}" if isinstance(cell, str) and _would_run(cell) else cell


def from_text(cell: Any) -> Any:
    """What :func:`as_text` was given."""
    return cell[1:] if isinstance(cell, str) and cell.startswith("'") and _would_run(cell[1:]) else cell


def csv_of(table: "pd.DataFrame") -> str:
    """A table as CSV without its index, lines ended by a line feed."""
    changed = {}
    for name in table.select_dtypes(exclude=["number", "bool", "datetime", "datetimetz"]):
        safe = {value: as_text(value) for value in table[name].unique()}  # few, also where rows are millions
        if any(value is not text for value, text in safe.items()):
            changed[name] = table[name].map(safe)
    return str(table.assign(**changed).to_csv(index=False, lineterminator="\n"))


def _would_run(text: str) -> bool:
    bare = text.lstrip("'")  # one that had an apostrophe before its formula gets another, to come back as it was
    if not bare.startswith(FORMULA):
        return False
    try:
        float(bare)
    except ValueError:
        return True
    return False
