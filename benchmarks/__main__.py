"""``python -m benchmarks``: measure the speeds this project promises, each as a ratio taken in one run."""

import json
from pathlib import Path
from typing import Annotated

import typer

from asd_core.cli.output import AsJson, notify, print_json, print_table, progress_bar
from benchmarks.run import UnknownFigure, run


def main(
    as_json: AsJson = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Name of a figure; may be repeated; all by default.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Also write the figures as JSON to this file.")] = None,
) -> None:
    """Measure the promised speeds."""
    try:
        with progress_bar() as progress:
            figures = run(only or (), progress=progress, notify=notify)
    except UnknownFigure as error:
        notify(str(error))
        raise typer.Exit(2) from error
    if out:
        out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if as_json:
        print_json(figures)
    else:
        rows = [
            {"name": name, **figure, "spread": "{:.3g} to {:.3g}".format(*figure["spread"])}
            for name, figure in figures.items()
        ]
        print_table("Speed", rows)
    if not figures:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
