"""The demos' clips as files."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from asd_core.cli.output import notify, progress_bar


def simulate(
    out: Annotated[Path, typer.Option(help="Folder to write to, in the DCASE layout of 2020 (with domains, of 2022).")],
    machine_id: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many clips a split and label.")] = None,
    data: Annotated[
        Literal["demo", "demo-fan"], typer.Option("--data", help="demo (slide rails) or demo-fan (fans, two domains).")
    ] = "demo",
) -> None:
    """Write a demo's clips as WAV files: slide rails, or fans in a source and a target domain."""
    from asd_core.datasets import open_dataset, write_clips

    with progress_bar() as progress:
        count = write_clips(open_dataset(data), out, machine_ids=machine_id, limit=limit, progress=progress)
    notify(f"{count} clips written to {out}.")
