"""The command line's ``backup`` and ``restore``."""

from pathlib import Path
from typing import Annotated

import typer

from asd_core.cli.audit import log_act
from asd_core.cli.output import notify, progress_bar
from asd_core.counting import counted


def backup(
    file: Annotated[Path, typer.Argument(help="File to write.")],
    recordings: Annotated[
        bool, typer.Option("--recordings", help="Also those that were added in the browser.")
    ] = False,
    models: Annotated[bool, typer.Option("--with-models", help="Also trained detectors.")] = False,
) -> None:
    """Write labels, with their history, the audit log and the user's files into one file, while the dashboard runs."""
    from asd_core.backup import backup as write

    with progress_bar() as progress:
        made = write(file, recordings=recordings, models=models, progress=progress)
    log_act("backed up", n_items=made.files, note=str(file))
    notify(
        f"{file} written: {counted(made.events, 'label event')} and {counted(made.files, 'file')}, {made.n_bytes / 1e6:,.1f} MB."
    )


def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete the labels that are stored now; the audit log stays.")
    ] = False,
) -> None:
    """Bring back what a backup holds, everything or nothing; labels into SQLite or PostgreSQL, whichever is set."""
    from asd_core.backup import restore as bring_back

    with progress_bar() as progress:
        made = bring_back(file, replace=replace, progress=progress)
    log_act("restored", n_items=made.files, note=str(file))
    notify(f"{file} restored: {counted(made.events, 'label event')} and {counted(made.files, 'file')}.")
