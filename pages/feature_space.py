"""Clips as points: which ones sound alike, and where the open clip and the uploads stand."""

import numpy as np
import streamlit as st

from asd_core.counting import counted
from asd_core.plots import Star, loadings_figure, scree_figure
from asd_core.space import MIN_CLIPS, POOLED, Bulk, bulk_of, stored_latents
from pages.feature_space_page import points
from pages.feature_space_page.chart import CHART, chart
from pages.feature_space_page.clip_panel import clip_panel
from pages.feature_space_page.controls import SCORE, controls, part_title
from pages.feature_space_page.hover import hover, pictures_panel
from pages.feature_space_page.scores import LEARNED
from pages.feature_space_page.selection import selection
from pages.feature_space_page.umap_panel import umap_panel
from pages.feature_space_page.view import PCA_3D, UMAP, View
from pages.shared import linked
from pages.shared.choice import Choice, choice
from pages.shared.error_messages import show_errors
from pages.shared.job_panel import job_panel

SCALE = "Colour: margin over the threshold in spreads of the held-out normal clips; above 0 the detector calls it an anomaly."
PANEL = 420  # pixels of the clicked clip's panel
# Where both do not fit side by side, the panel goes below the map.
SIDE_BY_SIDE = "<style>:has(> .st-key-space_map) { min-width: min(480px, 100%); }</style>"


@st.fragment
@show_errors()  # they do not leave a fragment
def the_map(selected: Choice, view: View, fitted: points.Fitted) -> None:
    """Everything that a click or a lasso changes."""
    stars, problems = points.stars(selected.source, view.part, selected.machine_id, fitted)
    st.html(SIDE_BY_SIDE)
    with st.container(horizontal=True):
        with st.container(width="stretch", key="space_map"):
            window = outliers(view, fitted, stars)
            chart(selected, view, fitted, stars, window)
        with st.container(width=PANEL):
            the_clip(selected, fitted)
    for problem in problems:
        st.warning(problem, icon=":material/warning:")
    st.caption(about(view, fitted, len(stars)))
    selection(selected, fitted.about)


@st.fragment
@show_errors()
def the_clip(selected: Choice, fitted: points.Fitted) -> None:
    """What a click changes: it draws no map, which takes a while with very many clips."""
    hover(selected.source, f"st-key-{CHART}")
    with st.container(border=True, key="space_clip"):
        clip_panel(selected.source, fitted.about)


def outliers(view: View, fitted: points.Fitted, stars: list[Star]) -> Bulk | None:
    """The part of the map that is shown: without the clips far out, which are counted and are one click away."""
    # A UMAP has no far clips: its islands are what it shows.
    bulk = None if view.method == UMAP else bulk_of(fitted.places)
    if bulk is None:
        return None
    outside = bulk.outside(fitted.places)
    n, of = int(outside.sum()), len(fitted.about)
    anomalies = int((fitted.about["label"][outside] == "anomaly").sum())
    with st.container(horizontal=True, vertical_alignment="center"):
        if linked.toggle(f"Show all {n} outliers", key="outliers"):
            return None
        hidden = [star.name for star in stars if bulk.outside(np.array([star.position]))[0]]
        names = (
            f"; so does {' and '.join(hidden)}"
            if len(hidden) == 1
            else f"; so do {' and '.join(hidden)}"
            if hidden
            else ""
        )
        which = f", {anomalies} of them labelled {'an anomaly' if anomalies == 1 else 'anomalies'}" if anomalies else ""
        st.caption(f"{n} of {of} clips lie outside this view{which}{names}.", width="content")
    return bulk


def about(view: View, fitted: points.Fitted, n_stars: int) -> str:
    """What the map shows, in a line or two."""
    what = (
        "Principal components of the standardised vectors"
        if view.method != UMAP
        else f"UMAP of their first {fitted.model.seen.shape[1]} principal components"  # type: ignore[union-attr]
    )
    starred = " Stars: the open clip and uploads, projected into the map." if n_stars else ""
    if n_stars and view.method == UMAP:
        starred += " UMAP puts a star among its nearest clips, however far they are."
    coloured = f" {SCALE} {LEARNED}" if view.colour == SCORE else ""
    turn = " Drag to turn it; a lasso needs two dimensions." if view.method == PCA_3D else ""
    return (
        f"{counted(len(fitted.about), 'clip')} · {part_title(view.part)} · {what}, fitted on the clips chosen and never on others."
        f"{starred}{turn}{coloured}"
    )


def latents_missing(selected: Choice, part: str) -> bool:
    """Offer to compute a latent space that is not stored; whether it is missing."""
    source = selected.source
    if part in POOLED or part in stored_latents(source.folder):
        return False
    st.info(
        "Latent spaces are not stored for these detectors yet: every clip must go through the networks once.",
        icon=":material/neurology:",
    )
    arguments = ["latents", "--data", source.location, "--models", str(source.folder)]
    job_panel(
        f"latents-{source.name.lower()}", "Latent spaces", arguments, "Compute them", dataset=source.name, resumes=False
    )
    return True


def axes_explained(view: View, fitted: points.Fitted) -> None:
    """Loadings of the axes drawn, and the variance of the first components."""
    grid = st.grid(2, min_column_width=440)
    with grid.cell():
        moved = "band" if view.part in POOLED else "latent dimension"
        st.markdown(f"**How each {moved} moves a clip along an axis**")
        st.plotly_chart(
            loadings_figure(fitted.model, view.part, fitted.places.shape[1]),  # type: ignore[arg-type]  # it is a PCA
            key="loadings_chart",
        )
    with grid.cell():
        st.markdown("**Variance of the components**")
        st.plotly_chart(scree_figure(fitted.model), key="scree_chart")  # type: ignore[arg-type]  # it is a PCA


def page(selected: Choice) -> None:
    view = controls(selected)
    if latents_missing(selected, view.part):
        return
    chosen = points.chosen_space(selected.source, view)
    if len(chosen.about) < MIN_CLIPS:
        st.info("Fewer than three clips are chosen: choose another split or machine id.", icon=":material/filter_alt:")
        return
    if view.method == UMAP:
        fitted = points.umap(selected.source, view)
        if fitted is None:
            umap_panel(selected.source, view, len(chosen.about))
            return
    else:
        fitted = points.components(selected.source, view, 3 if view.method == PCA_3D else 2)
    the_map(selected, view, fitted)
    if view.loadings:
        axes_explained(view, fitted)
    pictures_panel(selected.source)


st.title("Feature space")
with show_errors():
    page(choice())
