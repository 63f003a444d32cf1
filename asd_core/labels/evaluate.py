"""Annotations as the truth that detectors are compared with, in place of the catalogue's labels or over them.

Rules. *mine*: the annotator's normal or anomaly. *majority*: what more than half of those who said normal or anomaly said; a
tie is no label. *adjudicated*: the adjudication; without one, what everybody who labelled the clip agrees on. "unsure" is
never a truth: such a clip has no annotation. Where there is none, the catalogue's label stands (``missing="keep"``, the
annotations override) or the clip is left out (``missing="drop"``, they stand in).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from asd_core.labels.store import LabelStore

if TYPE_CHECKING:
    import pandas as pd

Basis = Literal["dataset", "mine", "majority", "adjudicated"]
BASES: tuple[Basis, ...] = ("dataset", "mine", "majority", "adjudicated")


@dataclass(frozen=True, eq=False)
class Truth:
    """Labels to evaluate against, beside the catalogue's own."""

    table: (
        "pd.DataFrame"  # a row a clip: clip_id, sha256, catalogue, annotation ("": none), label ("": left out), state
    )
    same: int  # annotated as the catalogue says
    overridden: int  # annotated otherwise than the catalogue says
    added: int  # annotated, unlabelled in the catalogue
    missing: int  # not annotated

    def sentence(self) -> str:
        """What was done to the catalogue's labels, to be read."""
        raise NotImplementedError


def effective_labels(store: LabelStore, dataset: str, basis: Basis, annotator: str | None = None) -> dict[str, str]:
    """The annotations' verdicts: sha256 -> "normal" or "anomaly". Empty for the basis "dataset".

    Raises:
        LabelError: for an unknown basis, and for "mine" without an annotator.
    """
    raise NotImplementedError


def truth(clips: "pd.DataFrame", annotations: dict[str, str], missing: Literal["keep", "drop"] = "keep") -> Truth:
    """Put annotations over a catalogue's labels, or in their place.

    Args:
        clips: columns clip_id, sha256 and label (normal, anomaly, unlabelled).
        annotations: see :func:`effective_labels`.

    Returns:
        Its table's ``state`` is same, overridden, added or missing.
    """
    raise NotImplementedError
