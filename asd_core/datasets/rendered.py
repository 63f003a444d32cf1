"""The demo as a dataset: clips rendered when asked for, and kept on disk up to a size limit."""

import hashlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from asd_core.audio import wav_bytes
from asd_core.datasets.catalogue import Dataset
from asd_core.settings import Settings, get_settings

if TYPE_CHECKING:
    import pandas as pd

RENDERED_FROM = ("machine_id", "fault", "severity", "snr_db", "seed")  # all that ``demo.render`` reads of a row
PRUNE_EVERY = 50  # writes; counting files is not free


class ClipCache:
    """Files by name under one folder; the least recently used go first when the limit is passed."""

    def __init__(self, folder: Path, limit_bytes: float) -> None:
        self.folder, self.limit_bytes = folder, limit_bytes
        self._writes = 0

    def get(self, name: str) -> bytes | None:
        path = self.folder / name
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError:  # not there, or pruned by another process meanwhile: it is rendered again
            return None
        return data

    def put(self, name: str, data: bytes) -> None:
        """Store under a name; a full or read-only disk only means that the clip is rendered again next time."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
                file.write(data)
            os.replace(file.name, self.folder / name)  # atomic: another process never reads half a clip
        except OSError:
            return
        self._writes += 1
        if self._writes % PRUNE_EVERY == 0:
            self.prune()

    def prune(self) -> None:
        """Delete the least recently used files until the folder is within its limit."""
        files = sorted(((p.stat().st_mtime, p.stat().st_size, p) for p in self.folder.iterdir()), reverse=True)
        total = 0
        for _, size, path in files:
            total += size
            if total > self.limit_bytes:
                path.unlink(missing_ok=True)


@lru_cache(maxsize=1)
def simulator_version() -> str:
    """Hash of the simulator's source: a changed simulator never serves an old cached clip."""
    folder = Path(__file__).parent / "slide_rail"
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def demo_dataset(settings: Settings | None = None) -> Dataset:
    """The committed catalogue of simulated slide rails, with sound on demand."""
    import pandas as pd

    settings = settings or get_settings()
    catalogue = pd.read_csv(
        settings.data_dir / "demo" / "catalogue.csv", dtype={"machine_id": "str", "fault": "str"}, keep_default_na=False
    )
    rows = catalogue.set_index("clip_id")
    cache = ClipCache(settings.cache_dir / f"demo-{simulator_version()}", settings.cache_limit_mb * 1e6)

    def source(clip_id: str) -> bytes:
        name = clip_id.replace("/", "-")
        data = cache.get(name)
        if data is None:
            from asd_core.datasets.demo import render

            clip = render(rows.loc[clip_id])
            data = wav_bytes(clip.samples, clip.sample_rate)
            cache.put(name, data)
        return data

    def stamps(found: "pd.DataFrame") -> list[str]:
        columns = [found[name].astype(str) for name in RENDERED_FROM]
        return [" ".join((*values, simulator_version())) for values in zip(*columns, strict=True)]

    return Dataset("demo", "Simulated slide rail (demo)", "demo", catalogue, source, stamps)
