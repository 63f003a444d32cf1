"""Bytes that the browser fetches when it wants them: the one place that reaches beyond Streamlit's public interface.

Streamlit stores files for its own elements (``st.audio``) and tells nobody their address. What a component is given as data
travels with every run of the page instead: too much for the sounds of a long recording.
"""

import streamlit as st
from streamlit import runtime


def address(data: bytes, mimetype: str, place: str, name: str | None = None) -> str:
    """An address of this server under which the browser finds some bytes; empty outside a server.

    Args:
        place: what they are for. In a session, other bytes for the same place take the place of these.
        name: of the file. It must tell large files apart that begin, end and are in the middle alike.
    """
    if not runtime.exists():
        return ""
    url = runtime.get_instance().media_file_mgr.add(data, mimetype, place, file_name=name)
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}{url}" if base else url
