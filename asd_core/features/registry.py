"""Every representation by its kind, to and from the JSON of a manifest."""

from dataclasses import asdict
from typing import Any

from asd_core.errors import ArtifactError, ClipError
from asd_core.features.base import Representation
from asd_core.features.denoised import Denoised, undenoised
from asd_core.features.log_mel import LogMel
from asd_core.features.member_scores import MemberScores
from asd_core.features.pretrained.embedding import PretrainedEmbedding
from asd_core.features.recording import Recording
from asd_core.features.spectrum import BandSpectrum
from asd_core.features.time_domain import Level, Waveform

_CLASSES: tuple[type[Any], ...] = (
    LogMel,
    BandSpectrum,
    Level,
    Waveform,
    Recording,
    MemberScores,
    Denoised,
    PretrainedEmbedding,
)
REPRESENTATIONS: dict[str, type[Any]] = {cls.kind: cls for cls in _CLASSES}


def to_config(representation: Representation) -> dict[str, Any]:
    """The representation as JSON."""
    if isinstance(representation, Denoised):
        own = {"strength": representation.strength, "method": representation.method}
        return {"kind": representation.kind, "base": to_config(representation.base), **own}
    return {"kind": representation.kind, **asdict(representation)}  # type: ignore[call-overload]  # a Protocol is no dataclass to mypy


def identity(representation: Representation) -> dict[str, Any]:
    """All that tells a representation from another, as JSON: its parameters, and the file and code of a pretrained model.

    Raises:
        PretrainedError: when the model cannot be used.
    """
    base = undenoised(representation)
    model = {"model": base.identity()} if isinstance(base, PretrainedEmbedding) else {}
    return {**to_config(representation), **model}


def from_config(config: dict[str, Any]) -> Representation:
    """The representation a manifest describes.

    Raises:
        ArtifactError: for an unknown kind or parameter.
    """
    parameters = {key: value for key, value in config.items() if key != "kind"}
    kind = config.get("kind")
    if kind not in REPRESENTATIONS:
        raise ArtifactError(f"unknown representation {kind!r}; known: {', '.join(REPRESENTATIONS)}")
    if kind == Denoised.kind and isinstance(parameters.get("base"), dict):
        parameters["base"] = from_config(parameters["base"])
    try:
        representation: Representation = REPRESENTATIONS[kind](**parameters)
    except (TypeError, ClipError) as error:
        raise ArtifactError(
            f"the representation {kind!r} has parameters this version does not know: {error}"
        ) from error
    return representation
