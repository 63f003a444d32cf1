"""A few labelled anomalies beside the detectors that use none: what is measured on a dataset, and where it is stored.

Never part of a ranking: the head uses labels, detectors do not.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from asd_core.artifacts import pooled_columns, pooled_table
from asd_core.counting import counted
from asd_core.datasets import Dataset
from asd_core.detectors import detector_class, is_control
from asd_core.errors import TrainingError
from asd_core.evaluation import COUNTS, EVERY, FEWEST_LEARNED, LabelledClips, bootstrap, few_label_curve
from asd_core.files import read_parquet, write_parquet
from asd_core.lazy import pd
from asd_core.markdown import markdown_table
from asd_core.progress import Progress, silent
from asd_core.scoring import model_versions, read_scores

FEW_LABELS = "few_labels.parquet"
SCHEMA = 1
COST = (
    "Uses labels of k anomalies; measured on kinds of faults it has not seen; detectors use none, and it never enters "
    "their ranking."
)
EVERY_KIND = EVERY  # of the column kind: the mean over all
KIND = "fault"  # the catalogue's column


def missing_for_few_labels(clips: "pd.DataFrame") -> str:
    """What a table of clips lacks to measure this, a sentence; empty where nothing is missing.

    Args:
        clips: columns ``machine_id, split, label`` and, where there is one, ``fault``.
    """
    n_learned = clips.loc[(clips["split"] == "train") & (clips["label"] == "normal"), "machine_id"].value_counts()
    learned = n_learned.index[n_learned >= FEWEST_LEARNED]
    if learned.empty:
        return f"No machine has {FEWEST_LEARNED} normal clips to learn from."
    tested = clips[(clips["split"] != "train") & clips["machine_id"].isin(learned)]
    anomalies = tested[tested["label"] == "anomaly"]
    if anomalies.empty:
        return "No anomaly is labelled of a machine that has normal clips to learn from: label some on the Label page."
    if KIND not in clips:
        return (
            f"Nothing says what kind of fault an anomaly is (a column {KIND} in the catalogue): kinds that the head has not seen "
            "cannot be told from those that it has."
        )
    counts = anomalies.loc[anomalies[KIND].fillna("").astype(str) != "", KIND].value_counts()
    if len(counts) < 2:
        return (
            f"Labelled anomalies are of {counted(len(counts), 'kind')} of fault: it takes two, one to learn from and another to "
            "measure on."
        )
    others = int(counts.sum() - counts.max())
    if others < min(COUNTS):
        return f"Beside the most frequent kind of fault only {counted(others, 'anomaly', 'anomalies')} are labelled: {min(COUNTS)} are needed."
    if not set(tested.loc[tested["label"] == "normal", "machine_id"]) & set(anomalies["machine_id"]):
        return "No machine has both a normal clip and an anomaly outside training: nothing to tell anomalies from."
    return ""


def measure_few_labels(
    dataset: Dataset,
    folder: Path,
    *,
    labels: Mapping[str, str] | None = None,
    detector: str = "",
    seed: int = 0,
    progress: Progress = silent,
) -> "pd.DataFrame":
    """Measure it on a dataset's test clips and store the table beside the detectors.

    Args:
        labels: what people call clips, by clip id, over the dataset's own labels.
        detector: to compare with; where it is empty, the one of highest mean AUC on these clips: chosen with their
            labels, and so the hardest to beat.

    Returns:
        :func:`asd_core.evaluation.few_label_curve`'s table with the columns ``schema, detector, model_version, fingerprint,
        people`` (how many of the test clips have people's labels).

    Raises:
        TrainingError: what :func:`missing_for_few_labels` says.
    """
    clips = pooled_table(folder, dataset)
    given = (
        clips["clip_id"].map(dict(labels or {})).astype(object).where(lambda value: value.isin(["normal", "anomaly"]))
    )
    clips = clips.assign(label=clips["label"].where(given.isna(), given))
    if sentence := missing_for_few_labels(clips):
        raise TrainingError(sentence)
    kinds = clips[KIND].fillna("").astype(str).where(clips["label"] == "anomaly", "")
    clips = clips.assign(kind=kinds)
    test = clips[
        (clips["split"] != "train")
        & ((clips["label"] == "normal") | ((clips["label"] == "anomaly") & (clips["kind"] != "")))
    ]
    train = clips[(clips["split"] == "train") & (clips["label"] == "normal")]
    scores = read_scores(folder, dataset)
    scores = scores[~scores["detector"].map(is_control)].drop(columns="label").merge(test[["clip_id", "label"]])
    key = detector or next(iter(bootstrap(scores, resamples=0).ranked()), "")
    own = scores[scores["detector"] == key].set_index("clip_id")["raw"]
    test = test[test["clip_id"].isin(own.index)]
    if test.empty:
        raise TrainingError("No detector has scores of these clips: score them first.")
    if sentence := missing_for_few_labels(pd.concat([train, test])):
        raise TrainingError(f"Of the clips that have scores: {sentence}")
    table = few_label_curve(
        _labelled(train),
        _labelled(test),
        own.loc[test["clip_id"]].to_numpy(dtype=np.float64),
        seed=seed,
        progress=progress,
    )
    table = table.assign(
        schema=SCHEMA,
        detector=key,
        model_version=model_versions(folder)[key],
        fingerprint=dataset.fingerprint("test"),
        people=int(given[test.index].notna().sum()),
    )
    write_parquet(table, folder / FEW_LABELS)
    progress(1.0, "done")
    return table


def _labelled(clips: "pd.DataFrame") -> LabelledClips:
    vectors = clips[pooled_columns(clips)].to_numpy(dtype=np.float32)
    return LabelledClips(vectors, clips["machine_id"].to_numpy(dtype=str), clips["kind"].to_numpy(dtype=str))


def read_few_labels(folder: Path) -> "pd.DataFrame | None":
    """The stored table; ``None`` where there is none, or its detector was trained again since."""
    table = read_parquet(folder / FEW_LABELS)
    if table is None or table.empty or "schema" not in table or (table["schema"] != SCHEMA).any():
        return None
    now = model_versions(folder)
    return table if (table["model_version"] == table["detector"].map(now)).all() else None


def few_labels_sentence(table: "pd.DataFrame") -> str:
    """What the table says: for each k, whether the head is above the detector beyond the paired interval."""
    title = detector_class(str(table["detector"].iloc[0])).info.title
    mean = table[(table["kind"] == EVERY) & (table["k"] > 0)].sort_values("k")
    base = float(table.loc[(table["kind"] == EVERY) & (table["k"] == 0), "auc"].iloc[0])
    if mean.empty:
        return f"{title}, which uses no label, has a mean AUC of {base:.3f}; too few anomalies are labelled for a head."
    parts = []
    for row in mean.itertuples():
        verdict = (
            "above it" if row.difference_low > 0 else "below it" if row.difference_high < 0 else "not clearly apart"
        )
        parts.append(
            f"{row.k} labels: {row.auc:.3f}, {verdict} ({row.difference:+.3f}, {row.difference_low:+.3f} to {row.difference_high:+.3f})"
        )
    return f"{title}, which uses no label, has a mean AUC of {base:.3f} on these clips. With {'; '.join(parts)}."


def few_labels_section(folder: Path) -> str:
    """A section of the results page."""
    command = "`python -m asd_core supervise --data DATA --models FOLDER`"
    heading = "## With a few labels"
    table = read_few_labels(folder)
    if table is None:
        return f"{heading}\n\nNot measured for these detectors: {command} does."
    rows = [
        [
            "none: " + detector_class(str(row.detector)).info.title if row.k == 0 else f"{row.k} anomalies",
            f"{row.auc:.3f} ({row.low:.3f}–{row.high:.3f})",
            "" if row.k == 0 else f"{row.difference:+.3f} ({row.difference_low:+.3f} to {row.difference_high:+.3f})",
            "" if row.k == 0 else f"{row.draw_low:.3f}–{row.draw_high:.3f}",
        ]
        for row in table[table["kind"] == EVERY].sort_values("k").itertuples()
    ]
    columns = ["labels", "mean AUC (95%)", "less the detector's, paired", "draws of the labelled anomalies"]
    return "\n\n".join([heading, f"{COST} {few_labels_sentence(table)}", markdown_table(columns, rows), f"{command}."])
