"""In the sidebar of every page: who is logged in and with which role, and whether anything is stored."""

from contextlib import suppress

import streamlit as st

from asd_core.errors import SettingError
from asd_core.roles import Role
from asd_core.settings import get_settings
from pages.shared.annotator import has_login, login_identity
from pages.shared.permissions import role


def account() -> None:
    """Draw it; on one's own computer, without login and roles, there is nothing to say."""
    with st.sidebar, suppress(SettingError):  # which the page says
        if get_settings().read_only:
            st.caption(":material/lock: Read-only: nothing is stored here.")
        elif role() < Role.ADMINISTER:
            st.caption(f":material/person: Your role: **{role().word}**")
        if has_login() and (identity := login_identity()):
            st.caption(f"Logged in as **{identity}**")
            st.button("Log out", on_click=st.logout, key="log_out", icon=":material/logout:")
        elif has_login():
            st.button("Log in", on_click=st.login, key="log_in_here", icon=":material/login:")
