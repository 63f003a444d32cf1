"""Tables as the report's template walks through them, and figures as it writes them."""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from asd_core.counting import NOT_COMPUTABLE, computable
from asd_core.detectors import detector_class
from asd_core.report.figures import LABELS, Comparison

if TYPE_CHECKING:
    import pandas as pd

ABSENT = "–"
WHISKER = (0.4, 1.0)  # AUCs at the ends of an interval's little axis
VALUES_A_TABLE = 10  # values of attributes, likewise
MEASURES = {"snr_db": ("SNR", "dB")}  # attributes with a unit
THIRDS = "severity: mild up to 1/3, medium up to 2/3, strong above"
Cells = dict[tuple[str, str], dict[str, Any]]


def figure(value: Any, digits: int = 3) -> str:
    """A figure between 0 and 1 as text, or a text that there is none."""
    return f"{value:.{digits}f}" if computable(value) else NOT_COMPUTABLE


def words(value: Any) -> str:
    """A value of an attribute as a reader would write it."""
    if not computable(value) or value == "":
        return ABSENT
    text = f"{value:.3g}" if isinstance(value, float) else str(value).replace("_", " ")
    return re.sub(r"^-(?=[\d.])", "−", text)


def opening(text: str) -> str:
    """Text as the start of a sentence or heading."""
    return text[:1].upper() + text[1:]


def shade(value: Any) -> str:
    """Background of a cell by its AUC: white at chance and below, blue at 1; text on it stays dark."""
    share = min(max((value - 0.5) / 0.5, 0.0), 1.0) if computable(value) else 0.0
    red, green, blue = (round(255 + share * (end - 255)) for end in (120, 178, 222))
    return f"rgb({red},{green},{blue})"


def whisker(value: Any, width: int) -> float:
    """Position of an AUC on its little axis of ``width`` pixels."""
    low, high = WHISKER
    return round(width * (min(max(float(value), low), high) - low) / (high - low), 1)


def by_id(table: "pd.DataFrame") -> Cells:
    """Rows of a table by detector and machine id."""
    return {(str(row["detector"]), str(row["machine_id"])): row for row in table.to_dict("records")}


def by_section(comparison: Comparison) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Rows of the domains' table by detector, machine id and domain."""
    rows = comparison.domains.sections.to_dict("records") if comparison.domains else []
    return {(str(row["detector"]), str(row["machine_id"]), str(row["domain"])): row for row in rows}


def dataset_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """For each machine id how many clips were fitted, held out and scored, by label."""
    scored = comparison.clips.drop_duplicates("clip_id")
    counts = scored.groupby(["machine_id", "label"]).size()
    # Detectors may know different ids; of those that know one, the first says how many clips it was given.
    fitted: dict[str, int] = {}
    held_out: dict[str, int] = {}
    for manifest in comparison.manifests.values():
        fitted = {**manifest.n_fitted, **fitted}
        held_out = {**{i: manifest.n_held_out(i) for i in manifest.calibration}, **held_out}
    ids = sorted({*scored["machine_id"], *comparison.draws.machine_ids})
    return [
        {
            "machine_id": i,
            "fitted": fitted.get(i, 0),
            "held_out": held_out.get(i, 0),
            **{label: int(counts.get((i, label), 0)) for label in (*LABELS, "unlabelled")},
        }
        for i in ids
    ]


def heading(attribute: str) -> str:
    """An attribute's name, with its unit."""
    return ", ".join(MEASURES[attribute]) if attribute in MEASURES else words(attribute)


def in_words(attribute: str, value: Any) -> str:
    """An attribute and its value in a sentence; nothing when it has none."""
    name, unit = MEASURES.get(attribute, (words(attribute), ""))
    text = words(value)
    return "" if text == ABSENT else f"{name} {text} {unit}".strip()


def breakdowns(comparison: Comparison) -> list[list[dict[str, Any]]]:
    """Attributes side by side, in as many tables as they need: values, anomalies of each, AUC by detector and value."""
    tables: list[list[dict[str, Any]]] = []
    room = 0
    for attribute, subset in comparison.breakdown.groupby("attribute", sort=False):
        first = subset[subset["detector"] == subset["detector"].iloc[0]]
        group = {
            "heading": heading(str(attribute)),
            "values": list(zip(first["value"], first["n_anomaly"], strict=True)),
            "cells": {(str(r["detector"]), r["value"]): r["auc"] for r in subset.to_dict("records")},
        }
        if not tables or len(first) > room:
            tables.append([])
            room = VALUES_A_TABLE
        tables[-1].append(group)
        room -= len(first)
    return tables


def failures(comparison: Comparison, best: str) -> list[dict[str, Any]]:
    """Worst misses and false alarms of one detector, as two tables."""
    subset = comparison.failures[comparison.failures["detector"] == best]
    attributes = [name for name in described(subset.columns) if name != "domain"]
    return [
        {
            "heading": title,
            "columns": [(name, opening(heading(name))) for name in attributes],
            "rows": subset[subset["error"] == kind].to_dict("records"),
        }
        for kind, title in (("miss", "Missed anomalies"), ("false alarm", "False alarms"))
    ]


def described(columns: Iterable[str]) -> list[str]:
    """The attributes among a failures table's columns: those between its label and its percentile."""
    names = list(columns)
    return names[names.index("label") + 1 : names.index("calibrated")]


def fingerprints(comparison: Comparison) -> dict[str, list[str]]:
    """Names of the detectors trained on each set of clips, by its fingerprint."""
    result: dict[str, list[str]] = {}
    for key in comparison.detectors:
        result.setdefault(comparison.manifests[key].data_fingerprint, []).append(detector_class(key).info.title)
    return result


def library_versions(comparison: Comparison) -> list[str]:
    """What the detectors were trained with, a line for each set of versions."""
    lines = [
        ", ".join(f"{name} {version}" for name, version in manifest.versions.items())
        for manifest in comparison.manifests.values()
    ]
    return list(dict.fromkeys(lines))


def settings(values: Mapping[str, Any]) -> str:
    """Parameters and their values, to be read."""
    parts = [f"{value}" if name == "kind" else f"{name.replace('_', ' ')} {value}" for name, value in values.items()]
    return ", ".join(parts) or "none"
