"""The contract of every detector, and the card that describes it.

A detector is a dataclass: its fields are its parameters (with their limits, in the field's metadata), ``__init__``
holds no logic, and what it learns ends in an underscore. **Higher score = more anomalous, everywhere.**
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from inspect import get_annotations
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.counting import counted, listed, machines_named
from asd_core.detectors.common.few_clips import defaults_for
from asd_core.errors import ArtifactError, TrainingError, UnknownMachineError
from asd_core.features import Array, LogMel, Representation
from asd_core.progress import Progress, silent

Origin = Literal["report", "beyond", "control"]
FittedPer = Literal["machine id", "machine type", "none"]
Scores = NDArray[np.float64]


def parameter(default: Any, *, low: Any, high: Any, help: str, later: bool = False) -> Any:
    """A dataclass field with the range that widgets, validation and docs all read.

    Args:
        later: it was added when detectors and experiments were stored already. Its default changes nothing and is left
            out of what is stored, so that those stay valid.
    """
    return field(default=default, metadata={"low": low, "high": high, "help": help, "later": later})


@dataclass(frozen=True)
class Parameter:
    """One row of a detector's parameter table."""

    name: str
    default: Any
    low: Any
    high: Any
    help: str


@dataclass(frozen=True)
class DetectorInfo:
    """A detector's card: feeds the docs, the cards on screen, the widgets' limits and the validation."""

    key: str
    title: str
    origin: Origin
    scope: FittedPer  # what is fitted: a model per machine id, one for the machine type, or nothing
    paper: str
    decides: str  # how it scores, for everybody: one plain sentence
    catches: str  # what it catches and what it misses: one plain sentence
    how_it_scores: str  # for those who know the method
    when_not_to_use: str
    representation: Representation = field(default_factory=LogMel)
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # quick / standard / paper -> parameters


@dataclass
class State:
    """What a fitted detector is: plain arrays, and JSON for the rest."""

    arrays: dict[str, NDArray[Any]]
    config: dict[str, Any]


class Detector:
    """Base class. Subclasses are dataclasses that set ``info`` and implement the methods that raise here."""

    info: ClassVar[DetectorInfo]
    map_shows: ClassVar[str] = "the score"  # what the values of :meth:`explain` are parts of
    machine_ids_: list[str]
    diagnostics_: dict[str, Any]  # curves and figures of the training, for the manifest
    given_: frozenset[str] = frozenset()  # parameters that a preset or a person has set

    def fit(
        self, features: Sequence[Array], machine_ids: Sequence[str], *, seed: int = 0, progress: Progress = silent
    ) -> Self:
        """Learn from normal clips: ``features[i]`` is one clip's representation (time may vary between clips)."""
        raise NotImplementedError(type(self).__name__)

    def fit_in_domains(
        self,
        features: Sequence[Array],
        machine_ids: Sequence[str],
        domains: Sequence[str],
        *,
        attributes: Sequence[str] = (),
        seed: int = 0,
        progress: Progress = silent,
    ) -> Self:
        """:meth:`fit` where each clip's domain is known (source, target) and, where the dataset has any, DCASE's attributes of each
        as one text: what training calls. A detector that does not use them learns by :meth:`fit`; one that does
        overrides this. Scoring never knows a clip's domain or attributes."""
        return self.fit(features, machine_ids, seed=seed, progress=progress)

    def score(self, features: Sequence[Array], machine_ids: Sequence[str]) -> Scores:
        """Raw scores ``(n_clips,)``.

        Raises:
            UnknownMachineError: for a machine id that was not trained on.
        """
        raise NotImplementedError(type(self).__name__)

    def explain(self, features: Array, machine_id: str) -> Array | None:
        """Where the score comes from, shaped like the log-mel ``(n_mels, n_frames)``; ``None`` if there is no answer."""
        return None

    def latent(self, features: Sequence[Array], machine_ids: Sequence[str]) -> Array | None:
        """Where the network puts each clip, ``(n_clips, d)``; ``None`` for a detector without a latent space."""
        return None

    def state(self) -> State:
        """Learned state, to which a subclass adds its own; :meth:`from_state` gives a detector with the same scores."""
        return State({}, {"machine_ids": self.machine_ids_, "parameters": self.parameters()})

    def restore(self, state: State) -> None:
        """Take back what a subclass added to its :meth:`state`."""

    @classmethod
    def from_state(cls, state: State) -> Self:
        detector = cls(**state.config["parameters"])
        detector.machine_ids_, detector.diagnostics_ = list(state.config["machine_ids"]), {}
        detector.restore(state)
        return detector

    def parameters(self) -> dict[str, Any]:
        """The parameters' values, without those that were added later and have their default value."""
        values = dict(asdict(self))  # type: ignore[call-overload]  # every subclass is a dataclass
        unchanged = [f.name for f in fields(self) if f.metadata["later"] and values[f.name] == f.default]  # type: ignore[arg-type]
        return {name: value for name, value in values.items() if name not in unchanged}

    @classmethod
    def parameter_table(cls) -> list[Parameter]:
        return [
            Parameter(f.name, f.default, f.metadata["low"], f.metadata["high"], f.metadata["help"])
            for f in fields(cls)  # type: ignore[arg-type]  # every subclass is a dataclass
        ]

    @classmethod
    def create(cls, preset: str = "standard", **overrides: Any) -> Self:
        """A detector with a preset's parameters.

        Raises:
            TrainingError: for an unknown parameter, or a value outside its range.
        """
        values = {**cls.info.presets.get(preset, {}), **overrides}
        table = {row.name: row for row in cls.parameter_table()}
        for name, value in values.items():
            if name not in table:
                raise TrainingError(f"{cls.info.key} has no parameter {name!r}; it has: {', '.join(table) or 'none'}.")
            row = table[name]
            if not row.low <= value <= row.high:
                raise TrainingError(f"{cls.info.key}: {name} = {value} is outside {row.low} to {row.high}.")
        detector = cls(**values)
        detector.given_ = frozenset(values)
        return detector

    def again(self) -> Self:
        """An unfitted detector with the same parameters."""
        detector: Self = replace(self)  # type: ignore[type-var]  # every subclass is a dataclass
        detector.given_ = self.given_
        return detector

    def for_clips(self, n_clips: int) -> Self:
        """The detector with what suits a training on ``n_clips`` clips of all machines together: itself, where each machine id has
        a model that suits its own clips."""
        return self

    def suited(self, n_clips: int) -> dict[str, Any]:
        """Parameters that have another value than this detector's where a model is fitted on ``n_clips`` clips (see
        :mod:`asd_core.detectors.common.few_clips`). What a preset or a person has set is kept."""
        suited = defaults_for(self.info.key, n_clips)
        defaults = {f.name: f.default for f in fields(self) if f.name in suited}  # type: ignore[arg-type]  # as above
        return {
            name: value
            for name, value in suited.items()
            if name not in self.given_ and getattr(self, name) == defaults[name] != value
        }

    def _known(self, machine_ids: Sequence[str]) -> None:
        unknown = sorted(set(machine_ids) - set(self.machine_ids_))
        if unknown:
            raise UnknownMachineError(
                f"{self.info.title} does not know {machines_named(unknown)}; it was trained on {listed(self.machine_ids_)}: "
                "choose one of these, or train on this machine's normal sound."
            )


class Density:
    """A model of normal vectors that works on any ``(n, d)`` array, apart from the sound that made it.

    What it learns is annotated in the class's body and ends in an underscore: arrays, numbers, or a dataclass of arrays.
    """

    def fit(self, vectors: NDArray[Any], *, seed: int = 0) -> Self:
        """Learn from ``(n, d)`` normal vectors."""
        raise NotImplementedError(type(self).__name__)

    def score(self, vectors: NDArray[Any]) -> Scores:
        """``(n, d)`` -> anomaly scores ``(n,)``, higher = more anomalous."""
        raise NotImplementedError(type(self).__name__)

    @classmethod
    def _learned(cls) -> dict[str, Any]:
        """Types of the learned attributes, by their names without the underscore."""
        annotations = get_annotations(cls, eval_str=True)
        return {name[:-1]: kind for name, kind in annotations.items() if name.endswith("_")}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Learned state as plain arrays."""
        arrays: dict[str, NDArray[Any]] = {}
        for name, kind in self._learned().items():
            value = getattr(self, f"{name}_")
            arrays |= vars(value) if is_dataclass(kind) else {name: np.atleast_1d(value)}
        return arrays

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Take back what :meth:`arrays` gave."""
        for name, kind in self._learned().items():
            if is_dataclass(kind):
                value = kind(**{f.name: arrays[f.name] for f in fields(kind)})  # type: ignore[operator]  # a class
            else:
                value = kind(arrays[name][0]) if kind in (int, float) else arrays[name]
            setattr(self, f"{name}_", value)
        return self


def with_prefix(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """The arrays whose names begin with a prefix, named without it."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


MIN_TRAINING_CLIPS = 5  # to fit on: what is left of six when a fifth of them is held out


class DensityPerId(Detector):
    """A detector that fits one :class:`Density` for every machine id, with the parameters that suit its number of clips."""

    models_: dict[str, Density]
    suited_: dict[str, dict[str, Any]]  # by machine id, the parameters that are not the detector's own
    inherited_: dict[str, dict[str, Any]] | None = None  # the same, taken over from another fit (see :meth:`again`)

    def new_model(self) -> Density:
        """An unfitted model with this detector's parameters."""
        raise NotImplementedError(type(self).__name__)

    def vectors(self, features: Sequence[Array]) -> Array:
        """Features of clips -> one vector a clip, ``(n_clips, d)``."""
        return np.stack(features)

    def fit(
        self, features: Sequence[Array], machine_ids: Sequence[str], *, seed: int = 0, progress: Progress = silent
    ) -> Self:
        vectors = self.vectors(features)
        return self.fit_each(machine_ids, lambda model, chosen: model.fit(vectors[chosen], seed=seed), progress)

    def fit_each(
        self, machine_ids: Sequence[str], fit_one: Callable[[Density, NDArray[np.bool_]], Density], progress: Progress
    ) -> Self:
        """Fit a model for every machine id.

        Args:
            fit_one: fits an unfitted model to the clips that a mask ``(n_clips,)`` chooses.

        Raises:
            TrainingError: for a machine id with too few clips.
        """
        ids = np.asarray(machine_ids)
        self.machine_ids_ = sorted(set(machine_ids))
        self.models_, self.suited_, self.diagnostics_ = {}, {}, {}
        for index, machine_id in enumerate(self.machine_ids_):
            progress(index / len(self.machine_ids_), f"machine id {machine_id}")
            chosen = ids == machine_id
            if (n := int(chosen.sum())) < MIN_TRAINING_CLIPS:
                raise TrainingError(
                    f"Machine id {machine_id} has {counted(n, 'clip')} to learn from; {self.info.title} needs "
                    f"{MIN_TRAINING_CLIPS} or more: record more normal sound."
                )
            values = self.suited(n) if self.inherited_ is None else self.inherited_.get(machine_id, {})
            if values:
                self.suited_[machine_id] = values
            self.models_[machine_id] = fit_one(self._model_of(machine_id), chosen)
        progress(1.0, "done")
        return self

    def again(self) -> Self:
        """An unfitted detector with the same parameters; of a fitted one also those chosen for each machine id."""
        detector = super().again()
        detector.inherited_ = getattr(self, "suited_", self.inherited_)
        return detector

    def _model_of(self, machine_id: str) -> Density:
        """An unfitted model with the parameters of a machine id."""
        own = self.suited_.get(machine_id)
        return replace(self, **own).new_model() if own else self.new_model()  # type: ignore[type-var]  # as above

    def score(self, features: Sequence[Array], machine_ids: Sequence[str]) -> Scores:
        self._known(machine_ids)
        vectors, ids = self.vectors(features), np.asarray(machine_ids)
        scores = np.empty(len(ids))
        for machine_id in set(machine_ids):
            subset = ids == machine_id
            scores[subset] = self.models_[machine_id].score(vectors[subset])
        return scores

    def state(self) -> State:
        state = super().state()
        for machine_id, model in self.models_.items():
            state.arrays |= {f"{machine_id}/{name}": array for name, array in model.arrays().items()}
        if self.suited_:
            state.config["suited"] = self.suited_
        return state

    def restore(self, state: State) -> None:
        self.models_, self.suited_ = {}, dict(state.config.get("suited", {}))
        for machine_id in self.machine_ids_:
            arrays = with_prefix(state.arrays, f"{machine_id}/")
            if not arrays:
                raise ArtifactError(f"{self.info.title}: nothing is stored for machine id {machine_id}.")
            self.models_[machine_id] = self._model_of(machine_id).load(arrays)
