"""Where a pretrained model's file lies, and whether it is the one that was agreed on.

A file is read once: its bytes are hashed, and the same bytes are loaded, so that none can be exchanged in between. TorchScript carries
code that runs when it is loaded, and ONNX a graph: neither is looked into before its checksum is right.
"""

import hashlib
import json
from pathlib import Path

from asd_core.errors import PretrainedError, reason_of
from asd_core.features.pretrained.registry import FILES, PretrainedModel
from asd_core.files import write_bytes, write_text
from asd_core.settings import get_settings

ACCEPTED = "accepted.json"  # beside a file of which no checksum was known: the one that a person took it with


def model_file(model: PretrainedModel) -> Path:
    """Where the file of a model is expected: below ``ASD_PRETRAINED_DIR``."""
    return get_settings().pretrained_dir / model.name / FILES[model.format]


def agreed_sha256(model: PretrainedModel) -> str:
    """The checksum that the file must have: the registered one, or that of the file that was taken unverified; empty without."""
    if model.sha256:
        return model.sha256
    try:
        stored = json.loads((model_file(model).parent / ACCEPTED).read_text("utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return str(stored)


def state_of(model: PretrainedModel) -> str:
    """For a list: built in, missing, or there, with how its checksum is known."""
    if not model.has_file:
        return "built in"
    if not model_file(model).is_file():
        return "missing"
    if not model.sha256:
        return "there, unverified" if agreed_sha256(model) else "there, not accepted"
    return "there"


def checked_bytes(model: PretrainedModel) -> bytes:
    """The file's content.

    Raises:
        PretrainedError: when it is missing, cannot be read, or is not the file that was agreed on.
    """
    path = model_file(model)
    if not path.is_file():
        raise PretrainedError(f"{model.title} is not here ({path}): {_how_to_bring(model)}.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PretrainedError(f"{path} cannot be read ({reason_of(error)}).") from error
    _check(data, model, path)
    return data


def _check(data: bytes, model: PretrainedModel, path: Path) -> None:
    agreed = agreed_sha256(model)
    if not agreed:
        raise PretrainedError(
            f"No checksum is known of {model.title}, so nothing would show a wrong file: look at {model.page}, and say "
            f"asd_core pretrained add {model.name} FILE --unverified to take it all the same."
        )
    if (found := hashlib.sha256(data).hexdigest()) != agreed:
        raise PretrainedError(
            f"{path} is not the file of {model.title} that is registered (its sha256 is {found[:12]}…, that of the right one "
            f"{agreed[:12]}…): {_how_to_bring(model)}."
        )


def _how_to_bring(model: PretrainedModel) -> str:
    if model.source:
        return f"bring it with {model.get} and asd_core pretrained convert {model.name} FILE"
    return f"bring it with asd_core pretrained add {model.name} FILE"


def add_model(model: PretrainedModel, path: Path, *, unverified: bool = False) -> Path:
    """Copy a local file to where the model's is expected.

    Args:
        unverified: also where no checksum is known; that of this file is agreed on from then on.

    Raises:
        PretrainedError: when it cannot be read or stored, is not the registered file, or nothing is known to compare it with.
    """
    if not model.has_file:
        raise PretrainedError(f"{model.title} needs no file.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PretrainedError(
            f"{path} cannot be read ({reason_of(error)}): give the file of {model.title}, in the format {model.format}."
        ) from error
    return store_model(model, data, path, unverified=unverified)


def store_model(model: PretrainedModel, data: bytes, source: Path, *, unverified: bool = False) -> Path:
    """:func:`add_model` of bytes that were read from ``source``."""
    target = model_file(model)
    taken = {"sha256": hashlib.sha256(data).hexdigest(), "from": source.name}
    try:
        if model.sha256 or not unverified:
            _check(data, model, source)
        write_bytes(data, target)
        if not model.sha256:
            write_text(json.dumps(taken) + "\n", target.parent / ACCEPTED)
    except OSError as error:
        raise PretrainedError(
            f"{target} cannot be written ({reason_of(error)}): free space, or name another folder in ASD_PRETRAINED_DIR."
        ) from error
    return target
