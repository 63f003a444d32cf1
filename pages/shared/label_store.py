"""The database of the labels."""

from pathlib import Path
from tempfile import mkdtemp

import streamlit as st

from asd_core.labels import LabelStore, is_absent
from asd_core.settings import get_settings


@st.cache_resource(show_spinner=False)
def _opened(url: str | None) -> LabelStore:
    return LabelStore.open(url)


def label_store() -> LabelStore:
    """The label database, opened once a server."""
    secret = get_settings().database_url
    url = secret.get_secret_value() if secret else None
    return _nothing() if get_settings().read_only and is_absent(url) else _opened(url)


@st.cache_resource(show_spinner=False)
def _nothing() -> LabelStore:
    """A database without a label, where a read-only dashboard has none and must make none."""
    return LabelStore.open(f"sqlite:///{Path(mkdtemp()) / 'labels.sqlite3'}")
