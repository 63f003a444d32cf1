"""Regions of the spectrogram and what they are called."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from asd_core.errors import AsdError
from asd_core.labels import Marked, new_uid
from asd_core.plots import colours
from asd_core.roles import Role
from pages.components.player import Region, Shown
from pages.label_page import acts
from pages.label_page.acts import DrawnClip
from pages.shared.label_store import label_store
from pages.shared.permissions import need


def shown(marked: Sequence[Marked], annotator: str, highest: float) -> list[Shown]:
    """Regions as the player draws them: the annotator's own and other people's."""
    drawn = []
    for one in marked:
        mine = one.annotator == annotator
        name = one.region_class if mine else f"{one.annotator}: {one.region_class}"
        drawn.append(Shown(_region(one, highest), name, colours.MINE if mine else colours.OTHERS))
    return drawn


def _region(marked: Marked, highest: float) -> Region:
    return Region(marked.t0, marked.t1, marked.f0 or 0.0, highest if marked.f1 is None else marked.f1)


def classes(here: DrawnClip, marked: Sequence[Marked], names: Sequence[str]) -> list[dict[str, Any]]:
    """The classes (by name) that the dragged region can be marked as, and whether it is; none without a region."""
    if here.region is None:
        return []
    mine = [one for one in marked if one.annotator == here.annotator]
    already = {one.region_class for one in mine if _region(one, here.highest) == here.region}
    return [{"name": name, "marked": name in already} for name in names]


def class_editor(here: DrawnClip, names: Sequence[str]) -> None:
    """The list of classes to edit, where a region is dragged. Without one there is nothing: a clip is drawn the faster
    the less there is on the page."""
    if here.region is not None:
        with st.popover("Edit the classes", icon=":material/edit:", type="tertiary"):
            _edit(names, here.annotator)


def _edit(known: Sequence[str], annotator: str) -> None:
    text = st.text_area("Classes, one a line", "\n".join(known), key="region_classes", height=160, width=260)
    if st.button("Save the classes", key="save_classes"):
        try:
            need(Role.LABEL)
            names = [line.strip() for line in text.splitlines() if line.strip()]
            label_store().set_classes(names, annotator=annotator, uid=new_uid())
        except AsdError as error:
            st.error(str(error))
            return
        st.rerun(scope="fragment")


def region_list(here: DrawnClip, marked: Sequence[Marked]) -> None:
    """The annotator's regions, each with a button that takes it away."""
    for one in marked:
        if one.annotator != here.annotator:
            continue
        band = "" if one.f0 is None or one.f1 is None else f", {one.f0 / 1000:.1f}–{one.f1 / 1000:.1f} kHz"
        st.button(
            f"{one.region_class}: {one.t0:.2f}–{one.t1:.2f} s{band}",
            key=f"unmark_{one.uid}",
            icon=":material/close:",
            type="tertiary",
            help="Take this region away.",
            on_click=acts.unmark,
            args=(here, one.uid),
        )
