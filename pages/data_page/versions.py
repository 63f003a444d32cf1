"""Versions of a dataset's detectors: train again with what people called normal, and go back."""

from functools import partial
from pathlib import Path

import streamlit as st

from asd_core.artifacts import FIRST, folder_of_version, trained_keys, trained_versions, use_version, version_in_use
from asd_core.counting import counted
from asd_core.datasets import Dataset, against_recorded, contradicting
from asd_core.labels import effective_labels
from asd_core.roles import Role
from asd_core.scoring import AS_RECORDED, scored_clips, scores_stamp
from pages.data_page.datasets import Entry
from pages.shared.caching import SELECTIONS
from pages.shared.error_messages import show_errors
from pages.shared.job_panel import job_panel
from pages.shared.label_store import label_store
from pages.shared.permissions import acting, button


def versions(entry: Entry, dataset: Dataset | None) -> None:
    """Draw the versions, where there are detectors to train again.

    Args:
        dataset: the recordings; ``None`` where they cannot be opened.
    """
    if entry.name == "demo" or not trained_keys(entry.models):
        return
    if entry.location:
        _train_again(entry, dataset)
    stored, current = trained_versions(entry.models), version_in_use(entry.models)
    if not stored:
        return
    about = {FIRST: "First version"}
    for number, version in enumerate(stored, start=2):
        about[version.name] = (
            f"Version {number}, {version.made[:16].replace('T', ' ')} UTC: {counted(version.joined, 'clip')} joined training, "
            f"{version.left} left it"
        )
    for name, text in about.items():
        n = len(trained_keys(folder_of_version(entry.models, name)))
        with st.container(horizontal=True, vertical_alignment="center"):
            button(
                "In use" if name == current else "Use this version",
                Role.TRAIN,
                key=f"use_{entry.name}_{name}",
                disabled=name == current or not n,
                on_click=partial(_use, entry, name),
            )
            st.caption(f"{text}. {counted(n, 'detector')}.")


def training_again(entry: Entry) -> str:
    """The name of the job that trains a dataset's detectors again."""
    return f"train-labels-{entry.name}"


def _train_again(entry: Entry, dataset: Dataset | None) -> None:
    st.subheader("Train again with labels")
    st.caption(
        "Clips that people agree are normal are added to the training clips, and training clips that they call anomalies are left "
        "out. A clip that was added is no test clip of that version. It is used when it is complete; the versions before it are kept."
    )
    if dataset is not None and (contradicted := _called_normal(entry, dataset)):
        st.warning(
            f"{contradicting(contradicted)} Listen again, or correct the dataset, where that is not meant.",
            icon=":material/warning:",
        )
    arguments = ["train", "--data", entry.location, "--out", str(entry.models), "--with-labels"]
    job_panel(
        training_again(entry),
        f"Training {entry.title} again",
        arguments,
        "Train again with labels",
        dataset=entry.name,
        resumes=False,
    )


def _called_normal(entry: Entry, dataset: Dataset) -> list[str]:
    """Clip ids that the dataset calls anomalies and people normal. All of them are test clips: their scores know their hashes, and
    no file is read."""
    store = label_store()
    newest = store.last_id(entry.name)
    normal = _scored_and_called_normal(
        entry.name, entry.models, scores_stamp(entry.models, AS_RECORDED), store.where, newest
    )
    return against_recorded(dataset, dict.fromkeys(normal, "normal"))


@st.cache_data(max_entries=SELECTIONS, show_spinner=False)
def _scored_and_called_normal(name: str, models: Path, written: int, store: str, newest: int) -> list[str]:
    """Ids of the test clips that people call normal, by the scores that were stored at a time and the labels up to an event."""
    labels = effective_labels(label_store(), name, "adjudicated").labels
    if not labels:
        return []
    clips = scored_clips(models)
    return list(clips.loc[clips["sha256"].map(labels) == "normal", "clip_id"])


@show_errors()
def _use(entry: Entry, name: str) -> None:
    with acting(Role.TRAIN, "switched version", entry.name, note=name):
        use_version(entry.models, name)
