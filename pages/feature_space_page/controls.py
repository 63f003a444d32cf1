"""What is shown on the map and how: every choice is in the address."""

import streamlit as st

from asd_core.space import METRICS, MIN_DIST, NEIGHBOURS, POOLED, UmapSettings, latent_detectors, space_attributes
from pages.feature_space_page.points import clips
from pages.feature_space_page.view import METHODS, View
from pages.shared.choice import Choice, title
from pages.shared.sources import Source

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
        part = st.selectbox(
            "Representation",
            parts(selected.source),
            key="part",
            bind="query-params",
            width=320,
            format_func=part_title,
            help="What makes two clips alike: the log-mel summed up over time, or where a network puts the clip.",
        )
        method = st.segmented_control(
            "Projection", METHODS, default=METHODS[0], required=True, key="method", bind="query-params"
        )
        shown = st.pills("Splits", splits, selection_mode="multi", default=splits, key="splits", bind="query-params")
        only = st.toggle(f"Only machine id {selected.machine_id}", key="only", bind="query-params", value=True)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        colour = st.selectbox(
            "Colour",
            [*space_attributes(about), SCORE],
            key="colour",
            bind="query-params",
            width=180,
            format_func=colour_title,
        )
        detector = selected.detectors[0]
        if colour == SCORE:
            detector = st.selectbox(
                "Detector", selected.detectors, key="by", bind="query-params", width=220, format_func=title
            )
        flat = method != METHODS[1]
        contours = st.toggle(
            "Contours of the normals",
            key="contours",
            bind="query-params",
            value=True,
            disabled=not flat,
            help="Lines around the densest 50, 70 and 90 % of the normal clips shown.",
        )
        loadings = st.toggle("What the axes mean", key="loadings", bind="query-params", disabled=method == METHODS[2])
    umap = _umap() if method == METHODS[2] else UmapSettings()
    machine_id = selected.machine_id if only else None
    return View(
        str(part),
        method or METHODS[0],
        tuple(shown),
        machine_id,
        str(colour),
        str(detector),
        bool(contours) and flat,
        bool(loadings) and method != METHODS[2],
        umap,
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
        metric = st.selectbox("Distance", METRICS, key="metric", bind="query-params", width=150)
        seed = st.number_input(
            "Seed", 0, 9999, standard.seed, key="seed", bind="query-params", width=110, help="Same seed, same map."
        )
    return UmapSettings(int(neighbours), float(distance), metric, int(seed))
