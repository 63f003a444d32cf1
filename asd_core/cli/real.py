"""Every detector on real recordings, beside the demo and published figures."""

import shlex
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from asd_core.cli.options import Data, Detectors, Preset, PresetOption, Resume, Seed, comma_separated
from asd_core.cli.output import notify, notify_damaged, progress_bar, write_output

TRAINING, CURVE = 0.7, 0.9  # shares of the progress bar at which these two end


def results_real(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="Markdown file to write.")],
    models: Annotated[
        Path | None, typer.Option("--models", help="Folder for the trained detectors; by default they are not kept.")
    ] = None,
    demo: Annotated[
        Path | None, typer.Option("--demo", help="Folder of the demo's detectors; the stored ones by default.")
    ] = None,
    detectors: Detectors = None,
    preset: PresetOption = Preset.standard,
    seed: Seed = 0,
    resume: Resume = False,
) -> None:
    """Train on real recordings and write how detectors rank there, beside the demo and published figures (docs/results-real.md)."""
    from asd_core.datasets import open_dataset
    from asd_core.experiments import quick_curve, run
    from asd_core.progress import stage
    from asd_core.report import benchmark, real_page, stored_scores
    from asd_core.settings import get_settings
    from asd_core.training import train

    demo_models = demo or get_settings().models_dir / "demo"
    notify_damaged(demo_models)
    demo_scores = stored_scores(demo_models)
    dataset, keys = open_dataset(data), comma_separated(detectors)
    options = {"--detectors": detectors, "--preset": preset.value, "--seed": seed}
    given = [word for option, value in options.items() if value is not None for word in (option, str(value))]
    # The recordings lie elsewhere for everybody: the page names no path of this computer.
    command = ["python", "-m", "asd_core", "results-real", "--data", "DIR", "--out", "docs/results-real.md", *given]
    refused: list[str] = []

    def note(sentence: str) -> None:
        notify(sentence)
        if " was not trained: " in sentence:
            refused.append(sentence)

    with ExitStack() as stack:
        progress = stack.enter_context(progress_bar())
        folder = models or Path(stack.enter_context(TemporaryDirectory())) / "real"
        training, curves = (
            stage(progress, 0.0, TRAINING, "training"),
            stage(progress, TRAINING, CURVE, "learning curve"),
        )
        train(
            dataset,
            folder,
            detectors=keys,
            preset=preset.value,
            seed=seed,
            resume=resume,
            progress=training,
            notify=note,
        )
        curve = quick_curve(keys, seed=seed)
        stored = run(curve, dataset, folder, progress=curves, notify=notify) if curve else None
        text = real_page(
            benchmark("dcase2020-slider"),
            dataset,
            folder,
            demo_scores,
            command=shlex.join(command),
            curve=stored,
            not_trained=refused,
            progress=stage(progress, CURVE, 1.0, "evaluating"),
            notify=notify,
        )
    write_output(text.encode(), out)
    notify(f"{out} written.")
