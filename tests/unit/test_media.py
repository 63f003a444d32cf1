"""The bytes that a browser fetches: found by their address, within a bound."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pages.components.common import media


@pytest.fixture
def client() -> Iterator[TestClient]:
    yield TestClient(Starlette(routes=[media.media_route()]))
    media._prefixes.clear()
    media._files().clear()


def given(data: bytes, mimetype: str) -> str:
    """The address of some bytes, by their content."""
    return media.address(data.hex(), mimetype, lambda: data)


def test_no_address_without_a_server() -> None:
    assert given(b"sound", "audio/flac") == ""


def test_an_address_gives_its_bytes_and_their_type(client: TestClient) -> None:
    one, other = given(b"one", "application/json"), given(b"other", "image/webp")
    assert one != other == given(b"other", "image/webp")
    answer = client.get(one)
    assert (answer.content, answer.headers["content-type"]) == (b"one", "application/json")
    assert "immutable" in answer.headers["cache-control"]


def test_what_is_not_held_is_not_found(client: TestClient) -> None:
    """Neither by a guess nor by a path."""
    given(b"one", "application/json")
    for path in ("/fetched/unknown", "/fetched/..%2Fapp.py", "/fetched/"):
        assert client.get(path).status_code == 404


def test_the_oldest_goes_when_the_store_is_full(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from cachetools import LRUCache

    small = LRUCache(10, getsizeof=lambda value: len(value[0]))
    monkeypatch.setattr(media, "_files", lambda: small)
    old, new = given(b"12345678", "x/y"), given(b"87654321", "x/y")
    assert [client.get(path).status_code for path in (old, new)] == [404, 200]
    assert given(b"12345678", "x/y") == old
    assert client.get(old).status_code == 200


def test_the_address_obeys_the_servers_base_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media.st, "get_option", lambda name: "/asd/")
    try:
        client = TestClient(Starlette(routes=[media.media_route()]))
        assert given(b"one", "x/y").startswith("/asd/fetched/")
        assert client.get(given(b"one", "x/y")).content == b"one"
    finally:
        media._prefixes.clear()


def test_bytes_that_are_held_are_not_made_again(client: TestClient) -> None:
    made: list[bytes] = []

    def sound() -> bytes:
        made.append(b"sound")
        return made[-1]

    addresses = {media.address("clip", "x/y", sound) for _ in range(3)}
    assert len(addresses) == len(made) == 1
    assert client.get(addresses.pop()).content == b"sound"
