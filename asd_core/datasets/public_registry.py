"""The public sets that can be downloaded by name: a machine type of a release, read from ``public_sets.toml``."""

import tomllib
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Any

from asd_core.errors import DatasetError, reason_of
from asd_core.settings import get_settings

REGISTRY = Path(__file__).with_name("public_sets.toml")
FROM_REGISTRY = "from the registry"  # of the program, or the one that ASD_PUBLIC_SETS names


@dataclass(frozen=True)
class PublicArchive:
    """One ZIP of a public set.

    Attributes:
        part: of the release: dev, additional (training), eval, or a noise level; its recordings are stored below a folder so named.
        address, page: of the file, and of the record that describes it.
        name: of the file.
        md5: its published checksum; empty where none is known.
        megabytes: its size; ``None`` where it is not known.
        record_api: where the record can be asked for its files' checksums and sizes; empty where there is no such place.
        md5_from: in words where the checksum is from, or why there is none, once the record was asked; empty before.
    """

    part: str
    address: str
    page: str
    name: str
    md5: str = ""
    megabytes: float | None = None
    record_api: str = ""
    md5_from: str = ""

    @property
    def checksum(self) -> str:
        """Where its checksum is from, or why none is known, in words."""
        if self.md5:
            return self.md5_from or FROM_REGISTRY
        return f"not known ({self.md5_from})" if self.md5_from else "not known"


@dataclass(frozen=True)
class PublicSet:
    """A machine type of a release."""

    name: str
    title: str
    licence: str
    archives: tuple[PublicArchive, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(archive.part for archive in self.archives)

    @property
    def verified(self) -> bool:
        """Whether all of it has a known checksum."""
        return all(archive.md5 for archive in self.archives)

    @property
    def askable(self) -> bool:
        """Whether there is a place to ask for a checksum that is not known."""
        return all(archive.record_api for archive in self.archives)

    @property
    def megabytes(self) -> float | None:
        """Size of all archives together; ``None`` where one is not known."""
        sizes = [archive.megabytes for archive in self.archives]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def size(self) -> str:
        """The size in words."""
        known = sum(archive.megabytes or 0.0 for archive in self.archives)
        text = f"{known / 1000:,.1f} GB" if known >= 1000 else f"{known:,.0f} MB"
        if self.megabytes is not None:
            return text
        return f"over {text}" if known else "unknown"

    def only(self, parts: list[str]) -> "PublicSet":
        """The set with some of its parts; all of them for none.

        Raises:
            DatasetError: for a part that it does not have.
        """
        if unknown := sorted(set(parts) - set(self.parts)):
            raise DatasetError(f"{self.title} has no part {', '.join(unknown)}; it has {', '.join(self.parts)}.")
        kept = tuple(archive for archive in self.archives if not parts or archive.part in parts)
        return replace(self, archives=kept)


def public_sets() -> dict[str, PublicSet]:
    """All sets by name, those of one release together. ``ASD_PUBLIC_SETS`` names another registry, such as a mirror's.

    Raises:
        DatasetError: for a registry that cannot be read.
    """
    path = get_settings().public_sets or REGISTRY
    try:
        content = tomllib.loads(path.read_text("utf-8"))
        templates = (content["address"], content["page"], content.get("record_api", ""))
        sets = [one for release in content["releases"] for one in _sets(release, *templates)]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise DatasetError(
            f"{path} is no registry of public sets ({reason_of(error)}): compare it with the one of this program, {REGISTRY.name}."
        ) from error
    return {one.name: one for one in sets}


def public_set(name: str) -> PublicSet:
    """The set of a name.

    Raises:
        DatasetError: for a name that no set has.
    """
    known = public_sets()
    if name.lower() not in known:
        close = get_close_matches(name.lower(), known, 3)
        hint = f"did you mean {' or '.join(close)}?" if close else "download --list shows all."
        raise DatasetError(f"There is no public set {name}: {hint}")
    return known[name.lower()]


def _sets(release: dict[str, Any], address: str, page: str, record_api: str) -> list[PublicSet]:
    """The machine types of a release, by name."""
    archives: dict[str, list[PublicArchive]] = {}
    for part in release["parts"]:
        for machine, about in part["machines"].items():
            file = str(about.get("file") or part["file"].format(machine=machine))
            for plain in (file, part["name"]):
                if PurePosixPath(plain).name != plain:
                    raise ValueError(f"{plain} is no plain name")
            where = {"record": part["record"], "file": file}
            archives.setdefault(machine, []).append(
                PublicArchive(
                    str(part["name"]),
                    address.format(**where),
                    page.format(**where),
                    file,
                    str(about.get("md5", "")),
                    about.get("megabytes"),
                    record_api.format(**where),
                )
            )
    return [
        PublicSet(
            f"{release['name']}-{machine}".lower(), f"{release['title']}, {machine}", release["licence"], tuple(of)
        )
        for machine, of in sorted(archives.items(), key=lambda item: item[0].lower())
    ]
