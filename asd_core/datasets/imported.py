"""The outcome of an import."""

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from asd_core.datasets.folder_listing import Unused


@dataclass
class Imported:
    """What an import did.

    Attributes:
        place: the dataset file.
        stored: how many recordings were stored.
        refused: files that were not, with the reason.
        tables: of recordings, stored beside them; where there is one, it says what they are.
    """

    place: Path
    stored: int = 0
    refused: list[Unused] = field(default_factory=list)
    tables: list[PurePosixPath] = field(default_factory=list)
