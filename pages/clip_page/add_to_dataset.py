"""From an upload to a recording of a dataset that was added in the browser."""

from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from asd_core.counting import counted
from asd_core.datasets import (
    StoredRecording,
    add_recording,
    add_to_new_dataset,
    extendable_datasets,
    machines_of,
    read_dataset_file,
)
from asd_core.errors import AsdError
from asd_core.roles import Role
from pages.shared.error_messages import show_errors
from pages.shared.names import distinct
from pages.shared.permissions import acting, lacking
from pages.shared.uploads import Upload, uploads

LABELS = {"normal": "Normal", "anomaly": "Anomaly", "unlabelled": "Not labelled"}
NEW = "A new one …"
_WHERE, _DONE = "keep_where", "keep_done"  # in the session


@dataclass(frozen=True)
class AddedUploads:
    """The outcome for the uploads that were last added to a dataset."""

    chosen: list[Upload]
    title: str
    stored: list[StoredRecording] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


# A popover and not a dialog: the page is drawn again when its uploads are scored, and that closes a dialog.
@st.fragment
@show_errors()  # they do not leave a fragment
def add_to_dataset_button(sha256: str) -> None:
    """Offer to keep the upload that is open."""
    with st.popover(
        "Keep in a dataset",
        key="keep",
        icon=":material/library_add:",
        type="tertiary",
        on_change="rerun",
    ) as box:
        if box.open and (why := lacking(Role.TRAIN)):
            st.caption(why)
        elif box.open:
            st.caption("Uploads stay for this session; in a dataset, a recording can be trained on and compared.")
            _choose(sha256)


def _choose(sha256: str) -> None:
    """Which recordings, where to, and what they are."""
    known = uploads()
    chosen = [known[sha256]]
    if len(known) > 1 and st.toggle(f"All {counted(len(known), 'upload')}", key="keep_all"):
        chosen = list(known.values())
    places = {str(place): read_dataset_file(place).title or place.parent.name for place in extendable_datasets()}
    titles = distinct(places)
    where = st.selectbox("Dataset", [*places, NEW], format_func=lambda place: titles.get(place, NEW), key=_WHERE)
    new = where == NEW
    title = st.text_input("Name", key="keep_title", placeholder="Press line 3", max_chars=80) if new else titles[where]
    machines = [] if new else machines_of(Path(where))
    machine = machines[0] if machines else ("", "")
    if len(machines) > 1:
        names = {" ".join(one): one for one in machines}
        machine = names[st.selectbox("Machine", list(names), key="keep_machine")]
    label = st.segmented_control(
        "Label", list(LABELS), format_func=LABELS.__getitem__, key="keep_label", help="Training uses the normal ones."
    )
    st.button(
        f"Keep {counted(len(chosen), 'recording')}",
        type="primary",
        disabled=not label or not title.strip(),
        key="keep_do",
        on_click=_add,
        args=(chosen, None if new else Path(where), title.strip(), str(label), machine),
    )
    added: AddedUploads | None = st.session_state.get(_DONE)
    if added and added.chosen == chosen:
        _show_added(added)


def _add(chosen: list[Upload], place: Path | None, title: str, label: str, machine: tuple[str, str]) -> None:
    """Keep uploads, before the page is drawn: a new dataset is then the one that is chosen."""
    added = AddedUploads(chosen, title)
    try:
        with acting(
            Role.TRAIN, "kept recordings", place.parent.name if place else title, n_items=len(chosen), note=label
        ):
            _add_all(added, place, label, machine)
    except AsdError as error:
        added.problems.append(str(error))
    st.session_state[_DONE] = added


def _add_all(added: AddedUploads, place: Path | None, label: str, machine: tuple[str, str]) -> None:
    """Add the uploads that can be added; the others are listed in ``added``, with the reason.

    Raises:
        AsdError: when nothing could be kept.
    """
    for upload in added.chosen:
        try:
            if place is None:
                added.stored.append(add_to_new_dataset(added.title, upload.file_name, upload.data, label))
                place = added.stored[0].place
                machine = machines_of(place)[0]
                st.session_state[_WHERE] = str(place)
            else:
                added.stored.append(add_recording(place, upload.file_name, upload.data, label, machine))
        except AsdError as error:
            if len(added.chosen) == 1:
                raise
            added.problems.append(str(error))


def _show_added(added: AddedUploads) -> None:
    """Show where the uploads were stored, and which could not be."""
    for problem in dict.fromkeys(added.problems):
        st.error(problem, icon=":material/error:")
    new = [one.clip_id for one in added.stored if one.new]
    before = [one.clip_id for one in added.stored if not one.new]
    if new:
        more = f" and {len(new) - 1:,} more" if len(new) > 1 else ""
        st.success(f"Kept in {added.title} as `{new[0]}`{more}.", icon=":material/check:")
    if before:
        names = ", ".join(f"`{clip_id}`" for clip_id in before[:3]) + (" …" if len(before) > 3 else "")
        st.info(f"{added.title} holds the same sound already ({names}): its label there was not changed.")
    if added.stored:
        label = f"{added.title} on the Data page"
        st.page_link("data.py", label=label, query_params={"data": added.title}, icon=":material/database:")
