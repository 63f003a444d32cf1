"""The command line: ``python -m asd_core …``. It calls the same functions as the pages.

Heavy imports happen inside the commands, so that ``--help`` answers at once.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer
from typer.exceptions import TyperException

from asd_core.cli.labels import labels
from asd_core.cli.output import AsJson, reporter
from asd_core.cli.output import print_json as _print_json
from asd_core.cli.output import print_table as _print_table
from asd_core.cli.output import progress_bar as _progress
from asd_core.cli.output import say as _say
from asd_core.errors import AsdError
from asd_core.jobs import STOPPED

app = typer.Typer(
    help="Anomalous-sound detectors side by side: train on normal sound, score, evaluate.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
app.add_typer(labels, name="labels")


class Preset(StrEnum):
    """How long to train."""

    quick = "quick"
    standard = "standard"
    paper = "paper"


Detectors = Annotated[str | None, typer.Option("--detectors", help="Keys, separated by commas; all by default.")]
Data = Annotated[str, typer.Option("--data", help="A folder of recordings, or demo.")]


def _keys(text: str | None) -> list[str] | None:
    return None if text is None else [key.strip() for key in text.split(",") if key.strip()]


@app.command()
def detectors(as_json: AsJson = False) -> None:
    """List the detectors."""
    from asd_core.detectors import detector_class, detector_keys

    infos = [detector_class(key).info for key in detector_keys()]
    rows = [
        {"key": i.key, "title": i.title, "origin": i.origin, "scope": i.scope, "representation": i.representation.kind}
        for i in infos
    ]
    _print_json(rows) if as_json else _print_table("Detectors", rows)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option("--out", help="Folder to write to, in the DCASE 2020 layout.")],
    machine_id: Annotated[
        list[str] | None, typer.Option("--machine-id", help="Only this one; may be repeated.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most so many clips a split and label.")
    ] = None,
) -> None:
    """Write the demo's slide-rail clips as WAV files."""
    from asd_core.datasets import demo_dataset, write_clips

    with _progress() as progress:
        count = write_clips(demo_dataset(), out, machine_ids=machine_id, limit=limit, progress=progress)
    _say(f"{count} clips written to {out}.")


@app.command()
def train(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="Folder for the trained detectors.")],
    detectors: Detectors = None,
    preset: Annotated[Preset, typer.Option(help="How long to train.")] = Preset.standard,
    seed: Annotated[int, typer.Option(help="Same seed, same weights.")] = 0,
) -> None:
    """Train detectors on normal clips, calibrate them on held-out ones, and store their scores of the test clips."""
    from asd_core.datasets import open_dataset
    from asd_core.training import pipeline as training

    with _progress() as progress:
        keys = training.train(
            open_dataset(data),
            out,
            detectors=_keys(detectors),
            preset=preset.value,
            seed=seed,
            progress=progress,
            say=_say,
        )
    _say(f"Trained {', '.join(keys)}: see {out}.")


@app.command()
def score(
    files: Annotated[list[Path], typer.Argument(help="Recordings: WAV, FLAC, OGG or MP3.")],
    models: Annotated[Path, typer.Option("--models", help="Folder of trained detectors.")],
    machine_id: Annotated[str, typer.Option("--machine-id", help="The machine that was recorded.")],
    detectors: Detectors = None,
    denoise: Annotated[float, typer.Option(min=0.0, max=1.0, help="Denoising strength, 0 to 1.")] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Score recordings with every trained detector."""
    from asd_core.artifacts import ModelSet, check_machine_id
    from asd_core.scoring import score_clip
    from asd_core.scoring.clip import as_records
    from asd_core.sound import read_clip

    loaded = ModelSet(models, _keys(detectors))
    check_machine_id(loaded, machine_id)
    results = []
    for file in files:
        scores = as_records(score_clip(read_clip(file), loaded, machine_id, denoise=denoise))
        results.append({"file": str(file), "machine_id": machine_id, "denoise": denoise, "scores": scores})
        if not as_json:
            _print_table(f"{file.name}, machine id {machine_id}, denoising {denoise:g}", scores)
    if as_json:
        _print_json(results)


@app.command()
def evaluate(
    data: Data,
    models: Annotated[Path, typer.Option("--models", help="Folder of trained detectors.")],
    as_json: AsJson = False,
) -> None:
    """AUC and pAUC on the test clips, per machine id and their mean, with 95 % intervals."""
    from asd_core.artifacts import ModelSet
    from asd_core.datasets import open_dataset
    from asd_core.evaluation import evaluate as tabulate
    from asd_core.report.results_page import as_records
    from asd_core.scoring.split import current

    with _progress() as progress:
        scores, unknown, skipped = current(open_dataset(data), ModelSet(models), progress=progress)
    for sentence in skipped:
        _say(sentence)
    for machine_id, count in unknown.items():
        _say(f"{count} clips of machine id {machine_id} were not scored: no detector was trained on it.")
    rows = as_records(tabulate(scores))
    if as_json:
        _print_json({"rows": rows, "unknown_machine_ids": unknown})
    else:
        _print_table("AUC and pAUC on the test clips", rows)


@app.command()
def scores(
    data: Data,
    models: Annotated[Path, typer.Option("--models", help="Folder of trained detectors.")],
    split: Annotated[str, typer.Option("--split", help="test, train or eval.")] = "test",
    detectors: Detectors = None,
    denoise: Annotated[float, typer.Option(min=0.0, max=1.0, help="Denoising strength, 0 to 1.")] = 0.0,
    kind: Annotated[
        Literal["stationary", "non-stationary"], typer.Option("--kind", help="Of denoising.")
    ] = "stationary",
) -> None:
    """Score a dataset's clips and keep the scores beside the detectors; what is there and still true is not done again."""
    from asd_core.artifacts import ModelSet
    from asd_core.datasets import open_dataset
    from asd_core.scoring import Scope
    from asd_core.scoring.split import compute

    scope = Scope(split, denoise, kind)
    with _progress() as progress:
        done = compute(open_dataset(data), ModelSet(models, _keys(detectors)), scope, progress=progress, say=_say)
    _say(f"{scope.sentence()}: " + (f"scored by {', '.join(done)}." if done else "every score was there already."))


@app.command()
def results(
    models: Annotated[Path, typer.Option("--models", help="Folder of trained detectors.")],
    out: Annotated[Path, typer.Option("--out", help="Markdown file to write.")],
) -> None:
    """Write the table of results (docs/results.md)."""
    from asd_core.report import write_report

    write_report(models, out)
    _say(f"{out} written.")


@app.command()
def reference(
    data: Data,
    models: Annotated[Path, typer.Option("--models", help="Folder of trained detectors.")],
) -> None:
    """Measure what is usual: spectra of each machine id's normal clips, kept beside the detectors. Training does it too."""
    from asd_core.datasets import open_dataset
    from asd_core.explain import REFERENCE, make_reference

    with _progress() as progress:
        make_reference(open_dataset(data), models, progress=progress, say=_say)
    _say(f"{models / REFERENCE} written.")


@app.command()
def overlap(
    data: Data,
    models: Annotated[Path, typer.Option("--models", help="Folder of trained detectors.")],
) -> None:
    """Measure how well anomaly maps point at the simulator's strong faults, for the results table."""
    from asd_core.artifacts import ModelSet
    from asd_core.datasets import open_dataset
    from asd_core.explain import OVERLAP
    from asd_core.explain.map_overlap import store

    with _progress() as progress:
        store(open_dataset(data), ModelSet(models), progress=progress)
    _say(f"{models / OVERLAP} written.")


@app.command()
def seeds(
    data: Data,
    models: Annotated[Path, typer.Option("--models", help="Folder of trained detectors.")],
    seed: Annotated[list[int], typer.Option("--seed", help="Another seed; may be repeated.")],
    detectors: Detectors = None,
    preset: Annotated[Preset, typer.Option(help="How long to train.")] = Preset.standard,
) -> None:
    """Train networks again with other seeds and keep their scores of the test clips: how much is luck?"""
    from asd_core.datasets import open_dataset
    from asd_core.training.seeds import repeat

    with _progress() as progress:
        repeat(open_dataset(data), models, seed, detectors=_keys(detectors), preset=preset.value, progress=progress)
    _say(f"Scores of seeds {', '.join(map(str, seed))} kept in {models}.")


@app.command()
def experiment(
    name: Annotated[str | None, typer.Argument(help="A name that --list shows, or sweep.")] = None,
    data: Data = "demo",
    models: Annotated[
        Path | None, typer.Option("--models", help="Folder of trained detectors; the demo's by default.")
    ] = None,
    detectors: Detectors = None,
    preset: Annotated[Preset, typer.Option(help="How long to train.")] = Preset.standard,
    seed: Annotated[int, typer.Option(help="Same seed, same weights.")] = 0,
    detector: Annotated[str | None, typer.Option("--detector", help="Of a sweep: the detector.")] = None,
    parameter: Annotated[str | None, typer.Option("--parameter", help="Of a sweep: its parameter.")] = None,
    values: Annotated[str | None, typer.Option("--values", help="Of a sweep: 1,2,4.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to store in; --models/experiments, or the user's for a sweep.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Name the experiments and what is stored.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a question of the report again, or sweep one parameter; an interrupted run goes on where it stopped."""
    from asd_core.experiments import command

    folder = command.models_folder(models, data)
    if listed or name is None:
        rows = command.listing(folder)
        _print_json(rows) if as_json else _print_table("Experiments", rows)
        return
    chosen = command.choose(
        name,
        detectors=_keys(detectors),
        preset=preset.value,
        seed=seed,
        detector=detector,
        parameter=parameter,
        values=_keys(values),
    )
    with _progress() as progress:
        result = command.execute(chosen, data, folder, out=out, progress=progress, say=_say)
    _print_json(result) if as_json else _print_table(chosen.about.title, result["points"])
    _say(result["conclusion"])


@app.command()
def report(
    models: Annotated[Path, typer.Option("--models", help="Folder of trained detectors.")],
    out: Annotated[Path, typer.Option("--out", help="HTML file to write.")],
    data: Annotated[
        str | None, typer.Option("--data", help="Where the recordings are; where they were in training by default.")
    ] = None,
    detectors: Detectors = None,
    rate: Annotated[float, typer.Option("--rate", min=0.001, max=0.5, help="False-alarm rate of thresholds.")] = 0.05,
    prevalence: Annotated[
        float, typer.Option("--prevalence", min=0.0, max=1.0, help="Share of anomalous clips at the plant.")
    ] = 0.01,
    per_day: Annotated[int, typer.Option("--per-day", min=1, help="Clips a day at the plant.")] = 1000,
    csv: Annotated[Path | None, typer.Option("--csv", help="Also write the results table to this file.")] = None,
    all_tables: Annotated[
        Path | None, typer.Option("--json", help="Also write all tables as JSON to this file.")
    ] = None,
) -> None:
    """Write one HTML file, sounds included, that says which detector to trust to a reader without the app."""
    from asd_core.report import Assumptions, exports
    from asd_core.report import document as reports

    with _progress() as progress:
        comparison, dataset, reason = reports.from_folder(
            models,
            data=data,
            detectors=_keys(detectors),
            assumptions=Assumptions(rate, prevalence, per_day),
        )
        page = reports.html(comparison, dataset, reason, progress=progress)
    written = {out: page}
    if csv:
        written[csv] = exports.as_csv(comparison.ranking)
    if all_tables:
        written[all_tables] = exports.as_json(comparison, reports.protocol(comparison))
    for path, text in written.items():
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise AsdError(f"{path} cannot be written ({error.strerror}): choose another file.") from error
    if reason:
        _say(f"The report is without sounds: {reason}")
    _say(f"{', '.join(map(str, written))} written.")


@app.command()
def latents(
    data: Data,
    models: Annotated[Path, typer.Option("--models", help="Folder of trained detectors.")],
    detectors: Detectors = None,
) -> None:
    """Put every clip through the networks and keep where they come out, for the feature space."""
    from asd_core.artifacts import ModelSet
    from asd_core.datasets import open_dataset
    from asd_core.space import latents as spaces

    with _progress() as progress:
        done = spaces.compute(open_dataset(data), ModelSet(models, _keys(detectors)), progress=progress, say=_say)
    _say(f"Latent spaces of {', '.join(done)} kept in {models}." if done else "Every latent space was there already.")


@app.command()
def thumbnails(
    data: Data,
    models: Annotated[Path, typer.Option("--models", help="Folder of trained detectors.")],
) -> None:
    """Draw a small spectrogram of every clip, for the feature space."""
    from asd_core.artifacts import read_pooled
    from asd_core.datasets import open_dataset
    from asd_core.space import thumbnails as pictures

    with _progress() as progress:
        path = pictures.compute(
            open_dataset(data), read_pooled(models, ("clip_id", "sha256")), progress=progress, say=_say
        )
    _say(f"{path} written.")


@app.command()
def umap(
    models: Annotated[Path, typer.Option("--models", help="Folder of trained detectors.")],
    part: Annotated[
        str, typer.Option("--part", help="Of the pooled log-mel: all, mean, spread, peak; or a detector: its latent.")
    ] = "all",
    split: Annotated[
        list[str] | None, typer.Option("--split", help="Only clips of this split; may be repeated.")
    ] = None,
    machine_id: Annotated[str | None, typer.Option("--machine-id", help="Only clips of this machine.")] = None,
    n_neighbors: Annotated[int, typer.Option("--n-neighbors", help="Few: details; many: the whole.")] = 15,
    min_dist: Annotated[float, typer.Option("--min-dist", help="How close points may be drawn.")] = 0.1,
    metric: Annotated[
        Literal["euclidean", "cosine", "manhattan", "correlation"], typer.Option("--metric", help="Of distance.")
    ] = "euclidean",
    seed: Annotated[int, typer.Option(help="Same seed, same map.")] = 0,
    out: Annotated[Path | None, typer.Option("--out", help="File to write; in the user's data by default.")] = None,
) -> None:
    """Draw a UMAP of the clips and keep it for the feature space."""
    from asd_core.space import read_space
    from asd_core.space import umap_embedding as embedding

    settings = embedding.UmapSettings(n_neighbors, min_dist, metric, seed)
    space = read_space(models, part)
    space = space.subset(split or sorted(space.about["split"].unique()), machine_id)
    with _progress() as progress:
        fitted = embedding.fit(space.vectors, settings, progress=progress)
    path = out or embedding.path_for(space.vectors, settings)
    embedding.save(fitted, path)
    _say(f"A map of {len(space.about)} clips written to {path}.")


@app.command()
def cards(out: Annotated[Path, typer.Option("--out", help="Markdown file to write.")]) -> None:
    """Write the detectors' cards (docs/detectors.md)."""
    from asd_core.report.detector_cards import markdown

    out.write_text(markdown(), encoding="utf-8")
    _say(f"{out} written.")


def main() -> int:
    """Run a command. Bad use ends with exit code 2 and one sentence; an interrupt with 130."""
    code = _run()
    reporter.ended(code)
    return code


def _run() -> int:
    try:
        if app(standalone_mode=False) == STOPPED:  # typer turns an interrupt into this code
            raise KeyboardInterrupt
    except TyperException as error:
        _say(error.format_message().replace("\n", " ") if sys.argv[1:] else error.format_message())
        return 2 if sys.argv[1:] else 0
    except (typer.Abort, KeyboardInterrupt):
        _say("Stopped; what was finished is kept.")
        return STOPPED
    except AsdError as error:
        _say(str(error))
        return 2
    return 0
