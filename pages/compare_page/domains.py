"""Figures by source and target domain with DCASE's official score, in place of the ranking's own table; and which domain was
never trained."""

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from asd_core.artifacts import learned_rows
from asd_core.csv_text import csv_of
from asd_core.evaluation import RULES, DomainFigures, Rule, domain_figures, untrained_domains
from pages.compare_page.filters import ComparedScores
from pages.shared import linked
from pages.shared.caching import SELECTIONS
from pages.shared.choice import title
from pages.shared.tables import download, interval, table

NOTES: dict[Rule, str] = {
    "2022": "AUC of a domain: its normal clips against all anomalies of the machine id; pAUC: of both domains together. The official "
    "score is the harmonic mean of these AUCs and pAUCs over machine ids",
    "2021": "AUC and pAUC of a domain: among its own clips. The official score is the harmonic mean of these AUCs and pAUCs over machine "
    "ids and domains",
}


@st.cache_resource(max_entries=SELECTIONS, show_spinner="Resampling for the intervals …")
def _figures(key: tuple[str, ...], rule: Rule, _scores: pd.DataFrame) -> DomainFigures:
    return domain_figures(_scores, rule)


def never_trained(compared: ComparedScores) -> None:
    """Say where clips are of a domain that their machine's detectors never learned."""
    if sentence := untrained_domains(learned_rows(compared.selected.source.folder), compared.scores):
        st.warning(sentence, icon=":material/travel_explore:")


def draw(compared: ComparedScores, *, per_id: bool) -> None:
    """The official score and what it is of; with ``per_id`` also each machine id's figures."""
    with compared.row:
        rule: Rule = linked.segmented("Rule", list(RULES), key="official", format_func=RULES.__getitem__)
    figures = _figures(compared.key, rule, compared.scores)
    rows = figures.official.to_dict("records")
    table(
        pd.DataFrame([_row(row) for row in rows]),
        key="official_table",
        placeholder="–",
        column_config={
            name: st.column_config.NumberColumn(format="%.3f")
            for name in ("Official score", "AUC source", "AUC target", "pAUC", "Arithmetic mean")
        },
    )
    if per_id:
        table(_by_id(figures), key="domain_table", placeholder="–")
    if fewer := [f"{title(row['detector'])} ({row['n_figures']})" for row in rows if row["n_missing"]]:
        every = rows[0]["n_figures"] + rows[0]["n_missing"]
        st.info(
            f"Over fewer than the {every} figures of all detectors together, and ranked after those that lack fewer: {', '.join(fewer)}.",
            icon=":material/rule:",
        )
    st.caption(
        f"{compared.description()}. {NOTES[rule]} ({RULES[rule]}); the arithmetic mean is of the same figures. pAUC: false-alarm rates up "
        "to 10%, McClish-standardised (chance 0.5). Training looks at no test label."
    )
    download(
        "Domains as CSV",
        partial(_csv, compared, figures),
        compared.file("domains", rule, of=rule),
        labels_of=compared.labels_of,
    )


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "Detector": title(row["detector"]),
        "Official score": row["official"],
        "95% interval": interval(row["official_low"], row["official_high"]),
        "AUC source": row["auc_source"],
        "AUC target": row["auc_target"],
        "pAUC": row["pauc"],
        "Arithmetic mean": row["arithmetic"],
    }


def _by_id(figures: DomainFigures) -> pd.DataFrame:
    """A row per detector, machine id and domain."""
    rows = [
        {
            "Detector": title(row["detector"]),
            "Machine id": row["machine_id"],
            "Domain": row["domain"],
            "AUC": f"{row['auc']:.3f}",
            "95% of AUC": interval(row["auc_low"], row["auc_high"]),
            "pAUC": f"{row['pauc']:.3f}",
            "95% of pAUC": interval(row["pauc_low"], row["pauc_high"]),
            "Normal": row["n_normal"],
            "Anomalies": row["n_anomaly"],
        }
        for row in figures.sections.to_dict("records")
    ]
    return pd.DataFrame(rows).replace("nan", "–")


def _csv(compared: ComparedScores, figures: DomainFigures) -> str:
    """Figures of each machine id and domain, each row with its detector's official score."""
    official = figures.official[["detector", "official", "official_low", "official_high"]]
    return csv_of(figures.sections.merge(official, on="detector").assign(**compared.about()))
