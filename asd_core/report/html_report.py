"""One self-contained HTML file for a reader without the app: which detector to trust, and the sounds it gets wrong.

The file holds no script and loads nothing: it opens offline, passes mail filters and prints. All text is escaped.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from asd_core import __version__, artifacts
from asd_core.datasets import Dataset, open_for, recorded_dataset, title_today
from asd_core.detectors import detector_class, select
from asd_core.errors import ArtifactError, AsdError
from asd_core.evaluation import MEAN, POOLED
from asd_core.progress import Progress, silent
from asd_core.report import layout, wording
from asd_core.report.caveats import warnings
from asd_core.report.charts import charts
from asd_core.report.figures import Comparison, compare
from asd_core.report.rendering import render
from asd_core.report.sounds import MAX_SECONDS, examples
from asd_core.report.tables import Assumptions
from asd_core.report.takeaways import takeaways

if TYPE_CHECKING:
    import pandas as pd


def report_content(
    folder: Path,
    *,
    scores: "pd.DataFrame | None" = None,
    data: str | None = None,
    detectors: Iterable[str] | None = None,
    assumptions: Assumptions | None = None,
    where: str = "",
    labels: str = "",
    in_use: str = "",
    others: "pd.DataFrame | None" = None,
) -> tuple[Comparison, Dataset | None, str]:
    """What the report of a models folder is made of.

    Args:
        scores: a score table; what training stored of the test clips by default.
        data: where the recordings are; where they were in training by default.
        detectors: keys; all that have scores by default.
        where: which clips of the split the scores are of, in words, where not all.
        labels: whose labels the table carries, in words, where not the dataset's own.
        in_use: the detector that a person has pinned, which the report then starts with; empty for none.
        others: scores of detectors that were not chosen, whose controls count too; those of the table by default.

    Returns:
        The figures; the dataset, or ``None`` and a sentence on why there are no recordings.

    Raises:
        ArtifactError: when there are no scores of labelled clips by these detectors.
    """
    from asd_core.report.results_page import stored_scores
    from asd_core.scoring import trained_on, with_applicability

    title, dataset, reason = _dataset(folder, data)
    subset = dataset if dataset is not None and trained_on(folder, dataset) else None
    table = stored_scores(folder, subset) if scores is None else scores
    if detectors is not None:
        keys = select(detectors)
        missing = [key for key in keys if not (table["detector"] == key).any()]
        if missing:
            unreadable = artifacts.damaged(folder)
            if reasons := [unreadable[key] for key in missing if key in unreadable]:
                raise ArtifactError(" ".join(reasons))
            raise ArtifactError(
                f"{folder} holds no scores of {', '.join(missing)} on today's clips: train or score them, or choose others."
            )
        chosen = table["detector"].isin(keys)
        table, others = table[chosen], table[~chosen] if others is None else others
    if table.empty:
        raise ArtifactError(f"{folder} holds no scores of the clips as they are now: run the command scores first.")
    table = with_applicability(table, folder)
    manifests = {key: artifacts.read_manifest(folder / key) for key in table["detector"].unique()}
    comparison = compare(
        table, manifests, title=title, assumptions=assumptions, where=where, labels=labels, in_use=in_use, others=others
    )
    return comparison, dataset, reason


def not_in_report(folder: Path, comparison: Comparison) -> str:
    """Sentences that name a folder's detectors which are not in a comparison of all of them, with the reasons; empty without any."""
    reasons = artifacts.damaged(folder)
    unscored = [key for key in artifacts.trained_keys(folder) if key not in (*reasons, *comparison.detectors)]
    without = f"{folder} holds no scores of {', '.join(unscored)} on today's clips: train or score them."
    return artifacts.named_left_out(reasons | dict.fromkeys(unscored, without))


def _dataset(folder: Path, data: str | None) -> tuple[str, Dataset | None, str]:
    recorded, called = recorded_dataset(folder)  # of an old or foreign folder nothing: its figures stand without it
    title, location = title_today(recorded, called) or folder.name, data or recorded
    if not location:
        return title, None, f"{folder.name} does not say where its recordings are."
    try:
        return title, open_for(location, folder), ""
    except AsdError as error:
        return title, None, str(error)


def report_html(
    comparison: Comparison,
    dataset: Dataset | None = None,
    reason: str = "",
    *,
    left_out: str = "",
    made: datetime | None = None,
    progress: Progress = silent,
) -> str:
    """The report.

    Args:
        dataset: gives the sounds; without one the report says that they are missing, and ``reason``.
        left_out: a sentence on detectors that were chosen and are not in the comparison; empty without any.
        made: its date; now by default.
    """
    progress(0.1, "drawing curves")
    drawn, legend = charts(comparison)
    progress(0.4, "reading recordings")
    sounds, unread = examples(comparison, dataset, lambda f, m: progress(0.4 + 0.5 * f, m))
    progress(0.9, "writing the page")
    return render(
        "report.html.j2",
        c=comparison,
        takeaways=takeaways(comparison),
        title=f"Which detector to trust: {comparison.title}",
        made=f"{made or datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        program=f"asd_core {__version__}",
        infos={key: detector_class(key).info for key in comparison.detectors},
        names={key: detector_class(key).info.title for key in comparison.detectors},
        lead=comparison.lead,
        warnings=[*filter(None, [left_out]), *warnings(comparison, dataset)],
        charts=drawn,
        legend=legend,
        sounds=sounds,
        no_sounds=reason or ("There are no recordings." if dataset is None else ""),
        unread=unread,
        sound_seconds=MAX_SECONDS,
        wording=wording,
        layout=layout,
        MEAN=MEAN,
        POOLED=POOLED,
    )
