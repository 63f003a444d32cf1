"""Scores that are stored of the clips on the map."""

from collections.abc import Iterable

import pandas as pd

from asd_core.scoring import with_margins
from asd_core.space import MARGIN, clip_figures
from pages.feature_space_page.controls import SCORE, colour_title
from pages.feature_space_page.view import View
from pages.shared.choice import Choice, title
from pages.shared.stored_scores import scores_of_splits
from pages.shared.trained_models import calibration_of

LEARNED = "Of the training clips a detector has learned four fifths, so that it scores them lower than new ones."


def stored(selected: Choice, keys: Iterable[str]) -> list[pd.DataFrame]:
    """Score tables of every split, with margins at the chosen false-alarm rate."""
    calibrations = {key: calibration_of(selected.source, key) for key in keys}
    return [
        with_margins(scores.table[scores.table["detector"].isin(list(calibrations))], calibrations, selected.rate)
        for scores in scores_of_splits(selected.source)
    ]


def colours(selected: Choice, view: View, about: pd.DataFrame) -> tuple[pd.Series, str]:
    """The colour of each clip and what it means; margins where it is a score."""
    if view.colour != SCORE:
        return about[view.colour], colour_title(view.colour)
    values = clip_figures(about, stored(selected, [view.detector]), view.detector, MARGIN)
    return values, f"{title(view.detector)}, margin"
