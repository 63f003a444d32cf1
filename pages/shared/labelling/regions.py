"""Regions of the spectrogram and what they are called."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from asd_core.errors import AsdError
from asd_core.labels import new_uid
from asd_core.plots import colours
from pages.shared.labelling import acts, work
from pages.shared.labelling.acts import Heard
from pages.shared.player import Region, Shown

if TYPE_CHECKING:
    import pandas as pd

KEYS = 9  # classes that have a key, 1 to 9


def shown(marked: "pd.DataFrame", annotator: str, highest: float) -> list[Shown]:
    """Regions as the player draws them: the annotator's own and other people's."""
    found = []
    for row in marked.to_dict("records"):
        mine = row["annotator"] == annotator
        name = row["region_class"] if mine else f"{row['annotator']}: {row['region_class']}"
        found.append(Shown(_region(row, highest), str(name), colours.MINE if mine else colours.OTHERS))
    return found


def _region(row: "dict[object, object]", highest: float) -> Region:
    t0, t1, f0, f1 = (float(row[name]) for name in ("t0", "t1", "f0", "f1"))  # type: ignore[arg-type]  # numbers
    return Region(t0, t1, 0.0 if np.isnan(f0) else f0, highest if np.isnan(f1) else f1)


def classes(here: Heard, region: Region | None, highest: float, marked: "pd.DataFrame") -> None:
    """A button a class that marks the dragged region, and the list of classes to edit."""
    known = work.store().classes()
    already = _classes_of(region, highest, here, marked)
    st.caption("Mark the region as" if region else "Drag over the spectrogram to mark where it is")
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        for number, name in enumerate(known, start=1):
            st.button(
                name,
                key=f"region_{number}",
                disabled=region is None or name in already,
                shortcut=str(number) if number <= KEYS else None,
                on_click=acts.mark,
                args=(here, region, name, highest),
            )
        with st.popover("", icon=":material/edit:", help="Edit the classes"):
            _edit(known, here.annotator)


def _classes_of(region: Region | None, highest: float, here: Heard, marked: "pd.DataFrame") -> set[str]:
    """What the annotator has called this very region."""
    if region is None:
        return set()
    own = [row for row in marked.to_dict("records") if row["annotator"] == here.annotator]
    return {str(row["region_class"]) for row in own if _region(row, highest) == region}


def _edit(known: list[str], annotator: str) -> None:
    text = st.text_area("Classes, one a line", "\n".join(known), key="region_classes", height=160, width=260)
    if st.button("Save the classes", key="save_classes"):
        try:
            work.store().set_classes(
                [line.strip() for line in text.splitlines() if line.strip()], annotator=annotator, uid=new_uid()
            )
        except AsdError as error:
            st.error(str(error))
            return
        st.rerun(scope="fragment")


def listed(here: Heard, marked: "pd.DataFrame") -> None:
    """The annotator's regions, each with a button that takes it away."""
    own = marked[marked["annotator"] == here.annotator]
    for row in own.to_dict("records"):
        band = "" if np.isnan(row["f0"]) else f", {row['f0'] / 1000:.1f}–{row['f1'] / 1000:.1f} kHz"
        st.button(
            f"{row['region_class']}: {row['t0']:.2f}–{row['t1']:.2f} s{band}",
            key=f"unmark_{row['uid']}",
            icon=":material/close:",
            type="tertiary",
            help="Take this region away.",
            on_click=acts.unmark,
            args=(here, str(row["uid"])),
        )
