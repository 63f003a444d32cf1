"""What a folder of recordings holds, before anything is trained."""

from typing import Annotated, Any

import typer

from asd_core.cli.options import MapFile
from asd_core.cli.output import AsJson, print_json, print_line, print_table, progress_bar


def inspect(
    folder: Annotated[
        str,
        typer.Argument(
            help="The folder that holds the recordings, or a table (CSV, Parquet) of them; also at an address."
        ),
    ],
    map_file: MapFile = None,
    as_json: AsJson = False,
) -> None:
    """Show how the recordings of a folder or a table are understood, what is not clear, and which files cannot be used; nothing is trained."""
    from asd_core.addresses import place_of
    from asd_core.datasets import examine, findings, read_answers, survey, surveyed_dataset, unused_notes

    surveyed = survey(place_of(folder), read_answers(map_file) if map_file else ())
    unusable, clips, observed = surveyed.explained, surveyed.catalogue, []
    if not surveyed.catalogue.empty:
        with progress_bar() as progress:
            clips, damaged = examine(surveyed_dataset(surveyed), progress)
        unusable += damaged
        observed = findings(clips)
    columns = ["machine_type", "machine_id", "split", "label", "domain"]
    counts = clips.groupby(columns, as_index=False).size().rename(columns={"size": "n"})
    machines: list[dict[str, Any]] = counts.to_dict("records")
    if as_json:
        print_json(
            {
                "machines": machines,
                "questions": surveyed.questions,
                "notes": surveyed.notes,
                "unusable": [{"file": unused.file, "reason": unused.reason} for unused in unusable],
                "findings": observed,
            }
        )
        return
    shown = columns if clips["domain"].nunique() > 1 else columns[:-1]
    if machines:
        print_table(folder, [{c: row[c] for c in (*shown, "n")} for row in machines])
    groups = [
        {"pattern": group.pattern, **{c: group.row.get(c) or "?" for c in shown if c != "split"}, "n": group.count}
        for group in surveyed.usable_groups
    ]
    print_table("How names were understood", groups)
    for sentence in [*surveyed.notes, *surveyed.questions, *unused_notes(unusable), *observed]:
        print_line(f"- {sentence}")
