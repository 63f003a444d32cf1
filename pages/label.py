"""Listen and label: one clip after another, by keyboard; and how far people agree."""

import streamlit as st

from asd_core.roles import Role
from pages.label_page import agreement_view, exchange_view
from pages.label_page.clip_tables import look_ahead
from pages.label_page.queue_settings import controls
from pages.label_page.station import station
from pages.label_page.who import annotator
from pages.shared import linked
from pages.shared.choice import choice
from pages.shared.error_messages import show_errors
from pages.shared.permissions import lacking, may

LABEL, AGREEMENT, FILES = "Listen and label", "Agreement", "Import and export"

st.title("Label")
with show_errors():
    selected = choice()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = annotator()
        views = (LABEL, AGREEMENT, FILES)
        view = linked.segmented("View", views, key="label_view", label_visibility="collapsed")
        blind = linked.toggle(
            "Blind",
            True,
            key="blind",
            help="Hides clip names, the dataset's labels, other people's labels and the detectors' scores, so that they "
            "influence nobody. Every label remembers whether it was given blind.",
        )
        goal = 0
        if view == LABEL and may(Role.LABEL):
            goal = st.number_input(
                "Goal",
                1,
                1_000_000,
                50,
                key="label_goal",
                bind="query-params",
                width=110,
                help="How many clips of this dataset you want to label; all of them where there are fewer.",
            )
    if view == AGREEMENT:
        agreement_view.draw(selected, name, blind=blind)
    elif view == FILES and blind:
        st.info(
            "Files name clips, labels and scores: switch off Blind to export or import them.",
            icon=":material/visibility_off:",
        )
    elif view == FILES:
        exchange_view.draw(selected, name)
    elif why := lacking(Role.LABEL):
        st.info(why, icon=":material/lock:")
    elif name:
        station(controls(selected, name, blind=blind, goal=goal))
    else:
        st.info("Say who is listening, and the first clip appears.", icon=":material/person:")
        look_ahead(selected)
