"""Detectors from normal clips, and what is measured of them then."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asd_core.addresses import place_of
from asd_core.cli.audit import log_act
from asd_core.cli.options import (
    Data,
    Detectors,
    EngineName,
    MapFile,
    Models,
    Preset,
    PresetOption,
    RayAddress,
    Resume,
    Workers,
    comma_separated,
    local_folder,
)
from asd_core.cli.output import AsJson, notify, print_json, print_table, progress_bar
from asd_core.counting import listed
from asd_core.jobs import BY

if TYPE_CHECKING:
    from asd_core.datasets import Dataset


def train(
    data: Data,
    out: Annotated[
        Path,
        typer.Option(
            help="Folder for the trained detectors, also at an address (s3://bucket/models/fans).",
            parser=place_of,
            callback=local_folder,
        ),
    ],
    detectors: Detectors = None,
    preset: Annotated[Preset | None, typer.Option(help="How long to train; standard by default.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same weights; 0 by default.")] = None,
    denoise_strength: Annotated[
        float | None,
        typer.Option(
            min=0.0, max=1.0, help="Train, calibrate and score on sound denoised at this strength; 0 by default."
        ),
    ] = None,
    kind: Annotated[
        Literal["stationary", "non-stationary"] | None, typer.Option(help="Of denoising; stationary by default.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=1.0, help="A time to train in: the cheapest detectors come first.")
    ] = None,
    resume: Resume = False,
    workers: Workers = None,
    engine: EngineName = None,
    address: RayAddress = None,
    map_file: MapFile = None,
    machine_type: Annotated[
        list[str] | None,
        typer.Option(help="Of a folder with several machine types, the one to train; may be repeated."),
    ] = None,
    with_labels: Annotated[
        bool,
        typer.Option(
            "--with-labels",
            help="Train a new version on what people called normal as well, as the detectors in use were trained, and put it in use.",
        ),
    ] = False,
) -> None:
    """Train detectors on normal clips, calibrate them on held-out ones, and store their scores of the test clips."""
    from functools import partial

    from asd_core.errors import TrainingError
    from asd_core.training import train as train_detectors
    from asd_core.training import train_version

    if with_labels and resume:
        raise TrainingError(
            "--resume goes on with a training, --with-labels begins a new version: leave one of them out."
        )
    dataset = _dataset(data, out, map_file, machine_type or [])
    for note in dataset.notes:
        notify(note)
    options = {"preset": preset and preset.value, "seed": seed, "denoise": denoise_strength, "kind": kind}
    how: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    name = out.resolve().name
    if BY not in os.environ:  # the page that started this job has entered it
        log_act("started", name, note="Training")
    with progress_bar() as progress:
        train_so = (
            partial(train_version, labels=labels_of_people(dataset, out))
            if with_labels
            else partial(train_detectors, resume=resume)
        )
        keys = train_so(
            dataset,
            out,
            detectors=comma_separated(detectors),
            seconds=seconds,
            progress=progress,
            notify=notify,
            **how,
        )
    log_act("trained", name, n_items=len(dataset.rows(split="train", label="normal")), detectors=",".join(keys))
    notify(f"Trained {', '.join(keys)}: see {out}.")


def _dataset(data: str, out: Path, map_file: Path | None, machine_types: list[str]) -> "Dataset":
    """The dataset to train on. With answers or a choice of machine types it is written down beside the detectors, so that
    pages and other commands open it in the same way.

    Raises:
        DatasetError: where the folder holds several machine types and none is chosen.
    """
    from asd_core.datasets import DatasetFile, open_dataset, read_answers, trained_place
    from asd_core.errors import DatasetError
    from asd_core.mirrored import copies
    from asd_core.training import describe

    if map_file or machine_types:
        if out.is_relative_to(copies()):
            raise DatasetError(
                "--map and --machine-type write a dataset file beside the detectors, which at an address other machines could not "
                f"open: give {data} with the machine type's folder, or a folder of this machine with --out."
            )
        place = place_of(data)
        place = place.resolve() if isinstance(place, Path) else place
        file = DatasetFile(place, read_answers(map_file) if map_file else [], machine_types)
        dataset = open_dataset(describe(out, file))
    else:
        dataset = open_dataset(trained_place(data, out))
    types = sorted(dataset.catalogue["machine_type"].unique())
    if len(types) > 1 and not machine_types:
        raise DatasetError(
            f"{data} holds machines of {len(types)} types ({listed(types)}), and one network for all would learn none well: "
            f"choose one with --machine-type {types[0]}, and give each type a folder of its own with --out."
        )
    return dataset


def labels_of_people(dataset: "Dataset", models: Path) -> dict[str, str]:
    """People's labels of the clips of a dataset, by clip id: the adjudication or, without one, what all annotators
    agree on.

    Args:
        models: of the dataset's detectors, whose name is that of the labels; also of one of their versions.
    """
    from asd_core.artifacts import VERSIONS
    from asd_core.labels import LabelStore, clip_table, effective_labels

    folder = models.resolve()
    named_so = folder.parent.parent if folder.parent.name == VERSIONS else folder
    labels = effective_labels(LabelStore.open(), named_so.name, "adjudicated").labels
    if not labels:
        return {}
    clips = clip_table(dataset)
    named = clips["sha256"].map(labels).dropna()
    return dict(zip(clips.loc[named.index, "clip_id"], named, strict=True))


def versions(
    models: Annotated[
        Path, typer.Option("--models", help="Folder of trained detectors.", parser=place_of, callback=local_folder)
    ],
    use: Annotated[str | None, typer.Option("--use", help="The version to put in use: its name, or first.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the versions of a folder's detectors, or put one in use."""
    from asd_core.artifacts import FIRST, folder_of_version, trained_keys, trained_versions, use_version, version_in_use

    if use is not None:
        log_act("switched version", models.resolve().name, note=use)
        use_version(models, use)
    current = version_in_use(models)
    there = [(FIRST, "", 0, 0), *((v.name, v.made, v.joined, v.left) for v in trained_versions(models))]
    rows = [
        {
            "version": name,
            "in_use": "yes" if name == current else "",
            "made": made,
            "joined": joined,
            "left": left,
            "detectors": len(trained_keys(folder_of_version(models, name))),
        }
        for name, made, joined, left in there
    ]
    print_json(rows) if as_json else print_table("Versions", rows)


def seeds(
    data: Data,
    models: Models,
    seed: Annotated[list[int], typer.Option(help="Another seed; may be repeated.")],
    detectors: Detectors = None,
    preset: PresetOption = Preset.standard,
    workers: Workers = None,
    engine: EngineName = None,
    address: RayAddress = None,
) -> None:
    """Train networks again with other seeds and store their scores of the test clips: how much depends on the seed?"""
    from asd_core.datasets import open_for
    from asd_core.training import train_seeds

    with progress_bar() as progress:
        train_seeds(
            open_for(data, models),
            models,
            seed,
            detectors=comma_separated(detectors),
            preset=preset.value,
            progress=progress,
        )
    notify(f"Scores of seeds {', '.join(map(str, seed))} stored in {models}.")


def reference(
    data: Data, models: Models, workers: Workers = None, engine: EngineName = None, address: RayAddress = None
) -> None:
    """Measure the normal reference: spectra of each machine id's normal clips, stored beside the detectors. Training does it too."""
    from asd_core.datasets import open_for
    from asd_core.explain import REFERENCE, make_reference

    with progress_bar() as progress:
        make_reference(open_for(data, models), models, progress=progress, notify=notify)
    notify(f"{models / REFERENCE} written.")


def evidence(data: Data, models: Models, detectors: Detectors = None) -> None:
    """Measure what is known of trained detectors without an anomaly, for the Compare page. Training does it too."""
    from asd_core.datasets import open_for
    from asd_core.training import EVIDENCE, measure_evidence

    with progress_bar() as progress:
        keys = measure_evidence(
            open_for(data, models), models, detectors=comma_separated(detectors), progress=progress, notify=notify
        )
    notify(f"{models / EVIDENCE} written: {', '.join(keys)}." if keys else "Nothing was measured.")
