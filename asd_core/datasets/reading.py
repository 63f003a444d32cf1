"""A few clips of a dataset as representations: what a process does of :func:`asd_core.datasets.extract_dataset`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pydantic import ValidationError
from threadpoolctl import threadpool_limits

from asd_core.datasets.changes import ClipChange
from asd_core.datasets.conditions import Conditions, conditions_of
from asd_core.errors import ClipError
from asd_core.features import (
    Array,
    Features,
    FeatureStore,
    Representation,
    extract,
    feature_store,
    file_identity,
    recipe,
    recipe_of,
    working_rate,
)
from asd_core.on_disk import ArrayPlace, DiskArrays
from asd_core.settings import get_settings
from asd_core.sound import Clip, prepare, read_clip

Source = Callable[[str], bytes | Path]


@dataclass(frozen=True)
class Part:
    """What to read.

    Attributes:
        clips: of each its place in the table, its id and its name.
        representations: distinct ones, which decide at which rate clips are prepared.
        conditions: whether to determine how the recordings were made.
        file: to put arrays into, for a reader in another process; they come with the outcome for ``None``.
    """

    source: Source
    clips: tuple[tuple[int, str, str], ...]
    representations: tuple[Representation, ...]
    change: ClipChange
    conditions: bool
    file: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """The outcome of reading one clip.

    Attributes:
        index: its place in the table.
        error: why it cannot be scored; the rest is then empty.
        versions: for each version of it the arrays, or where they lie in the part's file.
        refused: representations that are not computed from here on, with the reason.
    """

    index: int
    error: str = ""
    sha256: str = ""
    versions: tuple[dict[Representation, Array], ...] | tuple[dict[Representation, ArrayPlace], ...] = ()
    conditions: Conditions | None = None
    refused: dict[Representation, str] = field(default_factory=dict)


def read_part(part: Part) -> list[Outcome]:
    """Read, prepare and transform clips one after the other, until every representation is refused. What is in the store is
    not computed, and a recording all of whose features are there is not read."""
    _one_blas_thread()
    return list(_outcomes(part))


@cache
def _one_blas_thread() -> None:
    """The last bits of a matrix product depend on the number of threads, and clips are to be the same from any process. The
    product of a log-mel is so small that more threads than one take longer, too."""
    threadpool_limits(1, user_api="blas")


def _outcomes(part: Part) -> Iterator[Outcome]:
    reader, refused = _Reader(part, feature_store()), dict[Representation, str]()
    kept = None if part.file is None else DiskArrays(part.file)
    for index, clip_id, name in part.clips:
        try:
            sha256, versions, conditions = reader.read(clip_id, name, refused)
        except ClipError as error:
            yield Outcome(index, str(error), refused=dict(refused))
            continue
        if kept is None:
            yield Outcome(index, "", sha256, tuple(versions), conditions, dict(refused))
        else:
            places = tuple({r: kept.add(array) for r, array in version.items()} for version in versions)
            yield Outcome(index, "", sha256, places, conditions, dict(refused))
        if part.representations and len(refused) == len(part.representations):
            break
    if kept is not None:
        kept.close()


class _Reader:
    """Reads clips, with the store where there is one."""

    def __init__(self, part: Part, store: FeatureStore | None) -> None:
        self.part, self.store = part, store
        rates = {representation.sample_rate for representation in part.representations}
        self.prepared_at = str(*rates) if len(rates) == 1 else "the recording's"

    def read(
        self, clip_id: str, name: str, refused: dict[Representation, str]
    ) -> tuple[str, list[Features], Conditions | None]:
        stamp = self._stamp(clip_id)
        sha256 = self.store.sha256_of(stamp) if self.store and stamp else None
        if sha256 is not None:
            versions, conditions = self._stored(sha256), self._stored_conditions(sha256)
            if self._whole(versions, refused) and (conditions or not self.part.conditions):
                return sha256, versions, conditions
        clip = read_clip(self.part.source(clip_id), name=name)
        prepared = prepare(clip, sample_rate=working_rate(self.part.representations, clip.sample_rate))
        versions = self._stored(clip.sha256)
        self._compute(prepared, versions, refused)
        conditions = self._conditions(clip)
        if self.store and stamp:
            self.store.remember(stamp, clip.sha256)
        return clip.sha256, versions, conditions

    def _stamp(self, clip_id: str) -> str | None:
        """A text that identifies the recording without reading it; ``None`` where there is none."""
        if self.store is None:
            return None
        if of_rendered := getattr(self.part.source, "identity", None):
            return str(of_rendered(clip_id))
        place = self.part.source(clip_id)
        return file_identity(place) if isinstance(place, Path) else None

    def _whole(self, versions: list[Features], refused: dict[Representation, str]) -> bool:
        return all(r in version or r in refused for version in versions for r in self.part.representations)

    def _recipes(self, key: str) -> dict[Representation, str]:
        change, at = self.part.change, self.prepared_at
        return {r: stored_name for r in self.part.representations if (stored_name := recipe_of(r, key, change, at))}

    def _stored(self, sha256: str) -> list[Features]:
        """Of each version of a clip, the representations that are in the store."""
        keys = self.part.change.keys(sha256)
        if self.store is None:
            return [{} for _ in keys]
        arrays = [{r: self.store.array(name, sha256) for r, name in self._recipes(key).items()} for key in keys]
        return [{r: array for r, array in version.items() if array is not None} for version in arrays]

    def _compute(self, prepared: Clip, versions: list[Features], refused: dict[Representation, str]) -> None:
        """Add what is missing."""
        if self._whole(versions, refused):
            return
        keys = self.part.change.keys(prepared.sha256)
        for key, version, changed in zip(keys, versions, self.part.change(prepared), strict=True):
            missing = [r for r in self.part.representations if r not in version]
            computed = extract(changed, missing, refused)
            if self.store:
                for representation, name in self._recipes(key).items():
                    if representation in computed:
                        self.store.put_array(name, prepared.sha256, computed[representation])
            version |= computed

    def _stored_conditions(self, sha256: str) -> Conditions | None:
        data = self.store.fact(recipe("conditions"), sha256) if self.store and self.part.conditions else None
        try:
            return None if data is None else Conditions.model_validate_json(data)
        except ValidationError:  # of an earlier version
            return None

    def _conditions(self, clip: Clip) -> Conditions | None:
        if not self.part.conditions:
            return None
        conditions = conditions_of(clip, get_settings().channel)
        if self.store:
            self.store.put_fact(recipe("conditions"), clip.sha256, conditions.model_dump_json().encode())
        return conditions
