"""What is shown on the map and how: every choice is in the address."""

import streamlit as st

from asd_core.space import METRICS, MIN_DIST, NEIGHBOURS, POOLED, UmapSettings, latent_detectors, space_attributes
from pages.feature_space_page.points import clips
from pages.feature_space_page.view import METHODS, PCA_3D, UMAP, View
from pages.shared import linked
from pages.shared.choice import Choice, title
from pages.shared.sources import Source
from pages.shared.unknown_machine import name_others, of_machine

SCORE = "score"  # a colour that is no column of the catalogue
PARTS = {
    "all": "Log-mel: mean, spread and peak",
    "mean": "Log-mel: mean of each band",
    "spread": "Log-mel: spread of each band",
    "peak": "Log-mel: peak of each band",
}
NAMES = {"snr_db": "SNR in dB", "machine_id": "machine id", SCORE: "score of a detector"}


def part_title(part: str) -> str:
    """A representation's name on screen."""
    return PARTS[part] if part in PARTS else f"Latent space: {title(part)}"


def colour_title(name: str) -> str:
    """What a colour means, on screen."""
    return NAMES.get(name, name.replace("_", " "))


def parts(source: Source) -> list[str]:
    """Representations on offer: the pooled log-mel's, and the latent space of every trained network."""
    trained = [key for key in latent_detectors() if (source.folder / key).is_dir()]
    return [*POOLED, *trained]


def controls(selected: Choice) -> View:
    """Draw the controls in two rows; those of UMAP in a third."""
    about = clips(selected.source)
    splits = sorted(about["split"].unique())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        part = linked.selectbox(
            "Representation",
            parts(selected.source),
            key="part",
            width=320,
            format_func=part_title,
            help="What makes two clips alike: the log-mel summed up over time, or where a network puts the clip.",
        )
        method = linked.segmented("Projection", METHODS, key="method")
        shown = st.pills("Sets", splits, selection_mode="multi", default=splits, key="splits", bind="query-params")
        only = linked.toggle(f"Only machine id {selected.machine_id}", True, key="only")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = [*space_attributes(about), SCORE]
        colour = linked.selectbox("Colour", names, key="colour", width=180, format_func=colour_title)
        # Where none of them knows the machine, the map is grey with any.
        keys = (of_machine(selected).detectors if only else []) or selected.detectors
        detector = keys[0]
        if colour == SCORE:
            detector = linked.selectbox("Detector", keys, key="by", width=220, format_func=title)
        flat = method != PCA_3D
        contours = linked.toggle(
            "Contours of the normals",
            True,
            key="contours",
            disabled=not flat,
            help="Lines around the densest 50, 70 and 90% of the normal clips shown.",
        )
        loadings = linked.toggle("What the axes mean", key="loadings", disabled=method == UMAP)
    if colour == SCORE and only:
        name_others(selected, selected.machine_id)
    return View(
        part,
        method,
        tuple(shown),
        selected.machine_id if only else None,
        colour,
        detector,
        contours and flat,
        loadings and method != UMAP,
        _umap() if method == UMAP else UmapSettings(),
    )


def _umap() -> UmapSettings:
    """UMAP's own settings: chosen before it starts."""
    standard = UmapSettings()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        neighbours = st.slider(
            "Neighbours",
            *NEIGHBOURS,
            standard.n_neighbors,
            key="neighbours",
            bind="query-params",
            width=200,
            help="How many clips are near: few keep fine groups apart, many keep the whole in shape.",
        )
        distance = st.slider(
            "Least distance",
            *MIN_DIST,
            standard.min_dist,
            0.01,
            key="distance",
            bind="query-params",
            width=200,
            help="How close points may be drawn: 0 makes tight clumps.",
        )
        metric = linked.selectbox("Distance", METRICS, key="metric", width=150)
        seed = st.number_input(
            "Seed", 0, 9999, standard.seed, key="seed", bind="query-params", width=110, help="Same seed, same map."
        )
    return UmapSettings(int(neighbours), float(distance), metric, int(seed))
