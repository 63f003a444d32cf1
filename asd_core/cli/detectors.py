"""What the detectors are."""

from pathlib import Path
from typing import Annotated

import typer

from asd_core.cli.output import AsJson, notify, print_json, print_table
from asd_core.files import write_text


def detectors(as_json: AsJson = False) -> None:
    """List the detectors."""
    from asd_core.detectors import detector_class, detector_keys

    infos = [detector_class(key).info for key in detector_keys(optional=True)]
    rows = [
        {"key": i.key, "title": i.title, "origin": i.origin, "scope": i.scope, "representation": i.representation.kind}
        for i in infos
    ]
    print_json(rows) if as_json else print_table("Detectors", rows)


def cards(out: Annotated[Path, typer.Option("--out", help="Markdown file to write.")]) -> None:
    """Write the detectors' cards (docs/detectors.md)."""
    from asd_core.report import cards_markdown

    write_text(cards_markdown(), out)
    notify(f"{out} written.")
