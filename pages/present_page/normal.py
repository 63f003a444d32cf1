"""What normal sounds like: one of the machine's normal recordings."""

import pandas as pd

from asd_core.errors import DatasetError
from asd_core.sound import Clip
from pages.clip_page.picker import clearest
from pages.components.player import player
from pages.present_page import slide
from pages.present_page.story import Story
from pages.shared.choice import Choice
from pages.shared.recordings import catalogue_clip, dataset_of
from pages.shared.signals import signal_of
from pages.shared.trained_models import manifests_of, scoring_rate

MINUTES_TO = 120  # from there on, hours


def draw(story: Story) -> None:
    """A training clip to play, and how many there were."""
    slide.head(f"This is {story.machine} as it should sound.")
    selected = story.selected
    rows = dataset_of(selected.source).rows(machine_id=selected.machine_id)
    normal = rows[(rows["split"] == "train") & (rows["label"] != "anomaly")]
    if normal.empty:  # the recordings it learned from are not here any more
        normal = rows[rows["label"] == "normal"]
    if normal.empty:
        raise DatasetError(f"No normal recording of {story.machine} is in the dataset any more.")
    clip = catalogue_clip(selected.source, clearest(normal))
    slide.text(_about(selected, clip, normal))
    with slide.figure_place():
        signal = signal_of(clip, sample_rate=scoring_rate(selected, clip.sample_rate))
        player(signal, key="present_normal", large=True)


def _about(selected: Choice, clip: Clip, rows: pd.DataFrame) -> str:
    n = _learned_from(selected) or len(rows)
    minutes = round(n * clip.duration / 60)
    length = f"{minutes} minutes" if minutes < MINUTES_TO else f"{minutes / 60:.0f} hours"
    long = "a minute" if minutes < 2 else length
    rate = f"{clip.sample_rate / 1000:g} kHz"
    return f"One of {n:,} normal recordings, about {long} at {rate}. The detectors learned from these alone, and from no fault."


def _learned_from(selected: Choice) -> int:
    """Recordings of the machine that the detectors were fitted and calibrated on."""
    for manifest in manifests_of(selected.source, selected.detectors[:1]).values():
        return manifest.n_normal(selected.machine_id)
    return 0
