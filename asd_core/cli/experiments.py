"""Detectors under changed conditions."""

from pathlib import Path
from typing import Annotated

import typer

from asd_core.cli.options import Data, Detectors, Models, Preset, PresetOption, Seed, comma_separated
from asd_core.cli.output import AsJson, notify, print_json, print_table, progress_bar, write_output


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


def worth(
    models: Models,
    out: Annotated[Path, typer.Option("--out", help="TOML file to write.")],
) -> None:
    """Write from how many clips of a machine each detector is worth having, by the stored experiment on the number of clips."""
    from asd_core.experiments import EXPERIMENTS_FOLDER, read_experiment
    from asd_core.experiments import worth as worth_of

    write_output(worth_of(read_experiment(models / EXPERIMENTS_FOLDER / "clips")).toml().encode(), out)
    notify(f"{out} written.")
