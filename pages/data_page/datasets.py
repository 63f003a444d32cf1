"""The datasets there are: the demos, those added here, and those that detectors were trained on elsewhere."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd
import streamlit as st

from asd_core.artifacts import MANIFEST, folder_in_use, trained_keys
from asd_core.datasets import (
    EMBEDDED,
    datasets_folder,
    open_dataset,
    recorded_location,
    title_of,
    total_duration,
    unusable_clips,
    usable,
    user_datasets,
)
from asd_core.errors import AsdError
from asd_core.settings import get_settings
from pages.shared.caching import SELECTIONS
from pages.shared.sources import sources

NEW = "add recordings"  # in the place of a dataset's name: none has a space
UNREADABLE = "Cannot be read"  # heading of a column that is there where a dataset has such files


@dataclass(frozen=True)
class Entry:
    """A dataset on the page.

    Attributes:
        name: of the folder of its detectors, trained or not yet.
        title: what people call it.
        location: what opens it; empty where it is not known.
        place: its dataset file, for one that was added here.
        problem: a sentence on what is damaged; empty where nothing is.
    """

    name: str
    title: str
    location: str
    place: Path | None = None
    problem: str = ""

    @property
    def models(self) -> Path:
        """Where its detectors are, or will be."""
        return get_settings().models_dir / self.name


def entries() -> list[Entry]:
    """All datasets, those with trained detectors first."""
    places = {str(place): place for place in user_datasets()}
    listed = []
    for source in sources():
        location, problem = "", ""
        try:
            location = recorded_location(source.location)
        except AsdError as error:
            problem = str(error)
            # A dataset that was added here has the same folder name as its detectors.
            location = next((name for name, place in places.items() if place.parent.name == source.name), "")
        listed.append(Entry(source.name, source.title, location, places.pop(location, None), problem))
    known = {entry.name for entry in listed}
    # The first demo comes with its detectors; without them nothing of it is offered.
    listed += [Entry(name, embedded_title(name), name) for name in EMBEDDED if name not in (*known, "demo")]
    for location, place in places.items():
        listed.append(Entry(place.parent.name, title_of(place), location, place))
    return listed


@st.cache_data(max_entries=SELECTIONS, show_spinner=False)
def embedded_title(name: str) -> str:
    """The title of a dataset that needs no recordings."""
    return open_dataset(name).title


@st.cache_data(max_entries=SELECTIONS, show_spinner=False)
def _row(entry: Entry, written: float, n_detectors: int, trained: float) -> dict[str, object]:
    catalogue, seconds = pd.DataFrame(columns=["machine_type", "machine_id", "split", "label"]), 0.0
    unusable: dict[str, str] = {}
    with suppress(AsdError):
        if entry.location:
            dataset = open_dataset(entry.location)
            unusable = unusable_clips(dataset)
            catalogue = usable(dataset.catalogue, unusable)
            seconds = total_duration(replace(dataset, catalogue=catalogue))
    tested, normal = catalogue["split"] != "train", catalogue["label"] == "normal"
    machines = catalogue[["machine_type", "machine_id"]].drop_duplicates()
    size = sum(p.stat().st_size for p in entry.place.parent.rglob("*") if p.is_file()) if entry.place else 0
    return {
        "Dataset": entry.title,
        "Machine types": ", ".join(sorted(machines["machine_type"].unique())) or "–",
        "Machine ids": len(machines),
        "Training": int((~tested).sum()),
        "Test, normal": int((tested & normal).sum()),
        "Test, anomalies": int((tested & (catalogue["label"] == "anomaly")).sum()),
        UNREADABLE: len(unusable),
        "Hours": round(seconds / 3600, 2),
        "Detectors": n_detectors,
        "Trained": date.fromtimestamp(trained).isoformat() if trained else "",
        "Size": f"{size / 1e6:,.1f} MB" if entry.place else "",
    }


def count_again() -> None:
    """Have the table counted anew in the next run: it was found meanwhile what can be read."""
    _row.clear()


def overview(listed: list[Entry]) -> None:
    """A table of all datasets, and what of them is damaged."""
    rows = []
    for entry in listed:
        written = entry.place.stat().st_mtime if entry.place and entry.place.is_file() else 0.0
        models = folder_in_use(entry.models)
        keys = trained_keys(models)
        # The demo's files are as old as their copy, which says nothing.
        shown = keys if entry.name != "demo" else []
        trained = max(((models / key / MANIFEST).stat().st_mtime for key in shown), default=0.0)
        rows.append(_row(entry, written, len(keys), trained))
    table = pd.DataFrame(rows)
    if not table[UNREADABLE].any():
        table = table.drop(columns=UNREADABLE)
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "Training": st.column_config.NumberColumn(help="Clips that detectors learn from."),
            UNREADABLE: st.column_config.NumberColumn(
                help="Recordings that are not counted as clips. The dataset, below, names them."
            ),
            "Hours": st.column_config.NumberColumn(help="Of sound in all clips."),
            "Size": st.column_config.TextColumn(help="Of the recordings that were added here."),
        },
    )
    for entry in listed:
        if entry.problem:
            st.error(f"{entry.title}: {entry.problem}", icon=":material/error:")
    st.caption(f"What is added here stays on this computer, in `{datasets_folder()}`.")
