"""Scores of recordings and of a dataset's split."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from asd_core.cli.options import (
    Data,
    DenoisingKind,
    Detectors,
    EngineName,
    Models,
    RayAddress,
    Strength,
    Workers,
    comma_separated,
)
from asd_core.cli.output import AsJson, notify, print_json, print_line, print_table, progress_bar
from asd_core.errors import ClipError
from asd_core.sound import FORMATS


def score(
    files: Annotated[list[Path], typer.Argument(help=f"Recordings: {FORMATS}.")],
    models: Models,
    machine_id: Annotated[str, typer.Option(help="The machine that was recorded: 00, or fan/00.")],
    detectors: Detectors = None,
    denoise: Strength = 0.0,
    channel: Annotated[str | None, typer.Option(help="1, 2, … or mean; the settings' by default.")] = None,
    strict: Annotated[bool, typer.Option(help="Refuse recordings that stop early.")] = False,
    as_json: AsJson = False,
) -> None:
    """Score recordings with every trained detector that knows the machine; the others are named.

    A recording that cannot be read is named, the others are scored, and the exit code is 1."""
    from asd_core.artifacts import ModelSet, not_scored
    from asd_core.explain import clip_summary, find_place, map_of
    from asd_core.scoring import (
        applicability_of,
        as_scored,
        clip_recorded_otherwise,
        decide,
        score_prepared,
        sentence,
        stored_reliability,
    )
    from asd_core.settings import get_settings
    from asd_core.sound import channel_label, channel_name, flags, named_channel, read_clip, usable_channel

    rate = get_settings().false_alarm_rate
    wanted = get_settings().channel if channel is None else named_channel(channel)
    loaded = ModelSet(models, comma_separated(detectors))
    known, others = loaded.for_machine(machine_id), loaded.not_knowing(machine_id)
    if others:
        notify(not_scored(others, machine_id))
    stored = stored_reliability(models)
    results, bad, left_out = [], 0, set[str]()
    for file in files:
        messages: list[str] = []
        try:
            clip = read_clip(file, strict=strict)
            used, instead = usable_channel(clip, wanted)
            scored, recorded = as_scored(clip, known, denoise=denoise, channel=used)
            guard = applicability_of(recorded, models, machine_id)
            raw = score_prepared(scored, known, machine_id, recorded, messages.append)
        except ClipError as error:
            notify(str(error))
            bad += 1
            continue
        if instead:
            notify(instead)
        for text in messages:
            if text not in left_out:  # once, not for each file
                notify(text)
            left_out.add(text)
        decided = [decide(key, value, known[key].calibration, machine_id, rate) for key, value in raw.items()]
        without = others + [key for key in known if key not in raw]
        reliability = stored.of(list(raw))
        mapped = map_of(reliability.order)
        place = find_place(scored, known, mapped, machine_id, recorded) if mapped else None
        held_out = known[reliability.deciding(list(raw))].calibration.n(machine_id)
        result: dict[str, Any] = {
            "file": str(file),
            "machine_id": machine_id,
            "channel": channel_label(used),
            "denoise": denoise,
            **clip_summary(decided, reliability, guard, place, held_out, rate),
            "flags": [*flags(clip, used), *filter(None, [clip_recorded_otherwise(clip, used, models, machine_id)])],
            "scores": [asdict(one) for one in decided],
        }
        results.append(result | ({"not_scored_by": without} if without else {}))
        if not as_json:
            for flag in result["flags"]:
                notify(flag)
            where = f", {channel_name(used)}" if clip.n_channels > 1 else ""
            title = f"{file.name}, machine id {machine_id}{where}, denoising {denoise:g}"
            foreign = guard if guard and not guard.applicable else None
            print_table(f"⚠ {title}" if foreign else title, result["scores"])
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
    kind: DenoisingKind = "stationary",
    workers: Workers = None,
    engine: EngineName = None,
    address: RayAddress = None,
) -> None:
    """Score a dataset's clips and store the scores beside the detectors; scores that are stored and still valid are not computed again."""
    from asd_core.artifacts import ModelSet
    from asd_core.datasets import open_for
    from asd_core.scoring import Scope, compute_scores

    scope = Scope(split, denoise, kind)
    with progress_bar() as progress:
        done = compute_scores(
            open_for(data, models),
            ModelSet(models, comma_separated(detectors)),
            scope,
            progress=progress,
            notify=notify,
        )
    notify(
        f"{scope.description()}: " + (f"scored by {', '.join(done)}." if done else "every score was stored already.")
    )


def timing(data: Data, models: Models, detectors: Detectors = None) -> None:
    """Measure how long each detector takes to score one clip on one core, and store it for the Compare page."""
    from asd_core.artifacts import ModelSet
    from asd_core.datasets import open_for
    from asd_core.lazy import torch
    from asd_core.scoring import measure_scoring

    torch.set_num_threads(1)  # as the pages score
    with progress_bar() as progress:
        done = measure_scoring(open_for(data, models), ModelSet(models, comma_separated(detectors)), progress=progress)
    notify(f"Measured: {', '.join(done)}." if done else "Every detector was measured already.")
