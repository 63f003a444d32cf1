"""Cached calls of the library. Keys are hashes and parameters, never arrays: large arrays are only sampled when hashed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from asd_core import artifacts
from asd_core.artifacts import Calibration, ModelSet, pooled_table, read_pooled
from asd_core.datasets import Dataset, open_dataset
from asd_core.errors import ArtifactError, DatasetError, UnknownMachineError
from asd_core.explain import REFERENCE, Explanation, Neighbours, NormalReference, explain, nearest, read_reference
from asd_core.features import LogMel, extract
from asd_core.scoring import AS_RECORDED, DATASET, DetectorScore, Scope, judge, score_prepared
from asd_core.scoring import store as score_store
from asd_core.settings import get_settings
from asd_core.sound import Clip, DenoiseEnds, Kind, denoise_ends, noise_region, prepare
from pages.shared.kept import NOTICED, Kept
from pages.shared.sound import Sound

if TYPE_CHECKING:
    import pandas as pd

    from pages.shared.sidebar import Choice

GONE = (ArtifactError, DatasetError)  # recordings that cannot be looked at


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
        stamp = max((written for key in keys if (written := _written(folder / key / artifacts.MANIFEST))), default=0.0)
        if stamp:
            found.append(Source(folder.name, title, location, folder, stamp))
    return found


def _written(path: Path) -> float:
    """When a file was written (seconds since 1970); 0 when it has gone since it was listed."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


@st.cache_resource(max_entries=4, show_spinner=False)
def _models(folder: str, stamp: float) -> ModelSet:
    return ModelSet(Path(folder))


def models(source: Source) -> ModelSet:
    """The trained detectors of a dataset."""
    return _models(*source.key())


@st.cache_resource(max_entries=4, show_spinner=False)
def _dataset(location: str, stamp: float) -> Kept[Dataset]:
    def look(before: Dataset | None) -> Dataset:
        now = open_dataset(location)
        return before if before and now.catalogue.equals(before.catalogue) else now

    return Kept(look)


def _open(folder: Path, location: str, stamp: float) -> Dataset:
    if not location:
        raise ArtifactError(f"{folder} does not say where its recordings are: train again to write {DATASET}.")
    return _dataset(location, stamp).get()


def dataset(source: Source) -> Dataset:
    """The dataset itself; the same object while its catalogue is the same. Raises DatasetError when its recordings are gone."""
    return _open(source.folder, source.location, source.stamp)


@dataclass(frozen=True, eq=False)
class Stored:
    """Stored scores of a scope. The table is shared by all sessions: it must not be changed."""

    table: "pd.DataFrame"
    digest: str  # of the table's content: the key of what is computed from it
    gone: str  # why the recordings cannot be looked at; empty when they were


@st.cache_resource(max_entries=8, show_spinner=False)
def _scores(folder: str, stamp: float, written: int, location: str, scope: Scope) -> Kept[Stored]:
    def read(_: Stored | None) -> Stored:
        found, gone = _there(folder, location, stamp)
        table = score_store.read(Path(folder), found, scope)
        return Stored(table, score_store.digest(table), gone)

    return Kept(read)


def _there(folder: str, location: str, stamp: float) -> tuple[Dataset | None, str]:
    """The dataset, or why its recordings cannot be looked at."""
    try:
        return _open(Path(folder), location, stamp), ""
    except GONE as error:
        return None, str(error)


def scores(source: Source, scope: Scope) -> Stored:
    """Stored scores of a scope that are still true, as far as the recordings are there to tell."""
    return _scores(*source.key(), score_store.stamp(source.folder, scope), source.location, scope).get()


def missing(source: Source, scope: Scope, stored: Stored) -> list[str]:
    """Detectors that have no scores of a scope yet; none when there are no recordings to score."""
    if stored.gone:
        return []
    return score_store.missing(source.folder, dataset(source), scope, table=stored.table)


def test_scores(source: Source) -> "pd.DataFrame":
    """Stored scores of the test clips as recorded; no rows when there are none."""
    return scores(source, AS_RECORDED).table


@st.cache_resource(max_entries=4, show_spinner=False)
def _seen_clips(folder: str, stamp: float) -> "pd.DataFrame":
    return read_pooled(Path(folder), ("clip_id", "machine_id", "sha256"))


def seen_clips(source: Source) -> "pd.DataFrame":
    """Which clips training saw: clip_id, machine_id, sha256. Shared by all sessions: it must not be changed.

    Raises:
        ArtifactError: when training did not say.
    """
    return _seen_clips(*source.key())


@st.cache_data(max_entries=64, show_spinner=False)
def catalogue_clip(source_name: str, clip_id: str, _source: Source) -> Clip:
    """A clip of the catalogue."""
    return dataset(_source).read(clip_id)


@st.cache_data(max_entries=32, show_spinner=False)
def prepared(sha256: str, channel: int, _clip: Clip) -> Clip:
    """What detectors hear of a clip."""
    return prepare(_clip, channel=channel)


@st.cache_data(max_entries=16, show_spinner=False)
def ends(sha256: str, channel: int, kind: Kind, noise: tuple[float, float] | None, _prepared: Clip) -> DenoiseEnds:
    """The two ends of a clip's denoising: after this, every strength is a cross-fade.

    Args:
        noise: start and end, in s, of the stretch that is taken for noise; the whole clip for ``None``.
    """
    samples, rate = _prepared.samples[0], _prepared.sample_rate
    reference = noise_region(samples, rate, *noise) if noise else None
    return denoise_ends(samples, rate, kind=kind, noise=reference)


@st.cache_data(max_entries=512, show_spinner=False)
def _raw_scores(
    sound: tuple[object, ...], machine_id: str, folder: str, stamp: float, keys: tuple[str, ...], _sound: Sound
) -> dict[str, float]:
    every = _models(folder, stamp)
    return score_prepared(_sound.heard, ModelSet(every.folder, keys, shared=every), machine_id)


@st.cache_resource(max_entries=128, show_spinner=False)
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


def clip_scores(selected: "Choice", sound: Sound) -> list[DetectorScore]:
    """Scores of a sound by the chosen detectors."""
    source, keys, machine_id = selected.source, selected.detectors, selected.machine_id
    raw = _raw_scores(sound.key(), machine_id, *source.key(), tuple(keys), sound)
    loaded = models(source)
    return [judge(key, raw[key], loaded[key].calibration, machine_id, selected.rate) for key in keys]


def thresholds(selected: "Choice") -> dict[str, dict[str, float | None]]:
    """Of each chosen detector and machine id the threshold on the raw score, at the chosen false-alarm rate."""
    found: dict[str, dict[str, float | None]] = {}
    for key in selected.detectors:
        own = calibration(selected.source, key)
        found[key] = {i: own.threshold(i, selected.rate).value for i in own.scores}
    return found


def alarms(source: Source, keys: list[str]) -> dict[str, list[str]]:
    """For each detector that training marked: why not to trust it."""
    return _alarms(*source.key(), tuple(keys))


# Every look into a cache costs a millisecond or two: one for all detectors, not one for each.
@st.cache_data(max_entries=64, show_spinner=False)
def _alarms(folder: str, stamp: float, keys: tuple[str, ...]) -> dict[str, list[str]]:
    found = {key: _manifest(folder, stamp, key).alarms for key in keys}
    return {key: sentences for key, sentences in found.items() if sentences}


def known_ids(source: Source) -> list[str]:
    """Machine ids that the source's detectors know."""
    ids = _known_ids(*source.key())
    if not ids:
        raise UnknownMachineError(f"The detectors of {source.title} know no machine id: train them again.")
    return ids


@st.cache_data(max_entries=8, show_spinner=False)
def _known_ids(folder: str, stamp: float) -> list[str]:
    return sorted({i for key in _models(folder, stamp) for i in _manifest(folder, stamp, key).calibration})


@st.cache_data(max_entries=32, show_spinner=False)
def _reference(folder: str, stamp: float, machine_id: str) -> NormalReference | None:
    return read_reference(Path(folder), machine_id)


def reference(source: Source, machine_id: str) -> NormalReference | None:
    """What is usual for a machine id; ``None`` where it was not computed."""
    path = source.folder / REFERENCE
    return _reference(str(source.folder), path.stat().st_mtime if path.is_file() else 0.0, machine_id)


@st.cache_data(max_entries=64, show_spinner=False)
def _explained(
    sound: tuple[object, ...], machine_id: str, folder: str, stamp: float, key: str, _sound: Sound
) -> Explanation:
    every = _models(folder, stamp)
    one = ModelSet(every.folder, [key], shared=every)
    return explain(one[key], one, extract(_sound.heard, one.representations()), machine_id)


def explained(selected: "Choice", key: str, sound: Sound) -> Explanation:
    """Where one detector's score of a sound comes from."""
    return _explained(sound.key(), selected.machine_id, *selected.source.key(), key, sound)


@st.cache_resource(max_entries=4, show_spinner=False)
def _pooled_now(folder: str, stamp: float, location: str) -> "Kept[tuple[pd.DataFrame, str]]":
    def read(_: "tuple[pd.DataFrame, str] | None") -> "tuple[pd.DataFrame, str]":
        found, gone = _there(folder, location, stamp)
        return pooled_table(Path(folder), found), gone

    return Kept(read)


@st.cache_data(max_entries=64, show_spinner=False, ttl=NOTICED)
def _neighbours(
    sha256: str, channel: int, machine_id: str, folder: str, stamp: float, location: str, _clip: Clip
) -> Neighbours:
    table, _ = _pooled_now(folder, stamp, location).get()
    return nearest(table, LogMel(sample_rate=_clip.sample_rate).transform(_clip), machine_id, sha256)


def neighbours(source: Source, machine_id: str, clip: Clip) -> tuple[Neighbours, str]:
    """The dataset's clips that sound most like a prepared clip, and why they cannot be heard (empty: they can)."""
    at = (*source.key(), source.location)
    return _neighbours(clip.sha256, get_settings().channel, machine_id, *at, clip), _pooled_now(*at).get()[1]
