"""Listen and label: one clip after another, by keyboard; and how far people agree."""

import streamlit as st

from pages.label_page import agreement_view, exchange_view
from pages.label_page.clip_tables import look_ahead
from pages.label_page.queue_settings import controls
from pages.label_page.station import station
from pages.label_page.who import annotator
from pages.shared import linked
from pages.shared.choice import choice
from pages.shared.error_messages import show_errors

LABEL, AGREEMENT, FILES = "Listen and label", "Agreement", "Import and export"

st.title("Label")
with show_errors():
    selected = choice()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = annotator()
        views = (LABEL, AGREEMENT, FILES)
        view = linked.segmented("View", views, key="label_view", label_visibility="collapsed")
    if view == AGREEMENT:
        agreement_view.draw(selected, name)
    elif view == FILES:
        exchange_view.draw(selected, name)
    elif name:
        station(controls(selected, name))
    else:
        st.info("Say who is listening, and the first clip appears.", icon=":material/person:")
        look_ahead(selected)
