"""The named experiments, and sweeps: which points each one has."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from asd_core.detectors import Detector, Parameter, detector_class, detector_keys, select
from asd_core.detectors.common.network import NetworkDetector
from asd_core.detectors.fusion import Fusion
from asd_core.errors import TrainingError
from asd_core.experiments.points import Point
from asd_core.experiments.questions import ABOUT, About
from asd_core.experiments.variants import registered
from asd_core.features import MemberScores

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
BOTH, TEST_ONLY = "training and test", "test only"
MELS, BATCH_SIZES = (32, 64, 128, 256), (16, 32, 64, 128, 256)
COMPONENTS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 160, 192, 224)
RULES: dict[str, dict[str, Any]] = {"likelihood": {}, "Scott's rule": {"scott": True}, "fixed at 1": {"fixed": 1.0}}
FACTORS = (0.125, 0.25, 0.5, 0.71, 1.0, 1.41, 2.0, 4.0, 8.0)
FACTOR_COMPONENTS = (4, 8, 32)
EPOCHS = (1, 2, 4, 8, 16, 32)
EPS = (0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0)
MIN_SAMPLES = (2, 4, 8, 16, 32)
DEFAULT_RULE = "rule"
CLIPS = (8, 16, 32, 64, 128, 256)  # normal clips of each machine id
DRAWS = 3  # of a detector that is no network
NETWORK_CLIPS = (16, 64, 256)  # of a network, which takes minutes: one draw each
KDE, DBSCAN = "pca_kde_bandwidth", "pca_dbscan_tuned"
# A standard training of f-AnoGAN takes ten minutes, of the others a few, and the denoising curve needs five of each.
QUICK = {"f_anogan", "cnn_ae", "cnn_ae_skip", "cnn_ae_masked", "idnn", "act_embedding"}


@dataclass(frozen=True)
class Experiment:
    """A question, and the points that answer it."""

    kind: str
    name: str  # of its folder
    about: About
    points: tuple[Point, ...]
    chosen: frozenset[str]  # names of the points to run now; the others stay as they are stored


KINDS = tuple(ABOUT)


def named(kind: str, *, preset: str = "standard", seed: int = 0, detectors: Iterable[str] | None = None) -> Experiment:
    """A named experiment.

    Args:
        detectors: only the points of these; all for ``None``.

    Raises:
        TrainingError: for an unknown name or detector, or when no point is left.
    """
    if kind not in KINDS:
        raise TrainingError(f"There is no experiment {kind!r}; choose one of: {', '.join((*KINDS, 'sweep'))}.")
    points = _POINTS[kind](preset, seed)
    wanted = select(detectors)
    chosen = frozenset(p.name for p in points if registered(p.detector) in wanted)
    if not chosen:
        has = ", ".join(dict.fromkeys(registered(p.detector) for p in points))
        raise TrainingError(f"The experiment {kind} has no points of {', '.join(wanted)}; it has: {has}.")
    return Experiment(kind, _named(kind, preset, seed), ABOUT[kind], tuple(points), chosen)


def quick_curve(detectors: Iterable[str] | None = None, *, seed: int = 0) -> Experiment | None:
    """The experiment ``clips`` without the networks; ``None`` where none of those asked for is left."""
    whole, wanted = named("clips", seed=seed), select(detectors)
    chosen = frozenset(p.name for p in whole.points if p.detector in wanted and not _is_network(p.detector))
    return replace(whole, chosen=chosen) if chosen else None


def _named(stem: str, preset: str, seed: int) -> str:
    """Another preset or seed has a folder of its own."""
    return stem + (f"-{preset}" if preset != "standard" else "") + (f"-seed{seed}" if seed else "")


def _denoising(preset: str, seed: int) -> list[Point]:
    points = []
    for key in detector_keys():
        subset = partial(Point, detector=key, preset="quick" if key in QUICK else preset, seed=seed)
        points.append(subset(f"{key}, undenoised", BOTH, 0.0))
        for s in STRENGTHS[1:]:
            points.append(subset(f"{key}, {s:g} in {BOTH}", BOTH, s, trained_at=s, tested_at=s))
            points.append(subset(f"{key}, {s:g} in {TEST_ONLY}", TEST_ONLY, s, tested_at=s))
    return points


def _mels(preset: str, seed: int) -> list[Point]:
    return [Point(f"{n} mel bands", "cnn_ae", n, "cnn_ae", {}, preset, seed, n_mels=n) for n in MELS]


def _batch_size(preset: str, seed: int) -> list[Point]:
    return [Point(f"batch {n}", "cnn_ae", n, "cnn_ae", {"batch_size": n}, preset, seed) for n in BATCH_SIZES]


def _components(preset: str, seed: int) -> list[Point]:
    return [
        Point(
            f"{k} component{'' if k == 1 else 's'}, {rule}", rule, k, KDE, {"n_components": k, **values}, preset, seed
        )
        for rule, values in RULES.items()
        for k in COMPONENTS
    ]


def _bandwidth(preset: str, seed: int) -> list[Point]:
    return [
        Point(f"{series}, bandwidth x {f:g}", series, f, KDE, {"n_components": k, "factor": f}, preset, seed)
        for k in FACTOR_COMPONENTS
        for series in [f"{k} components"]
        for f in FACTORS
    ]


def _skips(preset: str, seed: int) -> list[Point]:
    return [
        Point(f"{key}, {n} epochs", key, n, key, {"epochs": n, "patience": n}, preset, seed)
        for key in ("cnn_ae", "cnn_ae_skip", "cnn_ae_masked")
        for n in EPOCHS
    ]


def _dbscan(preset: str, seed: int) -> list[Point]:
    grid = [
        Point(f"eps {eps:g}, {series}", series, eps, DBSCAN, {"eps": eps, "min_samples": m}, preset, seed)
        for m in MIN_SAMPLES
        for series in [f"min_samples {m}"]
        for eps in EPS
    ]
    return [Point(DEFAULT_RULE, DEFAULT_RULE, float("nan"), "pca_dbscan", {}, preset, seed), *grid]


def _clips(preset: str, seed: int) -> list[Point]:
    """Of all that learn from sound: a fusion learns from its members, and a random score from nothing."""
    points = []
    for key in detector_keys():
        info = detector_class(key).info
        if isinstance(info.representation, MemberScores) or info.scope == "none":
            continue
        numbers, draws = (NETWORK_CLIPS, 1) if _is_network(key) else (CLIPS, DRAWS)
        own = "quick" if key in QUICK else preset
        points += [
            Point(f"{key}, {n} clips, draw {d + 1}", key, n, key, {}, own, seed, clips=n, draw=d)
            for n in numbers
            for d in range(draws)
        ]
    return points


def _is_network(key: str) -> bool:
    return issubclass(detector_class(key), NetworkDetector)


_POINTS = {
    "denoising": _denoising,
    "mels": _mels,
    "batch_size": _batch_size,
    "components": _components,
    "bandwidth": _bandwidth,
    "skips": _skips,
    "dbscan": _dbscan,
    "clips": _clips,
}


def sweepable() -> list[str]:
    """Keys of the detectors that have a parameter to sweep."""
    return [key for key in detector_keys() if _can_sweep(detector_class(key))]


def _can_sweep(cls: type[Detector]) -> bool:
    return bool(cls.parameter_table()) and not issubclass(cls, Fusion)


def sweep(
    detector: str, name: str, values: Sequence[str | float], *, preset: str = "standard", seed: int = 0
) -> Experiment:
    """One parameter of one detector at several values, the others as the preset has them.

    Args:
        name: of the parameter, from the detector's ``parameter_table``.
        values: numbers, or their text; true and false for a switch.

    Raises:
        TrainingError: for an unknown detector or parameter, or a value that is none or outside its range.
    """
    cls = detector_class(detector)
    if not _can_sweep(cls):
        why = "learns from other detectors' scores" if cls.parameter_table() else "has no parameter"
        raise TrainingError(f"{cls.info.title} {why}: choose one of {', '.join(sweepable())}.")
    table = {row.name: row for row in cls.parameter_table()}
    if name not in table:
        raise TrainingError(f"{detector} has no parameter {name!r}; it has: {', '.join(table)}.")
    if not values:
        raise TrainingError(f"No values of {name} were given: give some, such as 1,2,4.")
    row = table[name]
    numbers = sorted(dict.fromkeys(_parsed(v, row) for v in values))
    points = []
    for value in numbers:
        cls.create(preset, **{name: value})  # refuses a value outside its range
        text = str(value).lower() if isinstance(value, bool) else f"{value:g}"
        points.append(Point(f"{name} {text}", detector, float(value), detector, {name: value}, preset, seed))
    title = cls.info.title
    wide = max(numbers) >= 8 * min(numbers) > 0
    about = About(f"{title}: {name}", f"How much hangs on {name} of {title}?", "", row.help, name, log_x=wide)
    stem = _named(f"sweep-{detector}-{name}", preset, seed)
    return Experiment("sweep", stem, about, tuple(points), frozenset(p.name for p in points))


def _parsed(value: str | float, row: Parameter) -> Any:
    text = str(value).strip().lower()
    if isinstance(row.default, bool):
        if text in ("true", "false"):
            return text == "true"
        raise TrainingError(f"{value} is no value of {row.name}: it is true or false.")
    try:
        number = float(text)
    except ValueError as error:
        raise TrainingError(f"{value!r} is no value of {row.name}: give numbers, such as 1,2,4.") from error
    if isinstance(row.default, int):
        if not number.is_integer():
            raise TrainingError(f"{value} is no value of {row.name}: it takes whole numbers.")
        return int(number)
    return number
