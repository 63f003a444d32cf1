"""Page configuration, navigation and the shared sidebar: what runs before each page. No logic."""

from pathlib import Path

import streamlit as st

from pages.components.history import history
from pages.shared import address
from pages.shared.presentation import PRESENT, come_from
from pages.shared.warm_up import warm_up

# A file, not a named icon: those are fetched from the web.
ICON = Path(__file__).parent / "shared" / "icon.svg"
st.set_page_config(page_title="Anomalous sound dashboard", page_icon=str(ICON), layout="wide")
# On a narrow window Streamlit leaves a quarter of the width beside the sidebar empty, and tables and tabs are cut. Segments and pills
# are lower than the lists beside them: as high as those, their labels are in one line.
STYLE = """<style>
@media (max-width: 1100px) { .stMainBlockContainer { padding-left: 1.5rem; padding-right: 1.5rem; } }
.stMain .stButtonGroup button:not([data-testid="stWidgetLabel"] *) { min-height: 2.5rem; }
</style>"""
DATA = "Data"  # the page that needs no trained detector, and obeys no choice of the sidebar
PAGES = [
    st.Page("clip.py", title="Clip", icon=":material/graphic_eq:", default=True),
    st.Page("feature_space.py", title="Feature space", icon=":material/scatter_plot:"),
    st.Page("label.py", title="Label", icon=":material/label:"),
    st.Page("compare.py", title="Compare", icon=":material/stacked_line_chart:"),
    st.Page("experiments.py", title="Experiments", icon=":material/science:"),
    st.Page("data.py", title="Data", icon=":material/database:"),
    st.Page("present.py", title=PRESENT, icon=":material/slideshow:"),
]
page = st.navigation(PAGES)
title = getattr(page, "title", "")  # none outside a session: a process started while a page is tested reads this file
address.arrive(title)
goes_to = address.next_visit()
history(goes_to)
if goes_to:
    st.stop()  # the browser asks for the page that it goes to
# Imported here, while the browser is busy already.
from pages.shared.account import account  # noqa: E402
from pages.shared.sidebar import sidebar  # noqa: E402

if title != PRESENT:
    account()
ready = title == DATA or sidebar(title)
presenting = title == PRESENT and ready
if presenting:  # nothing but the slide; the sidebar, empty then, goes with the next run and is folded until that
    st.navigation(PAGES, position="hidden")
elif title != PRESENT:
    come_from(getattr(page, "url_path", ""))
st.set_page_config(initial_sidebar_state="collapsed" if presenting else "auto")
st.html(STYLE)
if ready:
    page.run()
    address.followed()
warm_up()
