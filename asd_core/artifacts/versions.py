"""Versions of a dataset's detectors, side by side: one of them is in use.

The first version is the models folder itself, the others are folders in ``versions/`` below it. An index, replaced in
one step, says which is in use, and a version enters it only when it is complete: a half-written one is never in use.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from asd_core.artifacts.artifact import read_versioned, trained_keys
from asd_core.errors import ArtifactError, reason_of
from asd_core.files import file_in_the_way, locked, write_text

VERSIONS, INDEX, INDEX_SCHEMA = "versions", "index.json", 1
FIRST = "first"  # name of the models folder itself


class TrainedVersion(BaseModel):
    """A version that was trained again.

    Attributes:
        name: of its folder.
        made: when, in ISO 8601.
        joined, left: how many clips people's labels brought into training, and took out of it.
    """

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[^./\\][^/\\]*$")
    made: str
    joined: int
    left: int


class _Index(BaseModel):
    model_config = ConfigDict(extra="forbid")

    schema_version: int = INDEX_SCHEMA
    versions: list[TrainedVersion] = []
    in_use: str = FIRST

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.in_use not in [FIRST, *(version.name for version in self.versions)]:
            raise ValueError(self.in_use)
        return self


def trained_versions(models: Path) -> list[TrainedVersion]:
    """The versions of a models folder beside the first, oldest first.

    Raises:
        ArtifactError: when the index is damaged.
    """
    return _read(models).versions


def version_in_use(models: Path) -> str:
    """Name of the version that is in use. Raises: as :func:`trained_versions`."""
    return _read(models).in_use


def folder_of_version(models: Path, name: str) -> Path:
    """Where a version is."""
    return models if name == FIRST else models / VERSIONS / name


def folder_in_use(models: Path) -> Path:
    """Where the version in use is: the models folder itself where it has no others, or where their index says nothing usable."""
    try:
        folder = folder_of_version(models, version_in_use(models))
    except ArtifactError:
        return models
    return folder if trained_keys(folder) else models


@contextmanager
def changing_versions(models: Path) -> Iterator[None]:
    """One process or thread at a time changes the versions of a models folder; others wait.

    Raises:
        ArtifactError: when the folder cannot be written.
    """
    with ExitStack() as held:
        try:
            held.enter_context(locked(_index(models)))
        except NotADirectoryError as error:
            raise _no_folder(models) from error
        except OSError as error:
            raise ArtifactError(
                f"{models / VERSIONS} cannot be written ({reason_of(error)}): free space or allow writing there."
            ) from error
        yield


def add_version(models: Path, version: TrainedVersion) -> None:
    """Enter a complete version, and put it in use."""
    with changing_versions(models):
        index = _read(models)
        _write(models, _Index(in_use=version.name, versions=[*index.versions, version]))


def use_version(models: Path, name: str) -> None:
    """Put a version in use.

    Raises:
        ArtifactError: when there is none of that name, or it holds no detector.
    """
    with changing_versions(models):
        index = _read(models)
        known = [FIRST, *(version.name for version in index.versions)]
        if name not in known or not trained_keys(folder_of_version(models, name)):
            raise ArtifactError(f"{models} has no trained version {name}: choose one of {', '.join(known)}.")
        _write(models, index.model_copy(update={"in_use": name}))


def _index(models: Path) -> Path:
    return models / VERSIONS / INDEX


def _read(models: Path) -> _Index:
    path = _index(models)
    try:
        return read_versioned(path, _Index, INDEX_SCHEMA, "use the program that wrote it")
    except FileNotFoundError:
        return _Index()
    except NotADirectoryError as error:
        raise _no_folder(models) from error
    except (OSError, ValueError, AttributeError) as error:
        raise ArtifactError(f"{path} is damaged: delete it, and the first version is in use.") from error


def _no_folder(models: Path) -> ArtifactError:
    return ArtifactError(f"{file_in_the_way(models) or models} is a file: give a folder of trained detectors.")


def _write(models: Path, index: _Index) -> None:
    path = _index(models)
    try:
        write_text(index.model_dump_json(indent=1) + "\n", path)
    except OSError as error:
        raise ArtifactError(
            f"{path} cannot be written ({reason_of(error)}): free space or allow writing there."
        ) from error
