"""Jobs that this person started on the page: when one has ended, its result is opened.

Their names are in the address, so that a reload keeps them, and in the session, so that a visit to another page does.
"""

import streamlit as st

from asd_core import jobs
from asd_core.errors import JobError
from asd_core.experiments import stored_names
from pages.shared.job_panel import EVERY
from pages.shared.sources import Source

STARTED = "started"  # in the address and in the session
CHOSEN = "experiment"  # the key of the page's choice


def job_name(source: Source, name: str) -> str:
    """The job that runs an experiment on a dataset."""
    return f"experiment-{source.name}-{name}".lower()


def remember(job: str) -> None:
    """This person has started a job. For callbacks."""
    _store([*_started(), job])


def open_finished(source: Source) -> list[str]:
    """Choose the result of a job that has ended since the last run, and say so; those still to be opened are given back.

    It must be called before the choice is drawn. Where that was never drawn the address would win: the next run opens.
    """
    drawn = CHOSEN in st.session_state
    results = {job_name(source, name): name for name in stored_names(source.folder)}
    to_open, waiting = [], []
    for name in _started():
        job = _find(name)
        if job and job.state == "running":
            to_open.append(name)
        elif job and job.state == "finished" and not name.startswith(job_name(source, "")):
            waiting.append(name)  # for its dataset to be chosen
        elif job and job.state == "finished" and name in results and not drawn:
            to_open.append(name)
        elif job and job.state == "finished" and name in results:
            st.session_state[CHOSEN] = results[name]
            st.toast(f"{job.title} has ended: here is its result.", icon=":material/check:", duration="long")
    if _started():
        _store([*to_open, *waiting])
    return to_open


@st.fragment(run_every=EVERY)
def watch(to_open: list[str]) -> None:
    """Draw the page anew when one of some jobs ends, whatever is looked at."""
    if any((job := _find(name)) is None or job.state != "running" for name in to_open):
        st.rerun()


def _started() -> list[str]:
    return list(dict.fromkeys([*st.session_state.get(STARTED, []), *st.query_params.get_all(STARTED)]))


def _store(names: list[str]) -> None:
    st.session_state[STARTED] = names
    st.query_params[STARTED] = names


def _find(name: str) -> jobs.Job | None:
    try:
        return jobs.find(name)
    except JobError:  # an address that somebody wrote
        return None
