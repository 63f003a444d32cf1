"""What the address names and a control does not have, or has no longer: Streamlit shows the first value instead and takes the name
out of the address, so that the page has to say it."""

from collections.abc import Collection, Mapping

import streamlit as st

from pages.shared import address

# In the session, by control:
_ABSENT = "absent"  # the page (none: every page), what was wanted of the control, and what it showed instead
_SHOWN = "absent_shown"  # the value that it showed last, and its title
_LONGEST = 80  # characters of it that are repeated


def look(key: str, page: str, known: Collection[str]) -> None:
    """Note what an address that leads names for a control and is not one of its values. Before the control is drawn."""
    wanted = st.query_params.get(key, "")
    if address.leads() and wanted and wanted not in known:
        st.session_state.setdefault(_ABSENT, {})[key] = (page, wanted, None)


def follow(key: str, page: str, titles: Mapping[str, str], shown: str) -> None:
    """Note that what a control showed last is none of its values any more: it was deleted, in another tab maybe. After the control is
    drawn.

    Args:
        titles: by value. shown: the control's value.
    """
    last = st.session_state.setdefault(_SHOWN, {})
    value, title = last.get(key, (shown, ""))
    if value and value not in titles and not address.leads():
        st.session_state.setdefault(_ABSENT, {})[key] = (page, title, None)
    last[key] = shown, titles.get(shown, "")


def expect(key: str, value: str, title: str, there: bool) -> None:
    """Note which value somebody wants of a control that another page draws: where it has none such, every page says so until the
    control shows another one than at first."""
    forget(key)
    if there:
        st.session_state.setdefault(_SHOWN, {})[key] = value, title
    else:
        st.session_state.setdefault(_ABSENT, {})[key] = (None, title, None)


def forget(key: str) -> None:
    """Nothing is wanted of a control any longer."""
    st.session_state.get(_ABSENT, {}).pop(key, None)


def absent(key: str, page: str, known: Collection[str], shown: str) -> str:
    """What was noted, as long as it is true: on its page, until the control shows another value. After the control is drawn.

    Args:
        shown: the control's value.
    """
    notes = st.session_state.get(_ABSENT, {})
    if key not in notes:
        return ""
    where, wanted, instead = notes[key]
    if where not in (None, page) or wanted in known or instead not in (None, shown):
        del notes[key]
        return ""
    notes[key] = (where, wanted, shown)
    return str(wanted)


def noted(key: str) -> bool:
    """Whether the address named something else for a control than it has, and the page still says so."""
    return key in st.session_state.get(_ABSENT, {})


def quoted(text: str) -> str:
    """A text from an address as it stands in a sentence: as code, since it may hold Markdown."""
    return f"`{text.replace('`', chr(39))[:_LONGEST]}`"
