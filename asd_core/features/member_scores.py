"""Scores of other detectors as the input of a fusion."""

from dataclasses import dataclass
from typing import ClassVar

from asd_core.features.base import Array
from asd_core.sound import Clip


@dataclass(frozen=True)
class MemberScores:
    """Raw scores of other detectors, ``(n_members,)``: what a fusion learns from. Scoring fills it in, no clip does."""

    kind: ClassVar[str] = "scores of detectors"
    sample_rate: int = 16000

    def transform(self, clip: Clip) -> Array:
        """Raises TypeError: there is nothing to compute from sound."""
        raise TypeError("member scores come from scoring, not from a clip")
