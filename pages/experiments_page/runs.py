"""Starting experiments from the page: the named ones, and sweeps of one parameter."""

import streamlit as st

from asd_core.detectors import detector_class
from asd_core.experiments import sweep
from pages.experiments_page.started import job_name, remember
from pages.shared import linked
from pages.shared.choice import title
from pages.shared.job_panel import job_panel
from pages.shared.sources import Source

PRESETS = ("quick", "standard", "paper")
STEPS = 5  # values that a sweep proposes


def run_named(source: Source, name: str, button: str) -> None:
    """A job for a named experiment, and the command that does the same."""
    _job(source, name, ["experiment", name], f"Experiment {name.replace('_', ' ')}", button)


def run_sweep(source: Source, detectors: list[str]) -> None:
    """Choose detector, parameter and values, and start."""
    st.subheader("How much hangs on one parameter?")
    st.caption(
        "The detector is trained once for each value, on the same clips and with the same seed, and scored on the test "
        "clips. A value that is chosen because it does best here is chosen with test labels: show it as an exploration."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        detector = linked.selectbox("Detector", detectors, format_func=title, key="sweep_detector", width=240)
        table = {row.name: row for row in detector_class(detector).parameter_table()}
        parameter = linked.selectbox("Parameter", list(table), key="sweep_parameter", width=220)
        row = table[parameter]
        preset = linked.segmented("Training", PRESETS, key="sweep_preset")
        values = st.text_input(
            "Values", proposal(row.default, row.low, row.high), key=f"sweep_values_{detector}_{parameter}", width=260
        )
    st.caption(f"{row.help} Default {row.default}, from {row.low} to {row.high}.")
    given = [v.strip() for v in values.split(",") if v.strip()]
    wanted = sweep(detector, parameter, given, preset=preset)
    options = ["--detector", detector, "--parameter", parameter, "--values", ",".join(given)]
    _job(
        source,
        wanted.name,
        ["experiment", "sweep", *options, "--preset", preset],
        f"Sweep of {parameter} of {title(detector)}",
        f"Train {len(wanted.points)} times",
    )


def proposal(default: object, low: float, high: float) -> str:
    """A few values around the default, inside the range."""
    if isinstance(default, bool) or not isinstance(default, int | float):
        return "false, true"
    values = [default * factor for factor in (0.25, 0.5, 1, 2, 4) if low <= default * factor <= high]
    return ", ".join(f"{v:g}" for v in dict.fromkeys(map(type(default), values)))


def _job(source: Source, name: str, arguments: list[str], what: str, button: str) -> None:
    where = ["--data", source.location, "--models", str(source.folder)]
    job_panel(job_name(source, name), what, [*arguments, *where], button, dataset=source.name, on_start=remember)
    shown = [*arguments, "--data", source.location, "--models", f"trained_models/{source.name}"]
    with st.expander("The same on the command line", icon=":material/terminal:"):
        st.code("python -m asd_core " + " ".join(f'"{a}"' if " " in a else a for a in shown), language="bash")
