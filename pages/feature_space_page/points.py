"""Where the clips are, computed once for each choice and shared by all sessions."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from asd_core.errors import AsdError
from asd_core.features import LogMel
from asd_core.plots import Star
from asd_core.sound import Clip, Signal
from asd_core.space import (
    MAPS,
    POOLED,
    Embedding,
    Projection,
    Space,
    UmapSettings,
    find_umap,
    fit_pca,
    latents_stamp,
    pooled_vector,
    read_space,
    umap_file,
    umap_key,
)
from pages.feature_space_page.view import View
from pages.shared.caching import ANSWERS, BY_KEY, FOLDERS, SELECTIONS
from pages.shared.recordings import clip_titles
from pages.shared.signals import signal_of
from pages.shared.sources import Source
from pages.shared.trained_models import models_of
from pages.shared.uploads import uploads

COMPONENTS = 10  # of the PCA: three are drawn, all are in the list of shares


@dataclass(frozen=True, eq=False)
class Fitted:
    """The chosen clips and where a projection puts them. Shared by all sessions: nothing in it may be changed."""

    about: pd.DataFrame
    model: Projection | Embedding
    places: Any  # (n, 2) or (n, 3)


@st.cache_resource(max_entries=FOLDERS, show_spinner="Reading the clips …", hash_funcs=BY_KEY)
def _space(source: Source, written: int, part: str) -> Space:
    return read_space(source.folder, part)


def _written(source: Source, part: str) -> int:
    """When the vectors were stored; those of the log-mel come with the detectors."""
    return 0 if part in POOLED else latents_stamp(source.folder)


def space(source: Source, part: str) -> Space:
    """All clips of a dataset as vectors."""
    return _space(source, _written(source, part), part)


def chosen_space(source: Source, view: View) -> Space:
    """The clips that the map shows, as vectors."""
    return space(source, view.part).subset(view.splits, view.machine_id)


def clips(source: Source) -> pd.DataFrame:
    """What is known of every clip; a row's number names the clip on the map. It must not be changed."""
    return space(source, "all").about


@st.cache_resource(max_entries=SELECTIONS, show_spinner="Computing principal components …", hash_funcs=BY_KEY)
def _components(
    source: Source, written: int, part: str, splits: tuple[str, ...], machine_id: str | None
) -> tuple[Space, Projection, Any]:
    chosen = space(source, part).subset(splits, machine_id)
    fitted = fit_pca(chosen.vectors, COMPONENTS)
    return chosen, fitted, fitted.transform(chosen.vectors)


def components(source: Source, view: View, n_axes: int) -> Fitted:
    """Principal components of the chosen clips."""
    written = _written(source, view.part)
    chosen, fitted, places = _components(source, written, view.part, view.splits, view.machine_id)
    return Fitted(chosen.about, fitted, places[:, :n_axes])


@st.cache_data(max_entries=ANSWERS, show_spinner=False, hash_funcs=BY_KEY)
def _umap_path(
    source: Source, written: int, part: str, splits: tuple[str, ...], machine_id: str | None, settings: UmapSettings
) -> Path:
    return umap_file(umap_key(space(source, part).subset(splits, machine_id).vectors, settings))


@st.cache_resource(max_entries=SELECTIONS, show_spinner=False, hash_funcs=BY_KEY)
def _umap(source: Source, path: Path, stored: tuple[int, ...], _view: View) -> Fitted | None:
    chosen = chosen_space(source, _view)
    embedding = find_umap(source.folder, chosen.vectors, _view.umap)
    return None if embedding is None else Fitted(chosen.about, embedding, embedding.xy)


def umap_path(source: Source, view: View) -> Path:
    """Where the map of the chosen clips with these settings is kept, once it is computed."""
    return _umap_path(source, _written(source, view.part), view.part, view.splits, view.machine_id, view.umap)


def umap(source: Source, view: View) -> Fitted | None:
    """The map of the chosen clips, if it was computed."""
    path = umap_path(source, view)
    files = (source.folder / MAPS, path)
    return _umap(source, path, tuple(f.stat().st_mtime_ns if f.is_file() else 0 for f in files), view)


@st.cache_data(max_entries=ANSWERS, show_spinner=False, hash_funcs=BY_KEY)
def _vector(signal: Signal, part: str, machine_id: str, source: Source) -> Any:
    log_mel = LogMel().transform(signal.clip)
    if part in POOLED:
        return pooled_vector(log_mel, part)
    return models_of(source)[part].detector.latent([log_mel], [machine_id])


def stars(source: Source, part: str, machine_id: str, fitted: Fitted) -> tuple[list[Star], list[str]]:
    """The open clip and the uploads in the fitted space, and a sentence for each that cannot be placed.

    A clip that is on the map is marked where it is; any other is projected, and nothing is fitted again.
    """
    result, problems = [], []
    hashes = fitted.about["sha256"]
    for sha, read in _others().items():
        try:
            clip = read()
            here = (hashes == sha).to_numpy().nonzero()[0]
            if len(here):
                place = fitted.places[here[0]]
                name = clip_titles(source, [fitted.about["clip_id"].iloc[here[0]]])[0]
            else:
                name = clip.name
                vector = _vector(signal_of(clip), part, machine_id, source)
                place = fitted.model.transform(vector)[0][: fitted.places.shape[1]]
        except AsdError as error:
            problems.append(str(error))
            continue
        result.append(Star(name, tuple(float(v) for v in place)))
    return result, problems


def _others() -> dict[str, Callable[[], Clip]]:
    """The uploads of this session and the clip that is open, to be read one at a time."""
    known = {sha: upload.clip for sha, upload in uploads().items()}
    current: Clip | None = st.session_state.get("open_clip")
    return known if current is None else {**known, current.sha256: lambda: current}
