"""Pretrained models from local files."""

from pathlib import Path
from typing import Annotated

import typer

from asd_core.cli.output import AsJson, notify, print_json, print_table

pretrained = typer.Typer(help="Pretrained models, from local files.", no_args_is_help=True, rich_markup_mode=None)
Name = Annotated[str, typer.Argument(help="Of the model; list shows all.")]


@pretrained.command(name="list")
def show(as_json: AsJson = False) -> None:
    """List the models that are known, and which are there."""
    from asd_core.features import pretrained_models, state_of

    rows = [
        {
            "name": one.name,
            "title": one.title,
            "state": state_of(one),
            "licence": one.licence,
            "format": one.format,
            "rate": one.sample_rate,
            "size": one.size,
            "layer": one.layer,
            "sha256": one.sha256 or ("not known" if one.has_file else ""),
            "page": one.page,
        }
        for one in pretrained_models().values()
    ]
    if as_json:
        print_json(rows)
        return
    print_table("Pretrained models", [{k: v for k, v in row.items() if k not in ("sha256", "page")} for row in rows])


@pretrained.command()
def add(
    name: Name,
    file: Annotated[Path, typer.Argument(help="ONNX or TorchScript.")],
    unverified: Annotated[
        bool,
        typer.Option("--unverified", help="Also a file of which no checksum is known: this very one from then on."),
    ] = False,
) -> None:
    """Take a model's file: it is copied to where models lie, if its checksum is the registered one."""
    from asd_core.features import add_model, pretrained_model

    model = pretrained_model(name)
    place = add_model(model, file, unverified=unverified)
    notify(
        f"{model.title} is there ({place}). Licence: {model.licence}, see {model.page}. Use it with ASD_PRETRAINED_MODEL={name}."
    )


@pretrained.command()
def convert(
    name: Name,
    file: Annotated[
        Path | None, typer.Argument(help="A wheel or checkpoint; the installed package by default.")
    ] = None,
) -> None:
    """Convert a published checkpoint, a pickle, to a file that holds numbers alone, and take that."""
    from asd_core.features import convert_model, pretrained_model

    model = pretrained_model(name)
    place = convert_model(model, file)
    notify(f"{model.title} is there ({place}). Licence: {model.licence}, see {model.page}.")
