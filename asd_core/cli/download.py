"""Public sets by name."""

from pathlib import Path
from typing import Annotated, Any

import typer

from asd_core.cli.audit import log_act
from asd_core.cli.output import AsJson, notify, print_json, print_line, print_table, progress_bar


def download(
    name: Annotated[str, typer.Argument(help="Of the set, such as dcase2020-slider; --list shows all.")] = "",
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Folder that gets the set's own folder; the datasets of the Data page by default."),
    ] = None,
    part: Annotated[list[str] | None, typer.Option("--part", help="Only this part; may be repeated.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: licence and size are accepted.")] = False,
    unverified: Annotated[bool, typer.Option("--unverified", help="Also where no checksum can be had.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="List the sets.")] = False,
    as_json: AsJson = False,
) -> None:
    """Download a public set (DCASE Task 2 of 2020 to 2025, MIMII) as a dataset; one that broke off goes on where it was."""
    from asd_core.datasets import download_set, public_set, with_checksums
    from asd_core.errors import DatasetError

    if list_all or not name:
        _list(as_json)
        return
    chosen = with_checksums(public_set(name).only(part or []), to, unverified=unverified)
    notify(f"{chosen.title}: {', '.join(chosen.parts)}. Licence: {chosen.licence}. Size: {chosen.size}.")
    for page in dict.fromkeys(archive.page for archive in chosen.archives):
        notify(f"Described, with the licence's text, at {page}")
    for source in dict.fromkeys(archive.checksum for archive in chosen.archives):
        parts = ", ".join(archive.part for archive in chosen.archives if archive.checksum == source)
        notify(f"Checksum of {parts}: {source}.")
    if not yes and not _confirmed():
        raise DatasetError("Nothing was downloaded: licence and size were not accepted (--yes accepts them).")
    with progress_bar() as progress:
        place = download_set(chosen, to, unverified=unverified, progress=progress, notify=notify)
    log_act("added recordings", chosen.name, note=f"{chosen.title}: {', '.join(chosen.parts)}")
    notify(
        f"{chosen.title} is there: use it with --data {place}, or on the Data page."
        if not to
        else f"Use it with --data {place}."
    )


def _confirmed() -> bool:
    try:
        return typer.confirm("Download it under this licence?", err=True)
    except typer.Abort:  # nobody is there to answer
        return False


def _list(as_json: bool) -> None:
    from asd_core.datasets import public_sets

    rows: list[dict[str, Any]] = [
        {
            "name": one.name,
            "parts": "+".join(one.parts),
            "size": one.size,
            "licence": one.licence,
            "verified": one.verified,
            "askable": one.askable,
        }
        for one in public_sets().values()
    ]
    if as_json:
        print_json(rows)
        return
    # No-break spaces keep sizes and licences on one line.
    names = ("name", "parts", "size", "licence")
    print_table("Public sets", [{name: str(row[name]).replace(" ", "\u00a0") for name in names} for row in rows])
    unknown = [row for row in rows if not row["verified"]]
    for askable, then in ((True, "so their records are asked for it"), (False, "which need --unverified")):
        if of := [str(row["name"]) for row in unknown if row["askable"] is askable]:
            print_line(f"No checksum is known here of these, {then}: {', '.join(of)}.")
