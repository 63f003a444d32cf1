"""Scores that are stored of the clips on the map."""

import pandas as pd

from asd_core.space import clip_figures
from pages.feature_space_page.controls import SCORE, colour_title
from pages.feature_space_page.view import View
from pages.shared.choice import title
from pages.shared.sources import Source
from pages.shared.stored_scores import scores_of_splits


def stored(source: Source) -> list[pd.DataFrame]:
    """Score tables of every split."""
    return [scores.table for scores in scores_of_splits(source)]


def colours(source: Source, view: View, about: pd.DataFrame) -> tuple[pd.Series, str, tuple[float, float] | None]:
    """The colour of each clip, what it means, and the ends of its scale (``None``: its own)."""
    if view.colour != SCORE:
        return about[view.colour], colour_title(view.colour), None
    values = clip_figures(about, stored(source), view.detector, "calibrated")
    return values, f"{title(view.detector)}, percentile", (0.0, 100.0)
