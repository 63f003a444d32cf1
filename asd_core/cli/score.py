"""Scores of recordings and of a dataset's split."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from asd_core.cli.options import Data, Detectors, Models, Strength, comma_separated
from asd_core.cli.output import AsJson, notify, print_json, print_line, print_table, progress_bar
from asd_core.errors import ClipError
from asd_core.sound import FORMATS


def score(
    files: Annotated[list[Path], typer.Argument(help=f"Recordings: {FORMATS}.")],
    models: Models,
    machine_id: Annotated[str, typer.Option(help="The machine that was recorded: 00, or fan/00.")],
    detectors: Detectors = None,
    denoise: Strength = 0.0,
    strict: Annotated[bool, typer.Option(help="Refuse recordings that stop early.")] = False,
    as_json: AsJson = False,
) -> None:
    """Score recordings with every trained detector that knows the machine; the others are named.

    A recording that cannot be read is named, the others are scored, and the exit code is 1."""
    from asd_core.artifacts import ModelSet, not_scored
    from asd_core.scoring import applicability_of, score_clip, sentence
    from asd_core.sound import flags, prepare, read_clip

    loaded = ModelSet(models, comma_separated(detectors))
    known, others = loaded.for_machine(machine_id), loaded.not_knowing(machine_id)
    if others:
        notify(not_scored(others, machine_id))
    results, bad = [], 0
    for file in files:
        try:
            clip = read_clip(file, strict=strict)
            guard = applicability_of(prepare(clip), models, machine_id)
            scores = [asdict(s) for s in score_clip(clip, known, machine_id, denoise=denoise)]
        except ClipError as error:
            notify(str(error))
            bad += 1
            continue
        result: dict[str, Any] = {
            "file": str(file),
            "machine_id": machine_id,
            "denoise": denoise,
            "applicable": guard.applicable if guard else None,
            "reason": (guard.reason or None) if guard else None,
            "flags": flags(clip),
            "scores": scores,
        }
        results.append(result | ({"not_scored_by": others} if others else {}))
        if not as_json:
            for flag in result["flags"]:
                notify(flag)
            title = f"{file.name}, machine id {machine_id}, denoising {denoise:g}"
            foreign = guard if guard and not guard.applicable else None
            print_table(f"⚠ {title}" if foreign else title, scores)
            if foreign:
                print_line(sentence(foreign))
    if as_json:
        print_json(results)
    if bad:
        raise typer.Exit(1)


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
