"""Detectors from normal clips, and what is measured of them then."""

from pathlib import Path
from typing import Annotated

import typer

from asd_core.cli.options import Data, DenoisingKind, Detectors, Models, Preset, PresetOption, Seed, comma_separated
from asd_core.cli.output import notify, progress_bar


def train(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for the trained detectors.")],
    detectors: Detectors = None,
    preset: PresetOption = Preset.standard,
    seed: Seed = 0,
    denoise_strength: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Train, calibrate and score on sound denoised at this strength.")
    ] = 0.0,
    kind: DenoisingKind = "stationary",
) -> None:
    """Train detectors on normal clips, calibrate them on held-out ones, and store their scores of the test clips."""
    from asd_core.datasets import open_dataset
    from asd_core.training import train as train_detectors

    with progress_bar() as progress:
        keys = train_detectors(
            open_dataset(data),
            out,
            detectors=comma_separated(detectors),
            preset=preset.value,
            seed=seed,
            denoise=denoise_strength,
            kind=kind,
            progress=progress,
            notify=notify,
        )
    notify(f"Trained {', '.join(keys)}: see {out}.")


def seeds(
    data: Data,
    models: Models,
    seed: Annotated[list[int], typer.Option(help="Another seed; may be repeated.")],
    detectors: Detectors = None,
    preset: PresetOption = Preset.standard,
) -> None:
    """Train networks again with other seeds and store their scores of the test clips: how much depends on the seed?"""
    from asd_core.datasets import open_dataset
    from asd_core.training import train_seeds

    with progress_bar() as progress:
        train_seeds(
            open_dataset(data),
            models,
            seed,
            detectors=comma_separated(detectors),
            preset=preset.value,
            progress=progress,
        )
    notify(f"Scores of seeds {', '.join(map(str, seed))} stored in {models}.")


def reference(data: Data, models: Models) -> None:
    """Measure the normal reference: spectra of each machine id's normal clips, stored beside the detectors. Training does it too."""
    from asd_core.datasets import open_dataset
    from asd_core.explain import REFERENCE, make_reference

    with progress_bar() as progress:
        make_reference(open_dataset(data), models, progress=progress, notify=notify)
    notify(f"{models / REFERENCE} written.")
