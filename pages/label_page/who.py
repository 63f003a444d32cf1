"""Who labels: the login where the app has one, otherwise a name that this browser remembers."""

from typing import Any

import streamlit as st

from asd_core.roles import Role
from pages.shared.annotator import TYPED_NAME, has_login, login_identity
from pages.shared.permissions import may

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
        return; // a browser that stores nothing: the name is typed again
      }
    }
    """,
)


def annotator() -> str:
    """Draw who labels; empty while no name is given, or nobody here may label."""
    if has_login():
        return _login()
    return _typed() if may(Role.LABEL) else ""


def _login() -> str:
    user: Any = st.user
    if not user["is_logged_in"]:
        st.button("Log in to label", icon=":material/login:", on_click=st.login, key="log_in")
        return ""
    if may(Role.LABEL):
        st.markdown(f"Labelling as **{login_identity()}**")
    return login_identity()


def _typed() -> str:
    result = str(st.session_state.get("remembered_name", {}).get("name") or "").strip()[:LONGEST]
    if result and not st.session_state.get("name_filled"):  # once: whoever clears the name wants it empty
        st.session_state["name_filled"] = True
        st.session_state[TYPED_NAME] = st.session_state.get(TYPED_NAME) or result
    name = st.text_input(
        "Your name",
        key=TYPED_NAME,
        max_chars=LONGEST,
        width=200,
        placeholder="who is listening?",
        help="Every label carries it. This browser remembers it.",
        persist_state="session",
    )
    name = (name or "").strip()
    _REMEMBER(key="remembered_name", data={"name": name}, default={"name": ""}, on_name_change=lambda: None)
    return name
