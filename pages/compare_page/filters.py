"""What the Compare page is about: which split, denoised or not, which machine ids and which clips of these."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import streamlit as st

from asd_core.artifacts import named_left_out
from asd_core.counting import counted, machines_named
from asd_core.detectors import is_control
from asd_core.evaluation import filter_options, filter_scores
from asd_core.scoring import AS_RECORDED, SPLITS, Scope, score_attributes, scoring_job
from asd_core.sound import version_name
from pages.compare_page import truth
from pages.shared import linked
from pages.shared.caching import BY_KEY, cache_bytes
from pages.shared.choice import Choice, title
from pages.shared.job_panel import job_panel
from pages.shared.recordings import UNREADABLE, dataset_of
from pages.shared.sources import Source
from pages.shared.stored_scores import StoredScores, check_beside, checked_later, stored_scores, unscored_detectors
from pages.shared.tables import file_name
from pages.shared.trained_models import known_ids, models_of, scoring_rate, trained_denoised_of
from pages.shared.unknown_machine import name_others

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
EVERY = "every clip"
UNCHECKED = "These are the stored scores. Whether the recordings have changed since they were scored is being checked …"
LOOK = 1.0  # s between two looks at whether the recordings have been looked at
WORDS = {"snr_db": "SNR (dB)", "machine_id": "machine id"}  # columns whose name is not plain English


@dataclass(frozen=True, eq=False)
class ComparedScores:
    """The scores in scope."""

    selected: Choice  # the sidebar's, with the detectors that have scores here
    scope: Scope
    scores: pd.DataFrame
    where: str  # the filter in words, empty without one
    computable: bool  # scores of more detectors can be computed: the row of filters offers it
    key: tuple[str, ...]  # of what is computed from these scores
    row: Any = None  # of controls: a view may add its own to it
    against: truth.Against | None = None  # labels in place of the dataset's
    by_dataset: "ComparedScores | None" = None  # the same with the dataset's own labels, where they are replaced
    left_out: str = ""  # sentences on the chosen detectors that know no machine id in scope, or have no scores here
    # Scores of the controls that were not chosen: detectors are judged against these too.
    others: pd.DataFrame | None = None

    @property
    def machine_ids(self) -> list[str]:
        """Of the clips in scope, in order."""
        return sorted(self.scores["machine_id"].unique())

    @property
    def labels(self) -> str:
        """Whose labels they are evaluated against; empty for the dataset's."""
        return self.against.words if self.against else ""

    @property
    def labels_of(self) -> str:
        """The dataset, where they are evaluated against people's labels; else empty."""
        return self.selected.source.name if self.against else ""

    def description(self) -> str:
        """What the figures are of: ``Test split, not denoised, only fault belt``."""
        labels = f", labels: {self.labels}" if self.labels else ""
        return capital(self.scope.description() + (f", only {self.where}" if self.where else "") + labels)

    def about(self) -> dict[str, str | float]:
        """Columns that say it in an exported table."""
        return {
            "split": self.scope.split,
            "sample_rate": scoring_rate(self.selected, 0) or "",  # of detectors at several rates: each its own
            "filter": self.where or "none",
            "labels": self.labels or "dataset",
        }

    def version(self, detector: str) -> dict[str, str | float]:
        """Columns that say which version of the clips a detector's scores are of: its own where it learned denoised sound."""
        rows = self.scores[self.scores["detector"] == detector]
        strength = float(rows["denoise"].iloc[0]) if "denoise" in rows else self.scope.denoise
        kind = str(rows["kind"].iloc[0]) if strength and "kind" in rows else ""
        return {"version": version_name(strength), "denoise": strength, "kind": kind}

    def file(self, what: str, *more: object, of: object, ending: str = "csv") -> str:
        """Name of a file that holds something of these scores."""
        about = self.about()
        strength = f"{self.scope.denoise:g}" if self.scope.denoise else ""
        rate = f"{about['sample_rate']} Hz" if about["sample_rate"] else ""
        parts = (
            self.selected.source.name,
            self.scope.split,
            *more,
            rate,
            f"{version_name(self.scope.denoise)} {strength}",
        )
        return file_name(what, *parts, of=(self.key, of), ending=ending)


BY_KEY[ComparedScores] = lambda compared: (
    compared.key,
    compared.scope,
    BY_KEY[Source](compared.selected.source),
    *compared.selected.detectors,
    compared.selected.rate,
    compared.selected.in_use,
)


def word(attribute: str) -> str:
    """An attribute's name on screen."""
    return WORDS.get(attribute, attribute.replace("_", " "))


def capital(text: str) -> str:
    """The text with a capital first letter and the rest as it is (SNR stays SNR)."""
    return text[:1].upper() + text[1:]


def draw(selected: Choice, row: Any) -> ComparedScores:
    """Draw the filters into a row, and above the page whatever of the scope is not there yet."""
    with row:
        scope = _scope(selected)
        stored = stored_scores(selected.source, scope)
        table = stored.table
        there, attributes = _choices(stored.digest, table)
        ids = linked.multiselect("Machine ids", there, key="of_ids", placeholder="all", width=120)
        attribute = linked.selectbox(
            "Only clips by",
            [EVERY, *attributes],
            key="of_attribute",
            format_func=lambda name: name if name == EVERY else word(name),
            width=115,
            help="One attribute of the catalogue. A fault or severity chooses among the anomalies alone: normal clips have "
            "none, and all of them stay.",
        )
        chosen: list[str] = []
        if attribute != EVERY:
            chosen = linked.multiselect(
                capital(word(attribute)),
                filter_options(table, attribute),
                key=f"of_{attribute}",
                placeholder="any value",
                format_func=lambda value: value.replace("_", " "),
                width=260,
            )
        against = truth.draw(selected.source, table)
    computable = _state(selected, scope, stored)
    subset = in_scope(selected, scope, stored, ids, attribute, chosen)
    # Where none of the chosen detectors has a score, others' say which machine ids there are, or the catalogue does.
    machines = subset.machine_ids or ids or there or _machines(selected, scope)
    left_out = [name_others(selected, *machines), unscored := _unscored(selected, subset, machines)]
    if unscored and not computable and not scope.denoise:  # else it is said with the offer to compute, or why it is so
        st.info(unscored, icon=":material/help:")
    subset = replace(subset, computable=computable, row=row, left_out=" ".join(filter(None, left_out)))
    if against is None:
        return subset
    st.caption(f"{against.truth.description()} {against.provenance.description()}")
    return replace(
        subset,
        scores=against.apply(subset.scores),
        others=None if subset.others is None else against.apply(subset.others),
        key=(*subset.key, "", *against.key),
        against=against,
        by_dataset=subset,
    )


def _unscored(selected: Choice, subset: ComparedScores, machines: Sequence[str]) -> str:
    """A sentence on the chosen detectors that know a machine id in scope and have no scores there; empty without any."""
    absent = [key for key in selected.detectors if key not in subset.selected.detectors]
    known = known_ids(selected.source, absent, machines) if absent else {}
    without = f"No scores of the {subset.scope.description()}, are stored."
    return named_left_out({key: without for key, ids in known.items() if ids})


@cache_bytes
def _subset(
    digest: str,
    detectors: tuple[str, ...],
    ids: tuple[str, ...],
    attribute: str,
    chosen: tuple[str, ...],
    _table: pd.DataFrame,
) -> pd.DataFrame:
    scores = _table[_table["detector"].isin(detectors)]
    if ids:
        scores = scores[scores["machine_id"].isin(ids)]
    return filter_scores(scores, attribute, chosen) if chosen else scores


@cache_bytes
def _choices(digest: str, _table: pd.DataFrame) -> tuple[list[str], list[str]]:
    """The machine ids of a score table, and the attributes by which its clips differ."""
    return sorted(_table["machine_id"].unique()), score_attributes(_table)


def in_scope(
    selected: Choice,
    scope: Scope,
    stored: StoredScores,
    ids: Sequence[str] = (),
    attribute: str = EVERY,
    chosen: Sequence[str] = (),
) -> ComparedScores:
    """The scores of the chosen detectors in a scope: of some machine ids, of the clips with some values of an attribute."""
    asked = (tuple(ids), attribute, tuple(chosen), stored.table)
    scores = _subset(stored.digest, tuple(selected.detectors), *asked)
    controls = tuple(key for key in models_of(selected.source) if is_control(key) and key not in selected.detectors)
    others = _subset(stored.digest, controls, *asked) if controls else None
    scored = set(scores["detector"].unique())
    present = replace(selected, detectors=[key for key in selected.detectors if key in scored])
    where = [f"{word(attribute)} {', '.join(chosen).replace('_', ' ')}"] if chosen else []
    where += [machines_named(ids)] if ids else []
    key = (stored.digest, *present.detectors, "", *ids, "", attribute, *chosen)
    return ComparedScores(present, scope, scores, " and ".join(where), False, key, others=others)


def _scope(selected: Choice) -> Scope:
    there = _splits(selected.source)
    splits = [split for split in SPLITS if split in there] or ["test"]
    split = linked.segmented(
        "Set",
        splits,
        key="of_split",
        help="The dataset's split. Test clips were never trained on. Four fifths of the training clips were, and their scores are too low. "
        "Evaluation clips have no labels.",
    )
    strength = linked.selectbox(
        "Denoised at",
        STRENGTHS,
        key="of_denoise",
        format_func=lambda s: "0 (as recorded)" if s == 0 else f"{s:g}",
        width=125,
        help="Stationary spectral gating of the clips that are scored.",
    )
    return Scope(split, strength)


def _splits(source: Source) -> set[str]:
    """The splits of a dataset; those with scores while nobody has looked at its recordings, or nobody can."""
    if not checked_later(source, AS_RECORDED):
        with suppress(*UNREADABLE):
            return set(dataset_of(source).catalogue["split"].unique())
    return {s for s in SPLITS if (source.folder / Scope(s).file).is_file()}


@st.fragment(run_every=LOOK)
def _watch(source: Source, scope: Scope, runs: list[None]) -> None:
    """Look at the recordings once the page stands, and draw it again with what is still valid.

    Args:
        runs: grows with each run of the fragment. The first one is the page's own: work beside it would slow it down.
    """
    st.caption(UNCHECKED)
    runs.append(None)
    if len(runs) > 1 and not check_beside(source, scope):
        st.rerun()


def _machines(selected: Choice, scope: Scope) -> list[str]:
    """Machine ids of a split; none where its recordings cannot be read."""
    try:
        return sorted(dataset_of(selected.source).rows(split=scope.split)["machine_id"].unique())
    except UNREADABLE:
        return []


def _state(selected: Choice, scope: Scope, stored: StoredScores) -> bool:
    """Say what a reader must know of the scores: that they cannot be checked, are incomplete, or are of denoised sound.

    Returns:
        Whether detectors' scores are missing that can be computed.
    """
    absent = [k for k in unscored_detectors(selected.source, scope, stored) if k in selected.detectors]
    if stored.unreadable:
        st.warning(
            f"{stored.unreadable} These are the stored scores: whether they still fit the recordings cannot be checked.",
            icon=":material/folder_off:",
        )
    if not stored.checked:
        _watch(selected.source, scope, [])
    if absent:
        with st.container(border=True):
            few = ", ".join(title(key) for key in absent[:3]) + (" …" if len(absent) > 3 else "")
            st.markdown(
                f"**{len(absent)} of {counted(len(selected.detectors), 'detector')} {'has' if len(absent) == 1 else 'have'} no scores of the {scope.description()} yet** "
                f"({few}), or only those of other clips or of detectors that were trained again since: nothing of them can be shown before "
                "they are computed."
            )
            source = selected.source
            arguments = ["scores", "--data", source.location, "--models", str(source.folder), "--split", scope.split]
            arguments += ["--denoise", f"{scope.denoise:g}", "--detectors", ",".join(absent)]
            name = f"Scores of the {scope.description()}"
            job_panel(
                scoring_job(source.folder, scope), name, arguments, "Compute the missing scores", dataset=source.name
            )
    trained = trained_denoised_of(selected.source)
    own = [f"{title(key)} ({trained[key]})" for key in selected.detectors if key in trained]
    if own and scope.denoise:
        st.info(
            f"Left out here, for they denoise every clip as they learned it: {', '.join(own)}.",
            icon=":material/filter_alt:",
        )
    elif own:
        st.caption(f"Scored on sound denoised as they learned it: {', '.join(own)}.")
    if scope.denoise:
        st.warning(
            "The detectors were trained on undenoised sound, and their thresholds are set on it: for denoised clips they promise no "
            "false-alarm rate.",
            icon=":material/warning:",
        )
    if scope.split == "train":
        st.caption("Four fifths of the training clips are what the detectors learned from: they score them too low.")
    return bool(absent)
