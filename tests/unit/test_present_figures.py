"""Figures of the presentation: letters that are read from the last row, and alarms that can be counted."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from asd_core.explain import place_in_words
from asd_core.explain.bursts import n_moments
from asd_core.plots import AlarmGroup, alarms_figure, emphasise, enlarge, roc_figure


def test_letters_lines_and_markers_grow_and_the_page_says_how_high_a_figure_is() -> None:
    rng = np.random.default_rng(0)
    scores = pd.DataFrame(
        {"detector": "pca_kde", "machine_id": "00", "label": ["normal", "anomaly"] * 20, "raw": rng.normal(size=40)}
    )
    figure = roc_figure(scores, "00", {"pca_kde": "PCA + KDE"})
    emphasise(figure, ["pca_kde"], [])
    width = next(trace.line.width for trace in figure.data if trace.name == "PCA + KDE")
    figure.add_annotation(text="normal", showarrow=False)
    assert enlarge(figure, 24) is figure
    layout = figure.layout
    sizes = [layout.font, layout.legend.font, layout.xaxis.title.font, layout.xaxis.tickfont, layout.yaxis.tickfont]
    assert [font.size for font in sizes] == [24] * 5
    assert next(trace.line.width for trace in figure.data if trace.name == "PCA + KDE") == 1.5 * width
    assert figure.layout.annotations[0].font.size == 24
    assert layout.height is None


def counts(figure: object, group: int) -> dict[float, int]:
    """How many squares of a group are in each state: 0 no alarm, 1 possible, 2 an alarm."""
    squares = np.asarray(figure.data[group].z, dtype=float)  # type: ignore[attr-defined]
    values, n = np.unique(squares[~np.isnan(squares)], return_counts=True)
    return dict(zip(values.tolist(), n.tolist(), strict=True))


def test_every_clip_is_a_square_and_every_alarm_is_coloured() -> None:
    figure = alarms_figure([AlarmGroup("normal", 1000, 50, 65), AlarmGroup("anomalies", 47, 40)])
    assert counts(figure, 0) == {0: 885, 1: 65, 2: 50}
    assert counts(figure, 1) == {0: 7, 2: 40}
    first, second = figure.layout.xaxis.domain, figure.layout.xaxis2.domain
    assert first[1] < second[0] < second[1] <= 1.0001
    assert [note.text for note in figure.layout.annotations] == ["normal", "anomalies"]


def test_more_alarms_than_clips_are_all_of_them() -> None:
    figure = alarms_figure([AlarmGroup("normal", 10, 8, 5), AlarmGroup("many", 5000, 0)])
    assert counts(figure, 0) == {1: 2, 2: 8}
    assert counts(figure, 1) == {0: 5000}


def test_a_moment_is_said_once() -> None:
    place = SimpleNamespace(f0=5100.0, f1=5400.0, t0=5.88, t1=5.92, time_share=0.1, share=0.9)
    assert place_in_words(place, None) == "5.1 to 5.4 kHz, at 5.9 s"  # type: ignore[arg-type]
    place.t1 = 6.2
    assert place_in_words(place, None) == "5.1 to 5.4 kHz, from 5.9 to 6.2 s"  # type: ignore[arg-type]
    place.share = 0.3  # the rest of the map lies elsewhere
    assert place_in_words(place, None) == "5.1 to 5.4 kHz, strongest from 5.9 to 6.2 s"  # type: ignore[arg-type]
    assert place_in_words(place, None, 4) == "5.1 to 5.4 kHz, several times, strongest from 5.9 to 6.2 s"  # type: ignore[arg-type]
    place.f1 = 5130.0
    place.time_share = 0.032  # of ten seconds
    assert place_in_words(place, 2.0, 5) == "about 5.1 kHz, in bursts every 2.0 s, strongest from 5.9 to 6.2 s"  # type: ignore[arg-type]
    assert (
        place_in_words(place, 2.0, 10) == "about 5.1 kHz, in groups of bursts every 2.0 s, strongest from 5.9 to 6.2 s"
    )  # type: ignore[arg-type]
    place.t0, place.t1 = 0.0, 0.04
    assert place_in_words(place, None) == "about 5.1 kHz, strongest at its very start"  # type: ignore[arg-type]


def test_moments_are_counted_at_the_ends_too_and_weak_ones_are_not() -> None:
    loudness = np.zeros(313)
    assert n_moments(loudness, 0.032) == 0
    for place, height in ((0, 1.0), (90, 0.9), (200, 0.3), (312, 0.8)):
        loudness[max(0, place - 3) : place + 4] = height
    assert n_moments(loudness, 0.032) == 3
