"""The command line's ``labels`` commands: labels by people exported, imported and compared."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from asd_core.cli.audit import log_act
from asd_core.cli.output import AsJson, notify, notify_damaged, print_json, print_table, progress_bar, write_output
from asd_core.counting import listed
from asd_core.errors import LabelError, reason_of

if TYPE_CHECKING:
    from asd_core.labels import LabelStore

labels = typer.Typer(help="Labels that people gave.", no_args_is_help=True, rich_markup_mode=None)
DatasetName = Annotated[str, typer.Option("--dataset", help="Its name in the label store.")]
Annotator = Annotated[str | None, typer.Option("--annotator", help="Only theirs; of an import: whose they are.")]


def _store() -> "LabelStore":
    from asd_core.labels import LabelStore

    return LabelStore.open()


def _known(store: "LabelStore", dataset: str) -> None:
    names = store.datasets()
    if dataset not in names:
        known = f"it has labels of {listed(names)}" if names else "it is empty"
        raise LabelError(f"The label store knows no dataset {dataset}: {known}.")


@labels.command()
def export(
    dataset: DatasetName,
    out: Annotated[str, typer.Option(help="File to write, also at an address.")],
    form: Annotated[
        Literal["csv", "json", "parquet", "audacity", "label-studio"], typer.Option("--format", help="Of the file.")
    ] = "csv",
    annotator: Annotator = None,
    models: Annotated[Path | None, typer.Option(help="Trained detectors, for Label Studio's predictions.")] = None,
    data: Annotated[str | None, typer.Option(help="Also clips without a label, for Label Studio.")] = None,
) -> None:
    """Write a dataset's labels, regions and adjudications as they hold now."""
    from asd_core.artifacts import folder_in_use, read_manifest
    from asd_core.datasets import open_dataset, open_for
    from asd_core.labels import clip_table
    from asd_core.labels import export as write
    from asd_core.scoring import read_scores, with_applicability, with_margins
    from asd_core.settings import get_settings

    store = _store()
    if data is None:
        _known(store, dataset)
    models = folder_in_use(models) if models else None
    opened = (open_for(data, models) if models else open_dataset(data)) if data else None
    if models and form == "label-studio":
        notify_damaged(models)
    scores = read_scores(models, opened) if models else None
    with progress_bar() as progress:
        clips = clip_table(opened, scores, progress=progress) if opened else None
    if models and scores is not None:
        calibrations = {key: read_manifest(models / key).calibrated() for key in scores["detector"].unique()}
        scores = with_applicability(with_margins(scores, calibrations, get_settings().false_alarm_rate), models)
    content = write(store, dataset, form, annotator=annotator, clips=clips, scores=scores)
    write_output(content, out)
    log_act("exported labels", dataset, note=f"{form}, {annotator or 'everybody'}: {out}")
    notify(f"{out} written.")


@labels.command(name="import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV, Parquet, a JSON of Label Studio, or a label track of Audacity (.txt).")
    ],
    dataset: DatasetName,
    data: Annotated[str, typer.Option(help="A folder of recordings, or demo.")],
    annotator: Annotator = None,
    take: Annotated[bool, typer.Option("--take", help="Where the file contradicts what holds, take the file.")] = False,
    dry: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
) -> None:
    """Append labels of a file; what contradicts the store is reported and left as it is."""
    from asd_core.datasets import open_dataset
    from asd_core.labels import clip_table, plan_import

    try:
        content = file.read_bytes()
    except OSError as error:
        raise LabelError(f"{file} cannot be read ({reason_of(error)}): choose another file.") from error
    store = _store()
    with progress_bar() as progress:
        recordings = open_dataset(data)
        clips = clip_table(recordings, progress=progress)
    plan = plan_import(
        store,
        dataset,
        file.name,
        content,
        clips=clips,
        annotator=annotator,
        seconds_of=lambda clip_id: recordings.read(clip_id).duration,
    )
    for description in [*plan.notes, *plan.problems]:
        notify(description)
    for c in plan.conflicts:
        notify(f"Row {c.row}: {c.clip_id} is {c.now} to {c.annotator} now, and {c.file} in the file.")
    added = 0 if dry else plan.apply(store, conflicts="take" if take else "keep")
    if added:
        log_act("imported labels", dataset, n_items=added, note=file.name)
    notify(
        f"{added} events added ({len(plan.new)} rows new, {plan.known} known, {len(plan.conflicts)} in conflict, "
        f"{len(plan.problems)} not usable)."
    )


@labels.command()
def agreement(dataset: DatasetName, as_json: AsJson = False) -> None:
    """How far annotators agree, and on which clips they do not."""
    from asd_core.labels import annotator_agreement

    store = _store()
    _known(store, dataset)
    result = annotator_agreement(store.current(dataset), store.adjudications(dataset))

    pairs = result.pairs.to_dict(orient="records")
    all_of_them = {
        name: asdict(coefficient)
        for name, coefficient in (("fleiss_kappa", result.fleiss), ("krippendorff_alpha", result.alpha))
    }
    conflicts = result.conflicts.to_dict(orient="records")
    if as_json:
        print_json({"pairs": pairs, **all_of_them, "conflicts": conflicts})
        return
    print_table("Pairs of annotators", pairs)
    print_table("All annotators", [{"measure": name, **row} for name, row in all_of_them.items()])
    print_table("Conflicts", [{k: v for k, v in row.items() if k != "clip_sha256"} for row in conflicts])


@labels.command()
def check(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Rebuild the current tables from the log first.")] = False,
) -> None:
    """Check the label database: the file itself, and whether the current tables follow from the log."""
    store = _store()
    if rebuild:
        store.rebuild()
    problems = store.check()
    if problems:
        raise LabelError(" ".join(problems))
    notify(f"{store.where} is in order.")
