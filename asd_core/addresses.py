"""Places that are no folder of this machine: ``s3://bucket/fans``, ``gs://…``, whatever fsspec knows. Nothing is kept on disk.

Retries with waiting are the storage library's own (s3fs: five times, besides those of botocore), and so are credentials and
endpoints: the usual variables of the environment (``AWS_ACCESS_KEY_ID``, ``AWS_ENDPOINT_URL``, …), or fsspec's configuration.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from asd_core.errors import AddressError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)  # of two letters at least: C:// is a disk
# Names under which storages list a value that changes with a file's content, or else its time of last change.
_CHANGES = ("ETag", "etag", "md5Hash", "LastModified", "last_modified", "updated", "mtime", "created")


@dataclass(frozen=True)
class RemoteFile:
    """A file of a listing.

    Attributes:
        size: in bytes.
        stamp: changes whenever the file does.
    """

    size: int
    stamp: str


@dataclass(frozen=True)
class Address:
    """A folder or file at an address, used like a path: ``address / "normal" / "01.wav"``."""

    url: str

    def __post_init__(self) -> None:
        scheme, _, rest = self.url.partition("://")
        object.__setattr__(self, "url", f"{scheme.lower()}://{rest.rstrip('/')}")

    def __str__(self) -> str:
        return self.url

    def __truediv__(self, below: str) -> "Address":
        return Address(f"{self.url}/{below}")

    @property
    def _path(self) -> PurePosixPath:
        return PurePosixPath(self.url.partition("://")[2])

    @property
    def name(self) -> str:
        """The last part of the address; of a bucket alone, the bucket's name."""
        return self._path.name

    @property
    def stem(self) -> str:
        return self._path.stem

    @property
    def suffix(self) -> str:
        return self._path.suffix

    @property
    def parent(self) -> "Address":
        return Address(f"{self.url.partition('://')[0]}://{self._path.parent}")

    def files(self) -> dict[str, RemoteFile]:
        """All files below, by path, as they are now: one listing, whatever the number of folders.

        Raises:
            AddressError: when it cannot be listed. A place that does not exist has no files.
        """
        with _in_a_sentence(self):
            storage, root = self._storage()
            try:
                entries: dict[str, dict[str, Any]] = storage.find(root, detail=True)
            except FileNotFoundError:
                return {}
        inside = root.rstrip("/") + "/"
        return {
            path.removeprefix(inside): RemoteFile(about["size"], _stamp(about))
            for path, about in entries.items()
            if path.startswith(inside) and not path.endswith("/")  # how storage consoles mark an empty folder
        }

    def read_bytes(self) -> bytes:
        """The content of a file.

        Raises:
            FileNotFoundError: when it is not there. AddressError: when it cannot be read.
        """
        with _in_a_sentence(self, missing=True):
            storage, path = self._storage()
            return bytes(storage.cat_file(path))

    def write_bytes(self, data: bytes) -> None:
        """Put a file in place of the old one, if any: a reader sees either.

        Raises:
            AddressError: when it cannot be written.
        """
        with _in_a_sentence(self):
            storage, path = self._storage()
            storage.pipe_file(path, data)

    def delete(self) -> None:
        """Delete a file, or a folder with all that is in it.

        Raises:
            AddressError: when it cannot be deleted.
        """
        with _in_a_sentence(self):
            storage, path = self._storage()
            storage.rm(path, recursive=True)

    def _storage(self) -> "tuple[AbstractFileSystem, str]":
        # fsspec keeps one connection per process; one that was made before a fork must not be used after it.
        from fsspec.core import url_to_fs

        storage, path = url_to_fs(self.url, use_listings_cache=False)
        return storage, str(path)


Place = Path | Address


def place_of(where: str | Path | Address) -> Place:
    """A path, or what stands for one at an address; ``file://`` is a path."""
    if not isinstance(where, str) or not _ADDRESS.match(where):
        return where if isinstance(where, Address) else Path(where)
    parts = urlsplit(where)
    return Path(unquote(parts.path)) if parts.scheme == "file" else Address(where)


def _stamp(about: dict[str, Any]) -> str:
    changed = next((str(about[name]) for name in _CHANGES if about.get(name)), "")
    return f"{about['size']} {changed}"


@contextmanager
def _in_a_sentence(address: Address, *, missing: bool = False) -> Iterator[None]:
    """Turn errors into an :class:`AddressError` with a sentence for people. They come from a dozen libraries, whose
    types are not known here.

    Args:
        missing: pass a FileNotFoundError on to the caller as it is.
    """
    try:
        yield
    except AddressError:
        raise
    except ImportError as error:
        raise AddressError(
            f"{address} is read by a package that is missing ({error}): install it, for s3:// by pip install s3fs."
        ) from error
    except FileNotFoundError as error:
        if missing:
            raise
        raise AddressError(f"{address} is not there: check the bucket and the path.") from error
    except PermissionError as error:
        raise AddressError(
            f"{address} refuses access ({_first_line(error)}): give the credentials of someone who may read and write there."
        ) from error
    except Exception as error:
        if isinstance(error, ValueError) and "rotocol" in str(error):
            raise AddressError(f"{address} is of a kind that is not known: use s3://, gs:// or a folder.") from error
        if "Credential" in type(error).__name__:
            raise AddressError(
                f"{address} needs credentials, and there are none: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or what "
                "your storage uses."
            ) from error
        raise AddressError(
            f"{address} cannot be reached after several tries ({_first_line(error)}): check the connection and the endpoint, "
            "then do it again."
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
