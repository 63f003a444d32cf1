"""Cached calls of the library. Keys are hashes and parameters, never arrays: large arrays are only sampled when hashed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from asd_core import artifacts
from asd_core.audio import Clip, prepare
from asd_core.calibration import Calibration
from asd_core.datasets.catalogue import Dataset, open_dataset
from asd_core.denoise import DenoiseEnds, Kind, denoise_ends
from asd_core.errors import ArtifactError, UnknownMachineError
from asd_core.results import stored_scores
from asd_core.scoring import DetectorScore, ModelSet, denoised, judge, score_prepared
from asd_core.settings import get_settings
from asd_core.training import DATASET, POOLED

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Source:
    """A folder of trained detectors and the dataset they were trained on."""

    name: str
    title: str
    location: str
    folder: Path
    stamp: float  # when its newest manifest was written: the caches' key

    def key(self) -> tuple[str, float]:
        return str(self.folder), self.stamp


def sources() -> list[Source]:
    """Every dataset with trained detectors, the demo first."""
    found = []
    for folder in sorted(get_settings().models_dir.glob("*"), key=lambda p: (p.name != "demo", p.name)):
        keys = artifacts.trained_keys(folder)
        try:
            about = json.loads((folder / DATASET).read_text("utf-8"))
            title, location = str(about["title"]), str(about["location"])
        except (OSError, ValueError, KeyError):
            title, location = folder.name, ""
        if keys:
            stamp = max((folder / key / artifacts.MANIFEST).stat().st_mtime for key in keys)
            found.append(Source(folder.name, title, location, folder, stamp))
    return found


@st.cache_resource(max_entries=4, show_spinner=False)
def _models(folder: str, stamp: float) -> ModelSet:
    return ModelSet(Path(folder))


def models(source: Source) -> ModelSet:
    """The trained detectors of a dataset."""
    return _models(*source.key())


@st.cache_resource(max_entries=4, show_spinner=False)
def _dataset(location: str, stamp: float) -> Dataset:
    return open_dataset(location)


def dataset(source: Source) -> Dataset:
    """The dataset itself. Raises DatasetError when its recordings are gone."""
    if not source.location:
        raise ArtifactError(f"{source.folder} does not say where its recordings are: train again to write {DATASET}.")
    return _dataset(source.location, source.stamp)


@st.cache_data(max_entries=8, show_spinner=False)
def _scores(folder: str, stamp: float) -> "pd.DataFrame":
    return stored_scores(Path(folder))


def test_scores(source: Source) -> "pd.DataFrame":
    """Stored scores of the test clips. Raises ArtifactError when there are none."""
    return _scores(*source.key())


@st.cache_data(max_entries=4, show_spinner=False)
def _pooled(folder: str, stamp: float) -> "pd.DataFrame":
    import pandas as pd

    path = Path(folder) / POOLED
    if not path.is_file():
        raise ArtifactError(f"{folder} holds no pooled features ({POOLED}): train its detectors again.")
    return pd.read_parquet(path)


def pooled_features(source: Source) -> "pd.DataFrame":
    """Pooled log-mels of the dataset's clips."""
    return _pooled(*source.key())


@st.cache_data(max_entries=64, show_spinner=False)
def catalogue_clip(source_name: str, clip_id: str, _source: Source) -> Clip:
    """A clip of the catalogue."""
    return dataset(_source).read(clip_id)


@st.cache_data(max_entries=32, show_spinner=False)
def prepared(sha256: str, channel: int, _clip: Clip) -> Clip:
    """What detectors hear of a clip."""
    return prepare(_clip, channel=channel)


@st.cache_data(max_entries=16, show_spinner=False)
def ends(sha256: str, channel: int, kind: Kind, _prepared: Clip) -> DenoiseEnds:
    """The two ends of a clip's denoising: after this, every strength is a cross-fade."""
    return denoise_ends(_prepared.samples[0], _prepared.sample_rate, kind=kind)


@st.cache_data(max_entries=512, show_spinner=False)
def _raw_scores(
    sha256: str,
    channel: int,
    kind: Kind,
    strength: float,
    machine_id: str,
    folder: str,
    stamp: float,
    keys: tuple[str, ...],
    _clip: Clip,
) -> dict[str, float]:
    every = _models(folder, stamp)
    return score_prepared(_clip, ModelSet(every.folder, keys, shared=every), machine_id)


@st.cache_data(max_entries=128, show_spinner=False)
def _manifest(folder: str, stamp: float, key: str) -> artifacts.Manifest:
    return artifacts.read_manifest(Path(folder) / key)


def calibration(source: Source, key: str) -> Calibration:
    """A detector's calibration, without loading its weights."""
    return Calibration(_manifest(*source.key(), key).calibration)


def stored_clip_scores(
    source: Source, keys: list[str], machine_id: str, rate: float, sha256: str
) -> list[DetectorScore]:
    """What training stored of a test clip's scores, by the given detectors; empty when it stored none."""
    stored = test_scores(source)
    own = stored[(stored["sha256"] == sha256) & (stored["machine_id"] == machine_id)].set_index("detector")["raw"]
    return [judge(key, float(own[key]), calibration(source, key), machine_id, rate) for key in keys if key in own]


def clip_scores(
    source: Source,
    keys: list[str],
    machine_id: str,
    rate: float,
    clip: Clip,
    channel: int,
    denoising: DenoiseEnds | None,
    kind: Kind,
    strength: float,
) -> list[DetectorScore]:
    """Scores of a prepared clip at a strength, by the given detectors."""
    at = denoised(clip, denoising, strength) if denoising and strength > 0 else clip
    raw = _raw_scores(clip.sha256, channel, kind, strength, machine_id, *source.key(), tuple(keys), at)
    loaded = models(source)
    return [judge(key, raw[key], loaded[key].calibration, machine_id, rate) for key in keys]


def alarms(source: Source, keys: list[str]) -> dict[str, list[str]]:
    """For each detector that training marked: why not to trust it."""
    found = {key: _manifest(*source.key(), key).alarms for key in keys}
    return {key: sentences for key, sentences in found.items() if sentences}


def known_ids(source: Source) -> list[str]:
    """Machine ids that the source's detectors know."""
    ids = models(source).machine_ids()
    if not ids:
        raise UnknownMachineError(f"The detectors of {source.title} know no machine id: train them again.")
    return ids
