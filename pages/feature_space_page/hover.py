"""What the card beside the map shows of the clip under the pointer, and what a click on it does.

Names and pictures are two files, fetched when the pointer first rests on a point. Without them the chart's own text is
shown.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import streamlit as st

from asd_core import jobs
from asd_core.space import HEIGHT, WIDTH, sheet_columns, sheet_path
from pages.components.common.media import address
from pages.components.hover_card import hover_card
from pages.feature_space_page.clip_panel import CLICKED, click, facts
from pages.feature_space_page.points import clips
from pages.shared.caching import FOLDERS
from pages.shared.job_panel import job_panel
from pages.shared.recordings import clip_titles
from pages.shared.sources import Source

KEY = "space_hover"  # of the component's state


@st.cache_data(max_entries=FOLDERS, show_spinner=False)
def _names(folder: str, stamp: float, _source: Source) -> bytes:
    """For each clip its name and its facts, as JSON."""
    about = clips(_source)
    columns = [about[name].tolist() for name in about]
    rows = (dict(zip(about, values, strict=True)) for values in zip(*columns, strict=True))
    names = clip_titles(_source, about["clip_id"])
    return json.dumps([[name, facts(row)] for name, row in zip(names, rows, strict=True)]).encode()


@st.cache_data(max_entries=FOLDERS, show_spinner=False)
def _sheet(folder: str, stamp: float, _source: Source) -> Path:
    return sheet_path(Path(_source.location), clips(_source))


def hover(source: Source, chart: str) -> None:
    """Watch the chart inside the element of a class: a click on a point plays its clip, which is ringed."""
    sheet = _sheet(*source.key(), source)
    there, names = sheet.is_file(), _names(*source.key(), source)
    hover_card(
        chart,
        key=KEY,
        names=address(sha256(names).hexdigest(), "application/json", lambda: names),
        sheet=address(f"{sheet.stem}-{sheet.stat().st_mtime_ns}", "image/webp", sheet.read_bytes) if there else "",
        across=sheet_columns(len(clips(source))),
        width=WIDTH,
        height=HEIGHT,
        ringed=st.session_state.get(CLICKED),
        on_click=click,
    )


def pictures_panel(source: Source) -> None:
    """Offer to draw the pictures of a dataset that has none yet."""
    sheet = _sheet(*source.key(), source)
    job: Any = jobs.find(sheet.stem)
    if sheet.is_file() or not source.location:
        return
    with st.expander("Spectrograms under the pointer", expanded=job is not None and job.state != "finished"):
        st.caption("Drawn once, by reading every clip; kept with the user's data.")
        job_panel(
            sheet.stem,
            "Pictures of the clips",
            ["thumbnails", "--data", source.location, "--models", str(source.folder)],
            "Draw them",
            dataset=source.name,
            resumes=False,
        )
