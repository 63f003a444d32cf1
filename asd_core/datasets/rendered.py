"""The demos as datasets: clips rendered when asked for, and cached on disk up to a size limit."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asd_core.datasets.catalogue import Dataset
from asd_core.disk_cache import DiskCache
from asd_core.settings import Settings, get_settings
from asd_core.sound import wav_bytes

if TYPE_CHECKING:
    import pandas as pd

    from asd_core.datasets.slide_rail import SimulatedClip

RENDERED_FROM = ("machine_id", "fault", "severity", "snr_db", "seed")  # all that ``render_demo_clip`` reads of a row


@lru_cache
def simulator_version(*packages: str) -> str:
    """Hash of a simulator's source, by default the slide rail's: a changed simulator never serves an old cached clip."""
    digest = hashlib.sha256()
    for package in packages or ("slide_rail",):
        for path in sorted((Path(__file__).parent / package).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def demo_dataset(settings: Settings | None = None) -> Dataset:
    """Simulated slide rails with sound on demand: the committed catalogue, or the same one made anew where the package is
    installed without the project."""
    import pandas as pd

    from asd_core.datasets.demo import build_catalogue, render_demo_clip

    settings = settings or get_settings()
    path = settings.data_dir / "demo" / "catalogue.csv"
    if path.is_file():
        catalogue = pd.read_csv(path, dtype={"machine_id": "str", "fault": "str"}, keep_default_na=False)
    else:
        catalogue = build_catalogue()
    return _rendered(
        "demo",
        "Simulated slide rail (demo)",
        catalogue,
        render_demo_clip,
        RENDERED_FROM,
        simulator_version(),
        settings,
    )


def fan_dataset(settings: Settings | None = None) -> Dataset:
    """Simulated fans in a source and a target domain, with sound on demand."""
    from asd_core.datasets import demo_fan

    return _rendered(
        "demo-fan",
        "Simulated fan, two domains (demo)",
        demo_fan.build_fan_catalogue(),
        demo_fan.render_fan_clip,
        demo_fan.RENDERED_FROM,
        simulator_version("fan", "slide_rail"),  # whose background it shares
        settings or get_settings(),
    )


EMBEDDED: dict[str, Callable[[], Dataset]] = {"demo": demo_dataset, "demo-fan": fan_dataset}
"""Datasets that need no recordings, by what opens them."""


@dataclass(frozen=True, eq=False)
class Rendering:
    """The source of a dataset whose clips are rendered, each when it is first asked for.

    Attributes:
        rows: of the catalogue, by clip id.
        folder: that keeps what was rendered, named by the simulator's version; ``limit_bytes``: its size.
    """

    render: "Callable[[pd.Series[Any]], SimulatedClip]"
    rows: "pd.DataFrame"
    rendered_from: tuple[str, ...]
    folder: Path
    limit_bytes: float

    def __call__(self, clip_id: str) -> bytes:
        cache, file = _cache(self.folder, self.limit_bytes), clip_id.replace("/", "-")
        data = cache.get(file)
        if data is None:
            clip = self.render(self.rows.loc[clip_id])
            data = wav_bytes(clip.samples, clip.sample_rate)
            cache.put(file, data)
        return data

    def identity(self, clip_id: str) -> str:
        """What the clip's bytes depend on."""
        row = self.rows.loc[clip_id]
        return " ".join((self.folder.name, *(str(row[column]) for column in self.rendered_from)))


@lru_cache(maxsize=8)
def _cache(folder: Path, limit_bytes: float) -> DiskCache:
    """One object per folder: it counts the bytes written since the limit was last checked."""
    return DiskCache(folder, limit_bytes)


def _rendered(
    name: str,
    title: str,
    catalogue: "pd.DataFrame",
    render: "Callable[[pd.Series[Any]], SimulatedClip]",
    rendered_from: Sequence[str],
    version: str,
    settings: Settings,
) -> Dataset:
    """A dataset whose clips are rendered from some columns of its catalogue, by a version of a simulator."""
    folder, limit = settings.cache_dir / f"{name}-{version}", settings.cache_limit_mb * 1e6
    source = Rendering(render, catalogue.set_index("clip_id"), tuple(rendered_from), folder, limit)

    def stamps(of: "pd.DataFrame") -> list[str]:
        columns = [of[column].astype(str) for column in rendered_from]
        return [" ".join((*values, version)) for values in zip(*columns, strict=True)]

    return Dataset(name, title, name, catalogue, source, stamps)
