"""UMAP: settings first, then a button; the work is done in a process of its own."""

import streamlit as st

from pages.feature_space_page.points import umap_path
from pages.feature_space_page.view import View
from pages.shared.job_panel import job_panel
from pages.shared.sources import Source


def umap_panel(source: Source, view: View, n_clips: int) -> None:
    """What is shown and offered while there is no map with these settings."""
    path, settings = umap_path(source, view), view.umap
    st.info(
        f"No UMAP of these {n_clips} clips with these settings is stored yet. Computing it takes half a minute and "
        "more; it is kept, and found again with the same clips and settings.",
        icon=":material/hub:",
    )
    arguments = ["umap", "--models", str(source.folder), "--part", view.part, "--out", str(path)]
    for split in view.splits:
        arguments += ["--split", split]
    if view.machine_id is not None:
        arguments += ["--machine-id", view.machine_id]
    arguments += ["--n-neighbors", str(settings.n_neighbors), "--min-dist", str(settings.min_dist)]
    arguments += ["--metric", settings.metric, "--seed", str(settings.seed)]
    job_panel(path.stem, f"UMAP of {n_clips} clips", arguments, "Compute the map", dataset=source.name, resumes=False)
