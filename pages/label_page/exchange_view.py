"""Labels out to other programs and back in."""

import pandas as pd
import streamlit as st

from asd_core.counting import counted, percent
from asd_core.errors import AsdError
from asd_core.labels import IMPORT_SUFFIXES, SUFFIXES, Format, Plan, export, plan_import
from asd_core.roles import Role
from asd_core.scoring import with_applicability, with_margins
from pages.label_page.clip_tables import EVERY_SPLIT, clips_of
from pages.label_page.queue import renew
from pages.shared import linked
from pages.shared.choice import Choice
from pages.shared.label_store import label_store
from pages.shared.permissions import acting, lacking
from pages.shared.recordings import catalogue_clip, dataset_of
from pages.shared.stored_scores import scores_of_splits
from pages.shared.tables import download, file_name
from pages.shared.trained_models import calibration_of

FORMATS: dict[Format, str] = {
    "csv": "CSV: a row a label, region or adjudication",
    "json": "JSON: the same, with everything that is known",
    "parquet": "Parquet: the same, for pandas and the like",
    "audacity": "Audacity label tracks: a file a clip and person, in a ZIP",
    "label-studio": "Label Studio: tasks with annotations, and each detector as a prediction",
}
EVERYBODY = "everybody"
FEW = 8  # problems that are listed


def draw(selected: Choice, annotator: str) -> None:
    """Both directions, side by side where there is room."""
    grid = st.grid(2, min_column_width=440)
    with grid.cell():
        _export(selected)
    with grid.cell():
        _import(selected, annotator)
    store = label_store()
    st.caption(f"Labels are kept in {store.where}. Nothing is ever overwritten: every change is an event of its own.")


def _export(selected: Choice) -> None:
    st.subheader("Export")
    store, source = label_store(), selected.source
    form = linked.selectbox("Format", list(FORMATS), key="export_format", format_func=FORMATS.__getitem__)
    people = store.annotators(source.name)
    whose = st.selectbox("Labels of", [EVERYBODY, *people], key="export_whose")

    def content() -> bytes:
        everything = form == "label-studio"
        return export(
            store,
            source.name,
            form,
            annotator=None if whose == EVERYBODY else str(whose),
            clips=clips_of(source, EVERY_SPLIT, None) if everything else None,
            scores=_scores(selected) if everything else None,
        )

    decided_by = (
        store.where,
        store.last_id(source.name),
        dataset_of(source).version,
        selected.detectors,
        selected.rate,
    )
    name = file_name("labels", source.name, whose, form, of=decided_by, ending=SUFFIXES[form].lstrip("."))
    if form == "label-studio":
        st.caption(
            f"With predictions of {counted(len(selected.detectors), 'detector')}, at their thresholds for {percent(selected.rate)} false alarms."
        )
    download(
        "Download",
        content,
        name,
        "application/octet-stream",
        key="export_labels",
        disabled=not people,
        labels_of=source.name,
    )
    if not people:
        st.caption("Nobody has labelled a clip of this dataset yet.")


def _scores(selected: Choice) -> pd.DataFrame:
    tables = [scores.table for scores in scores_of_splits(selected.source)]
    scores = pd.concat([table for table in tables if not table.empty] or tables[:1])
    calibrations = {key: calibration_of(selected.source, key) for key in selected.detectors}
    scores = with_margins(scores[scores["detector"].isin(selected.detectors)], calibrations, selected.rate)
    return with_applicability(scores, selected.source.folder)


def _import(selected: Choice, annotator: str) -> None:
    st.subheader("Import")
    if why := lacking(Role.LABEL):
        st.caption(why)
        return
    file = st.file_uploader(
        "A CSV or Parquet file exported here, Label Studio's JSON, or an Audacity track named after its clip",
        type=[ending.lstrip(".") for ending in IMPORT_SUFFIXES],
        key="labels_file",
    )
    if file is None:
        st.caption("What the file would change is shown first; nothing is written before you say so.")
        return
    try:
        name, clips = selected.source.name, clips_of(selected.source, EVERY_SPLIT, None)
        plan = plan_import(
            label_store(),
            name,
            file.name,
            file.getvalue(),
            clips=clips,
            annotator=annotator or None,
            seconds_of=lambda clip_id: catalogue_clip(selected.source, clip_id).duration,
        )
    except AsdError as error:
        st.error(str(error), icon=":material/error:")
        return
    _planned(plan, name, file.name)


def _planned(plan: Plan, dataset: str, file: str) -> None:
    """What an import would do, and the buttons that do it."""
    st.markdown(f"**{len(plan.new):,} new · {plan.known:,} known already · {len(plan.conflicts):,} in conflict**")
    for note in plan.notes:
        st.caption(note)
    for problem in plan.problems[:FEW]:
        st.warning(problem, icon=":material/warning:")
    if len(plan.problems) > FEW:
        st.caption(f"… and {counted(len(plan.problems) - FEW, 'more row')} that cannot be used.")
    if plan.conflicts:
        st.dataframe(
            [
                {"Row": c.row, "Clip": c.clip_id, "Person": c.annotator, "Here now": c.now, "In the file": c.file}
                for c in plan.conflicts
            ],
            hide_index=True,
            key="import_conflicts",
        )
    with st.container(horizontal=True):
        keep = st.button(
            f"Add the {len(plan.new):,} new", key="import_keep", disabled=not plan.new, icon=":material/upload:"
        )
        take = st.button(
            "Add them, and take the file's side in conflicts",
            key="import_take",
            disabled=not plan.conflicts,
            help="The log keeps both.",
        )
    if keep or take:
        try:
            n_items = len(plan.new) + (len(plan.conflicts) if take else 0)
            with acting(Role.LABEL, "imported labels", dataset, n_items=n_items, note=file):
                added = plan.apply(label_store(), conflicts="take" if take else "keep")
        except AsdError as error:
            st.error(f"Nothing was added. {error}", icon=":material/error:")
            return
        st.success(f"{added:,} added.", icon=":material/check:")
        renew()
