"""The recording conditions of a dataset's clips, beside the detectors that were trained on it."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from asd_core.datasets import Conditions
from asd_core.errors import ArtifactError
from asd_core.files import write_bytes

CONDITIONS = "conditions.json"
_BY_SPLIT = TypeAdapter(dict[str, dict[str, Conditions]])


def read_conditions(folder: Path) -> dict[str, dict[str, Conditions]]:
    """By split and machine id, how the recordings were made; empty where nobody has stored it.

    Raises:
        ArtifactError: when the file is damaged.
    """
    path = folder / CONDITIONS
    if not path.is_file():
        return {}
    try:
        return _BY_SPLIT.validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise ArtifactError(
            f"{path} is damaged: delete it and run `python -m asd_core reference` for this folder."
        ) from error


def write_conditions(by_split: Mapping[str, Mapping[str, Conditions]], out: Path) -> None:
    """Store how the recordings of some splits were made, in place of what was stored."""
    write_bytes(
        _BY_SPLIT.dump_json({s: dict(machines) for s, machines in by_split.items()}, indent=1) + b"\n", out / CONDITIONS
    )
