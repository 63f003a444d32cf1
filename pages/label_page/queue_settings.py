"""Which clips are labelled, in what order and how: every choice is in the address."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from asd_core.labels import FROM_SELECTION, FROM_UPLOADS, NEEDS_DETECTOR, NEEDS_SCORES, QUEUES
from pages.label_page.clip_tables import EVERY_SPLIT, splits_of
from pages.shared import linked
from pages.shared.choice import Choice, title
from pages.shared.label_selection import selected_to_label
from pages.shared.unknown_machine import name_others, of_machine
from pages.shared.uploads import uploads

DATASET, SELECTION, UPLOADS = "Dataset", "Selection", "Uploads"
IN_ORDER, SHUFFLED = "in order", "random"  # of QUEUES


@dataclass(frozen=True)
class QueueSettings:
    """What is listened to, and how."""

    selected: Choice
    annotator: str
    where: str
    split: str
    machine_id: str | None
    name: str  # of the queue
    detector: str | None
    unlabelled: bool
    blind: bool
    autoplay: bool
    goal: int  # labels to give

    @property
    def queue(self) -> str:
        """Where the clips come from, as a label remembers it: where they were picked elsewhere, that counts, not their order."""
        return {SELECTION: FROM_SELECTION, UPLOADS: FROM_UPLOADS}.get(self.where, self.name)

    def key(self) -> tuple[Any, ...]:
        """Clips and order."""
        clips: tuple[Any, ...] = (self.split, self.machine_id)
        if self.where == SELECTION:
            clips = tuple(selected_to_label())
        elif self.where == UPLOADS:
            clips = tuple(uploads())
        detectors = self.detector or tuple(self.selected.detectors)
        by = (detectors, self.selected.rate) if self.name in NEEDS_SCORES else ()
        return (*self.selected.source.key(), self.where, *clips, "", self.annotator, self.name, *by, self.unlabelled)


def controls(selected: Choice, annotator: str, *, blind: bool, goal: int) -> QueueSettings:
    """Draw the controls; all of their values are in the address."""
    n_chosen, n_uploads = len(selected_to_label()), len(uploads())
    wheres = [DATASET] + [SELECTION] * bool(n_chosen) + [UPLOADS] * bool(n_uploads)
    counts = {SELECTION: f" ({n_chosen})", UPLOADS: f" ({n_uploads})"}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        where = DATASET
        if len(wheres) > 1:
            where = st.segmented_control(
                "Clips of",
                wheres,
                default=wheres[1] if n_chosen else DATASET,
                required=True,
                key="label_where",
                format_func=lambda w: w + counts.get(w, ""),
            )
        split, machine_id = EVERY_SPLIT, None
        if where == DATASET:
            split = linked.segmented("Set", splits_of(selected), key="label_split", help="The dataset's split.")
            only = linked.toggle(f"Only machine id {selected.machine_id}", key="label_only")
            machine_id = selected.machine_id if only else None
        name = linked.selectbox(
            "Order",
            QUEUES,
            key="order",
            width=190,
            format_func=lambda n: n[:1].upper() + n[1:],
            help="Second opinion: clips that somebody else has labelled and you have not. While blind, In order is shuffled "
            "too: the order of the files says what is in them.",
        )
        if blind and name == IN_ORDER:
            name = SHUFFLED
        detector = None
        if name in NEEDS_DETECTOR:
            keys = of_machine(selected).detectors if machine_id else []
            detector = linked.selectbox("By", keys or selected.detectors, key="label_by", width=190, format_func=title)
        unlabelled = linked.toggle("Unlabelled only", True, key="unlabelled", help="Leave out what you have labelled.")
        autoplay = linked.toggle(
            "Autoplay",
            True,
            key="autoplay",
            help="A clip plays when it arrives. A browser allows it after the first click or key on the page.",
        )
    if blind and machine_id and name in NEEDS_SCORES:  # in sight, they are named beside the clip
        name_others(selected, machine_id)
    return QueueSettings(
        selected, annotator, where, split, machine_id, name, detector, unlabelled, blind, autoplay, goal
    )
