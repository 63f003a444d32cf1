"""What was understood of a dataset's names and recordings, to be corrected before anything is trained."""

import os
from dataclasses import replace
from pathlib import Path

import pandas as pd
import streamlit as st

from asd_core.counting import counted, listed
from asd_core.datasets import (
    LABEL_QUESTION,
    Answer,
    Dataset,
    DatasetFile,
    Survey,
    Unused,
    as_one_type,
    examine,
    exceptions_last,
    findings,
    is_added,
    open_dataset,
    read_dataset_file,
    survey,
    surveyed_dataset,
    unusable_clips,
    unused_notes,
    update_dataset_file,
    usable,
)
from asd_core.errors import DatasetError
from asd_core.roles import Role
from pages.data_page.bar import bar
from pages.data_page.datasets import Entry, count_again
from pages.data_page.hear import hear
from pages.data_page.one_recording import one_recording
from pages.shared.caching import SELECTIONS
from pages.shared.permissions import acting, button, lacking, may

LABELS = ("normal", "anomaly", "unlabelled", "leave out")
EDITED = {"Machine type": "machine_type", "Machine id": "machine_id", "Label": "label", "Domain": "domain"}
MANY_QUESTIONS = 12  # that are asked at a time
NAMES_WIDTH, LETTERS = 290, 44  # pixels of the column of names, and how many letters of a name they hold
BEGINNING = 10  # of these letters: a longer name loses what is behind them, for it ends with what says its class


def survey_view(entry: Entry) -> Dataset | None:
    """Show a dataset; for one that was added here its names can be answered.

    Returns:
        The dataset, or ``None`` where nothing of it is understood yet.
    """
    if entry.place is None:
        return open_dataset(entry.location) if entry.location else None
    file = read_dataset_file(entry.place)
    surveyed = survey(file.folder, file.answers, file.table)
    version = f"{entry.name}_{len(file.answers)}"
    st.subheader("What was understood")
    answers = [
        *_label_choices(surveyed, version),
        *_edited(surveyed, version),
        *one_recording(surveyed, LABELS, version),
    ]
    with st.container(horizontal=True):
        if button("Save", Role.TRAIN, type="primary", disabled=not answers, icon=":material/save:"):
            _add_answers(entry.place, answers)
            st.rerun()
        if not all(map(_of_added, file.answers)) and button(
            "Forget all answers",
            Role.TRAIN,
            icon=":material/undo:",
            help="Recordings that were kept from the Clip page stay what they were called.",
        ):
            with acting(Role.TRAIN, "forgot answers", entry.name, n_items=len(file.answers)):
                update_dataset_file(
                    entry.place, lambda stored: replace(stored, answers=[*filter(_of_added, stored.answers)])
                )
            st.rerun()
    for note in surveyed.notes:
        st.caption(note)
    if file.table:
        st.caption("To change what the table says, correct the table; the answers here are about what it does not say.")
    for question in surveyed.questions_about(file.machine_types):
        if not question.endswith(LABEL_QUESTION):
            st.warning(question, icon=":material/help:")
    try:
        dataset = surveyed_dataset(surveyed, location=entry.place, machine_types=file.machine_types, title=file.title)
    except DatasetError as error:
        if not (surveyed.catalogue.empty and surveyed.asked):  # which is asked above
            st.error(str(error), icon=":material/error:")
        _unused(_known_not_to_be_used(surveyed))
        return None
    _one_type(entry.place, file, surveyed)
    if waiting := sum(group.count for group in surveyed.asked):
        st.warning(
            f"{counted(waiting, 'recording')} {'waits' if waiting == 1 else 'wait'} for an answer above and {'is' if waiting == 1 else 'are'} "
            f"not used until then: what follows is of the other {len(dataset.catalogue):,}.",
            icon=":material/hourglass_empty:",
        )
    _content(dataset, surveyed)
    _listen(dataset, entry)
    return dataset


def _of_added(answer: Answer) -> bool:
    return is_added(answer["pattern"])


def _label_choices(surveyed: Survey, version: str) -> list[Answer]:
    """A choice for each group of names that says nothing of its label."""
    unclear = surveyed.asked
    if not unclear:
        return []
    st.caption("Some names do not say what they are. Choose for each, then save.")
    answers: list[Answer] = []
    for group in unclear[:MANY_QUESTIONS]:
        label = st.segmented_control(
            f"{counted(group.count, 'recording')} like `{group.example}`",
            LABELS,
            format_func=str.capitalize,
            key=f"asked_{version}_{group.pattern}",
        )
        with st.expander(
            "Listen to some of them",
            icon=":material/hearing:",
            key=f"hear_{version}_{group.pattern}",
            on_change="rerun",
        ) as box:
            if box.open:
                hear(group.clip_ids, surveyed.read)
        if label:
            answers.append({"pattern": group.pattern, "label": str(label)})
    if len(unclear) > MANY_QUESTIONS:
        st.caption(f"{len(unclear) - MANY_QUESTIONS} more follow when these are saved; the table below holds all.")
    return answers


def _edited(surveyed: Survey, version: str) -> list[Answer]:
    """All groups in a table; an answer for each row that was changed."""
    before = _table(surveyed)
    has_domains = (
        surveyed.catalogue["domain"].nunique() > 1
    )  # of most datasets all is source: the table's menu can show it
    edited = st.data_editor(
        before,
        key=f"groups_{version}",
        hide_index=True,
        disabled=["Names", "Recordings", "Example"] if may(Role.TRAIN) else True,
        column_config={
            "Names": st.column_config.TextColumn(width=NAMES_WIDTH),
            "Label": st.column_config.SelectboxColumn(options=LABELS, help="What is not clear has none: choose it."),
            "Domain": {**st.column_config.SelectboxColumn(options=("source", "target")), "hidden": not has_domains},
            "Recordings": st.column_config.NumberColumn(width="small"),
        },
    )
    st.caption(
        "One row for names that begin alike. A row can be corrected: that holds for all recordings that its names match, but those "
        "that were corrected one by one."
    )
    return _changed([group.pattern for group in surveyed.usable_groups], before, edited)


def _add_answers(place: Path, answers: list[Answer], note: str = "") -> None:
    """Store answers behind those that are there."""
    with acting(Role.TRAIN, "answered questions", place.parent.name, n_items=len(answers), note=note):
        update_dataset_file(place, lambda stored: replace(stored, answers=exceptions_last([*stored.answers, *answers])))


def _one_type(place: Path, file: DatasetFile, surveyed: Survey) -> None:
    """Of a tree with several machine types, choose the one that this dataset is about."""
    types = sorted(surveyed.catalogue["machine_type"].unique())
    if len(types) < 2:
        return
    every = "all of them"
    now = file.machine_types[0] if len(file.machine_types) == 1 else every
    options = [every, *types]
    chosen = st.selectbox(
        "Machine type",
        options,
        index=options.index(now) if now in options else 0,
        key=f"type_{place.parent.name}",
        width=240,
        disabled=not may(Role.TRAIN),
        help=lacking(Role.TRAIN)
        or "One network for machines of several types learns none of them well: train each type as a dataset of its own.",
    )
    if chosen == every and not file.table:
        name, answers = as_one_type(surveyed)
        if button(
            "These are machines of one type",
            Role.TRAIN,
            icon=":material/merge:",
            help=f"{listed(types)} become machine ids of one type, {name}, and are trained and compared together. Only where they are "
            "machines of the same kind.",
        ):
            _add_answers(place, answers, note=f"one machine type: {name}")
            st.rerun()
    if chosen != now:
        with acting(Role.TRAIN, "answered questions", place.parent.name, note=f"machine type: {chosen}"):
            update_dataset_file(
                place, lambda stored: replace(stored, machine_types=[] if chosen == every else [chosen])
            )
        st.rerun()


def _table(surveyed: Survey) -> pd.DataFrame:
    shared = _shared_folders([group.pattern for group in surveyed.usable_groups])
    rows = [
        {
            "Names": _cut(group.pattern, shared),
            **{heading: group.row.get(column) or None for heading, column in EDITED.items()},
            "Recordings": group.count,
            "Example": group.example,
        }
        for group in surveyed.usable_groups
    ]
    return pd.DataFrame(rows, columns=["Names", *EDITED, "Recordings", "Example"]).astype(
        dict.fromkeys(EDITED, "str"), errors="ignore"
    )


def _shared_folders(patterns: list[str]) -> int:
    """How many letters the folders take that all patterns begin with."""
    return os.path.commonprefix(patterns).rfind("/") + 1  # noqa: RUF071 - cut at a folder


def _cut(pattern: str, shared: int) -> str:
    """A pattern as its column holds it: a long one without the folders of all, and if need be without its middle."""
    if len(pattern) > LETTERS and shared:
        pattern = f"…/{pattern[shared:]}"
    return pattern if len(pattern) <= LETTERS else f"{pattern[:BEGINNING]}…{pattern[BEGINNING + 1 - LETTERS :]}"


def _changed(patterns: list[str], before: pd.DataFrame, after: pd.DataFrame) -> list[Answer]:
    """An answer for each row that was changed, by the pattern that it is of, with the values that were."""
    answers: list[Answer] = []
    for pattern, old, new in zip(patterns, before.to_dict("records"), after.to_dict("records"), strict=True):
        values = {
            column: str(new[heading])
            for heading, column in EDITED.items()
            if new[heading] != old[heading] and isinstance(new[heading], str) and new[heading].strip()
        }
        if values:
            answers.append({"pattern": pattern, **values})
    return answers


@st.cache_data(max_entries=SELECTIONS, show_spinner=False)
def _examined(location: str, fingerprints: tuple[str, ...], _dataset: Dataset) -> tuple[pd.DataFrame, list[Unused]]:
    with bar("reading the recordings") as progress:
        return examine(_dataset, progress)


def _content(dataset: Dataset, surveyed: Survey) -> None:
    prints = tuple(dataset.fingerprint(split) for split in ("train", "test", "eval"))
    known = unusable_clips(dataset)
    clips, damaged = _examined(dataset.location, prints, dataset)
    if unusable_clips(dataset) != known:
        count_again()
        st.rerun()
    counts = clips.groupby(["machine_type", "machine_id", "split", "label"], as_index=False).agg(
        recordings=("clip_id", "size"),
        seconds=("seconds", "sum"),
        rates=("sample_rate", lambda values: ", ".join(f"{v / 1000:g}" for v in sorted(set(values)))),
        channels=("channels", lambda values: ", ".join(map(str, sorted(set(values))))),
        level=("level", "median"),
    )
    counts["minutes"] = counts.pop("seconds") / 60
    shown = counts[
        ["machine_type", "machine_id", "split", "label", "recordings", "minutes", "rates", "channels", "level"]
    ]
    shown.columns = [
        "Machine type",
        "Machine id",
        "Set",
        "Label",
        "Recordings",
        "Minutes",
        "Rate, kHz",
        "Channels",
        "Level, dB",
    ]
    st.dataframe(
        shown,
        hide_index=True,
        column_config={
            "Minutes": st.column_config.NumberColumn(format="%.1f"),
            "Level, dB": st.column_config.NumberColumn(format="%.1f", help="Median RMS, in dB of full scale."),
        },
    )
    for finding in findings(clips):
        st.info(finding, icon=":material/info:")
    _unused([*_known_not_to_be_used(surveyed), *damaged])


def _known_not_to_be_used(surveyed: Survey) -> list[Unused]:
    """Without the files whose use is still asked about."""
    asked = {clip_id for group in surveyed.asked for clip_id in group.clip_ids}
    return [one for one in surveyed.explained if one.file not in asked]


def _unused(files: list[Unused]) -> None:
    if files:
        with st.expander(f"{counted(len(files), 'file')} not used", icon=":material/block:"):
            for note in unused_notes(files):
                st.markdown(f"- {note}")
            st.dataframe(pd.DataFrame([(f.file, f.reason) for f in files], columns=["File", "Reason"]), hide_index=True)


def _listen(dataset: Dataset, entry: Entry) -> None:
    with st.expander(
        "Listen to some of them", icon=":material/hearing:", expanded=False, key=f"hear_{entry.name}", on_change="rerun"
    ) as box:
        if not box.open:
            return
        rows = usable(dataset.catalogue, unusable_clips(dataset))
        if rows.empty:
            st.caption("None of them can be read.")
            return
        groups = rows.groupby(["machine_type", "machine_id", "label"])["clip_id"].apply(list)
        by_title = {" · ".join(map(str, group)): clip_ids for group, clip_ids in groups.items()}
        # By name: after answers the same place in the list may be another group.
        chosen = st.selectbox("Group", list(by_title), key=f"hear_group_{entry.name}")
        hear(by_title[chosen], dataset.read)
