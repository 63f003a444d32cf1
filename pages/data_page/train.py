"""Train detectors on a dataset, within a given time."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from asd_core import jobs
from asd_core.artifacts import ModelSet, folder_in_use, trained_keys
from asd_core.counting import counted, machines_named
from asd_core.datasets import Dataset, clip_lengths, unusable_clips, usable
from asd_core.detectors import REGISTRY
from asd_core.scoring import AS_RECORDED, level_meter, read_scores, scores_stamp
from asd_core.training import duration, expected_amount, expected_seconds, too_few, within
from pages.data_page.datasets import Entry
from pages.data_page.versions import training_again
from pages.shared import linked
from pages.shared.caching import FOLDERS, SELECTIONS
from pages.shared.choice import title
from pages.shared.error_messages import show_errors
from pages.shared.job_panel import EVERY, job_panel
from pages.shared.names import distinct
from pages.shared.sources import sources

TIMES = {"2 minutes": 120.0, "15 minutes": 900.0, "Everything": None}


def train(entry: Entry, dataset: Dataset) -> None:
    """Choose a time and start; progress, and the way to the result."""
    if entry.name == "demo":
        st.caption("The demo's detectors are trained; `make demo-models` trains them again.")
        return
    st.subheader("Train")
    if dataset.catalogue["machine_type"].nunique() > 1:
        st.info(
            "Choose one machine type above: one network for several learns none of them well.", icon=":material/info:"
        )
        return
    rows = usable(dataset.rows(split="train", label="normal"), unusable_clips(dataset))
    if rows.empty:
        st.info(
            "There is no normal recording to learn from: add some, or say which are normal.", icon=":material/info:"
        )
        return
    n_fitted = max(1, round(0.8 * len(rows)))
    chosen = linked.segmented("Time", tuple(TIMES), key="data_time")
    seconds = TIMES[chosen]
    lengths = _durations(dataset.location, dataset.fingerprint("train"), replace(dataset, catalogue=rows))
    amount = expected_amount(n_fitted, lengths)
    fitting = list(REGISTRY) if seconds is None else within(REGISTRY, amount, seconds)
    expected = sum(expected_seconds(key, amount) for key in fitting)
    length = f" of {sum(lengths) / len(lengths):.3g} s" if lengths else ""
    st.caption(
        f"{len(fitting)} of {len(REGISTRY)} detectors, about {duration(expected)} on two cores, by {counted(n_fitted, 'normal recording')}{length}: "
        f"{', '.join(title(key) for key in fitting)}. The estimate corrects itself by how long the first ones take here."
    )
    if unlearned := sorted(set(dataset.rows(split="test")["machine_id"]) - set(rows["machine_id"])):
        st.info(
            f"There is no normal recording to learn from of {machines_named(unlearned)}: no detector will know {'it, and its' if len(unlearned) == 1 else 'them, and their'} test "
            "recordings are on no page. Add some, or say which of them are for training.",
            icon=":material/help:",
        )
    counts = {str(machine_id): int(n) for machine_id, n in rows["machine_id"].value_counts().sort_index().items()}
    if shortfalls := too_few(fitting, counts):
        st.info(" ".join(shortfalls), icon=":material/hourglass_empty:")
    arguments = ["train", "--data", entry.location, "--out", str(entry.models), "--resume"]
    arguments += ["--seconds", str(seconds)] if seconds else []
    if folder_in_use(entry.models) != entry.models:
        st.caption("This trains the first version, without the labels, and puts it in use when it is done.")
    name = f"train-{entry.name}"
    job_panel(name, f"Training on {entry.title}", arguments, "Train", dataset=entry.name)
    running, again = (
        job is not None and job.state == "running" for job in map(jobs.find, (name, training_again(entry)))
    )
    st.fragment(show_errors()(_result), run_every=EVERY if running else None)(
        entry, list(counts), running=running or again
    )


@st.cache_data(max_entries=SELECTIONS, show_spinner=False)
def _durations(location: str, fingerprint: str, _training: Dataset) -> list[float]:
    """Seconds of the recordings to learn from."""
    return clip_lengths(_training)


@st.cache_data(max_entries=FOLDERS, show_spinner=False)
def _level_alone(models: Path, written: int) -> str:
    """A sentence that a level meter would do, by the scores that were stored at a time."""
    return level_meter(read_scores(models, None))


@st.cache_data(max_entries=FOLDERS, show_spinner=False)
def _without(models: Path, written: int, machine_ids: list[str]) -> str:
    """A sentence on the machines that detectors do not know, for those that know the same; empty where all know all."""
    trained, by_others = ModelSet(models), dict[tuple[str, ...], list[str]]()
    for machine_id in machine_ids:
        if others := trained.not_knowing(machine_id):
            by_others.setdefault(tuple(others), []).append(machine_id)
    return " ".join(
        f"Trained without {machines_named(ids)}: {', '.join(map(title, others))}." for others, ids in by_others.items()
    )


def _result(entry: Entry, machine_ids: list[str], *, running: bool) -> None:
    """The way to what is trained so far, of the version in use, and which of it does not know a machine; what is not trained
    where no training runs."""
    models = folder_in_use(entry.models)
    keys = trained_keys(models)
    if not keys:
        return
    titles = distinct({source.name: source.title for source in sources()})
    if alone := _level_alone(models, scores_stamp(models, AS_RECORDED)):
        st.warning(alone, icon=":material/volume_up:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            "compare.py",
            label="Compare the trained detectors",
            icon=":material/stacked_line_chart:",
            query_params={"dataset": titles.get(entry.name, entry.title)},  # the sidebar's list is bound to its titles
        )
        st.caption(f"{len(keys)} trained: {', '.join(title(key) for key in keys)}.")
    if not running and (left := [title(key) for key in REGISTRY if key not in keys]):
        st.caption(
            f"Not trained: {', '.join(left)}. A training leaves out what would not end in its time; Train goes on with them."
        )
    if without := _without(models, scores_stamp(models, AS_RECORDED), machine_ids):
        st.info(without, icon=":material/help:")
