"""Cross-conformal calibration: every training normal sets the threshold, scored by a detector that has not learned it.

The detector in use is the one fitted on four fifths; split-conformal calibration uses the held-out fifth alone. Here
four more detectors are fitted, each without another fifth (the cross-conformal scores of Vovk, "Cross-conformal
predictors", Annals of Mathematics and Artificial Intelligence 74, 2015), and the threshold of the one in use is the
conformal quantile of all five fifths' scores. All five detectors learn from equally many clips, so each score is
distributed as the one of a new normal clip by the detector in use, and the rate holds on average. (A detector fitted on
*all* clips would score new ones lower than the folds' scores, and its rate would fall short of what is promised.)

What is given up: with the score of each fold's own detector (CV+ of Barber, Candès, Ramdas and Tibshirani, "Predictive inference
with the jackknife+", Annals of Statistics 49, 2021), a rate of at most twice the promised one holds whatever the detector; with one
detector in use it rests on the detectors of the folds scoring alike (their theorem 5: out-of-sample stability). So this
is checked: where the folds' scores are not alike, the held-out fifth alone calibrates that machine id. docs/coverage.md
has the results.
"""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from asd_core.artifacts import Calibration
from asd_core.datasets import N_FOLDS, folds
from asd_core.detectors import Detector, Scores
from asd_core.errors import TrainingError
from asd_core.features import Array
from asd_core.lazy import scipy
from asd_core.on_disk import joined, taken
from asd_core.progress import Progress, silent, stage
from asd_core.training.material import Material, learnable

FEWEST = 3  # scores that the test can rank
LEVEL = 6  # of scipy's critical values (25%, 10%, …, 0.1%): a fold of few clips differs by chance, and going without costs much


def cross_calibration(
    detector: Detector,
    features: Sequence[Array],
    machine_ids: Sequence[str],
    fold: NDArray[np.intp],
    *,
    domains: Sequence[str] | None = None,
    attributes: Sequence[str] = (),
    seed: int = 0,
    progress: Progress = silent,
) -> Calibration:
    """The calibration of a detector that was fitted without fold 0, by four more fits, each without another fold.

    Args:
        features, machine_ids: of all training normals, what the detector takes.
        fold: ``(n_clips,)``, from 0 to 4, see :func:`asd_core.datasets.folds`.
        domains, attributes: of each clip, where the detector was fitted with them.
        seed: that the detector was fitted with.

    Returns:
        Scores of all folds for machine ids whose folds score alike; of fold 0 alone for the others.
    """
    ids = np.asarray(machine_ids)
    known = np.isin(ids, detector.machine_ids_)
    scores = np.full(len(ids), np.nan)

    def chosen(places: NDArray[np.intp]) -> tuple[Sequence[Array], list[str]]:
        return taken(features, places), [machine_ids[int(i)] for i in places]

    def put_scores(fitted: Detector, k: int) -> None:
        left_out = np.flatnonzero((fold == k) & np.isin(ids, fitted.machine_ids_))
        if len(left_out):
            scores[left_out] = fitted.score(*chosen(left_out))

    put_scores(detector, 0)
    for k in range(1, N_FOLDS):
        rest = np.flatnonzero((fold != k) & known)
        rest = rest[np.isin(ids[rest], learnable(list(ids[rest]), detector))]
        fitting = stage(progress, (k - 1) / (N_FOLDS - 1), k / (N_FOLDS - 1), f"fold {k + 1}")
        try:
            again = detector.again()
            if domains is None:
                again.fit(*chosen(rest), seed=seed, progress=fitting)
            else:
                of = [domains[int(i)] for i in rest]
                states = [attributes[int(i)] for i in rest] if attributes else ()
                again.fit_in_domains(*chosen(rest), of, attributes=states, seed=seed, progress=fitting)
            put_scores(again, k)
        except TrainingError:
            continue  # too few clips without that fold: its machine ids keep the held-out fifth's calibration
    progress(1.0, "calibrated")
    crossed = {i for i in detector.machine_ids_ if alike(scores[ids == i], fold[ids == i])}
    used = known & ((fold == 0) | np.isin(ids, list(crossed)))
    return Calibration.from_scores(scores[used], list(ids[used]), crossed)


def alike(scores: Scores, fold: NDArray[np.intp]) -> bool:
    """Whether the detectors of all folds scored, and on one scale: the k-sample Anderson-Darling test (Scholz and Stephens,
    1987) of their scores ``(n,)`` finds no difference at the 0.1% level. With a handful of clips per fold it sees only
    gross differences."""
    samples = [part for k in range(N_FOLDS) if len(part := scores[fold == k])]
    if len(samples) < 2 or len(scores) < FEWEST or not np.isfinite(scores).all():
        return False
    if len(np.unique(np.concatenate(samples))) < 2:
        return True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the p value lies outside its table
        test = scipy.stats.anderson_ksamp(samples)
    return bool(test.statistic <= test.critical_values[LEVEL])


def cross_calibrated(detector: Detector, material: Material, seed: int, progress: Progress) -> Calibration:
    """The cross-conformal calibration of a detector that was fitted on the material."""
    parts, representation = (material.fit, material.calibration), material.input(detector)
    ids = [i for part in parts for i in part.machine_ids]
    return cross_calibration(
        detector,
        joined([part.features[representation] for part in parts]),
        ids,
        folds([sha256 for part in parts for sha256 in part.rows["sha256"]], ids),
        domains=[domain for part in parts for domain in part.domains],
        attributes=[attributes for part in parts for attributes in part.attributes],
        seed=seed,
        progress=progress,
    )
