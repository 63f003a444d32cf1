"""Which detector of a dataset a person has put in use. It is a choice, which no figure makes; it is kept in the user's data."""

import json
from pathlib import Path

from asd_core.artifacts.artifact import trained_keys
from asd_core.detectors import is_control
from asd_core.errors import ArtifactError, reason_of
from asd_core.files import write_text
from asd_core.settings import get_settings


def _file(models: Path) -> Path:
    return get_settings().data_dir / "user" / "in_use" / f"{models.resolve().name}.json"


def pinned_detector(models: Path) -> str:
    """Key of the detector that was pinned for a models folder; empty for none. It may be trained no longer."""
    try:
        return str(json.loads(_file(models).read_text("utf-8"))["detector"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def detector_in_use(models: Path) -> str:
    """The pinned detector of a models folder; empty where there is none, or it is trained no longer."""
    key = pinned_detector(models)
    return key if key and key in trained_keys(models) and not is_control(key) else ""


def pin_detector(models: Path, key: str) -> None:
    """Put a detector of a models folder in use, in place of the one before; empty: none, so that the measured best leads.

    Raises:
        ArtifactError: when it is not trained or is a control, or the choice cannot be stored.
    """
    if key and (key not in trained_keys(models) or is_control(key)):
        raise ArtifactError(
            f"{key} cannot be put in use: choose a trained detector of {models.name} that is no control."
        )
    path = _file(models)
    try:
        if key:
            write_text(json.dumps({"detector": key}) + "\n", path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise ArtifactError(
            f"Which detector is in use cannot be stored in {path.parent} ({reason_of(error)}): free space or allow writing there."
        ) from error
