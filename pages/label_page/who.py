"""Who labels: the login where the app has one, otherwise a name that this browser remembers."""

from typing import Any

import streamlit as st

NAME = "annotator"  # in the session
LONGEST = 60  # characters

_REMEMBER = st.components.v2.component(
    "asd_remembered_name",
    html="<span hidden>\n</span>",
    js="""
    const KEY = "asd-annotator";
    export default function ({ data, setStateValue }) {
      try {
        const stored = localStorage.getItem(KEY);
        if (data.name) localStorage.setItem(KEY, data.name);
        else if (stored) setStateValue("name", stored);
      } catch {
        return; // a browser that keeps nothing: the name is typed again
      }
    }
    """,
)


def annotator() -> str:
    """Draw who labels; empty while nobody has said so."""
    if "is_logged_in" in st.user:  # the app was given a provider of logins
        return _login()
    return _typed()


def known() -> str:
    """Who labels in this session, on a page that does not ask; empty when nobody said so."""
    user: Any = st.user
    if "is_logged_in" in user:
        return _identity() if user["is_logged_in"] else ""
    return str(st.session_state.get(NAME, "")).strip()


def _identity() -> str:
    user: Any = st.user
    return str(user.get("email") or user.get("name") or user.get("sub") or "")


def _login() -> str:
    user: Any = st.user
    if not user["is_logged_in"]:
        st.button("Log in to label", icon=":material/login:", on_click=st.login, key="log_in")
        return ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Labelling as **{_identity()}**")
        st.button("Log out", on_click=st.logout, key="log_out")
    return _identity()


def _typed() -> str:
    found = str(st.session_state.get("remembered_name", {}).get("name") or "").strip()[:LONGEST]
    if found and not st.session_state.get("name_filled"):  # once: whoever clears the name wants it empty
        st.session_state["name_filled"] = True
        st.session_state[NAME] = st.session_state.get(NAME) or found
    name = st.text_input(
        "Your name",
        key=NAME,
        max_chars=LONGEST,
        width=200,
        placeholder="who is listening?",
        help="Every label carries it. This browser remembers it.",
        persist_state="session",
    )
    name = (name or "").strip()
    _REMEMBER(key="remembered_name", data={"name": name}, default={"name": ""}, on_name_change=lambda: None)
    return name
