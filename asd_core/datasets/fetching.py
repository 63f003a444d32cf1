"""One archive from the network: checked against its checksum, and resumed where it broke off."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from asd_core.datasets.public_registry import PublicArchive
from asd_core.errors import DatasetError, reason_of
from asd_core.files import append_chunks, move_file
from asd_core.progress import Progress

if TYPE_CHECKING:
    from requests import Response

TIMEOUT = (10.0, 60.0)  # s to connect, and between two pieces
PIECE = 1 << 18
HEADERS = {"Accept-Encoding": "identity", "User-Agent": "asd-dashboard"}
RANGE_NOT_SATISFIABLE, PARTIAL = 416, 206


def fetch(archive: PublicArchive, folder: Path, progress: Progress) -> Path:
    """The archive in a folder, downloaded unless it is there whole. A broken download is continued where it stopped.

    Raises:
        DatasetError: when the server cannot be reached, breaks off or gives another file, or the disk is full.
    """
    import pooch
    from requests import RequestException

    pooch.get_logger().setLevel("WARNING")
    part = _part(archive, folder)
    try:
        return Path(
            pooch.retrieve(
                archive.address,
                f"md5:{archive.md5}" if archive.md5 else None,
                fname=archive.name,
                path=folder,
                downloader=_Resuming(archive, part, progress),
            )
        )
    except RequestException as error:
        raise DatasetError(_broken_off(archive, part, error)) from error
    except OSError as error:
        raise DatasetError(f"{archive.name} cannot be stored in {folder} ({reason_of(error)}): free space.") from error
    except ValueError as error:  # pooch raises it for a wrong checksum, and has deleted the file
        raise DatasetError(
            f"{archive.name} from {archive.address} is not the published file: its checksum is another one. Nothing of it is kept; "
            "try again later."
        ) from error


def has_begun(archive: PublicArchive, folder: Path) -> bool:
    """Whether something of an archive is in a folder, or all of it."""
    return (folder / archive.name).is_file() or _part(archive, folder).is_file()


def _part(archive: PublicArchive, folder: Path) -> Path:
    return folder / f"{archive.name}.part"


class _Resuming:
    """What pooch calls to get a file; its own downloader starts anew each time."""

    def __init__(self, archive: PublicArchive, part: Path, progress: Progress) -> None:
        self.archive, self.part, self.progress = archive, part, progress

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        import requests

        # Without a checksum nothing would show that two halves are of one file: it starts anew.
        there = self.part.stat().st_size if self.archive.md5 and self.part.is_file() else 0
        headers = {**HEADERS, "Range": f"bytes={there}-"} if there else HEADERS
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            arrived = there > 0 and response.status_code == RANGE_NOT_SATISFIABLE  # if not, the checksum tells
            if not arrived:
                response.raise_for_status()
                there = there if response.status_code == PARTIAL else 0
                self._check_room(
                    int(response.headers.get("Content-Length", 0)) - (0 if there else self._bytes_on_disk())
                )
                append_chunks(self._pieces(response, there), self.part, anew=not there)
        move_file(self.part, Path(output_file))

    def _bytes_on_disk(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def _check_room(self, n_bytes: int) -> None:
        free = shutil.disk_usage(self.part.parent).free
        if n_bytes > free:
            raise DatasetError(
                f"{self.archive.name} needs {n_bytes / 1e9:,.1f} GB more, and {free / 1e9:,.1f} GB are free in {self.part.parent}: free "
                "space, and start it again."
            )

    def _pieces(self, response: "Response", there: int) -> Iterator[bytes]:
        total = there + int(response.headers.get("Content-Length", 0))
        for piece in response.iter_content(PIECE):
            there += len(piece)
            self.progress(
                there / max(total, there), f"{self.archive.name}, {there / 1e6:,.0f} of {total / 1e6:,.0f} MB"
            )
            yield piece


def _broken_off(archive: PublicArchive, part: Path, error: Exception) -> str:
    from requests import HTTPError

    if isinstance(error, HTTPError) and error.response is not None:
        return f"{archive.address} cannot be had (the server says {error.response.status_code}): try again later."
    kept = part.stat().st_size if archive.md5 and part.is_file() else 0
    if kept:
        return f"The download of {archive.name} broke off after {kept / 1e6:,.1f} MB: start it again, and it goes on from there."
    return f"{archive.address} cannot be reached: is this computer on the network? Try again later."
