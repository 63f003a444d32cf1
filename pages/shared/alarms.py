"""What training found amiss with detectors, and where it had too few clips to tell."""

import streamlit as st

from asd_core.counting import listed
from asd_core.detectors import is_control
from pages.shared.choice import Choice, title
from pages.shared.trained_models import alarms_of, too_few_to_tell

NAMED = 3  # detectors in a heading: of more it counts


def alarms(selected: Choice) -> None:
    """In one place, which of the chosen detectors did not train as expected and why, folded, and that too few clips were held out
    to tell it of the others; nothing where neither is so."""
    marked = alarms_of(selected.source, selected.detectors)
    reason = too_few_to_tell(selected.source, selected.detectors)
    if not marked:
        if reason:
            st.caption(reason.replace("it has", "these detectors have"))
        return
    n = sum(key not in marked and not is_control(key) for key in selected.detectors)
    others = "the other detector has" if n == 1 else f"the other {n} detectors have"
    names = [title(key) for key in marked]
    heading = f"{listed(names) if len(names) <= NAMED else f'{len(names)} detectors'} did not train as expected"
    found = [f"- **{title(key)}**: {' '.join(reasons)}" for key, reasons in marked.items()]
    if reason and n:
        heading += f"; whether {others} learned cannot be told"
        found.append("\n" + reason.replace("it has", others))
    with st.expander(heading, icon=":material/warning:"):
        st.markdown("\n".join(found))
