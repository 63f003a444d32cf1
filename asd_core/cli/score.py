"""Scores of recordings and of a dataset's split."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from asd_core.cli.options import Data, Detectors, Models, Strength, comma_separated
from asd_core.cli.output import AsJson, notify, print_json, print_table, progress_bar


def score(
    files: Annotated[list[Path], typer.Argument(help="Recordings: WAV, FLAC, OGG or MP3.")],
    models: Models,
    machine_id: Annotated[str, typer.Option(help="The machine that was recorded: 00, or fan/00.")],
    detectors: Detectors = None,
    denoise: Strength = 0.0,
    as_json: AsJson = False,
) -> None:
    """Score recordings with every trained detector that knows the machine; the others are named."""
    from asd_core.artifacts import ModelSet, not_scored
    from asd_core.scoring import score_clip
    from asd_core.sound import read_clip

    loaded = ModelSet(models, comma_separated(detectors))
    known, others = loaded.for_machine(machine_id), loaded.not_knowing(machine_id)
    if others:
        notify(not_scored(others, machine_id))
    results = []
    for file in files:
        scores = [asdict(s) for s in score_clip(read_clip(file), known, machine_id, denoise=denoise)]
        results.append({"file": str(file), "machine_id": machine_id, "denoise": denoise, "scores": scores})
        if others:
            results[-1]["not_scored_by"] = others
        if not as_json:
            print_table(f"{file.name}, machine id {machine_id}, denoising {denoise:g}", scores)
    if as_json:
        print_json(results)


def scores(
    data: Data,
    models: Models,
    split: Annotated[str, typer.Option(help="test, train or eval.")] = "test",
    detectors: Detectors = None,
    denoise: Strength = 0.0,
    kind: Annotated[Literal["stationary", "non-stationary"], typer.Option(help="Of denoising.")] = "stationary",
) -> None:
    """Score a dataset's clips and store the scores beside the detectors; scores that are stored and still valid are not computed again."""
    from asd_core.artifacts import ModelSet
    from asd_core.datasets import open_dataset
    from asd_core.scoring import Scope, compute_scores

    scope = Scope(split, denoise, kind)
    with progress_bar() as progress:
        done = compute_scores(
            open_dataset(data), ModelSet(models, comma_separated(detectors)), scope, progress=progress, notify=notify
        )
    notify(
        f"{scope.description()}: " + (f"scored by {', '.join(done)}." if done else "every score was stored already.")
    )
