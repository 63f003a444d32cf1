"""What the commands print: tables and bars for people on a terminal, JSON for programs."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from asd_core.addresses import Address, place_of
from asd_core.errors import AsdError, reason_of
from asd_core.files import write_bytes
from asd_core.jobs import Reporter
from asd_core.progress import Progress, losses_to

console, err_console = Console(), Console(stderr=True)
reporter = Reporter()

KEY = 24  # letters: a longer name may be broken

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on a terminal, a file for a job, silence elsewhere."""
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with (
        Bar(*columns, console=err_console, transient=True, disable=not err_console.is_terminal) as bar,
        losses_to(reporter.losses),
    ):
        task = bar.add_task("starting", total=1.0)

        def reported(fraction: float, message: str) -> None:
            bar.update(task, completed=fraction, description=message)
            reporter.progress(fraction, message)

        yield reported


def _plain(value: Any) -> Any:
    """JSON has no nan: what cannot be computed is null."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def print_json(value: Any) -> None:
    typer.echo(json.dumps(_plain(value), indent=1, allow_nan=False))


def print_table(title: str, rows: list[dict[str, Any]]) -> None:
    """A table that a terminal of 80 columns holds: text may go on in the next line, a figure never does. ``x_low`` and
    ``x_high`` beside ``x`` stand in its cell, as its interval."""
    shown = [_with_intervals(row) for row in _plain(rows)]
    # Names of files may hold what looks like markup: [fan] 01.wav.
    table = Table(title=escape(title), box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in shown[0] if shown else ():
        values = [row[name] for row in shown]
        texts = [str(value) for value in values]
        figure = not any(isinstance(value, str) for value in values)
        whole = figure or all(len(text) <= KEY and " " not in text for text in texts)
        # A name longer than all that stands under it goes on in the next line.
        wide = whole and len(name) > max(map(len, texts))
        heading = name.replace("_", "\n" if wide else " ")
        table.add_column(heading, overflow="fold", no_wrap=whole, justify="right" if figure else "left")
    for row in shown:
        table.add_row(*(escape(str(value)) for value in row.values()))
    console.print(table)


def print_line(text: str) -> None:
    """A line under a table, broken between words."""
    console.print(text, markup=False, highlight=False)


class _Figure:
    """A number as it is printed; ``–`` where there is none."""

    def __init__(self, value: float | None, low: float | None = None, high: float | None = None) -> None:
        self.text = _number(value) if low is None or high is None else f"{_number(value)} ({low:.2f}–{high:.2f})"

    def __str__(self) -> str:
        return self.text


def _with_intervals(row: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in row.items():
        if name.removesuffix("_low").removesuffix("_high") in row and name.endswith(("_low", "_high")):
            continue
        if value is None or isinstance(value, int | float):
            result[name] = _Figure(value, row.get(f"{name}_low"), row.get(f"{name}_high"))
        else:
            result[name] = str(value)
    return result


def _number(value: float | None) -> str:
    if not isinstance(value, float):
        return "–" if value is None else str(value)
    return f"{value:.3f}" if value == 0.0 or 1e-3 <= abs(value) < 1e5 else f"{value:.3g}"


def write_output(content: bytes, path: str | Path) -> None:
    """Write what a command was asked for, also to an address.

    Raises:
        AsdError: when the file cannot be written.
    """
    place = place_of(path)
    try:
        place.write_bytes(content) if isinstance(place, Address) else write_bytes(content, place)
    except OSError as error:
        raise AsdError(f"{path} cannot be written ({reason_of(error)}): choose another file.") from error


def notify_damaged(models: Path) -> None:
    """Name a folder's detectors that are left out because their manifest cannot be read."""
    from asd_core.artifacts import damaged_left_out

    if left_out := damaged_left_out(models):
        notify(left_out)


def notify(description: str) -> None:
    typer.echo(description, err=True)
