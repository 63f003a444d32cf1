"""What the command ``experiment`` does: choose, run, and summarise."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from asd_core.artifacts import folder_in_use
from asd_core.errors import TrainingError
from asd_core.experiments import store
from asd_core.experiments.catalogue import Experiment, named, sweep
from asd_core.experiments.conclusions import conclusion
from asd_core.experiments.questions import ABOUT
from asd_core.experiments.runner import run
from asd_core.experiments.summaries import experiment_summary
from asd_core.progress import Progress
from asd_core.settings import get_settings

SHOWN = ("point", "auc", "auc_low", "auc_high", "pauc", "train_loss", "held_out_loss", "fit_seconds")


def models_folder(models: Path | None, data: str) -> Path:
    """The given folder, or the demo's for the demo; of several versions, the one in use.

    Raises:
        TrainingError: when neither says where the detectors are.
    """
    if models is None and data != "demo":
        raise TrainingError("Say where the detectors of these recordings are, or shall be: --models FOLDER.")
    return folder_in_use(models or get_settings().models_dir / "demo")


def listing(models: Path) -> list[dict[str, Any]]:
    """A row per experiment: the named ones, then other stored ones (sweeps, other presets)."""
    folders = store.stored_names(models)
    counts = {name: len(store.read_experiment(path).header.points) for name, path in folders.items()}
    rows = [
        {"name": kind, "question": about.question, "points": len(named(kind).points), "stored": counts.get(kind, 0)}
        for kind, about in ABOUT.items()
    ]
    for name, path in folders.items():
        if name not in ABOUT:
            header = store.read_experiment(path).header
            rows.append({"name": name, "question": header.question, "points": counts[name], "stored": counts[name]})
    return rows


def choose(
    name: str,
    *,
    detectors: Iterable[str] | None = None,
    preset: str = "standard",
    seed: int = 0,
    detector: str | None = None,
    parameter: str | None = None,
    values: Sequence[str] | None = None,
) -> Experiment:
    """The experiment that the options describe.

    Raises:
        TrainingError: for options that do not belong together.
    """
    swept = {"--detector": detector, "--parameter": parameter, "--values": values}
    if name != "sweep":
        extra = [option for option, value in swept.items() if value is not None]
        if extra:
            raise TrainingError(f"{', '.join(extra)} belong to a sweep: say experiment sweep, or leave them out.")
        return named(name, preset=preset, seed=seed, detectors=detectors)
    missing = [option for option, value in swept.items() if value is None]
    if missing or detectors is not None:
        why = f"{', '.join(missing)} is missing" if missing else "--detectors is of the named experiments"
        raise TrainingError(f"A sweep takes --detector KEY --parameter NAME --values 1,2,4: {why}.")
    assert detector is not None
    assert parameter is not None
    return sweep(detector, parameter, values or [], preset=preset, seed=seed)


def execute(
    experiment: Experiment,
    data: str,
    models: Path,
    *,
    out: Path | None,
    progress: Progress,
    notify: Callable[[str], None],
) -> dict[str, Any]:
    """Run, and give the table of points and the conclusion as JSON."""
    from asd_core.datasets import open_for

    stored = run(experiment, open_for(data, models), models, out=out, progress=progress, notify=notify)
    table = experiment_summary(stored)
    if table.empty:
        raise TrainingError(f"No point of {experiment.name} could be run.")
    table = table.drop_duplicates("point")
    shown = [c for c in SHOWN if not table[c].isna().all()]
    points = table[shown].to_dict("records")  # nan where nothing can be computed
    return {"name": experiment.name, "points": points, "conclusion": conclusion(stored).details}
