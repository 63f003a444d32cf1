"""Settings as data: read from the environment (prefix ``ASD_``), with limits that keep a page responsive."""

import os
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_cache_path, user_data_path
from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from asd_core.errors import SettingError

PROJECT_ROOT = Path(__file__).resolve().parent.parent  # the folder that holds the package


def home(root: Path) -> Path:
    """Where models and data are by default: the project's folder in a checkout, else (installed by pip) the user's data
    folder, since nobody looks for their work among a Python's packages."""
    checkout = all((root / name).is_file() for name in ("app.py", "pyproject.toml"))
    return root if checkout else user_data_path("asd-dashboard")


HOME = home(PROJECT_ROOT)


def cores() -> int:
    """How many of the machine's cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _people(pattern: str) -> str:
    if pattern != "*" and (not re.fullmatch(r"[^\s@]*@[^\s@]+", pattern)):
        raise ValueError(f"{pattern!r} is no address (ada@example.org), no domain (@example.org) and not *")
    return pattern.lower()


RoleName = Literal["listen", "label", "train", "administer"]
People = Annotated[str, AfterValidator(_people)]  # an address, a domain, or everybody


class Settings(BaseSettings):
    """Every field can be set as ``ASD_<NAME>`` in the environment."""

    model_config = SettingsConfigDict(env_prefix="ASD_")

    max_clip_seconds: float = Field(default=600.0, gt=0, description="Longest recording that is scored, in seconds.")
    min_clip_seconds: float = Field(default=0.5, gt=0.1, description="Shortest recording that is scored, in seconds.")
    max_upload_mb: float = Field(default=200.0, gt=0, description="Largest file that is read, in megabytes.")
    channel: int = Field(default=0, ge=0, description="Channel that is analysed (DCASE uses the first, 0).")
    false_alarm_rate: float = Field(default=0.05, gt=0, lt=1, description="Default target rate of false alarms.")
    models_dir: Path = Field(default=HOME / "trained_models", description="Trained detectors, a folder a dataset.")
    data_dir: Path = Field(default=HOME / "data", description="The demo catalogue, and the user's own data.")
    data_roots: tuple[Path, ...] = Field(
        default=(HOME / "data",),
        description="Folders of the server below which the Data page offers recordings (a JSON list).",
    )
    data_quota_mb: float = Field(
        default=5000.0, gt=0, description="Size limit of the datasets that are added in the browser, in megabytes."
    )
    public_sets: Path | None = Field(
        default=None, description="A registry of public sets in place of the program's own, such as a mirror's (TOML)."
    )
    pretrained_dir: Path = Field(
        default=user_data_path("asd-dashboard") / "pretrained", description="Pretrained models, a folder a model."
    )
    pretrained_models: Path | None = Field(
        default=None, description="A registry of pretrained models in place of the program's own (TOML)."
    )
    pretrained_model: str = Field(default="aisfx", description="The model that frozen embeddings are of.")
    pretrained_layer: str = Field(
        default="", description="The layer that they are taken from; the model's own choice by default."
    )
    engine: Literal["local", "ray"] = Field(
        default="local", description="Where many recordings are read: on this machine, or on a Ray cluster."
    )
    ray_address: str = Field(
        default="", description="Of the Ray cluster; by default the one that runs on this machine, or one of its own."
    )
    workers: int = Field(
        default_factory=cores, ge=1, description="Processes that read recordings; with 1, all is done in one process."
    )
    database_url: SecretStr | None = Field(
        default=None, description="Database of the labels; by default an SQLite file in the data folder."
    )
    cache_dir: Path = Field(
        default=user_cache_path("asd-dashboard"), description="Rendered demo clips and embeddings; safe to delete."
    )
    features_limit_mb: float = Field(
        default=5_000.0, ge=0, description="Size limit of the clips' stored features, in megabytes; 0 stores none."
    )
    cache_limit_mb: float = Field(default=1000.0, gt=0, description="Size limit of each of these caches, in megabytes.")
    roles: dict[RoleName, tuple[People, ...]] = Field(
        default={}, description="Who may do what: a JSON object, for each role addresses, @domains or * (any login)."
    )
    default_role: RoleName | None = Field(
        default=None, description="The role of whom ASD_ROLES does not name; listen where that is set, else administer."
    )
    read_only: bool = Field(default=False, description="Nobody stores anything: everybody has the role listen.")

    @property
    def database_is_server(self) -> bool:
        """Whether the labels' database is PostgreSQL, which dashboards on several computers may share."""
        return bool(self.database_url and self.database_url.get_secret_value().startswith("postgres"))


@cache
def get_settings() -> Settings:
    """The settings of this process (read once).

    Raises:
        SettingError: where the environment has one that cannot be used.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = "".join(f", {part}" for part in first["loc"][1:] if part != "[key]")
        reason = first["msg"].removeprefix("Value error, ")
        raise SettingError(f"ASD_{str(first['loc'][0]).upper()}{where}: {_sentence(reason)}") from error
    except SettingsError as error:  # it names the field in its text alone
        field = re.search(r'field "(\w+)"', str(error))
        name = f"ASD_{field[1].upper()}" if field else "A setting"
        raise SettingError(f"{name} is not valid JSON: see its form in docs/usage.md, Settings.") from error


def _sentence(reason: str) -> str:
    return f"{reason[:1].lower()}{reason[1:]}: correct it in the environment."
