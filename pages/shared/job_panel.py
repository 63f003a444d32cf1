"""Long work on a page: a button that starts it, then a bar with how far it is and a button that stops it."""

from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd
import streamlit as st

from asd_core import jobs
from asd_core.roles import Role
from pages.shared import permissions
from pages.shared.error_messages import show_errors

COLOURS = ("#9aa5b1", "#0072B2")  # of the loss on the clips that are learned from, and on held-out ones
EVERY = 1.0  # s between two looks at a running job


@show_errors()
def job_panel(
    name: str,
    title: str,
    arguments: Sequence[str],
    button: str,
    *,
    dataset: str,
    resumes: bool = True,
    on_start: Callable[[str], None] = lambda _: None,
) -> None:
    """Start, watch and stop a job; the page is drawn anew when it ends.

    The job is found by its name: a reload, another tab or a restarted server see the same bar.

    Args:
        name: of the job, see :func:`asd_core.jobs.start`.
        title: what it does, for people.
        arguments: of the command line.
        button: what starts it.
        dataset: that it is about, for the audit log.
        resumes: a stopped one goes on where it was.
        on_start: called with the name of a job that was started.
    """
    job = jobs.find(name)
    if job and job.state == "running":
        _watch(name, dataset)
        return
    if job and job.state == "failed":
        st.error(f"{job.title} failed: {job.description}", icon=":material/error:")
    elif job and job.state == "stopped":
        rest = "What was finished is kept; start it to go on." if resumes else "Nothing of it is kept."
        st.info(f"{job.title} was stopped. {rest}", icon=":material/pause:")
    click = partial(_start, name, arguments, title, dataset, on_start)
    permissions.button(button, Role.TRAIN, key=f"start_{name}", icon=":material/play_arrow:", on_click=click)


@show_errors()
def _start(name: str, arguments: Sequence[str], title: str, dataset: str, on_start: Callable[[str], None]) -> None:
    with permissions.acting(Role.TRAIN, "started", dataset, note=title):
        jobs.start(name, arguments, title, by=permissions.who())
    on_start(name)


@show_errors()
def _stop(name: str, title: str, dataset: str) -> None:
    with permissions.acting(Role.TRAIN, "stopped", dataset, note=title):
        jobs.cancel(name)


@st.fragment(run_every=EVERY)
@show_errors()
def _watch(name: str, dataset: str) -> None:
    job = jobs.find(name)
    if job is None or job.state != "running":
        st.rerun()
        return
    progress_bar(job.title, job.fraction, job.message, name, partial(_stop, name, job.title, dataset), Role.TRAIN)
    if job.losses[0]:
        with st.container(key=f"losses_{name}"):
            _losses(*job.losses)


def _losses(training: Sequence[float], held_out: Sequence[float]) -> None:
    """The loss of the network that is training, from its start to now. Streamlit draws on this chart; a plotly chart whose data
    has changed is a new one to it, and flickers every second."""
    names = ("Clips that it learns from", "Held-out clips")
    curves = {
        name: pd.Series(values, index=[100 * (k + 1) / len(values) for k in range(len(values))], dtype=float)
        for name, values in zip(names, (training, held_out), strict=True)
    }
    st.line_chart(
        pd.DataFrame(curves), x_label="% of what was done so far", y_label="loss", height=260, color=list(COLOURS)
    )


def progress_bar(
    title: str, fraction: float, message: str, name: str, stop: Callable[[], None], needed: Role = Role.LISTEN
) -> None:
    """How far some work is, with a button that stops it, for those who have a role."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(1.0, fraction), text=f"{title}: {message} ({fraction:.0%})")
        permissions.button("Stop", needed, key=f"stop_{name}", icon=":material/stop:", on_click=stop)
