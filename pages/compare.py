"""Which detector to trust, and the evidence."""

import streamlit as st

from pages.compare_page import (
    agreement,
    definitions,
    failures,
    filters,
    foreign,
    head_to_head,
    pin,
    ranking,
    recorder,
    report_button,
    takeaways,
    thresholds,
    without_labels,
)
from pages.compare_page.figures import best_first, resampled
from pages.shared import linked
from pages.shared.choice import choice
from pages.shared.error_messages import show_errors

WITHOUT = "Without labels"
VIEWS = {
    "Ranking": ranking.draw,
    "Thresholds": thresholds.draw,
    "Head-to-head": head_to_head.draw,
    "Agreement": agreement.draw,
    "Where it fails": failures.draw,
    WITHOUT: without_labels.draw,
}
NO_CLASS = "No clip in scope has a label: AUC, false alarms and detections are not computable. Agreement and Without labels need none."
ONE_CLASS = (
    "Only {} clips are in scope: what needs both classes (AUC, pAUC, curves) is not computable. Thresholds still shows {}, and Without "
    "labels ranks by synthetic anomalies."
)

st.title("Compare")
with show_errors():
    # Filled when the filters are known: what to take away, and the views above their row of controls.
    opening, views = st.container(), st.container(horizontal=True, vertical_alignment="center")
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall")
    compared = filters.draw(choice(), row)
    if compared.scores.empty:
        if compared.computable:
            st.stop()  # the row of filters shows what to do
        st.info(
            "The chosen detectors have no scores of clips like these: widen the scope.", icon=":material/filter_alt:"
        )
        st.stop()
    compared = best_first(compared)
    with opening:
        takeaways.draw(compared)
        recorder.draw(compared)
        foreign.draw(compared)
    with views:
        ranked = resampled(compared)[0].n_computable() > 0
        first = None if ranked else WITHOUT
        view = linked.segmented("View", list(VIEWS), key="view", default=first, label_visibility="collapsed")
        pin.draw(compared)
        definitions.draw()
        report_button.draw(compared)
    normal, anomalous = ((compared.scores["label"] == label).any() for label in ("normal", "anomaly"))
    if not normal and not anomalous:
        st.info(NO_CLASS, icon=":material/info:")
    elif not anomalous:
        st.info(ONE_CLASS.format("normal", "their false alarms"), icon=":material/info:")
    elif not normal:
        st.info(ONE_CLASS.format("anomalous", "how many are detected"), icon=":material/info:")
    VIEWS[view](compared)

with st.expander("What each detector does", icon=":material/menu_book:"):
    definitions.detectors(compared.selected.detectors)
