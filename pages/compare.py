"""Which detector to trust, and the evidence."""

import streamlit as st

from asd_core.detectors import detector_class
from pages.compare_page import agreement, definitions, failures, filters, ranking, report_button, thresholds
from pages.shared.choice import choice
from pages.shared.error_messages import show_errors

VIEWS = {
    "Ranking": ranking.draw,
    "Thresholds": thresholds.draw,
    "Agreement": agreement.draw,
    "Where it fails": failures.draw,
}
ONE_CLASS = {
    frozenset(
        {"normal"}
    ): "Only normal clips are in scope: what needs both classes (AUC, pAUC, curves) is not computable. "
    "Thresholds still shows their false alarms.",
    frozenset(
        {"anomaly"}
    ): "Only anomalous clips are in scope: what needs both classes (AUC, pAUC, curves) is not computable. "
    "Thresholds still shows how many are detected.",
    frozenset(): "No clip in scope has a label: AUC, false alarms and detections are not computable. Agreement needs none.",
}

st.title("Compare")
with show_errors():
    compared = filters.draw(choice())
    if compared.scores.empty:
        if compared.computable:
            st.stop()  # the scope has said what to do
        st.info(
            "The chosen detectors have no scores of clips like these: widen the scope.", icon=":material/filter_alt:"
        )
        st.stop()
    with st.container(horizontal=True, vertical_alignment="center"):
        view = st.segmented_control(
            "View",
            list(VIEWS),
            default="Ranking",
            required=True,
            key="view",
            bind="query-params",
            label_visibility="collapsed",
        )
        definitions.draw()
        report_button.draw(
            compared.selected, compared.scores, compared.where, compared.against.words if compared.against else ""
        )
    classes = frozenset(compared.scores["label"]) & {"normal", "anomaly"}
    if classes in ONE_CLASS:
        st.info(ONE_CLASS[classes], icon=":material/info:")
    VIEWS[view](compared)

with st.expander("What each detector does", icon=":material/menu_book:"):
    for key in compared.selected.detectors:
        info = detector_class(key).info
        st.markdown(
            f"**{info.title}** ({info.origin}; fitted per {info.scope}). {info.how_it_scores} "
            f"*When not to use it:* {info.when_not_to_use} *Reference:* {info.paper}"
        )
