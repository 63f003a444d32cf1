"""A published checkpoint becomes a file that holds numbers alone."""

import hashlib
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from asd_core.errors import PretrainedError, reason_of
from asd_core.features.pretrained.files import store_model
from asd_core.features.pretrained.registry import PretrainedModel
from asd_core.settings import PROJECT_ROOT

LARGEST = 1_000_000_000  # bytes of a checkpoint


def convert_model(model: PretrainedModel, place: Path | None = None) -> Path:
    """Convert a model's checkpoint to safetensors and store it where the model's file is expected.

    Args:
        place: a wheel, or the checkpoint itself; the installed package for ``None``.

    Raises:
        PretrainedError: when there is nothing to convert, the checkpoint is not the published one, or it holds more than weights.
    """
    if not model.source:
        raise PretrainedError(f"{model.title} is not converted: export it to {model.format}, see docs/usage.md.")
    data, found = _checkpoint(model, place)
    if hashlib.sha256(data).hexdigest() != model.source_sha256:
        raise PretrainedError(
            f"{found} does not hold the published checkpoint of {model.title}: bring it with {model.get}."
        )
    command = [sys.executable, "-m", "asd_core.features.pretrained.checkpoint"]
    done = subprocess.run(command, cwd=PROJECT_ROOT, input=data, capture_output=True, check=False)
    if done.returncode:
        reason = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason"])[-1]
        raise PretrainedError(f"{found} cannot be converted: {reason[:300]}.")
    return store_model(model, done.stdout, found)


def _checkpoint(model: PretrainedModel, place: Path | None) -> tuple[bytes, Path]:
    """The checkpoint's bytes, and the file they are from. No module of a package is imported for it."""
    if place is None:
        try:
            inside = [file for file in files(model.name) or [] if file.as_posix() == model.source]
        except PackageNotFoundError:
            inside = []
        if not inside:
            raise PretrainedError(
                f"The package of {model.title} is not installed: bring it with {model.get}, and name the file that comes."
            )
        place = Path(str(inside[0].locate()))
    try:
        if place.suffix != ".whl":
            return place.read_bytes(), place
        with zipfile.ZipFile(place) as wheel:
            if wheel.getinfo(model.source).file_size > LARGEST:
                raise PretrainedError(f"{place} holds a checkpoint of over 1 GB, which is not that of {model.title}.")
            return wheel.read(model.source), place
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise PretrainedError(
            f"{place} cannot be read as {model.title}'s package or checkpoint ({reason_of(error)}): give the file that {model.get} brings."
        ) from error
