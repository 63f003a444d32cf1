"""Which detector to trust, and the evidence."""

import streamlit as st

from asd_core.detectors.registry import detector_class
from pages.shared import agreement, failures, library, ranking, thresholds
from pages.shared.entry import require_app
from pages.shared.messages import sentences
from pages.shared.sidebar import choice

VIEWS = ("Ranking", "Thresholds", "Agreement", "Where it fails")

require_app()
st.title("Compare")
with sentences():
    selected = choice()
    every = library.test_scores(selected.source)
    scores = every[every["detector"].isin(selected.detectors) & every["label"].isin(["normal", "anomaly"])]
    if scores.empty:
        st.info(
            "The chosen detectors have no scores of labelled test clips: choose others.", icon=":material/filter_alt:"
        )
        st.stop()
    view = st.segmented_control(
        "View", VIEWS, default=VIEWS[0], required=True, key="view", bind="query-params", label_visibility="collapsed"
    )
    if view == "Ranking":
        ranking.draw(selected, every, scores)
    elif view == "Thresholds":
        thresholds.draw(selected, scores)
    elif view == "Agreement":
        agreement.draw(selected, scores)
    else:
        failures.draw(selected, scores)

with st.expander("What each detector does", icon=":material/menu_book:"):
    for key in selected.detectors:
        info = detector_class(key).info
        st.markdown(
            f"**{info.title}** ({info.origin}; fitted per {info.scope}). {info.how_it_scores} "
            f"*When not to use it:* {info.when_not_to_use} *Reference:* {info.paper}"
        )
