"""All figures of some detectors on one dataset: what the report and the exports are written from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asd_core.artifacts import Manifest
from asd_core.detectors import detector_class, is_control
from asd_core.errors import ArtifactError
from asd_core.evaluation import (
    AgainstControl,
    DomainFigures,
    Draws,
    best_control,
    bootstrap,
    domain_figures,
    has_domains,
    not_better_than_control,
    ranking,
    tied_with_best,
    worst_machine,
)
from asd_core.report.tables import (
    Assumptions,
    breakdown_table,
    clip_table,
    failure_table,
    one_view,
    ranking_table,
    threshold_table,
)
from asd_core.sound import version_name

if TYPE_CHECKING:
    import pandas as pd

LABELS = ("normal", "anomaly")


@dataclass(frozen=True, eq=False)
class Comparison:
    """All figures of some detectors on one dataset, split and denoising strength."""

    title: str  # of the dataset
    split: str
    denoise: float  # strength
    kind: str  # of denoising; empty where unknown
    where: str  # which clips of the split alone, in words; empty for all of them
    labels: str  # whose labels, in words; empty for the dataset's own
    assumptions: Assumptions
    manifests: Mapping[str, Manifest]
    draws: Draws
    tied: list[str]  # the best in the mean AUC, then those tied with it; none where no mean can be ranked
    not_better: list[AgainstControl]  # detectors that are not clearly better than the best control
    worst: dict[str, tuple[str, float]]  # of each detector the machine id of lowest AUC, and that AUC
    ranking: "pd.DataFrame"
    thresholds: "pd.DataFrame"
    breakdown: "pd.DataFrame"
    failures: "pd.DataFrame"
    clips: "pd.DataFrame"  # the scores themselves, with threshold and decision
    in_use: str = ""  # the detector that a person has pinned; empty for none
    domains: DomainFigures | None = None  # where there are a source and a target domain

    @property
    def detectors(self) -> list[str]:
        """From the highest mean AUC to the lowest; then those that know fewer machine ids, and those without a figure."""
        return [str(key) for key in dict.fromkeys(self.ranking["detector"])]

    @property
    def lead(self) -> str:
        """The detector whose thresholds and errors are reported: the one in use, else the best; empty without."""
        return self.in_use or (self.tied[0] if self.tied else "")

    @property
    def denoising(self) -> str:
        """In words."""
        return f"strength {self.denoise:g}{', ' if self.kind else ''}{self.kind}" if self.denoise else "none"

    @property
    def controls(self) -> list[str]:
        return [key for key in self.detectors if is_control(key)]

    @property
    def best_control(self) -> str:
        """What the detectors are judged against, in the tables or not; empty without a control."""
        return best_control(self.draws, controls_of(self.draws))

    def tables(self) -> dict[str, "pd.DataFrame"]:
        """The tables by name."""
        by_domain = {"domains": self.domains.sections, "official": self.domains.official} if self.domains else {}
        return {
            "ranking": self.ranking,
            "thresholds": self.thresholds,
            "breakdown": self.breakdown,
            "failures": self.failures,
            "clips": self.clips,
            **by_domain,
        }


def controls_of(draws: Draws) -> list[str]:
    """The controls that detectors are judged against, shown or not."""
    return [key for key in draws.whole.detectors if is_control(key)]


def compared_draws(scores: "pd.DataFrame", others: "pd.DataFrame | None") -> Draws:
    """The draws of chosen detectors, which are judged against all controls of their dataset, chosen or not.

    Args:
        scores: of the chosen ones.
        others: scores of more detectors on the same split; of these only controls that are not chosen count, on the clips of
            ``scores``.
    """
    import pandas as pd

    if others is None or others.empty:
        return bootstrap(scores)
    chosen = set(scores["detector"].unique())
    missing = [key for key in others["detector"].unique() if is_control(key) and key not in chosen]
    same = others["detector"].isin(missing)
    for name in ("clip_id", "machine_id"):
        same &= others[name].isin(scores[name].unique())
    return bootstrap(pd.concat([scores, others[same]])).shown(chosen) if same.any() else bootstrap(scores)


def compare(
    scores: "pd.DataFrame",
    manifests: Mapping[str, Manifest],
    *,
    title: str,
    assumptions: Assumptions | None = None,
    where: str = "",
    labels: str = "",
    in_use: str = "",
    others: "pd.DataFrame | None" = None,
) -> Comparison:
    """All figures of a score table.

    Args:
        scores: columns ``detector, machine_id, label, clip_id, raw, calibrated, model_version``, attributes where there
            are any, ``split`` and ``denoise`` where they are not the test split as recorded.
        manifests: of each detector of the table.
        title: of the dataset.
        where: which of the split's clips these are, in words, where they are not all of them.
        labels: whose labels the table carries, in words, where not the dataset's own.
        in_use: the detector that a person has pinned; one that is not in the table is none.
        others: scores of detectors that were not chosen: their controls count too, see :func:`compared_draws`.

    Raises:
        ArtifactError: when no labelled clip is in the table.
    """
    assumed = assumptions or Assumptions()
    every = one_view(scores)
    labelled = every[every["label"].isin(LABELS)].reset_index(drop=True)
    if labelled.empty:
        raise ArtifactError(
            f"There is no report on {title}: no labelled clip has scores of these detectors; choose others, or train "
            "again where clips have labels."
        )
    split, denoise = str(every["split"].iloc[0]), float(every["denoise"].min())
    draws = compared_draws(labelled, None if others is None else one_view(others))
    controls = controls_of(draws)
    calibrations = {key: manifests[key].calibrated() for key in draws.detectors}
    marks = labelled.groupby("detector", sort=False)["model_version"].first().to_dict()

    kind = str(every["kind"].iloc[0]) if "kind" in every else ""
    strengths = (
        every.groupby("detector")["denoise"].first().to_dict()
    )  # its own of a detector trained on denoised sound

    def marked(table: "pd.DataFrame") -> "pd.DataFrame":
        """Names first, what the row is of last."""
        names = [str(key) for key in table["detector"]]
        denoised = [float(strengths[key]) for key in names]
        table = table.assign(
            model_version=[marks.get(key, "") for key in names],
            split=split,
            version=[version_name(strength) for strength in denoised],
            denoise=denoised,
            kind=[kind if strength else "" for strength in denoised],
            detector=names,
        )
        table.insert(0, "title", [detector_class(key).info.title for key in names])
        first = ["detector", "title"]
        return table[[*first, *(name for name in table.columns if name not in first)]]

    domains = domain_figures(labelled) if has_domains(labelled) else None
    tied = tied_with_best(draws)
    weakest = worst_machine(ranking(draws), "auc")
    return Comparison(
        title=title,
        split=split,
        denoise=denoise,
        kind=kind,
        where=where,
        labels=labels,
        assumptions=assumed,
        manifests={key: manifests[key] for key in draws.detectors},
        draws=draws,
        tied=tied,
        not_better=not_better_than_control(draws, controls),
        worst=weakest,
        ranking=marked(ranking_table(draws, weakest, controls)),
        thresholds=marked(threshold_table(labelled, manifests, assumed)),
        breakdown=marked(breakdown_table(labelled)),
        failures=marked(failure_table(labelled, calibrations, assumed.rate)),
        clips=marked(clip_table(every, calibrations, assumed.rate)),
        in_use=in_use if in_use in draws.detectors else "",
        domains=domains and DomainFigures(marked(domains.sections), marked(domains.official)),
    )
