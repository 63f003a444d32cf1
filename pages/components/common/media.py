"""Bytes that the browser fetches when it wants them, at an address of this server.

What Streamlit gives a component as data travels with every run of the page: too much for the sounds of a long recording.
"""

import threading
from collections.abc import Callable, MutableMapping

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_turn = threading.Lock()  # whoever reads or writes them
_prefixes: list[str] = []  # one, once a server has the route


def media_route() -> Route:
    """The route under which the server of an ``st.App`` gives what :func:`address` was given."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    prefix = f"/{base}/fetched" if base else "/fetched"
    _prefixes[:] = [prefix]
    return Route(prefix + "/{name}", _answer)


def _files() -> MutableMapping[str, tuple[bytes | memoryview, str]]:
    # Not imported above: with it comes the library, for which a server would wait before it answers.
    from pages.shared.caching import FETCHED

    return FETCHED


async def _answer(request: Request) -> Response:
    with _turn:
        file = _files().get(request.path_params["name"])
    if file is None:
        return Response("This file is no longer held. Reload the page.", status_code=404)
    data, mimetype = file
    # An address is never of other bytes: what was fetched once is not asked for again.
    return Response(data, media_type=mimetype, headers={"Cache-Control": "private, max-age=86400, immutable"})


def address(name: str, mimetype: str, data: Callable[[], bytes | memoryview]) -> str:
    """An address of this server under which the browser finds some bytes; empty outside a server.

    The least recently used go first. Each run of a page asks for its addresses again, so a page that is open finds them.

    Args:
        name: a different one for different bytes.
        data: called where the bytes are not held yet: to copy and hash minutes of sound at every run would slow all pages.
            A view of an array takes no memory of its own.
    """
    if not _prefixes:
        return ""
    with _turn:
        held = name in (files := _files()) and files[name]  # reading it makes it the most recently used
    if not held:
        made = data(), mimetype
        with _turn:
            files[name] = made
    return f"{_prefixes[0]}/{name}"
