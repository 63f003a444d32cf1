"""Published figures, and these detectors' own on the same clips."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asd_core.cli.options import Detectors, Preset, PresetOption, Resume, Seed, comma_separated
from asd_core.cli.output import notify, progress_bar, write_output
from asd_core.progress import stage

if TYPE_CHECKING:
    from asd_core.datasets import Dataset
    from asd_core.report import Benchmark

TRAINING = 0.9  # share of the progress bar


def reproduce(
    name: Annotated[str, typer.Argument(help="Of the public set: dcase2020-slider.")],
    data: Annotated[
        str | None, typer.Option("--data", help="Its folder or dataset file; what download stored by default.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option("--labels", help="The organisers' list of the evaluation set's labels.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the trained detectors and the table.")] = None,
    detectors: Detectors = None,
    preset: PresetOption = Preset.standard,
    seed: Seed = 0,
    resume: Resume = False,
) -> None:
    """Train on a public set, evaluate, and write a table beside published figures."""
    from asd_core.datasets import read_eval_labels
    from asd_core.report import benchmark, reproduction_table
    from asd_core.settings import get_settings
    from asd_core.training import train

    of = benchmark(name)
    if labels is not None:
        read_eval_labels(labels, of.machine_type)  # what is wrong with it is said before hours of training
    folder = out or get_settings().models_dir / name
    dataset = _dataset(of, data, folder)
    for note in dataset.notes:
        notify(note)
    options = {"--data": data, "--labels": labels, "--out": out, "--detectors": detectors}
    given = [word for option, value in options.items() if value is not None for word in (option, str(value))]
    command = ["python", "-m", "asd_core", "reproduce", name, *given, "--preset", preset.value, "--seed", str(seed)]
    with progress_bar() as progress:
        train(
            dataset,
            folder,
            detectors=comma_separated(detectors),
            preset=preset.value,
            seed=seed,
            resume=resume,
            progress=stage(progress, 0.0, TRAINING, "training"),
            notify=notify,
        )
        text = reproduction_table(
            of,
            dataset,
            folder,
            labels=labels,
            command=shlex.join(command),
            progress=stage(progress, TRAINING, 1.0, "evaluating"),
            notify=notify,
        )
    table = folder / "reproduction.md"
    write_output(text.encode(), table)
    if labels is None:
        notify("The evaluation set is not in the table: give the organisers' list of its labels with --labels.")
    notify(f"{table} written.")


def _dataset(of: "Benchmark", data: str | None, folder: Path) -> "Dataset":
    """The clips of the machine type, in whatever tree they lie.

    Raises:
        DatasetError: where they are not.
    """
    from asd_core.addresses import place_of
    from asd_core.datasets import DATASET_FILE, DatasetFile, datasets_folder, open_dataset, write_dataset_file
    from asd_core.errors import DatasetError

    place = place_of(data or datasets_folder() / of.name / DATASET_FILE)
    if isinstance(place, Path) and not place.exists():
        raise DatasetError(
            f"{place} is not there: run python -m asd_core download {of.name}, or say with --data where its recordings are."
        )
    dataset = open_dataset(place)
    types = sorted(dataset.catalogue["machine_type"].unique())
    if of.machine_type not in types:
        raise DatasetError(f"{place} holds {', '.join(types)} and no {of.machine_type}: give the folder of {of.name}.")
    if len(types) == 1:
        return dataset
    file = DatasetFile(dataset.root or place, [], [of.machine_type])
    write_dataset_file(folder / DATASET_FILE, file)
    return open_dataset(folder / DATASET_FILE)
