"""Add recordings: files, a ZIP, or a folder, from the browser or from the server's own disk, or a public set."""

from pathlib import Path

import streamlit as st

from asd_core.counting import counted
from asd_core.datasets import Imported, datasets_folder, import_recordings, unused_notes, use_folder
from asd_core.roles import Role
from asd_core.settings import get_settings
from asd_core.sound import FORMATS, SUFFIXES
from pages.data_page.bar import bar
from pages.data_page.public import public_set
from pages.shared import linked
from pages.shared.permissions import acting, button, lacking

FILES, FOLDER, SERVER, PUBLIC = "Files or a ZIP", "A folder", "A folder on the server", "A public set"
MANY_FOLDERS = 300  # that are listed below the server's roots
_ADDED = "data_added"  # in the session: the last import's notes, shown once it is over


def add_recordings() -> None:
    """Ask for recordings and a name, and store them as a dataset."""
    if why := lacking(Role.TRAIN):
        st.info(why, icon=":material/lock:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title_place = st.container(width="content")
        way = linked.segmented("Recordings from", (FILES, FOLDER, SERVER, PUBLIC), key="data_from")
    if way == PUBLIC:
        public_set()
        return
    title = title_place.text_input("Name", key="data_title", placeholder="Press line 3", max_chars=80, width=360)
    if way == SERVER:
        _server_folder(title)
        return
    limit = int(get_settings().max_upload_mb)
    files = st.file_uploader(
        "Recordings and a table of them, or ZIP archives" if way == FILES else "The folder that holds the recordings",
        accept_multiple_files=True if way == FILES else "directory",
        key=f"data_files_{st.session_state.get(_ADDED, 0)}_{way == FILES}",
        max_upload_size=limit,
        help=f"{FORMATS}. Folders named normal, faulty and the like are understood; what is not is asked. A table of the recordings "
        "(CSV or Parquet, with the columns path and label) may come with them.",
    )
    if not files:
        st.info(
            "Add normal recordings of your machine: 20 are enough to train, about 120 to set a threshold at 5% false alarms, and ten or "
            "more anomalies beside them to compare detectors. Folders such as normal/ and faulty/, one for each machine, are understood "
            "at once; anything else is asked on the next screen, before anything is trained.",
            icon=":material/folder_open:",
        )
        return
    if button(f"Add {counted(len(files), 'file')}", Role.TRAIN, type="primary", icon=":material/add:"):
        with acting(Role.TRAIN, "added recordings", title, n_items=len(files)), bar("storing") as progress:
            result = import_recordings(title, [(file.name, file.getvalue) for file in files], progress)
        _open(result)


def _server_folder(title: str) -> None:
    """A folder below the roots that the settings name; the browser never sends a path, only the place in a list."""
    folders = server_folders()
    roots = ", ".join(f"`{root}`" for root in get_settings().data_roots)
    if not folders:
        st.info(
            f"No folder with recordings lies below {roots}. `ASD_DATA_ROOTS` names others.",
            icon=":material/folder_off:",
        )
        return
    place = st.selectbox("Folder", range(len(folders)), format_func=lambda i: str(folders[i]), key="data_folder")
    st.caption(f"Below {roots}, set by `ASD_DATA_ROOTS`. The recordings stay where they are.")
    if button("Use this folder", Role.TRAIN, type="primary", icon=":material/add:"):
        folder = folders[place].resolve()
        with acting(Role.TRAIN, "added recordings", title, note=str(folder)):
            result = use_folder(title, folder)
        _open(result)


def server_folders() -> list[Path]:
    """Folders below the roots that hold recordings, or folders of them, at most :data:`MANY_FOLDERS`."""
    folders: list[Path] = []
    own = datasets_folder().resolve()
    for root in get_settings().data_roots:
        for folder in sorted(path for path in [root, *root.glob("*"), *root.glob("*/*")] if path.is_dir()):
            if folder.resolve().is_relative_to(own) or len(folders) == MANY_FOLDERS:
                continue
            if any(
                path.suffix.lower() in SUFFIXES for pattern in ("*", "*/*", "*/*/*") for path in folder.glob(pattern)
            ):
                folders.append(folder)
    return folders


def _open(result: Imported) -> None:
    """Say what was not stored, and show the dataset."""
    for note in unused_notes(result.refused):
        st.toast(note, icon=":material/info:", duration="long")
    st.session_state[_ADDED] = st.session_state.get(_ADDED, 0) + 1  # an empty uploader next time
    st.session_state["data_open"] = result.place.parent.name
    st.rerun()
