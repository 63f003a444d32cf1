"""What the commands print: tables and bars for people on a terminal, JSON for programs."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from asd_core.errors import AsdError
from asd_core.files import write_bytes
from asd_core.jobs import Reporter
from asd_core.progress import Progress

console, err_console = Console(), Console(stderr=True)
reporter = Reporter()

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on a terminal, a file for a job, silence elsewhere."""
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=err_console, transient=True, disable=not err_console.is_terminal) as bar:
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
    table = Table(title=title)
    for index, name in enumerate(rows[0] if rows else ()):
        table.add_column(name, overflow="fold", no_wrap=index == 0)
    for row in _plain(rows):
        table.add_row(*(f"{v:.3f}" if isinstance(v, float) else "–" if v is None else str(v) for v in row.values()))
    console.print(table)


def write_output(content: bytes, path: Path) -> None:
    """Write what a command was asked for.

    Raises:
        AsdError: when the file cannot be written.
    """
    try:
        write_bytes(content, path)
    except OSError as error:
        raise AsdError(f"{path} cannot be written ({error.strerror}): choose another file.") from error


def notify(description: str) -> None:
    typer.echo(description, err=True)
