"""Detectors under changed conditions."""

from pathlib import Path
from typing import Annotated

import typer

from asd_core.cli.options import (
    Data,
    Detectors,
    EngineName,
    Models,
    Preset,
    PresetOption,
    RayAddress,
    Seed,
    Workers,
    comma_separated,
)
from asd_core.cli.output import AsJson, notify, notify_damaged, print_json, print_table, progress_bar, write_output
from asd_core.cli.train import labels_of_people


def experiment(
    name: Annotated[str | None, typer.Argument(help="A name that --list shows, or sweep.")] = None,
    data: Data = "demo",
    models: Annotated[
        Path | None,
        typer.Option(help="Folder of trained detectors; of several versions, the one in use; the demo's by default."),
    ] = None,
    detectors: Detectors = None,
    preset: PresetOption = Preset.standard,
    seed: Seed = 0,
    detector: Annotated[str | None, typer.Option(help="Of a sweep: the detector.")] = None,
    parameter: Annotated[str | None, typer.Option(help="Of a sweep: its parameter.")] = None,
    values: Annotated[str | None, typer.Option(help="Of a sweep: 1,2,4.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to store in; --models/experiments, or the user's for a sweep.")
    ] = None,
    workers: Workers = None,
    engine: EngineName = None,
    address: RayAddress = None,
    listed: Annotated[bool, typer.Option("--list", help="Name the experiments and what is stored.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a question of the report again, or sweep one parameter; an interrupted run goes on where it stopped."""
    from asd_core.experiments import command

    folder = command.models_folder(models, data)
    if listed or name is None:
        rows = command.listing(folder)
        print_json(rows) if as_json else print_table("Experiments", rows)
        return
    chosen = command.choose(
        name,
        detectors=comma_separated(detectors),
        preset=preset.value,
        seed=seed,
        detector=detector,
        parameter=parameter,
        values=comma_separated(values),
    )
    with progress_bar() as progress:
        result = command.execute(chosen, data, folder, out=out, progress=progress, notify=notify)
    print_json(result) if as_json else print_table(chosen.about.title, result["points"])
    notify(result["conclusion"])


def study(models: Models, seed: Seed = 0, as_json: AsJson = False) -> None:
    """Which evidence without labels predicts the true ranking of detectors? On labelled test clips; stored beside the detectors."""
    from asd_core.experiments import evidence_study, store_study

    notify_damaged(models)
    result = evidence_study(models, seed)
    store_study(result, models)
    rows = result.table.round(3).to_dict("records")
    print_json({"rows": rows, "says": result.conclusions()}) if as_json else print_table(
        "Evidence without labels", rows
    )
    for sentence in result.conclusions():
        notify(sentence)


def supervise(
    data: Data,
    models: Models,
    detector: Annotated[
        str | None, typer.Option(help="Beside which detector; the best on these clips by default.")
    ] = None,
    with_labels: Annotated[
        bool, typer.Option("--with-labels", help="Also use what people called clips on the Label page.")
    ] = False,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """What would a few labelled anomalies add? A head learns from k of them and is measured on kinds of faults it has not seen."""
    from asd_core.datasets import open_for
    from asd_core.experiments import COST, few_labels_sentence, measure_few_labels

    if not detector:
        notify_damaged(models)
    dataset = open_for(data, models)
    labels = labels_of_people(dataset, models) if with_labels else {}
    with progress_bar() as progress:
        table = measure_few_labels(
            dataset, models, labels=labels, detector=detector or "", seed=seed, progress=progress
        )
    rows = table[["k", "kind", "auc", "low", "high", "difference", "difference_low", "difference_high"]].round(3)
    print_json(rows.to_dict("records")) if as_json else print_table("With a few labels", rows.to_dict("records"))
    notify(few_labels_sentence(table))
    notify(COST)


def worth(
    models: Models,
    out: Annotated[Path, typer.Option("--out", help="TOML file to write.")],
) -> None:
    """Write from how many clips of a machine each detector is worth having, by the stored experiment on the number of clips."""
    from asd_core.experiments import EXPERIMENTS_FOLDER, min_clips, read_experiment

    write_output(min_clips(read_experiment(models / EXPERIMENTS_FOLDER / "clips")).toml().encode(), out)
    notify(f"{out} written.")
