"""Putting a detector in use: a person's choice for a dataset, which all pages then start with."""

import streamlit as st

from asd_core.artifacts import pin_detector, pinned_detector
from asd_core.detectors import is_control
from asd_core.roles import Role
from pages.compare_page.filters import ComparedScores
from pages.shared.choice import title
from pages.shared.error_messages import show_errors
from pages.shared.permissions import acting, lacking
from pages.shared.sources import Source

KEY = "in_use"
NOBODY = ""  # the option for no pinned detector


def draw(compared: ComparedScores) -> None:
    """The choice of the detector in use, for everybody who opens this dataset."""
    selected = compared.selected
    source = selected.source
    why = lacking(Role.TRAIN)
    with st.popover("In use", icon=":material/keep:"):
        # The stored choice counts, not what this browser saw last: somebody else may have chosen meanwhile.
        st.session_state[KEY] = pinned = pinned_detector(source.folder)
        options = [NOBODY, *(key for key in selected.detectors if not is_control(key))]
        if pinned not in options:  # not among the chosen detectors, or trained no longer
            options.append(pinned)
        st.selectbox(
            "Detector in use",
            options,
            key=KEY,
            format_func=_name,
            on_change=_store,
            args=(source,),
            disabled=bool(why),
        )
        if why:
            st.caption(why)
        st.caption(
            "Pages start with the detector in use: the verdict on a clip, lists, thresholds, the label queue and the report. "
            "It is a person's choice for this dataset and changes no figure and no rank. It is kept until somebody changes it. "
            "Without one, the detector of highest measured AUC leads."
        )


def _name(key: str) -> str:
    return title(key) if key else "None: the best by AUC leads"


@show_errors()
def _store(source: Source) -> None:
    key = st.session_state[KEY]
    note = "" if key else "none: the best by AUC leads"
    with acting(Role.TRAIN, "pinned detector", source.name, detectors=key, note=note):
        pin_detector(source.folder, key)
