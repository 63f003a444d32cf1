"""The datasets that have trained detectors."""

from dataclasses import dataclass
from pathlib import Path

from asd_core import artifacts
from asd_core.datasets import recorded_dataset, title_today
from asd_core.settings import get_settings


@dataclass(frozen=True)
class Source:
    """The trained detectors of a dataset: those of the version in use, where there are several."""

    name: str
    title: str
    location: str
    folder: Path
    stamp: float  # when its newest manifest was written

    def key(self) -> tuple[str, float]:
        """What tells its detectors from all others."""
        return str(self.folder), self.stamp


def sources() -> list[Source]:
    """Every dataset with trained detectors, the demo first."""
    results = []
    for base in sorted(get_settings().models_dir.glob("*"), key=lambda p: (p.name != "demo", p.name)):
        folder = artifacts.folder_in_use(base)
        keys = artifacts.trained_keys(folder)
        location, called = recorded_dataset(folder)
        title = title_today(location, called) or base.name
        stamp = max((written for key in keys if (written := _written(folder / key / artifacts.MANIFEST))), default=0.0)
        if stamp:
            results.append(Source(base.name, title, location, folder, stamp))
    return results


def _written(path: Path) -> float:
    """When a file was written (seconds since 1970); 0 when it has gone since it was listed."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
