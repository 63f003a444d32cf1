"""The one sidebar: dataset, machine id, detectors, false-alarm rate; of these what the page obeys. All of it is in the address."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from asd_core.errors import AsdError
from asd_core.settings import get_settings
from pages.shared import linked
from pages.shared.choice import Choice, percent, set_choice, title
from pages.shared.names import distinct
from pages.shared.presentation import PRESENT
from pages.shared.sources import sources
from pages.shared.trained_models import machine_ids_of, models_of

# Even steps on a logarithmic scale, about: what one can afford differs by orders of magnitude.
RATES = (0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
DEFAULT_RATE = 0.05

MACHINE, DETECTORS, RATE = "machine", "detectors", "rate"
OBEYED = {  # by pages that do not obey all three
    "Experiments": (),
    "Feature space": (MACHINE, DETECTORS),
    "Compare": (DETECTORS, RATE),
}
OF_ONE_MACHINE = "Thresholds"  # the Compare page's view that obeys the machine id
_UNSEEN = "unseen_choice"  # the widgets, on a page without a sidebar
_LAST = "sidebar_last"  # in the session: what was chosen, for pages that do not show it


def _controls(page: str) -> Collection[str]:
    """The controls that mean something on a page."""
    if page == "Compare" and st.session_state.get("view", st.query_params.get("view")) == OF_ONE_MACHINE:
        return (MACHINE, DETECTORS, RATE)
    return OBEYED.get(page, (MACHINE, DETECTORS, RATE))


def _chosen(key: str, shown: bool, draw: Callable[[], Any], possible: Callable[[Any], bool], first: Any) -> Any:
    """What a control says, or said where it was last shown: Streamlit forgets a widget that a page does not draw."""
    last = st.session_state.setdefault(_LAST, {})
    known = key in last and possible(last[key])
    if not shown:
        return last[key] if known else first
    if known and key not in st.session_state and key not in st.query_params:
        st.session_state[key] = last[key]
    last[key] = draw()
    return last[key]


def _place(page: str) -> DeltaGenerator:
    """The sidebar. A presentation has none: its choice is in the address, and the widgets that keep it there are not seen."""
    if page != PRESENT:
        st.sidebar.caption("Anomalous sound dashboard")
        return st.sidebar
    st.html(f"<style>.st-key-{_UNSEEN} {{ display: none; }}</style>")
    return st.container(key=_UNSEEN)


def sidebar(page: str) -> bool:
    """Draw the sidebar of a page and keep its choice for it; without a trained detector, say how to get one.

    Returns:
        Whether there is something for a page to show.
    """
    try:
        trained = sources()
        if not trained:
            st.title("No trained detectors yet")
            st.info(
                f"`{get_settings().models_dir}` holds none. Run `make demo-models` to train the demo's, or "
                "`python -m asd_core train --data FOLDER --out trained_models/NAME` on your own recordings.",
                icon=":material/model_training:",
            )
            return False
        by_name = {source.name: source for source in trained}
        titles = distinct({source.name: source.title for source in trained})
        with _place(page):
            name = linked.selectbox("Dataset", list(by_name), format_func=titles.__getitem__, key="dataset")
            source = by_name[name]
            shown, ids, keys = _controls(page), machine_ids_of(source), list(models_of(source))
            draw_machine = partial(
                linked.selectbox,
                "Machine id",
                ids,
                key=MACHINE,
                help="One physical machine. Each has its own calibration.",
            )
            machine_id = _chosen(MACHINE, MACHINE in shown, draw_machine, ids.__contains__, ids[0])
            draw_detectors = partial(
                linked.multiselect,
                "Detectors",
                keys,
                format_func=title,
                key=DETECTORS,
                placeholder="all of them",
                help="Which detectors the page shows. None chosen means all.",
            )
            chosen = _chosen(DETECTORS, DETECTORS in shown, draw_detectors, set(keys).issuperset, [])
            draw_rate = partial(
                st.select_slider,
                "False-alarm rate",
                RATES,
                value=DEFAULT_RATE,
                format_func=percent,
                key=RATE,
                bind="query-params",
                help="The share of normal clips that may be called anomalies, on average. Thresholds are set on held-out normal "
                "clips alone; no anomaly is looked at. It moves the markers on the curves of the Compare page.",
            )
            rate = _chosen(RATE, RATE in shown, draw_rate, RATES.__contains__, DEFAULT_RATE)
        set_choice(Choice(source, machine_id, chosen or keys, float(rate)))
    except AsdError as error:
        st.error(str(error), icon=":material/error:")
        return False
    return True
