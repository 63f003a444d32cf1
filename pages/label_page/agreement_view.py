"""How far annotators agree, and the clips on which somebody has to decide."""

import numpy as np
import pandas as pd
import streamlit as st

from asd_core.errors import AsdError
from asd_core.labels import CONFLICTS, Agreement, Coefficient, Draft, annotator_agreement, new_uid, opaque_name
from asd_core.roles import Role
from pages.components.player import player
from pages.label_page.acts import clip_title
from pages.label_page.queue import IN_ADDRESS, write_address
from pages.shared import address, linked
from pages.shared.caching import FOLDERS
from pages.shared.choice import Choice
from pages.shared.label_store import label_store
from pages.shared.open_clip import open_clip
from pages.shared.permissions import button, may, need
from pages.shared.recordings import catalogue_clip, clip_titles
from pages.shared.signals import signal_of
from pages.shared.tables import table
from pages.shared.uploads import uploads

MOST_ROWS = 14
DECISIONS = ("normal", "anomaly")
_FIRST = "conflicts_first"  # in the session: how often the address chose a row of the table, and which one


@st.cache_resource(max_entries=FOLDERS, show_spinner="Comparing the labels …")
def _computed(where: str, dataset: str, last_id: int, with_unsure: bool) -> Agreement:
    store = label_store()
    labels = ("normal", "anomaly", "unsure") if with_unsure else DECISIONS
    return annotator_agreement(store.current(dataset), store.adjudications(dataset), labels)


def draw(selected: Choice, annotator: str, *, blind: bool) -> None:
    """Coefficients, pairs, and the conflicts to adjudicate; while blind, without who says what."""
    dataset, store = selected.source.name, label_store()
    with_unsure = linked.toggle("Unsure counts as a label", key="count_unsure", help="Otherwise it counts as no label.")
    result = _computed(store.where, dataset, store.last_id(dataset), with_unsure)
    if len(result.annotators) < 2:
        st.info(
            "Agreement needs two people who labelled the same clips: choose “Second opinion” as the order to listen to "
            "what others have labelled.",
            icon=":material/group:",
        )
        if not result.annotators:
            return
    with st.container(horizontal=True):
        _coefficient(
            "Agreement", result.alpha, "Krippendorff's α over all clips with two labels or more, missing ones allowed"
        )
        _coefficient("Where all labelled", result.fleiss, "Fleiss' κ over the clips that everybody labelled")
        st.metric("People", len(result.annotators))
        st.metric("Conflicts", len(result.conflicts), help="Clips that were not labelled alike.")
    st.caption("1: perfect agreement, 0: what chance gives. Nominal labels; the figures say nothing of who is right.")
    if not result.pairs.empty:
        _pairs(result.pairs)
    _conflicts(selected, annotator, result.conflicts, blind)


def _coefficient(name: str, result: Coefficient, over: str) -> None:
    value = f"{result.value:.3f}" if np.isfinite(result.value) else "not computable"
    st.metric(name, value, help=f"{over}: {result.n:,}. {result.reason}".strip())


def _pairs(pairs: pd.DataFrame) -> None:
    st.markdown("**Pair by pair**")
    table(
        pairs,
        key="pairs_table",
        most=MOST_ROWS,
        placeholder="not computable",
        column_config={
            "annotator_a": "One",
            "annotator_b": "The other",
            "n": st.column_config.NumberColumn("Clips both labelled", format="%d"),
            "agreement": st.column_config.NumberColumn("Same label", format="percent"),
            "kappa": st.column_config.NumberColumn("Beyond chance", format="%.3f", help="Cohen's κ."),
            "reason": "",
        },
    )


def _conflicts(selected: Choice, annotator: str, conflicts: pd.DataFrame, blind: bool) -> None:
    """The table of conflicts; a chosen row is played and decided."""
    if conflicts.empty:
        st.success("No clip was labelled in two ways.", icon=":material/handshake:")
        return
    st.markdown("**Conflicts**")
    dataset = selected.source.name
    names = clip_titles(selected.source, conflicts["clip_id"])
    titles = [
        clip_title(dataset, str(sha), name, blind=blind)
        for sha, name in zip(conflicts["clip_sha256"], names, strict=True)
    ]
    conflicts = conflicts.assign(
        title=titles,
        labels_given=[_labels_given(labels, blind) for labels in conflicts["labels"]],
        decided=conflicts["adjudicated"].where(conflicts["adjudicated"].isna(), "decided")
        if blind
        else conflicts["adjudicated"],
    )
    if blind:  # the order of the files says what is in them
        conflicts = conflicts.sort_values("title", kind="stable", ignore_index=True)
    names = [opaque_name(dataset, str(sha)) for sha in conflicts["clip_sha256"]]
    key, first = _at_first(names)
    table(
        conflicts[["title", "machine_id", "labels_given", "decided"]],
        key=key,
        most=MOST_ROWS,
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": [first]}},
        placeholder="nobody yet",
        column_config={
            "title": "Clip",
            "machine_id": st.column_config.TextColumn("Machine id", width=80),
            "labels_given": "Who differ" if blind else "Who says what",
            "decided": "Adjudicated",
        },
    )
    rows = st.session_state[key].selection.rows
    row = rows[0] if rows and rows[0] < len(conflicts) else 0
    write_address(names[row] if row else None)
    _decide(selected, annotator, conflicts.iloc[row], blind)


def _at_first(names: list[str]) -> tuple[str, int]:
    """Key and first chosen row of the table: it is another one where the address, and not a click, chooses a row."""
    number, first = st.session_state.get(_FIRST, (0, 0))
    if address.leads():
        named = st.query_params.get(IN_ADDRESS)
        number, first = st.session_state[_FIRST] = number + 1, names.index(named) if named in names else 0
    return f"conflicts_table_{number}", min(first, len(names) - 1)


def _labels_given(labels: dict[str, str], blind: bool) -> str:
    """Who labelled a clip and, unless blind, as what."""
    return ", ".join(labels if blind else (f"{who}: {label}" for who, label in labels.items()))


def _decide(selected: Choice, annotator: str, conflict: pd.Series, blind: bool) -> None:
    """One conflict, played and decided."""
    clip_id, sha = str(conflict["clip_id"]), str(conflict["clip_sha256"])
    with st.container(border=True):
        st.markdown(f"**{conflict['title']}** · {conflict['labels_given']}")
        try:
            upload = uploads().get(sha)
            clip = upload.clip() if upload else catalogue_clip(selected.source, clip_id)
            player(signal_of(clip), key="conflict_player", compact=True)
            opens = not (blind or upload)  # the Clip page names the clip and shows its scores
        except AsdError as error:
            st.caption(f":material/volume_off: {'This clip cannot be played.' if blind else error}")
            opens = False
        if not annotator and may(Role.LABEL):
            st.caption("Say who you are, above, to decide.")
        with st.container(horizontal=True, vertical_alignment="center"):
            for label in DECISIONS:
                button(
                    f"It is {'an anomaly' if label == 'anomaly' else label}",
                    Role.LABEL,
                    key=f"adjudicate_{label}_{sha[:12]}",
                    type="primary" if conflict["adjudicated"] == label and not blind else "secondary",
                    disabled=not annotator,
                    on_click=_adjudicate,
                    args=(selected.source.name, annotator, sha, clip_id, str(conflict["machine_id"]), label, blind),
                )
            if opens:
                st.button(
                    "Open on the Clip page",
                    key="conflict_open",
                    icon=":material/graphic_eq:",
                    on_click=open_clip,
                    args=(clip_id, str(conflict["machine_id"])),
                )


def _adjudicate(dataset: str, annotator: str, sha: str, clip_id: str, machine_id: str, label: str, blind: bool) -> None:
    try:
        need(Role.LABEL)
        label_store().add(
            Draft(
                kind="adjudicate",
                annotator=annotator,
                dataset=dataset,
                uid=new_uid(),
                clip_sha256=sha,
                clip_id=clip_id,
                machine_id=machine_id,
                label=label,
                blind=blind,
                queue=CONFLICTS,
            )
        )
    except AsdError as error:
        st.error("Not saved." if blind else f"Not saved. {error}", icon=":material/error:")
