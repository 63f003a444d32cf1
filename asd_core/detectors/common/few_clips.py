"""Which defaults follow the number of normal clips that a model is fitted on: one table for all detectors. A density has the clips
of its machine id, a network those of all of them.

Defaults suit a machine with as many clips as the demo's (240). With fewer, a model must estimate less: what too few
clips decide is noise. A row of the table is a parameter, and from how many clips on it has which value; from the last
number on it has its default. What a preset or a person sets is kept, whatever the number of clips.
"""

from collections.abc import Mapping
from typing import Any

Steps = tuple[tuple[int, Any], ...]  # (from so many clips on, the value), rising

# detector -> parameter -> its values by the clips fitted on. What each is worth: docs/decisions.md. Not here, because no other
# value was better beyond the draws' own spread: the components of PCA + KDE and PCA + DBSCAN (which already follow n - 1), the
# number of Gaussians (1), LOF's neighbours (at most half of the clips) and DBSCAN's min_samples (at most a quarter).
_SVDD: dict[str, Steps] = {"epochs": ((0, 400), (128, 100)), "pretrain_epochs": ((0, 200), (128, 50))}
BY_CLIPS: dict[str, dict[str, Steps]] = {
    # A sub-band's own neighbour among few clips, and the median of so few distances, are accidents of the draw.
    "knn_bands": {"n_subbands": ((0, 1), (24, 4), (64, 8), (128, 16))},
    # Whitened on as many components as there are points, these are all equally far apart: no neighbourhood is denser.
    "pca_lof": {"variance": ((0, 0.9), (16, 0.99))},
    # Passes over few clips are few steps. A fit is quick: with more passes, calibration by five fits is still
    # affordable.
    "deep_svdd": _SVDD,
    "deep_svdd_soft": _SVDD,
}


def defaults_for(key: str, n_clips: int) -> Mapping[str, Any]:
    """The values of a detector's parameters that follow the number of clips a model is fitted on."""
    return {
        name: next(value for least, value in reversed(steps) if n_clips >= least)
        for name, steps in BY_CLIPS.get(key, {}).items()
    }
