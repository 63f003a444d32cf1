"""Options that several commands share."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from asd_core.addresses import Address, Place, place_of


class Preset(StrEnum):
    """How long to train."""

    quick = "quick"
    standard = "standard"
    paper = "paper"


Data = Annotated[
    str,
    typer.Option(
        "--data",
        help="A folder of recordings, a table of them (CSV, Parquet), either also at an address (s3://bucket/fans), a dataset file, "
        "demo, or demo-fan.",
    ),
]
MapFile = Annotated[
    Path | None, typer.Option("--map", help="A TOML or CSV file that says how names are to be understood.")
]


def local_folder(context: typer.Context, place: Place | None) -> Path | None:
    """The folder that a command works in: of one at an address a local copy, stored there when the command has ended well."""
    from asd_core.mirrored import mirrored

    return context.with_resource(mirrored(place)) if isinstance(place, Address) else place


def _in_use(context: typer.Context, place: Place) -> Path | None:
    from asd_core.artifacts import folder_in_use

    folder = local_folder(context, place)
    return folder_in_use(folder) if folder else None


Models = Annotated[
    Path,
    typer.Option(
        "--models",
        help="Folder of trained detectors, also at an address (s3://bucket/models/fans); of several versions, the one in use.",
        parser=place_of,
        callback=_in_use,
    ),
]
Detectors = Annotated[str | None, typer.Option("--detectors", help="Keys, separated by commas; all by default.")]
PresetOption = Annotated[Preset, typer.Option(help="How long to train.")]
Resume = Annotated[bool, typer.Option("--resume", help="Leave detectors that were trained so on these clips before.")]
Seed = Annotated[int, typer.Option(help="Same seed, same weights.")]
Strength = Annotated[float, typer.Option(min=0.0, max=1.0, help="Denoising strength, 0 to 1.")]


def _ask_for(setting: str) -> Callable[[Any], Any]:
    def ask(value: Any) -> Any:
        from asd_core.engine import override_settings

        if value is not None:
            override_settings(**{setting: value})
        return value

    return ask


# A command need not use these itself: the code that reads many recordings asks for the chosen engine.
EngineName = Annotated[
    Literal["local", "ray"] | None,
    typer.Option(
        "--engine",
        help="Where recordings are read: on this machine, or on a Ray cluster; as ASD_ENGINE says by default.",
        callback=_ask_for("engine"),
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--address",
        help="Of the Ray cluster: host:port of one that this machine belongs to, ray://host:port of another; as ASD_RAY_ADDRESS says "
        "by default.",
        callback=_ask_for("ray_address"),
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        help="Processes that read recordings; as ASD_WORKERS says by default, or one a core.",
        callback=_ask_for("workers"),
    ),
]

DenoisingKind = Annotated[Literal["stationary", "non-stationary"], typer.Option(help="Of denoising.")]


def comma_separated(text: str | None) -> list[str] | None:
    """The parts of a list that is separated by commas; ``None`` where it was not given."""
    return None if text is None else [key.strip() for key in text.split(",") if key.strip()]
