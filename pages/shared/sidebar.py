"""The one sidebar: dataset, machine id, detectors, false-alarm rate; of these, those that apply to the page. All of it
is in the address."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from asd_core.artifacts import detector_in_use, pinned_detector
from asd_core.counting import percent
from asd_core.datasets import untrained_title
from asd_core.errors import AsdError
from asd_core.settings import get_settings
from pages.shared import address, linked
from pages.shared.absent import absent, expect, follow, look, quoted
from pages.shared.applicable_controls import DETECTORS, MACHINE, RATE, applicable_controls
from pages.shared.choice import Choice, choice, led_by, set_choice, title
from pages.shared.names import distinct
from pages.shared.presentation import PRESENT
from pages.shared.sources import sources
from pages.shared.trained_models import machine_ids_of, models_of

# Even steps on a logarithmic scale, about: what one can afford differs by orders of magnitude.
RATES = (0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
DEFAULT_RATE = 0.05

_UNSEEN = "unseen_choice"  # the widgets, on a page without a sidebar
_INSTEAD = "sidebar_instead"  # in the session: values of widgets for the next run
_START = "sidebar_start"  # in the session: the dataset that is gone on with, where the address does not lead
_LAST = "sidebar_last"  # in the session: what was chosen, for pages that do not show it


def chosen_or_last(key: str, shown: bool, draw: Callable[[], Any], possible: Callable[[Any], bool], first: Any) -> Any:
    """A control's value, or its last one: Streamlit forgets a widget that a page does not draw."""
    last = st.session_state.setdefault(_LAST, {})
    known = key in last and possible(last[key])
    if not shown:
        return last[key] if known else first
    if known and key not in st.session_state and key not in st.query_params:
        st.session_state[key] = last[key]
    last[key] = draw()
    return last[key]


def _keep_in_address(key: str, titles: Mapping[str, str], first: str) -> None:
    """Put a control's last value back into an address that is without it: coming from another page that draws the control, Streamlit
    takes its parameter out, and whoever reloads or shares the address would get the first value. What the browser goes
    back to stays as it was.

    Args:
        titles: what an address says of each value. first: that it says nothing of.
    """
    last = st.session_state.get(_LAST, {}).get(key)
    if address.came() and key not in st.query_params and last in titles and last != first:
        st.query_params[key] = titles[last]


def start_with(name: str, title: str) -> None:
    """Have the pages with a sidebar show a dataset when they are next gone to, or say that it has no trained detectors: whoever has
    just added it or trained on it would take the figures of another one for its own."""
    trained = name in {source.name for source in sources()}
    expect("dataset", name, title, trained)
    if trained:
        st.session_state.setdefault(_LAST, {})["dataset"] = name
        st.session_state[_START] = name


def as_parameters(machine_id: str = "") -> address.Query:
    """What is chosen, as the parameters of another page's address; those of defaults are empty.

    Args:
        machine_id: in place of the chosen one.
    """
    chosen = choice()
    last, ids = st.session_state[_LAST], machine_ids_of(chosen.source)
    return {
        "dataset": st.query_params.get_all("dataset"),
        MACHINE: [i for i in [machine_id or chosen.machine_id] if i != ids[0]],
        DETECTORS: [title(key) for key in last.get(DETECTORS, [])],
        RATE: [percent(chosen.rate)] if chosen.rate != DEFAULT_RATE else [],
    }


def choose_instead(values: dict[str, Any]) -> None:
    """Have widgets hold other values in the next run, by key; once they are drawn, they cannot be changed."""
    st.session_state[_INSTEAD] = values


def _show_pinned(in_use: str, pinned: str) -> None:
    """Which detector a person has pinned, or that it is trained no longer; nothing where nobody has pinned one."""
    if in_use:
        st.caption(f":material/keep: In use: **{title(in_use)}**. A person's choice, not a measured rank.")
    elif pinned:
        st.caption(
            f":material/keep_off: {title(pinned)} was pinned but is no longer trained here: the measured best leads."
        )


def _say_dataset_absent(page: str, titles: Mapping[str, str], name: str) -> None:
    """That another dataset than the one asked for is shown, or none, and what to do.

    Args:
        titles: of the datasets with trained detectors, by name. name: of the one shown; empty for none.
    """
    follow("dataset", page, titles, name)
    wanted = absent("dataset", page, titles.values(), name)
    if not wanted:
        return
    instead = f": this is {titles[name]}" if name else ""
    untrained = untrained_title(wanted, titles)
    if untrained:
        st.info(
            f"The dataset {quoted(wanted)} has no trained detectors yet{instead}. Train it on the Data page.",
            icon=":material/link_off:",
        )
        st.page_link("data.py", label="Train it", icon=":material/database:", query_params={"data": untrained})
    else:
        st.info(f"The dataset {quoted(wanted)} is not here (any more){instead}.", icon=":material/link_off:")


def _place(page: str) -> DeltaGenerator:
    """The sidebar. A presentation has none: its choice is in the address, and the widgets that keep it there are not seen."""
    if page != PRESENT:
        return st.sidebar
    st.html(f"<style>.st-key-{_UNSEEN} {{ display: none; }}</style>")
    return st.container(key=_UNSEEN)


def sidebar(page: str) -> bool:
    """Draw the sidebar of a page and keep its choice for it; without a trained detector, say how to get one.

    Returns:
        Whether there is something for a page to show.
    """
    if page != PRESENT:
        st.sidebar.caption("Anomalous sound dashboard")
    st.session_state.update(st.session_state.pop(_INSTEAD, {}))
    try:
        trained = sources()
        if not trained:
            st.title("No trained detectors yet")
            _say_dataset_absent(page, {}, "")
            st.info(
                f"`{get_settings().models_dir}` holds none. Add recordings of your machine on the Data page and train, or run "
                "`make demo-models` to train the demo's.",
                icon=":material/model_training:",
            )
            st.page_link("data.py", label="Add recordings", icon=":material/database:")
            return False
        by_name = {source.name: source for source in trained}
        titles = distinct({source.name: source.title for source in trained})
        if (start := st.session_state.pop(_START, None)) in by_name and not address.leads():
            st.session_state["dataset"] = start
        _keep_in_address("dataset", titles, trained[0].name)
        look("dataset", page, titles.values())
        with _place(page):
            draw_dataset = partial(
                linked.selectbox, "Dataset", list(by_name), format_func=titles.__getitem__, key="dataset"
            )
            name = chosen_or_last(
                "dataset", True, draw_dataset, by_name.__contains__, trained[0].name
            )  # the Data page has none
            source = by_name[name]
            in_use = detector_in_use(source.folder)
            shown, ids = applicable_controls(page), machine_ids_of(source)
            keys = led_by(in_use, list(models_of(source)))
            _keep_in_address(MACHINE, {i: i for i in ids}, ids[0])
            if MACHINE in shown:
                look(MACHINE, page, ids)
            draw_machine = partial(
                linked.selectbox,
                "Machine id",
                ids,
                key=MACHINE,
                help="One physical machine. Each has its own calibration.",
            )
            machine_id = chosen_or_last(MACHINE, MACHINE in shown, draw_machine, ids.__contains__, ids[0])
            draw_detectors = partial(
                linked.multiselect,
                "Detectors",
                keys,
                format_func=title,
                key=DETECTORS,
                placeholder="all of them",
                help="Which detectors the page shows. None chosen means all.",
            )
            chosen = chosen_or_last(DETECTORS, DETECTORS in shown, draw_detectors, set(keys).issuperset, [])
            _show_pinned(in_use, pinned_detector(source.folder))
            draw_rate = partial(
                st.select_slider,
                "False alarms allowed",
                RATES,
                value=DEFAULT_RATE,
                format_func=percent,
                key=RATE,
                bind="query-params",
                help="The share of normal clips that may be called anomalies, on average. Thresholds are set on held-out normal "
                "clips alone; no anomaly is looked at. It moves the markers on the curves of the Compare page.",
            )
            rate = chosen_or_last(RATE, RATE in shown, draw_rate, RATES.__contains__, DEFAULT_RATE)
        address.shared_is_drawn()
        _say_dataset_absent(page, titles, name)
        if wanted := absent(MACHINE, page, ids, machine_id):
            st.info(
                f"No detector of {source.title} knows the machine id in this address, {quoted(wanted)}: this is {machine_id}.",
                icon=":material/link_off:",
            )
        set_choice(Choice(source, machine_id, led_by(in_use, chosen or keys), float(rate), in_use))
    except AsdError as error:
        st.error(str(error), icon=":material/error:")
        return False
    return True
