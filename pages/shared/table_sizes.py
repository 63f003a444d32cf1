"""Sizes of tables."""

ROW_HEIGHT = 26
BUTTON_ROW, HEADER = 30, 33  # pixels of a row that holds a button, and of a table's heading with its borders


def table_height(n_rows: int) -> int:
    """Pixels that show every row of a table without scrolling, with its heading."""
    return (n_rows + 1) * ROW_HEIGHT + 12
