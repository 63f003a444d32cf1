"""Representations of clips on disk, for whoever needs them next: another training, scoring, an experiment.

A stored array is found by the clip's sha256 and by its recipe, a hash of all that it depends on besides: the representation's parameters,
what was done to the clip before, the channel, the limits within which a recording is read, and the code and libraries that compute
it. A file stands for its sha256 by its path, size and times as long as these are the same, so that nothing is read to look it up.
"""

import hashlib
import io
import json
import os
import sys
import time
import zlib
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from asd_core.disk_cache import DiskCache
from asd_core.errors import PretrainedError
from asd_core.features.base import Array, Representation
from asd_core.features.registry import identity
from asd_core.settings import get_settings
from asd_core.sound import RESAMPLING

SETTLED = 2.0  # s since a file's last change: one that is younger may change again without its times showing it
_LIBRARIES = ("numpy", "scipy", "soundfile", "av", "noisereduce")


class FeatureStore:
    """Arrays and facts by recipe and sha256, up to a size limit; the least recently used go first. What is damaged counts as
    missing."""

    def __init__(self, folder: Path, limit_bytes: float) -> None:
        self._cache = DiskCache(folder, limit_bytes)

    def array(self, recipe: str, sha256: str) -> Array | None:
        """A stored representation; ``None`` where there is none."""
        data = self.fact(recipe, sha256)
        if data is None:
            return None
        try:
            stored: Array = np.load(io.BytesIO(data), allow_pickle=False)
        except (ValueError, EOFError, OSError):
            return None
        return stored

    def put_array(self, recipe: str, sha256: str, array: Array) -> None:
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        self.put_fact(recipe, sha256, buffer.getvalue())

    def fact(self, recipe: str, sha256: str) -> bytes | None:
        """What else is stored of a clip, or of a file."""
        data = self._cache.get(_name(recipe, sha256))
        if data is None or zlib.crc32(data[4:]).to_bytes(4) != data[:4]:
            return None
        return data[4:]

    def put_fact(self, recipe: str, sha256: str, data: bytes) -> None:
        self._cache.put(_name(recipe, sha256), zlib.crc32(data).to_bytes(4) + data)

    def sha256_of(self, stamp: str) -> str | None:
        """Of the recording that a stamp stands for, if it was read within today's limits."""
        stored = self.fact(*_stamped(stamp))
        return None if stored is None else stored.decode()

    def remember(self, stamp: str, sha256: str) -> None:
        """Store the sha256 that :meth:`sha256_of` gives for a stamp."""
        self.put_fact(*_stamped(stamp), sha256.encode())


def _name(recipe: str, sha256: str) -> str:
    return f"{recipe[:24]}/{sha256[:2]}/{sha256}"


def _stamped(stamp: str) -> tuple[str, str]:
    return recipe("sha256"), hashlib.sha256(stamp.encode()).hexdigest()


def feature_store() -> FeatureStore | None:
    """The user's store; none where the settings allow it no space."""
    settings = get_settings()
    return _store(settings.cache_dir / "features", settings.features_limit_mb * 1e6)


@lru_cache(maxsize=1)
def _store(folder: Path, limit_bytes: float) -> FeatureStore | None:
    """One object: it counts the bytes written since the limit was last checked."""
    return FeatureStore(folder, limit_bytes) if limit_bytes else None


def file_identity(path: Path) -> str | None:
    """A text that identifies a file without reading it: where it is, its size, and when it was changed, also where
    somebody set that time back. ``None`` for a file that is gone or was changed just now."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    if time.time() - max(status.st_mtime, status.st_ctime) < SETTLED:
        return None
    return f"{path.absolute()}\t{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def recipe(what: str, **about: Any) -> str:
    """The recipe of what is known of a clip besides its representations."""
    settings = get_settings()
    reading = settings.channel, settings.min_clip_seconds, settings.max_clip_seconds, settings.max_upload_mb
    return _recipe(json.dumps([what, about, reading], sort_keys=True))


def recipe_of(representation: Representation, change: str, changed_by: object, prepared_at: str) -> str | None:
    """The recipe of a representation; ``None`` for one that cannot be computed now.

    Args:
        change: what was done to the prepared clip, with all its parameters; empty where nothing was.
        changed_by: the object that did it, whose code counts as well.
        prepared_at: the rate at which that was done.
    """
    try:
        about = identity(representation)
    except PretrainedError:
        return None
    changed = [change, _source(type(changed_by).__module__), prepared_at] if change else None
    return recipe("features", representation=about, code=_source(type(representation).__module__), changed=changed)


@lru_cache(maxsize=256)
def _recipe(about: str) -> str:
    return hashlib.sha256(json.dumps([about, RESAMPLING, _code_version()]).encode()).hexdigest()


@lru_cache
def _code_version() -> str:
    """Of the code that reads, prepares and transforms clips, and of the libraries that it calls."""
    digest = hashlib.sha256()
    package = Path(__file__).parent
    for path in sorted([*package.rglob("*.py"), *(package.parent / "sound").glob("*.py")]):
        digest.update(path.read_bytes())
    for name in _LIBRARIES:
        try:
            digest.update(f"{name} {version(name)}\n".encode())
        except PackageNotFoundError:
            continue
    return digest.hexdigest()


@lru_cache
def _source(module: str) -> str:
    """Hash of a module's file."""
    file = getattr(sys.modules[module], "__file__", None)
    return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else module
