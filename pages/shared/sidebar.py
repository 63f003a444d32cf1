"""The one sidebar: dataset, machine id, detectors, false-alarm rate. All of it is in the address."""

import streamlit as st

from asd_core.errors import AsdError
from asd_core.settings import get_settings
from pages.shared import linked
from pages.shared.choice import Choice, percent, set_choice, title
from pages.shared.names import distinct
from pages.shared.sources import sources
from pages.shared.trained_models import machine_ids_of, models_of

# Even steps on a logarithmic scale, about: what one can afford differs by orders of magnitude.
RATES = (0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)


def sidebar() -> bool:
    """Draw the sidebar and keep its choice for the page; without a trained detector, say how to get one.

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
        with st.sidebar:
            name = linked.selectbox("Dataset", list(by_name), format_func=titles.__getitem__, key="dataset")
            source = by_name[name]
            machine_id = linked.selectbox(
                "Machine id",
                machine_ids_of(source),
                key="machine",
                help="One physical machine. Each has its own calibration.",
            )
            chosen = linked.multiselect(
                "Detectors",
                list(models_of(source)),
                format_func=title,
                key="detectors",
                placeholder="all of them",
                help="Which detectors the pages show. None chosen means all.",
            )
            rate = st.select_slider(
                "False-alarm rate",
                RATES,
                value=0.05,
                format_func=percent,
                key="rate",
                bind="query-params",
                help="The share of normal clips that may be called anomalies. Thresholds are set on held-out normal "
                "clips alone; no anomaly is looked at. It moves the markers on the curves of the Compare page.",
            )
        set_choice(Choice(source, machine_id, chosen or list(models_of(source)), float(rate)))
    except AsdError as error:
        st.error(str(error), icon=":material/error:")
        return False
    return True
