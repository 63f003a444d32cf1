"""Which clip is open: one of the catalogue, or an uploaded one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
import streamlit as st

from asd_core.datasets import is_moved, usable
from asd_core.settings import get_settings
from asd_core.sound import FORMATS, MEAN, Channel, Clip, channel_label
from pages.shared import linked
from pages.shared.absent import absent, look, noted, quoted
from pages.shared.applicable_controls import MACHINE
from pages.shared.caching import UPLOAD_BYTES
from pages.shared.channel_choice import chosen_channel
from pages.shared.choice import choice
from pages.shared.open_clip import ANY, CLIP, FILTERS, return_button
from pages.shared.recordings import catalogue_clip, clip_titles, dataset_of, unusable_of
from pages.shared.sidebar import choose_instead
from pages.shared.sources import Source
from pages.shared.trained_models import machine_ids_of
from pages.shared.uploads import Upload, add_upload, n_dropped, uploads

PAGE = "Clip"
SOURCES = ("Catalogue", "Upload")
FACTS = {
    "split": "{} set",
    "snr_db": "SNR {} dB",
    "rate": "rate {}",
}  # catalogue columns whose name is not plain English
UPLOADED = "uploaded"  # key of the list of uploads; in a presentation's address, the hash of one


@dataclass(frozen=True)
class Picked:
    """The open clip, and what the catalogue says of it (nothing for an upload)."""

    clip: Clip
    facts: dict[str, str]
    channel: Channel  # that is asked for
    named: str = ""  # its id in the catalogue, where the address names it
    uploaded: bool = False
    clip_id: str = ""  # in the catalogue
    called: str = ""  # on screen; without it, by its file
    moved: bool = False  # people's labels moved it for the version in use, so that the facts are that version's

    @property
    def title(self) -> str:
        """What the clip is called on screen."""
        return self.called or self.clip.name

    def description(self, channel: Channel) -> str:
        """Name, length and channel of the clip, in a line; of an upload its rate, too.

        Args:
            channel: that is analysed.
        """
        n = self.clip.n_channels
        known = self._facts() if self.uploaded else []
        if n > 1:
            label = channel_label(channel)
            known.append(f"mean of {n} channels" if channel == MEAN else f"channel {label} of {n}")
        return " · ".join([f"**{self.title}**", f"{self.clip.duration:.1f} s", *known])

    def known_beforehand(self) -> str:
        """What the dataset says of a clip of the catalogue, in a line; empty for an upload. It may contradict the
        verdict, and is shown below the sound: beside the verdict, readers took it for the verdict."""
        if self.uploaded or not self.facts:
            return ""
        return f"Known beforehand, from {'this version' if self.moved else 'the dataset'}: {' · '.join([*self._facts(), f'file {self.clip.name}'])}"

    def _facts(self) -> list[str]:
        return [FACTS.get(name, f"{name} {{}}").format(value.replace("_", " ")) for name, value in self.facts.items()]

    @property
    def address(self) -> tuple[str, str]:
        """What a presentation's address says of the clip, and how it is called there."""
        return (UPLOADED, self.clip.sha256) if self.uploaded else (CLIP, self.clip_id)


def pick(address_leads: bool) -> Picked | None:
    """Draw the picker; ``None`` when there is nothing to open yet (a sentence says what to do).

    Args:
        address_leads: open the clip that the address names.
    """
    selected = choice()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if linked.segmented("Clip from", SOURCES, key="from") == SOURCES[0]:
            return _catalogue(selected.source, selected.machine_id, address_leads)
    return _upload()


def _catalogue(source: Source, machine_id: str, address_leads: bool) -> Picked | None:
    dataset = dataset_of(source)
    rows = dataset.rows(machine_id=machine_id)
    if address_leads:
        st.session_state[CLIP] = st.query_params.get(CLIP, "")
        if not noted("dataset"):  # which has other clips
            look(CLIP, PAGE, dataset.names)
    for column in FILTERS:
        if column not in rows or not dataset.catalogue[column].astype(bool).any():
            continue
        options = [ANY, *sorted(str(v) for v in dataset.catalogue[column].unique() if v)]
        default = "test" if column == "split" and "test" in options else ANY
        value = linked.selectbox(
            "Set" if column == "split" else column.capitalize(),
            options,
            index=options.index(default),
            key=column,
            width=120,
            format_func=lambda v: v.replace("_", " "),
        )
        if value != ANY:
            rows = rows[rows[column] == value]
    unusable = unusable_of(source)
    can_be_read = usable(rows, unusable)
    n_unread = len(rows) - len(can_be_read)
    rows = usable(rows, unusable.keys() - {st.session_state.get(CLIP)})  # one that an address names says why
    wanted = set(rows["clip_id"])
    titles = {
        i: name for i, name in dataset.titles.items() if i in wanted
    }  # in their order: by number, or the catalogue's
    ids = list(titles)
    if address_leads and st.session_state[CLIP] not in ids:
        _widen(source, dataset.catalogue)
    unread = f"{n_unread} cannot be read" if n_unread else ""
    if not ids:
        st.info(
            f"Machine id {machine_id} has no clip like this{f' ({unread})' if unread else ''}: widen the filters.",
            icon=":material/filter_alt:",
        )
        return None
    first = first_clip(rows if can_be_read.empty else can_be_read)
    if st.session_state.get(CLIP) not in ids:
        st.session_state[CLIP] = first
    clip_id = _stepped(
        f"Clip ({len(can_be_read)} to choose from{f', {unread}' if unread else ''})",
        ids,
        key=CLIP,
        persist_state="session",
        format_func=lambda i: titles.get(i, i),
    )
    return_button()
    if gone := absent(CLIP, PAGE, dataset.names, clip_id):
        st.info(
            f"The clip in this address, {quoted(gone)}, is not in {dataset.title} (any more): this is {titles[clip_id]}.",
            icon=":material/link_off:",
        )
    picked = of_catalogue(source, rows[rows["clip_id"] == clip_id].iloc[0])
    # A clean address stays clean.
    named = clip_id if clip_id != first or st.query_params.get(CLIP) == clip_id else ""
    return replace(picked, channel=chosen_channel(picked.clip.n_channels), named=named)


def of_catalogue(source: Source, row: pd.Series) -> Picked:
    """The clip of a row of the catalogue, of which the settings' channel is asked for.

    Raises:
        ArtifactError, DatasetError, ClipError: when it cannot be read.
    """
    names = ("split", "label", *dataset_of(source).attributes())
    facts = {name: str(row[name]) for name in names if str(row[name]) not in ("", "nan")}
    if not facts.get("fault"):
        facts.pop("severity", None)  # of no fault
    clip_id = str(row["clip_id"])
    return Picked(
        catalogue_clip(source, clip_id),
        facts,
        get_settings().channel,
        clip_id=clip_id,
        called=clip_titles(source, [clip_id])[0],
        moved=is_moved(source.location, clip_id),
    )


def of_upload(clip: Clip, channel: Channel) -> Picked:
    """An upload."""
    return Picked(clip, {"rate": f"{clip.sample_rate} Hz"}, channel, uploaded=True)


def _widen(source: Source, catalogue: pd.DataFrame) -> None:
    """Where the address names a clip of another machine or of none of the filters, have these follow it: the clip counts."""
    machines = catalogue.loc[catalogue["clip_id"] == st.session_state[CLIP], "machine_id"]
    if not machines.empty and machines.iloc[0] in machine_ids_of(source):
        choose_instead({MACHINE: machines.iloc[0], **dict.fromkeys(FILTERS, ANY)})
        st.rerun()


def _stepped(label: str, options: list[str], *, key: str, **more: Any) -> str:
    """A list of clips between buttons that go through it, round and round."""

    def step(by: int) -> None:
        here = st.session_state.get(key)
        st.session_state[key] = options[((options.index(here) if here in options else 0) + by) % len(options)]

    one = len(options) == 1
    with st.container(
        horizontal=True, vertical_alignment="bottom", width="content"
    ):  # in one line on a narrow screen, too
        st.button(
            "Previous", icon=":material/chevron_left:", on_click=step, args=(-1,), key=f"previous_{key}", disabled=one
        )
        chosen = str(st.selectbox(label, options, key=key, width=280, **more))
        st.button("Next", icon=":material/chevron_right:", on_click=step, args=(1,), key=f"next_{key}", disabled=one)
    return chosen


def first_clip(rows: pd.DataFrame) -> str:
    """The clip to open first: the most severe fault in the least noise where the catalogue knows, else the first anomaly."""
    anomalies = rows[rows["label"] == "anomaly"]
    return str(rows["clip_id"].iloc[0]) if anomalies.empty else clearest(anomalies)


def clearest(rows: pd.DataFrame) -> str:
    """The first of :func:`clearest_first`."""
    return str(clearest_first(rows)["clip_id"].iloc[0])


def clearest_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Clips in the order of noise, the least first, then severity, where the catalogue knows; else in its own."""
    if "severity" in rows and "snr_db" in rows:
        return rows.sort_values(["snr_db", "severity"], ascending=False, kind="stable")
    return rows


def _upload() -> Picked | None:
    seen: dict[str, str] = st.session_state.setdefault("uploads_seen", {})  # by file its problem; empty without one
    bad = []
    for file_id, name, data in _files():
        if file_id not in seen:
            sha256, seen[file_id] = add_upload(data(), name)
            if sha256:
                st.session_state[UPLOADED] = sha256  # what was dropped last is opened
        if seen[file_id]:
            bad.append(seen[file_id])
    _name_bad(bad)
    known = uploads()
    if not known:
        st.info(
            "Drop one recording or several here. Each is scored by every detector that knows the machine id.",
            icon=":material/upload_file:",
        )
        return None
    if n_dropped():
        st.caption(
            f"The oldest uploads were dropped ({n_dropped()}): a session keeps {UPLOAD_BYTES / 1e6:.0f} MB of files."
        )
    upload, channel = _one_of(known)
    return of_upload(upload.clip(), channel)


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


def _one_of(known: dict[str, Upload]) -> tuple[Upload, Channel]:
    """The upload that is stepped to, in the order of the table, and the channel of all."""
    order = list(known)
    if st.session_state.get(UPLOADED) not in known:
        st.session_state[UPLOADED] = order[-1]
    label = f"Uploaded clip ({order.index(st.session_state[UPLOADED]) + 1} of {len(order)})"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        upload = known[_stepped(label, order, key=UPLOADED, format_func=lambda sha: known[sha].name)]
        return upload, chosen_channel(max(one.n_channels for one in known.values()))
