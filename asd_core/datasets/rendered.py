"""The demo as a dataset: clips rendered when asked for, and cached on disk up to a size limit."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from asd_core.datasets.catalogue import Dataset
from asd_core.disk_cache import DiskCache
from asd_core.settings import Settings, get_settings
from asd_core.sound import wav_bytes

if TYPE_CHECKING:
    import pandas as pd

RENDERED_FROM = ("machine_id", "fault", "severity", "snr_db", "seed")  # all that ``demo.render`` reads of a row


@lru_cache(maxsize=1)
def simulator_version() -> str:
    """Hash of the simulator's source: a changed simulator never serves an old cached clip."""
    folder = Path(__file__).parent / "slide_rail"
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def demo_dataset(settings: Settings | None = None) -> Dataset:
    """Simulated slide rails with sound on demand: the committed catalogue, or the same one made anew where the package is
    installed without the project."""
    import pandas as pd

    settings = settings or get_settings()
    path = settings.data_dir / "demo" / "catalogue.csv"
    if path.is_file():
        catalogue = pd.read_csv(path, dtype={"machine_id": "str", "fault": "str"}, keep_default_na=False)
    else:
        from asd_core.datasets.demo import build_catalogue

        catalogue = build_catalogue()
    rows = catalogue.set_index("clip_id")
    cache = DiskCache(settings.cache_dir / f"demo-{simulator_version()}", settings.cache_limit_mb * 1e6)

    def source(clip_id: str) -> bytes:
        name = clip_id.replace("/", "-")
        data = cache.get(name)
        if data is None:
            from asd_core.datasets.demo import render_demo_clip

            clip = render_demo_clip(rows.loc[clip_id])
            data = wav_bytes(clip.samples, clip.sample_rate)
            cache.put(name, data)
        return data

    def stamps(of: "pd.DataFrame") -> list[str]:
        columns = [of[name].astype(str) for name in RENDERED_FROM]
        return [" ".join((*values, simulator_version())) for values in zip(*columns, strict=True)]

    return Dataset("demo", "Simulated slide rail (demo)", "demo", catalogue, source, stamps)
