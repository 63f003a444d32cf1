"""Which pretrained models there are, read from ``pretrained.toml``."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any

from asd_core.errors import PretrainedError, reason_of
from asd_core.settings import get_settings

REGISTRY = Path(__file__).with_name("pretrained.toml")
FILES = {"onnx": "model.onnx", "torchscript": "model.pt", "aisfx": "model.safetensors", "untrained": ""}


@dataclass(frozen=True)
class PretrainedModel:
    """A model as the registry describes it.

    Attributes:
        format: of its file, a key of :data:`FILES`.
        sample_rate: in Hz, that it takes.
        level, gain: how loud it takes samples, in words and as what samples in [-1, 1] are multiplied by.
        layer, size: the output that embeddings are taken from by default, and how many figures each has.
        seconds: a longer clip is cut into pieces of this length, a shorter one repeated; 0: it takes any length.
        sha256: of the file; empty where it is not known.
        source, source_sha256, get: the checkpoint that the file is converted from: its name in a package, its checksum, and the
            command that brings the package.
    """

    name: str
    title: str
    licence: str
    page: str
    paper: str
    format: str
    sample_rate: int
    level: str
    layer: str
    size: int
    gain: float = 1.0
    seconds: float = 0.0
    sha256: str = ""
    source: str = ""
    source_sha256: str = ""
    get: str = ""

    def __post_init__(self) -> None:
        if PurePosixPath(self.name).name != self.name or self.name.startswith("."):
            raise ValueError(f"{self.name!r} is no plain name")
        if self.format not in FILES:
            raise ValueError(f"{self.name} has the format {self.format!r}, known are {', '.join(FILES)}")

    @property
    def has_file(self) -> bool:
        """Whether it needs a file; the control does not."""
        return bool(FILES[self.format])


def pretrained_models() -> dict[str, PretrainedModel]:
    """All models by name. ``ASD_PRETRAINED_MODELS`` names another registry, with models of one's own.

    Raises:
        PretrainedError: for a registry that cannot be read.
    """
    path = get_settings().pretrained_models or REGISTRY
    try:
        found = [_model(entry) for entry in tomllib.loads(path.read_text("utf-8"))["models"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PretrainedError(
            f"{path} is no registry of pretrained models ({reason_of(error)}): compare it with the one of this program, {REGISTRY.name}."
        ) from error
    return {one.name: one for one in found}


def _model(entry: dict[str, Any]) -> PretrainedModel:
    unknown = sorted(set(entry) - {f.name for f in fields(PretrainedModel)})
    if unknown:
        raise ValueError(f"it says {', '.join(unknown)} of {entry.get('name')}, which means nothing")
    return PretrainedModel(**entry)


def pretrained_model(name: str) -> PretrainedModel:
    """The model of a name.

    Raises:
        PretrainedError: for a name that no model has; the message lists the known ones.
    """
    known = pretrained_models()
    if name not in known:
        raise PretrainedError(f"There is no pretrained model {name!r}; known: {', '.join(known)}.")
    return known[name]
