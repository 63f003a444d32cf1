"""The set that the tests of downloads take, and what was asked and stored of it."""

from pathlib import Path

import pytest

from asd_core.datasets import datasets_folder
from asd_core.settings import get_settings
from tests.public_server import PublicServer


def use(server: PublicServer, path: Path, monkeypatch: pytest.MonkeyPatch, **parts: bytes | None) -> None:
    """Make the set ``tiny-fan`` of these parts the only one there is."""
    monkeypatch.setenv("ASD_PUBLIC_SETS", str(server.registry(path / "sets.toml", **parts)))
    get_settings.cache_clear()


def origin() -> str:
    return (datasets_folder() / "tiny-fan" / "origin.md").read_text()


def paths(server: PublicServer) -> list[str]:
    """What it was asked for, and the list is emptied."""
    result = [path for path, _ in server.asked]
    server.asked.clear()
    return result


def left(folder: Path) -> list[str]:
    """Files below a folder but for locks."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock")
