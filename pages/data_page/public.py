"""A public set: chosen from a list with licence and size, downloaded beside the page."""

from functools import partial

import pandas as pd
import streamlit as st

from asd_core import jobs
from asd_core.datasets import (
    PublicSet,
    broken_downloads,
    datasets_folder,
    download_job,
    forget_download,
    public_sets,
)
from asd_core.roles import Role
from pages.shared import linked
from pages.shared.error_messages import show_errors
from pages.shared.job_panel import job_panel
from pages.shared.permissions import acting, button

ROWS = 8  # of the list that are seen without scrolling
UNKNOWN = "No checksum of it is known here, so a wrong file would not be noticed. Download it all the same."
ASKED = "Download it also where the record names no checksum: a wrong file would not be noticed."


def public_set() -> None:
    """Choose a set; nothing goes to the network before the button is pressed."""
    known = public_sets()
    releases = list(dict.fromkeys(map(_release, known.values())))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        release = linked.selectbox("Release", releases, key="public_release", width=220)
        of_release = {name: one for name, one in known.items() if _release(one) == release}
        name = linked.selectbox(
            "Machine type", list(of_release), key="public_set", format_func=lambda n: _machine(known[n]), width=220
        )
    _table(of_release)
    _broken(known)
    chosen = of_release.get(name) or next(iter(of_release.values()))
    if (datasets_folder() / chosen.name).exists():
        st.info(f"{chosen.title} is there already: choose it above.", icon=":material/check:")
        return
    parts = st.pills(
        "Parts", chosen.parts, selection_mode="multi", default=list(chosen.parts), key=f"public_parts_{chosen.name}"
    )
    wanted = chosen.only(list(parts))
    pages = ", ".join(f"[{page}]({page})" for page in dict.fromkeys(archive.page for archive in wanted.archives))
    st.caption(f"Licence: **{wanted.licence}**. Size: **{wanted.size}**. Described at {pages}.")
    arguments = ["download", wanted.name, "--yes", *(word for part in wanted.parts for word in ("--part", part))]
    if not wanted.verified:
        if wanted.askable:
            st.caption(
                "When the download starts, the record is asked for the checksum and size that are not known here."
            )
        agreed = st.checkbox(ASKED if wanted.askable else UNKNOWN)
        if not agreed and not wanted.askable:
            return
        arguments += ["--unverified"] * agreed
    job_panel(
        download_job(wanted.name),
        f"Download of {wanted.title}",
        arguments,
        "Accept the licence and download",
        dataset=wanted.name,
    )


def _broken(known: dict[str, PublicSet]) -> None:
    """Downloads that are neither complete nor running, each with a button that deletes its files."""
    for name, arrived in broken_downloads().items():
        job = jobs.find(download_job(name))
        if job and job.state == "running":
            continue
        title = known[name].title if name in known else name
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{arrived / 1e6:,.1f} MB of {title} have arrived; the download is not complete.")
            button(
                "Delete what has arrived",
                Role.TRAIN,
                key=f"forget_{name}",
                icon=":material/delete:",
                on_click=partial(_forget, name),
            )


@show_errors()
def _forget(name: str) -> None:
    with acting(Role.TRAIN, "deleted", name, note="what had arrived of a download"):
        forget_download(name)


def _release(one: PublicSet) -> str:
    return one.title.rpartition(", ")[0]


def _machine(one: PublicSet) -> str:
    return one.title.rpartition(", ")[2]


def _table(sets: dict[str, PublicSet]) -> None:
    rows = [
        {
            "Machine type": _machine(one),
            "Parts": ", ".join(one.parts),
            "Size": one.size,
            "Licence": one.licence,
            "Checksum": "known" if one.verified else "asked of the record" if one.askable else "not known",
        }
        for one in sets.values()
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, row_height=26, height=26 * min(len(rows), ROWS) + 38)
