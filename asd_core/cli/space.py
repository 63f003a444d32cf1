"""What the Feature space page shows."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from asd_core.cli.options import Data, Detectors, EngineName, Models, RayAddress, Workers, comma_separated
from asd_core.cli.output import notify, notify_damaged, progress_bar


def latents(
    data: Data,
    models: Models,
    detectors: Detectors = None,
    workers: Workers = None,
    engine: EngineName = None,
    address: RayAddress = None,
) -> None:
    """Put every clip through the networks and store their latent vectors, for the feature space."""
    from asd_core.artifacts import ModelSet
    from asd_core.datasets import open_for
    from asd_core.space import compute_latents

    with progress_bar() as progress:
        done = compute_latents(
            open_for(data, models), ModelSet(models, comma_separated(detectors)), progress=progress, notify=notify
        )
    notify(
        f"Latent spaces of {', '.join(done)} stored in {models}." if done else "Every latent space was stored already."
    )


def thumbnails(data: Data, models: Models) -> None:
    """Draw a small spectrogram of every clip, for the feature space."""
    from asd_core.artifacts import read_pooled
    from asd_core.datasets import open_for
    from asd_core.space import compute_thumbnails

    with progress_bar() as progress:
        clips = read_pooled(models, ("clip_id", "sha256"))
        path = compute_thumbnails(open_for(data, models), clips, progress=progress, notify=notify)
    notify(f"{path} written.")


def umap(
    models: Models,
    part: Annotated[
        str, typer.Option(help="Of the pooled log-mel: all, mean, spread, peak; or a detector: its latent.")
    ] = "all",
    split: Annotated[list[str] | None, typer.Option(help="Only clips of this split; may be repeated.")] = None,
    machine_id: Annotated[str | None, typer.Option(help="Only clips of this machine.")] = None,
    n_neighbors: Annotated[int, typer.Option(help="Few: details; many: the whole.")] = 15,
    min_dist: Annotated[float, typer.Option(help="How close points may be drawn.")] = 0.1,
    metric: Annotated[
        Literal["euclidean", "cosine", "manhattan", "correlation"], typer.Option(help="Of distance.")
    ] = "euclidean",
    seed: Annotated[int, typer.Option(help="Same seed, same map.")] = 0,
    out: Annotated[Path | None, typer.Option(help="File to write; in the user's data by default.")] = None,
) -> None:
    """Compute a UMAP of the clips and store it for the feature space."""
    from asd_core.space import UmapSettings, fit_umap, read_space, save_umaps, umap_file, umap_key

    settings = UmapSettings(n_neighbors, min_dist, metric, seed)
    space = read_space(models, part)
    space = space.subset(split or sorted(space.about["split"].unique()), machine_id)
    with progress_bar() as progress:
        fitted = fit_umap(space.vectors, settings, progress=progress)
    key = umap_key(space.vectors, settings)
    path = out or umap_file(key)
    save_umaps({key: fitted.xy}, path)
    notify(f"A map of {len(space.about)} clips written to {path}.")


def umaps(models: Models) -> None:
    """Compute the UMAPs that the feature space opens with and store them beside the detectors."""
    from asd_core.space import MAPS, store_umaps

    notify_damaged(models)
    with progress_bar() as progress:
        n = store_umaps(models, progress=progress)
    notify(f"{n} maps written to {models / MAPS}.")
