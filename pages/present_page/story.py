"""What a presentation is about: a clip, its machine, and the detectors that know it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st

from asd_core.datasets import Dataset
from asd_core.errors import ClipError, DatasetError
from asd_core.settings import get_settings
from pages.clip_page import verdict
from pages.clip_page.context import ClipContext
from pages.clip_page.open_signal import open_signal
from pages.clip_page.picker import UPLOADED, Picked, first_clip, of_catalogue, of_upload
from pages.clip_page.present_button import MAP
from pages.clip_page.reliability import reliability_of
from pages.present_page.example import example
from pages.shared import presentation
from pages.shared.channel_choice import channel_in_address
from pages.shared.choice import Choice
from pages.shared.open_clip import CLIP
from pages.shared.recordings import dataset_of, open_or_reason
from pages.shared.signals import channel_of
from pages.shared.trained_models import scoring_rate
from pages.shared.unknown_machine import left_out, of_machine
from pages.shared.uploads import uploads
from pages.shared.warm_up import is_warm


@dataclass(frozen=True, eq=False)
class Story:
    """What all steps are about."""

    selected: Choice  # of the clip's machine, with the detectors that know it
    machine: str  # for people
    address: tuple[str, str]  # what an address says of the clip, and how it is called there
    pick: Callable[[], Picked]  # raises an error of the library where there is no clip to show
    left_out: str  # a sentence on the chosen detectors that do not know the machine; empty where all do
    chosen_by: str  # a sentence on what the clip was chosen by, where it is the example; else empty

    @property
    def leading(self) -> str | None:
        """The leading detector; ``None`` where there are controls alone."""
        return reliability_of(self.selected).chosen()

    def context(self) -> ClipContext:
        """The clip with the leading detector's map or the one that the address names: what the Clip page's views take.

        Raises:
            ArtifactError, DatasetError, ClipError: when the clip cannot be read.
        """
        picked, selected = self.pick(), self.selected
        rate = scoring_rate(selected, picked.clip.sample_rate)
        shown = st.query_params.get(MAP)
        if shown not in selected.detectors:
            shown = verdict.map_detector(selected, reliability_of(selected))
        channel, _ = channel_of(picked.clip, picked.channel)
        signal = open_signal(picked.clip, channel=channel, denoiser=is_warm(), sample_rate=rate)
        return ClipContext(selected, picked, signal, None, shown)


def story_of(selected: Choice) -> Story:
    """The story of the clip in the address; without one there, of the clip that somebody opened last, or of the example. The clip
    decides about the machine."""
    source = selected.source
    dataset, _ = open_or_reason(source)
    name, value = _named(selected, dataset)
    row = None
    if dataset is not None and name == CLIP:
        rows = dataset.rows(clip_id=value)
        row = None if rows.empty else rows.iloc[0]

    def pick() -> Picked:
        if name == UPLOADED:
            return _with_channel_in_address(_upload(value))
        known = dataset_of(source)
        if row is None:
            what = f"The clip {value} is not in" if value else "There is no clip to present in"
            raise DatasetError(f"{what} {known.title}: choose one on the Clip page.")
        return _with_channel_in_address(of_catalogue(source, row))

    machine_id = selected.machine_id if row is None else str(row["machine_id"])
    chosen = of_machine(replace(selected, machine_id=machine_id))
    example_id, chosen_by = _example(chosen, dataset)
    return Story(
        chosen,
        _machine_name(dataset, machine_id),
        (name, value),
        pick,
        left_out(selected, machine_id),
        chosen_by if (name, value) == (CLIP, example_id) else "",
    )


def _named(selected: Choice, dataset: Dataset | None) -> tuple[str, str]:
    """The clip: :data:`CLIP` or :data:`UPLOADED`, and its id or hash, empty without any clip."""
    for name in (UPLOADED, CLIP):
        if value := st.query_params.get(name):
            return name, value
    offered, rows = presentation.offered(selected.source), _clips(selected, dataset)
    if offered and not (len(rows) and offered == (CLIP, first_clip(rows))):  # that one the Clip page opens by itself
        return offered
    return CLIP, _example(of_machine(selected), dataset)[0]


def _clips(selected: Choice, dataset: Dataset | None) -> pd.DataFrame:
    """The machine's clips that may be presented: the test clips, or all where there are none."""
    rows = pd.DataFrame() if dataset is None else dataset.rows(machine_id=selected.machine_id)
    tested = rows[rows["split"] == "test"] if len(rows) else rows
    return rows if tested.empty else tested


def _example(selected: Choice, dataset: Dataset | None) -> tuple[str, str]:
    return example(selected, _clips(selected, dataset))


def _upload(sha256: str) -> Picked:
    known = uploads()
    if sha256 not in known:
        raise ClipError("This recording was uploaded to another session: drop it on the Clip page again.")
    return of_upload(known[sha256].clip(), get_settings().channel)


def _with_channel_in_address(picked: Picked) -> Picked:
    """With the channel that the address names."""
    return replace(picked, channel=channel_in_address(picked.clip.n_channels))


def _machine_name(dataset: Dataset | None, machine_id: str) -> str:
    """``slider 00``; without a catalogue the id alone."""
    rows = pd.DataFrame() if dataset is None else dataset.rows(machine_id=machine_id)
    if rows.empty or "/" in machine_id:
        return f"machine {machine_id.replace('/', ' ')}"
    return f"{rows['machine_type'].iloc[0]} {machine_id}".replace("_", " ")
