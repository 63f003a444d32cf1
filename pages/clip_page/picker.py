"""Which clip is open: one of the catalogue, or an uploaded one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
import streamlit as st

from asd_core.errors import AsdError
from asd_core.settings import get_settings
from asd_core.sound import FORMATS, Clip, read_clip
from pages.shared import linked
from pages.shared.caching import drop_oldest
from pages.shared.choice import choice
from pages.shared.names import numbered
from pages.shared.open_clip import ANY, FILTERS, return_button
from pages.shared.recordings import catalogue_clip, dataset_of
from pages.shared.sources import Source

SOURCES = ("Catalogue", "Upload")
SAME = " = "  # between the names of files with the same content
FACTS = {"snr_db": "SNR in dB"}  # catalogue columns whose name is not plain English
CLIP, UPLOADED = "clip", "uploaded"  # in the address of a page: which clip is open


@dataclass(frozen=True)
class Picked:
    """The open clip, and what the catalogue says of it (nothing for an upload)."""

    clip: Clip
    facts: dict[str, str]
    address: tuple[str, str]  # :data:`CLIP` or :data:`UPLOADED`, and its id or hash

    def description(self) -> str:
        """What is known of the clip beside its sound, in a line."""
        known = [f"{FACTS.get(name, name)} **{value.replace('_', ' ')}**" for name, value in self.facts.items()]
        return " · ".join([f"**{self.clip.name}**", *known, f"{self.clip.duration:.1f} s"])


def pick() -> Picked | None:
    """Draw the picker; ``None`` when there is nothing to open yet (a sentence says what to do)."""
    selected = choice()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if linked.segmented("Clip from", SOURCES, key="from") == SOURCES[0]:
            return _catalogue(selected.source, selected.machine_id)
    return _upload()


def _catalogue(source: Source, machine_id: str) -> Picked | None:
    dataset = dataset_of(source)
    rows = dataset.rows(machine_id=machine_id)
    for column in FILTERS:
        if column not in rows or not dataset.catalogue[column].astype(bool).any():
            continue
        options = [ANY, *sorted(str(v) for v in dataset.catalogue[column].unique() if v)]
        default = "test" if column == "split" and "test" in options else ANY
        value = linked.selectbox(
            column.capitalize(),
            options,
            index=options.index(default),
            key=column,
            width=120,
            format_func=lambda v: v.replace("_", " "),
        )
        if value != ANY:
            rows = rows[rows[column] == value]
    ids = rows["clip_id"].tolist()
    if not ids:
        st.info(f"Machine id {machine_id} has no clip like this: widen the filters.", icon=":material/filter_alt:")
        return None
    clip_id = _stepped(
        f"Clip (one of {len(ids)})", ids, key=CLIP, index=ids.index(first_clip(rows)), bind="query-params"
    )
    return_button()
    return of_catalogue(source, rows[rows["clip_id"] == clip_id].iloc[0])


def of_catalogue(source: Source, row: pd.Series) -> Picked:
    """The clip of a row of the catalogue.

    Raises:
        ArtifactError, DatasetError, ClipError: when it cannot be read.
    """
    names = ("split", "label", *dataset_of(source).attributes())
    facts = {name: str(row[name]) for name in names if str(row[name]) not in ("", "nan")}
    clip_id = str(row["clip_id"])
    return Picked(catalogue_clip(source, clip_id), facts, (CLIP, clip_id))


def of_upload(clip: Clip) -> Picked:
    """An upload."""
    facts = {"channels": str(clip.n_channels), "rate": f"{clip.sample_rate} Hz"}
    return Picked(clip, facts, (UPLOADED, clip.sha256))


def _stepped(label: str, options: list[str], *, key: str, **more: Any) -> str:
    """A list of clips between buttons that go through it, round and round."""

    def step(by: int) -> None:
        here = st.session_state.get(key)
        st.session_state[key] = options[((options.index(here) if here in options else 0) + by) % len(options)]

    one = len(options) == 1
    st.button("Back", icon=":material/chevron_left:", on_click=step, args=(-1,), key=f"previous_{key}", disabled=one)
    chosen = str(st.selectbox(label, options, key=key, width=300, **more))
    st.button("Next", icon=":material/chevron_right:", on_click=step, args=(1,), key=f"next_{key}", disabled=one)
    return chosen


def first_clip(rows: pd.DataFrame) -> str:
    """The clip to open first: the most severe fault in the least noise where the catalogue knows, else the first anomaly."""
    anomalies = rows[rows["label"] == "anomaly"]
    return str(rows["clip_id"].iloc[0]) if anomalies.empty else clearest(anomalies)


def clearest(rows: pd.DataFrame) -> str:
    """Of some clips the most severe fault in the least noise where the catalogue knows, else the first one."""
    if "severity" in rows and "snr_db" in rows:
        rows = rows.sort_values(["snr_db", "severity"], ascending=False, kind="stable")
    return str(rows["clip_id"].iloc[0])


def _upload() -> Picked | None:
    uploads: dict[str, Clip] = st.session_state.setdefault("uploads", {})
    problems: dict[str, str] = st.session_state.setdefault("uploads_seen", {})  # by file; empty where there is none
    bad = []
    for file_id, name, data in _files():
        if file_id not in problems:
            problems[file_id] = _add(data(), name, uploads)
        if problems[file_id]:
            bad.append(problems[file_id])
    _name_bad(bad)
    if not uploads:
        st.info(
            "Drop one recording or several here. Each is scored by every detector that knows the machine id.",
            icon=":material/upload_file:",
        )
        return None
    return of_upload(_one_of(uploads))


def _name_bad(problems: list[str]) -> None:
    """One bad file in its sentence; of several a line, and the sentences in a list to open."""
    if len(problems) == 1:
        st.error(problems[0], icon=":material/error:")
    elif problems:
        with st.expander(f"{len(problems)} files cannot be used", icon=":material/error:"):
            st.markdown("\n".join(f"- {problem}" for problem in problems))


def _files() -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """Id, name and content of every file that was dropped, and of the recording from the microphone."""
    settings = get_settings()
    left, right = st.columns([3, 1])
    files = left.file_uploader(
        "Recordings of the machine id in the sidebar",
        accept_multiple_files=True,
        key="files",
        max_upload_size=int(settings.max_upload_mb),
        help=f"{FORMATS}, {settings.min_clip_seconds:g} to {settings.max_clip_seconds:g} s. "
        "They stay in this session and are not stored.",
    )
    recorded = right.audio_input(
        "Or record here",
        sample_rate=None,  # the microphone's own: nothing is lost before the detectors' rate
        key="microphone",
        help="A microphone that the detectors did not learn from makes every clip unusual. Browsers lower steady noise in "
        "speech recordings, where a machine's sound is steady: prefer a recorder's file.",
    )
    yield from ((file.file_id, file.name, file.getvalue) for file in files)
    if recorded:
        yield recorded.file_id, _name_of_recording(), recorded.getvalue


def _name_of_recording() -> str:
    """By the listener's clock."""
    try:
        zone = ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    return f"Microphone {datetime.now(zone):%Y-%m-%d %H.%M.%S}.wav"


def _one_of(uploads: dict[str, Clip]) -> Clip:
    """The upload that is stepped to, the latest one first."""
    order = list(uploads)[::-1]
    here = st.session_state.get(UPLOADED)
    label = f"Uploaded clip ({order.index(here) + 1 if here in uploads else 1} of {len(order)})"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        return uploads[_stepped(label, order, key=UPLOADED, format_func=lambda sha: uploads[sha].name)]


def _add(data: bytes, name: str, uploads: dict[str, Clip]) -> str:
    """Decode an upload and remember it; the sentence to show if that fails."""
    try:
        clip = read_clip(data, name=name)
    except AsdError as error:
        return str(error)
    # What is dropped again is the latest, and one clip under all of its names.
    before = uploads.pop(clip.sha256, None)
    names = before.name.split(SAME) if before else []
    unique = numbered(name, {n for other in uploads.values() for n in other.name.split(SAME)})
    uploads[clip.sha256] = replace(clip, name=SAME.join(dict.fromkeys([*names, unique])))
    drop_oldest(uploads)
    st.session_state[UPLOADED] = clip.sha256  # what was dropped last is opened
    return ""
