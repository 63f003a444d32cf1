"""Where the bytes of a dataset's clips come from. Plain values, which another process can be given."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from asd_core.addresses import Address, RemoteFile
from asd_core.datasets.catalogue import file_stamp
from asd_core.errors import ClipError
from asd_core.sound import check_size

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class FolderClips:
    """Clips that are files below a folder."""

    folder: Path

    def __call__(self, clip_id: str) -> Path:
        return self.folder / clip_id

    def stamps(self, rows: "pd.DataFrame") -> list[str]:
        """For each row of the catalogue a text that changes when its file does."""
        return [file_stamp(f"{self.folder}/{clip_id}") for clip_id in rows["clip_id"]]


@dataclass(frozen=True)
class AddressClips:
    """Clips that are files below an address, as its listing said when the dataset was opened."""

    folder: Address
    listing: Mapping[str, RemoteFile] = field(repr=False)

    def __call__(self, clip_id: str) -> bytes:
        """The bytes of a clip.

        Raises:
            ClipError: for one that is too large, or is not there any more. AddressError: for a failure that is
                not about this clip, such as a lost connection: leaving clips out for it would change what is trained
                on.
        """
        check_size(clip_id, self.listing[clip_id].size)
        try:
            return (self.folder / clip_id).read_bytes()
        except FileNotFoundError as error:
            raise ClipError(f"{self.folder / clip_id} is not there any more: put it back, or leave it out.") from error

    def only(self, clip_ids: Iterable[str]) -> "AddressClips":
        """Some of them, to be sent to another process: the listing of a large dataset takes megabytes."""
        return AddressClips(self.folder, {clip_id: self.listing[clip_id] for clip_id in clip_ids})

    def identity(self, clip_id: str) -> str:
        """A text that identifies a clip without fetching it."""
        return f"{self.folder / clip_id} {self.listing[clip_id].stamp}"

    def stamps(self, rows: "pd.DataFrame") -> list[str]:
        """For each row of the catalogue a text that changes when its file does: from the one listing, since asking for
        a single file takes a call each."""
        return [self.listing[clip_id].stamp if clip_id in self.listing else "gone" for clip_id in rows["clip_id"]]
