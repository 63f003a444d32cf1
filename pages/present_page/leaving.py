"""Out of the presentation."""

import streamlit as st

from pages.clip_page.picker import UPLOADED
from pages.present_page.story import Story
from pages.shared import presentation
from pages.shared.open_clip import ANY, FILTERS
from pages.shared.way_back import go_to


def leave(story: Story) -> None:
    """Go back to the page one came from, as it was; without one, to the Clip page with the clip. For callbacks."""
    name, value = story.address
    origin = presentation.origin()
    if origin is None:
        for column in FILTERS:
            st.session_state[column] = ANY
        origin = "clip", {name: [value]}
    if name == UPLOADED:
        st.session_state[UPLOADED] = value
    if origin[0] == "clip":
        st.session_state["machine"] = story.selected.machine_id
    go_to(origin)
