"""The database of the labels."""

import streamlit as st

from asd_core.labels import LabelStore
from asd_core.settings import get_settings


@st.cache_resource(show_spinner=False)
def _opened(url: str | None) -> LabelStore:
    return LabelStore.open(url)


def label_store() -> LabelStore:
    """The label database, opened once a server."""
    secret = get_settings().database_url
    return _opened(secret.get_secret_value() if secret else None)
