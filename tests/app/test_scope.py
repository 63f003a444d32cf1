"""Controls do something where they stand: one scope, shown once, obeyed by what is in sight."""

import re
import time
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.helpers import opened

DETECTORS = ["PCA + KDE", "GWRP + Gaussian", "CNN autoencoder", "Control: clip level"]
# Of each page and view: the address, and what the sidebar shows there.
EVERY, OF_DETECTORS, NOTHING = {"machine", "detectors", "rate"}, {"detectors", "rate"}, set[str]()
VIEWS: list[tuple[str, dict[str, str], set[str]]] = [
    *(("clip", {"look": view}, EVERY) for view in ("Why", "Spectrum", "Denoising", "Similar clips", "Over time")),
    ("feature_space", {}, {"machine"}),
    ("feature_space", {"method": "PCA 3-D", "only": "false"}, {"machine"}),
    ("feature_space", {"colour": "score of a detector"}, {"machine", "detectors", "rate"}),
    *(
        ("compare", {"view": view}, OF_DETECTORS)
        for view in ("Ranking", "Thresholds", "Head-to-head", "Agreement", "Where it fails")
    ),
    ("compare", {"view": "Thresholds", "of_ids": "02"}, OF_DETECTORS),
    ("label", {}, {"machine"}),
    ("label", {"order": "Most anomalous"}, EVERY),
    ("label", {"order": "Nearest a threshold"}, EVERY),
    ("label", {"order": "Detectors disagree"}, EVERY),
    ("label", {"blind": "false"}, EVERY),
    ("label", {"label_view": "Agreement"}, NOTHING),
    ("label", {"label_view": "Import and export"}, NOTHING),
    ("label", {"label_view": "Import and export", "blind": "false"}, NOTHING),
    (
        "label",
        {
            "label_view": "Import and export",
            "blind": "false",
            "export_format": "Label Studio: tasks with annotations, and each detector as a prediction",
        },
        OF_DETECTORS,
    ),
    ("experiments", {}, NOTHING),
]
CHOICES = {
    "machine": ("04", "02"),
    "detectors": (["cnn_ae", "gwrp_gaussian"], ["pca_kde", "control_rms", "cnn_ae"]),
    "rate": (0.2, 0.5, 0.001),
}
# Of what is made anew, a file that a button saves among it.
UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|deferred_file_id: \"[0-9a-f]{32}\"")


def drawn(app: AppTest) -> list[str]:
    """All that is sent of the page, but for the sidebar, once nothing is computed beside it any more."""
    while any(button.label == "Stop" for button in app.run().button):
        time.sleep(0.2)
    found: list[str] = []

    def walk(node: Any) -> None:
        found.append(UID.sub("", str(node.proto)))
        for child in getattr(node, "children", {}).values():
            walk(child)

    walk(app.main)
    assert not app.exception
    if "label_order" in app.session_state:  # the clips that the next presses will draw
        found.append(str(app.session_state["label_order"].order.tolist()))
    return found


def choose(app: AppTest, key: str, value: Any) -> None:
    (widget,) = (
        w for w in (*app.sidebar.selectbox, *app.sidebar.multiselect, *app.sidebar.select_slider) if w.key == key
    )
    widget.set_value(value)


@pytest.mark.parametrize(("page", "address", "expected"), VIEWS)
def test_each_control_of_the_sidebar_changes_what_is_drawn(
    settings: pytest.MonkeyPatch, tmp_path: Any, page: str, address: dict[str, str], expected: set[str]
) -> None:
    settings.setenv("ASD_DATABASE_URL", f"sqlite:///{tmp_path / 'labels.sqlite3'}")
    app = opened(page, "Ada" if page == "label" else "", detectors=DETECTORS, **address)
    sidebar = [*app.sidebar.selectbox, *app.sidebar.multiselect, *app.sidebar.select_slider]
    shown = {str(widget.key) for widget in sidebar} - {"dataset"}
    assert shown == expected
    before = drawn(app)
    assert drawn(app) == before, "something changes by itself"
    for key in sorted(shown):
        for value in CHOICES[key]:
            choose(app, key, value)
            if changes := (after := drawn(app)) != before:
                break  # more values cost runs, and could show no more
        assert changes, key
        before = after


@pytest.mark.parametrize("view", ["Ranking", "Thresholds", "Head-to-head", "Agreement", "Where it fails"])
def test_compare_has_one_choice_of_machines(view: str) -> None:
    app = opened("compare", view=view, detectors=DETECTORS)
    machines = [
        str(widget.key)
        for kind in ("selectbox", "multiselect", "segmented_control")
        for widget in getattr(app, kind)
        if {"02", "id 02"} & set(map(str, widget.options))
    ]
    assert machines == ["of_ids"]
