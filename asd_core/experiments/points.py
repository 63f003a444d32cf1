"""A point of an experiment: one detector, how it is trained, and what it then scores."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from asd_core.detectors.fusion import Fusion
from asd_core.experiments.variants import class_of
from asd_core.features import Array, LogMel, Representation, of_denoised, to_config
from asd_core.sound import Clip

LEAST_ROWS = 61  # four 5x5 convolutions of stride 2 leave one row of so many, and none of fewer

STORED_TESTED_AT = "heard_at"  # what specifications on the disk call ``tested_at``


@dataclass(frozen=True)
class Point:
    """One training and one scoring; points of one training differ only in what they score."""

    name: str  # unique in its experiment
    series: str  # the curve it lies on
    x: float  # where on it
    detector: str  # a key of the registry or of VARIANTS
    overrides: Mapping[str, Any] = field(default_factory=dict)
    preset: str = "standard"
    seed: int = 0
    n_mels: int | None = None  # None: the detector's own representation
    trained_at: float = 0.0  # denoising strength of the training clips; 0: as recorded
    tested_at: float = 0.0  # denoising strength of the test clips
    clips: int | None = None  # normal clips of each machine id, those held out included; None: all there are
    draw: int = 0  # which of them, see :func:`asd_core.experiments.draws.drawn`

    def parameters(self) -> dict[str, Any]:
        """Of the detector, all of them.

        Raises:
            TrainingError: for an unknown parameter or a value outside its range.
        """
        return class_of(self.detector).create(self.preset, **self.overrides).parameters()

    def representation(self, strength: float) -> Representation:
        """What the detector gets of a clip denoised at a strength."""
        result: Representation = class_of(self.detector).info.representation
        if self.n_mels is not None and isinstance(result, LogMel):
            result = replace(result, n_mels=self.n_mels)
            if self.n_mels < LEAST_ROWS:
                result = RepeatedRows(result, -(-LEAST_ROWS // self.n_mels))
        return of_denoised(result, strength)

    def spec(self) -> dict[str, Any]:
        """Everything that decides the scores, as JSON: a stored point with another one is not this point."""
        return {
            "detector": self.detector,
            "parameters": self.parameters(),
            "seed": self.seed,
            "representation": to_config(self.representation(0.0)),
            "trained_at": self.trained_at,
            STORED_TESTED_AT: self.tested_at,
            **({} if self.clips is None else {"clips": self.clips, "draw": self.draw}),
        }

    @property
    def is_fusion(self) -> bool:
        return issubclass(class_of(self.detector), Fusion)


@dataclass(frozen=True)
class RepeatedRows:
    """A log-mel of few bands with each band drawn several times, for networks that need a height."""

    kind: ClassVar[str] = "log-mel, bands repeated"
    base: LogMel
    times: int

    @property
    def sample_rate(self) -> int:
        return self.base.sample_rate

    def transform(self, clip: Clip) -> Array:
        """``(times * n_mels, n_frames)``."""
        return np.repeat(self.base.transform(clip), self.times, axis=0)
