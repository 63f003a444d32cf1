"""The command line's ``audit``, and the entries that other commands make."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asd_core.cli.output import AsJson, notify, print_json, print_table
from asd_core.errors import LabelError

if TYPE_CHECKING:
    from asd_core.audit import ActName


def audit(
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV and nothing else.")] = False,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], help="Not before this, UTC."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="So many entries at most.")] = None,
) -> None:
    """List who trained, deleted, exported and the like, newest first."""
    from asd_core.audit import audit_csv
    from asd_core.labels import LabelStore

    if as_json and as_csv:
        raise LabelError("--json and --csv are two forms of the same: leave one of them out.")
    entries = LabelStore.open().audit.entries(since=since, limit=limit)
    if as_csv:
        typer.echo(audit_csv(entries), nl=False)
    elif as_json:
        print_json([entry.row() for entry in entries])
    else:
        print_table("Who did what (UTC)", [entry.words() for entry in entries])


def log_act(act: "ActName", dataset: str = "", **more: Any) -> None:
    """Enter what this command did, or begins to do. The shell is the administrator's, who could do it by other means: where the
    log cannot be written the command goes on, and says so."""
    from asd_core.audit import AuditEntry, by_command
    from asd_core.labels import LabelStore

    try:
        store = LabelStore.open()
        try:
            store.audit.add(AuditEntry(act, dataset=dataset, **by_command(), **more))
        finally:
            store.close()
    except LabelError as error:
        notify(f"The audit log does not say “{act}”: {error}")
