"""Any two detectors side by side: the difference of their figures, their decisions, and the clips on which these differ."""

import numpy as np
import pandas as pd
import streamlit as st

from asd_core.counting import counted, machines_named, percent
from asd_core.evaluation import (
    Difference,
    Draws,
    HeadToHead,
    Metric,
    head_to_head,
    paired_difference,
    paired_figures,
)
from pages.compare_page.figures import resampled
from pages.compare_page.filters import ComparedScores
from pages.compare_page.promises import CONFORMAL, limits_of, too_few
from pages.shared import linked
from pages.shared.caching import cache_bytes
from pages.shared.choice import title
from pages.shared.open_clip import open_row
from pages.shared.recordings import clip_titles
from pages.shared.tables import interval, table
from pages.shared.trained_models import known_ids, thresholds_of

METRICS: dict[str, Metric] = {"AUC": "auc", "pAUC": "pauc"}
SURE = 0.05
MOST_ROWS = 12  # seen without scrolling


def draw(compared: ComparedScores) -> None:
    """The best two at first."""
    keys = compared.selected.detectors
    if len(keys) < 2:
        st.info("Head-to-head needs two detectors or more: choose them in the sidebar.", icon=":material/filter_alt:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = linked.selectbox("One", keys, key="one", format_func=title, width=260)
        rest = [key for key in keys if key != first]
        second = linked.selectbox("against", rest, key="other", format_func=title, width=260)
    draws, _ = resampled(compared)
    figures, result = _pair(compared, first, second, draws)
    st.markdown(f"**{_sentence(first, second, figures['AUC'], draws.called('AUC'), result)}**")
    _name_common_ids(compared, first, second)
    selected = compared.selected
    limits = {key: limits_of(selected, key, compared.machine_ids, CONFORMAL) for key in (first, second)}
    if few := too_few(selected, limits):
        st.info(few, icon=":material/info:")
    side_by_side = st.grid(2, min_column_width=380)
    with side_by_side.cell():
        rows = []
        for name, metric in METRICS.items():
            pair = figures[name]
            one, other = paired_figures(draws, first, second, metric=metric)
            rows.append(
                {
                    "Figure": draws.called(name).replace("mean", "Mean"),
                    title(first): one,
                    title(second): other,
                    "Difference": pair.difference,
                    "95% interval": interval(pair.low, pair.high, "+.3f"),
                }
            )
        numbers = {title(key): st.column_config.NumberColumn(format="%.3f") for key in (first, second)}
        difference = st.column_config.NumberColumn(format="%+.3f", help="Over the same resampled clips (paired).")
        columns = {**numbers, "Difference": difference}
        table(pd.DataFrame(rows), key="pair_figures", placeholder="–", column_config=columns)
        _decisions(first, second, result)
        st.caption(
            f"{compared.description()}. Decisions at the thresholds for {percent(compared.selected.rate)} false alarms, on the "
            f"{counted(result.n, 'labelled clip')} that both have scored."
        )
    with side_by_side.cell():
        _clips(compared, first, second, result)


@cache_bytes
def _pair(compared: ComparedScores, first: str, second: str, _draws: Draws) -> tuple[dict[str, Difference], HeadToHead]:
    """The difference of their figures by name, and of their decisions."""
    figures = {name: paired_difference(_draws, first, second, metric=metric) for name, metric in METRICS.items()}
    return figures, head_to_head(compared.scores, first, second, thresholds_of(compared.selected))


def _name_common_ids(compared: ComparedScores, first: str, second: str) -> None:
    """That not all machine ids in scope are compared, and why; nothing where both detectors know them all."""
    every = compared.machine_ids
    known = known_ids(compared.selected.source, (first, second), every)
    unknown = {key: [i for i in every if i not in ids] for key, ids in known.items()}
    if any(unknown.values()):
        n_both = len(set(known[first]) & set(known[second]))
        why = [f"{title(key)} does not know {machines_named(ids)}" for key, ids in unknown.items() if ids]
        st.info(
            f"Over the machine ids that both know, {n_both} of {len(every)}: {' and '.join(why)}.",
            icon=":material/help:",
        )


def _sentence(first: str, second: str, auc: Difference, called: str, result: HeadToHead) -> str:
    one, other = title(first), title(second)
    if not np.isfinite(auc.difference):
        return f"{one} and {other} cannot be ranked here: it takes a machine id that both know, with normal and anomalous clips."
    if auc.low > 0 or auc.high < 0:
        better, worse = (one, other) if auc.low > 0 else (other, one)
        sentence = f"{better} separates anomalous from normal clips better than {worse}"
    else:
        sentence = f"On these clips the {called}s of {one} and {other} cannot be told apart"
    n = result.first_right + result.second_right
    if not result.n:
        return f"{sentence}; no labelled clip has a threshold of both."
    if not n:
        return f"{sentence}; at their thresholds they decide alike."
    right = one if result.first_right > result.second_right else other
    if result.p < SURE:
        who = f"{right} is right more often"
    elif result.first_right == result.second_right:
        who = "each is right on half of them"
    else:
        who = f"that {right} is right more often may be chance"
    return f"{sentence}; at their thresholds they decide differently on {counted(n, 'clip')}, and {who}."


def _decisions(first: str, second: str, result: HeadToHead) -> None:
    rows = [
        {"Decisions": "Both right", "Clips": result.both_right},
        {"Decisions": f"{title(first)} alone right", "Clips": result.first_right},
        {"Decisions": f"{title(second)} alone right", "Clips": result.second_right},
        {"Decisions": "Both wrong", "Clips": result.both_wrong},
    ]
    table(pd.DataFrame(rows), key="pair_decisions")
    if np.isfinite(result.p):
        st.caption(
            f"If both were right equally often, a split at least as uneven as {result.first_right} to {result.second_right} would "
            f"come about in {result.p:.1%} of cases (McNemar's exact test)."
        )


def _clips(compared: ComparedScores, first: str, second: str, result: HeadToHead) -> None:
    clips = result.clips
    if not result.n:
        st.info("They have decided on no labelled clip in common.", icon=":material/info:")
        return
    if clips.empty:
        st.info("They decide alike on every clip.", icon=":material/check:")
        return
    names = np.array([title(first), title(second)])
    table(
        pd.DataFrame(
            {
                "Clip": clip_titles(compared.selected.source, clips["clip_id"]),
                "Machine id": clips["machine_id"],
                "Label": clips["label"],
                "Right": names[clips["right"].to_numpy(dtype=int)],
            }
        ),
        key="pair_clips",
        most=MOST_ROWS,
        on_select=lambda: open_row("pair_clips", clips),
        selection_mode="single-row",
    )
    st.caption("The clips on which they decide differently. Choose a row to open its clip.")
