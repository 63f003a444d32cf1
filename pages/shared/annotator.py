"""Who labels in this session: the login where the app has one, otherwise the name that was typed."""

from typing import Any

import streamlit as st

TYPED_NAME = "annotator"  # in the session


def has_login() -> bool:
    """Whether the app was given a provider of logins."""
    return "is_logged_in" in st.user


def login_identity() -> str:
    """The name of who is logged in; empty when nobody is."""
    user: Any = st.user
    return str(user.get("email") or user.get("name") or user.get("sub") or "") if user["is_logged_in"] else ""


def login_address() -> str:
    """The e-mail address that who is logged in has proved; empty without one. Names are chosen freely and do not count."""
    user: Any = st.user
    if not has_login() or not user["is_logged_in"] or str(user.get("email_verified", True)).lower() == "false":
        return ""
    return str(user.get("email") or "")


def current_annotator() -> str:
    """Who labels, on a page that does not ask; empty when nobody gave a name."""
    return login_identity() if has_login() else str(st.session_state.get(TYPED_NAME, "")).strip()
