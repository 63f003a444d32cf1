"""Clips as points: which ones sound alike, and where the open clip stands."""

import streamlit as st

from asd_core import projection
from asd_core.features import LogMel
from asd_core.plots.scatter import scatter_figure
from asd_core.settings import get_settings
from pages.shared import library
from pages.shared.entry import require_app
from pages.shared.messages import sentences
from pages.shared.open_clip import open_clip
from pages.shared.sidebar import choice


@st.cache_data(max_entries=16, show_spinner="Computing principal components …")
def fitted(folder: str, stamp: float, part: str, splits: tuple[str, ...], _vectors: object) -> projection.Projection:
    """PCA of the chosen clips, once for each choice."""
    return projection.fit_pca(_vectors)  # type: ignore[arg-type]  # the underscore keeps the array out of the key


def open_point() -> None:
    """Open the clicked clip."""
    points = st.session_state["space_chart"].selection.points
    if points and points[0].get("customdata"):
        open_clip(points[0]["customdata"][0])


require_app()
st.title("Feature space")
with sentences():
    selected = choice()
    table = library.pooled_features(selected.source)
    features = [c for c in table.columns if c.startswith("f") and c[1:].isdigit()]
    attributes = [c for c in ("label", "machine_id", "fault", "split", "severity", "snr_db") if c in table]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        part = st.selectbox(
            "Representation",
            list(projection.POOLED_PARTS),
            key="part",
            bind="query-params",
            width=300,
            help="The log-mel of a clip, summed up over time.",
        )
        colour_by = st.selectbox(
            "Colour",
            attributes,
            key="colour",
            bind="query-params",
            width=150,
            format_func=lambda c: c.replace("_", " "),
        )
        splits = st.pills(
            "Splits",
            sorted(table["split"].unique()),
            selection_mode="multi",
            default=sorted(table["split"].unique()),
            key="splits",
            bind="query-params",
        )
        only = st.toggle("Only this machine id", key="only", bind="query-params", value=True)
    rows = table[table["split"].isin(splits)]
    if only:
        rows = rows[rows["machine_id"] == selected.machine_id]
    if len(rows) < 3:
        st.info("Fewer than three clips are chosen: choose another split or machine id.", icon=":material/filter_alt:")
        st.stop()
    pooled = rows[features].to_numpy(dtype="float32")
    vectors = projection.select_part(pooled, str(part))
    scope = (*splits, selected.machine_id if only else "all")
    pca = fitted(*selected.source.key(), str(part), scope, vectors)
    xy = pca.transform(vectors)
    points = rows[["clip_id", *attributes]].assign(x=xy[:, 0], y=xy[:, 1])
    current = None
    current_clip = st.session_state.get("open_clip")
    linked = points[points["clip_id"] == st.query_params.get("clip")]
    if not linked.empty:
        current = (float(linked["x"].iloc[0]), float(linked["y"].iloc[0]), str(linked["clip_id"].iloc[0]))
    elif current_clip is not None:
        prepared = library.prepared(current_clip.sha256, get_settings().channel, current_clip)
        vector = projection.select_part(projection.pooled_vector(LogMel().transform(prepared)), str(part))
        position = pca.transform(vector)[0]
        current = (float(position[0]), float(position[1]), current_clip.name)
    st.plotly_chart(
        scatter_figure(points, str(colour_by), (float(pca.explained[0]), float(pca.explained[1])), current),
        key="space_chart",
        on_select=open_point,
        selection_mode="points",
        config={"scrollZoom": True},
    )
    st.caption(
        f"{len(points)} clips. Principal components of the standardised features, fitted on the clips shown; the open "
        "clip (star) is projected into them. Click a point to open its clip."
    )
