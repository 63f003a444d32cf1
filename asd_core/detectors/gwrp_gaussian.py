"""GWRP + Gaussian: a log-mel spectrum in which loud moments count more, under a Gaussian per machine id (TWFR-GMM)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.base import DensityPerId, DetectorInfo, State, parameter
from asd_core.detectors.common.gaussian import Mahalanobis
from asd_core.detectors.common.gmm import Gmm
from asd_core.features import Array
from asd_core.lazy import sklearn
from asd_core.progress import Progress, silent

AUTO = -1.0
DECAYS = (0.0, 0.5, 0.8, 0.88, 0.9, 0.95, 0.98, 0.99, 1.0)
LARGEST_DB = 12.0  # of a synthetic anomaly
MAX_TRIALS = 200  # clips a machine id on which decays are compared


def rank_weights(decay: float, n_frames: int, reference_frames: int) -> Array:
    """Weights r^j of the j-th loudest frame, of sum 1: ``(n_frames,)``. r = 1 is the mean, r = 0 the maximum.

    The rank is counted in frames of a clip of ``reference_frames``: otherwise the weight would rest on the same number
    of frames whatever the clip's length, a tenth of a short clip and a hundredth of a long one, and every long clip
    would look louder.
    """
    if decay <= 0.0:
        return np.equal(np.arange(n_frames), 0).astype(np.float32)
    weights = np.power(decay, np.arange(n_frames) * (reference_frames / n_frames))
    return np.asarray(weights / weights.sum(), dtype=np.float32)


def rank_pool(log_mel: Array, decays: Sequence[float], reference_frames: int) -> Array:
    """Each band sorted over time, loudest first, and averaged with :func:`rank_weights`.

    ``(n_mels, n_frames) -> (len(decays), n_mels)``.
    """
    n_frames = log_mel.shape[1]
    loudest_first = np.sort(log_mel, axis=1)[:, ::-1]
    weights = np.stack([rank_weights(decay, n_frames, reference_frames) for decay in decays])
    return np.asarray(weights @ loudest_first.T, dtype=np.float32)


@dataclass
class GwrpGaussian(DensityPerId):
    """Global weighted ranking pooling of the log-mel, then a shrinkage Gaussian (or a small mixture) a machine id."""

    decay: float = parameter(0.88, low=AUTO, high=1.0, help="Weight r of the ranks: 1 mean, 0 maximum, -1 automatic.")
    n_mixture: int = parameter(1, low=1, high=4, help="Gaussians a machine id.")

    map_shows: ClassVar[str] = "what raises the score"
    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="gwrp_gaussian",
        title="GWRP + Gaussian",
        origin="beyond",
        scope="machine id",
        paper="Guan, Liu, Zhu, Xiao and Han, Time-weighted frequency domain audio representation with GMM estimator "
        "for anomalous sound detection, ICASSP 2023.",
        decides="Compares the loudest moments of each band with those of the normal clips.",
        catches="Catches louder, quieter, missing and short sounds; misses a changed order of sounds.",
        how_it_scores="Squared Mahalanobis distance of the clip's rank-weighted log-mel spectrum from the normal "
        "clips': each mel band is sorted over time, and its loudest frames weigh most.",
        when_not_to_use="For a fault that changes only the order of sounds: ranks forget time. The weight is the published one for "
        "slide rails; the automatic one weighs bursts, level drops, missing events and drifts of up to 12 dB alike, and is near the mean.",
    )

    def new_model(self) -> Mahalanobis | Gmm:
        return Mahalanobis() if self.n_mixture == 1 else Gmm(self.n_mixture)

    def vectors(self, features: Sequence[Array]) -> Array:
        return np.concatenate([rank_pool(log_mel, [self.decay_], self.reference_frames_) for log_mel in features])

    def fit(
        self, features: Sequence[Array], machine_ids: Sequence[str], *, seed: int = 0, progress: Progress = silent
    ) -> Self:
        self.reference_frames_ = int(np.median([log_mel.shape[1] for log_mel in features]))
        separations: dict[str, dict[str, float]] = {}
        self.decay_ = self.decay
        if self.decay < 0.0:
            progress(0.0, "choosing the ranks' weight")
            by_kind = synthetic_separation(features, machine_ids, DECAYS, self.reference_frames_, seed=seed)
            self.decay_ = least_regret(by_kind)
            separations = {
                kind: {str(decay): round(float(value), 4) for decay, value in zip(DECAYS, values, strict=True)}
                for kind, values in by_kind.items()
            }
        super().fit(features, machine_ids, seed=seed, progress=progress)
        self.diagnostics_ = {"decay": self.decay_, "separation": separations}
        return self

    def explain(self, features: Array, machine_id: str) -> Array | None:
        """Each point's part of the squared distance: its excess over the normal mean, times its rank's weight, times
        the pull of its band. The sum over all points is the distance; what lowers it is shown as 0."""
        model = self.models_[machine_id]
        assert isinstance(model, Mahalanobis | Gmm)
        centre, pull = model.shares(self.vectors([features])[0])
        ranks = np.argsort(np.argsort(-features, axis=1, kind="stable"), axis=1, kind="stable")
        weights = rank_weights(self.decay_, features.shape[1], self.reference_frames_)[ranks]
        parts = weights * (features - centre[:, None]) * pull[:, None]
        return np.maximum(parts, 0.0).astype(np.float32)

    def state(self) -> State:
        state = super().state()
        state.config["learned"] = {"decay": self.decay_, "reference_frames": self.reference_frames_}
        return state

    def restore(self, state: State) -> None:
        super().restore(state)
        self.decay_ = float(state.config["learned"]["decay"])
        self.reference_frames_ = int(state.config["learned"]["reference_frames"])


def least_regret(by_kind: Mapping[str, NDArray[np.float64]]) -> float:
    """Of :data:`DECAYS` the one whose largest loss to the best one, over the kinds of anomaly, is the smallest (Savage's
    minimax regret): nobody knows how often a kind occurs, and a mean would follow the kind that moves a spectrum most.

    The paper's 0.88 for the slide rail where ``by_kind`` is empty.
    """
    if not by_kind:
        return 0.88
    regrets = [values.max() - values for values in by_kind.values()]
    return DECAYS[int(np.argmin(np.max(regrets, axis=0)))]


def synthetic_separation(
    features: Sequence[Array],
    machine_ids: Sequence[str],
    decays: Sequence[float],
    reference_frames: int,
    *,
    seed: int = 0,
) -> dict[str, NDArray[np.float64]]:
    """How well each decay tells normal clips from synthetic anomalies made of them, by kind: mean AUC over machine ids,
    ``(len(decays),)``. Empty where no machine id has ten clips.

    Likelihoods cannot choose: each decay gives other vectors, and the smoothest ones always look most likely. What can
    be compared is how far a known change moves a clip against the spread of clips held out from the fit (5 folds). No
    recorded anomaly is needed, and no label. Each clip is changed once, by the kinds of :data:`CHANGES` in turn: bursts
    alone would choose a small decay whatever the machine, and drops alone one near 1.
    """
    rng = np.random.default_rng(seed)
    ids = np.asarray(machine_ids)
    kinds = list(CHANGES)
    separations: list[NDArray[np.float64]] = []  # of each machine id: (n_decays, n_kinds)
    for machine_id in np.unique(ids):
        subset = [features[i] for i in rng.permutation(np.flatnonzero(ids == machine_id))[:MAX_TRIALS].tolist()]
        if len(subset) < 10:
            continue
        turns = np.arange(len(subset)) % len(kinds)
        anomalies = [CHANGES[kinds[turn]](clip, rng) for turn, clip in zip(turns, subset, strict=True)]
        plain = np.stack([rank_pool(clip, decays, reference_frames) for clip in subset], axis=1)
        changed = np.stack([rank_pool(clip, decays, reference_frames) for clip in anomalies], axis=1)
        folds = list(sklearn.model_selection.KFold(5).split(subset))
        separations.append(np.array([_held_out_aucs(p, c, turns, folds) for p, c in zip(plain, changed, strict=True)]))
    if not separations:
        return {}
    return dict(zip(kinds, np.mean(separations, axis=0).T, strict=True))


def _held_out_aucs(
    plain: Array,
    anomalies: Array,
    kinds: NDArray[np.intp],
    folds: list[tuple[NDArray[np.intp], NDArray[np.intp]]],
) -> list[float]:
    """Chance that an anomaly of each kind scores above a plain clip, neither of them among the fitted ones."""
    normal, changed = np.empty(len(plain)), np.empty(len(plain))
    for train, test in folds:
        model = Mahalanobis().fit(plain[train])
        normal[test], changed[test] = model.score(plain[test]), model.score(anomalies[test])
    above = (changed[:, None] > normal[None, :]).mean(axis=1)
    return [float(above[kinds == kind].mean()) for kind in np.unique(kinds)]


def add_burst(log_mel: Array, rng: np.random.Generator) -> Array:
    """The clip with one burst of sound: a rectangle of time and frequency, somewhere, 0 to 12 dB above each band's
    median. Its duration and width are log-uniform, from one point to all of them."""
    bands, frames = _rectangle(log_mel, rng)
    level = np.median(log_mel[bands], axis=1, keepdims=True) + rng.uniform(0.0, LARGEST_DB)
    changed = log_mel.copy()
    changed[bands, frames] = 10.0 * np.log10(10.0 ** (changed[bands, frames] / 10.0) + 10.0 ** (level / 10.0))
    return changed


def drop_level(log_mel: Array, rng: np.random.Generator) -> Array:
    """The clip with a rectangle of time and frequency 0 to 12 dB quieter, drawn as for a burst."""
    bands, frames = _rectangle(log_mel, rng)
    changed = log_mel.copy()
    changed[bands, frames] -= rng.uniform(0.0, LARGEST_DB)
    return changed


def remove_event(log_mel: Array, rng: np.random.Generator) -> Array:
    """The clip without its loudest stretch (its duration drawn as a burst's, at most half of the clip): no band of it is
    above the band's median there."""
    _, frames = _rectangle(log_mel, rng)
    duration = min(frames.stop - frames.start, max(1, log_mel.shape[1] // 2))
    total = np.concatenate([[0.0], np.cumsum(log_mel.mean(axis=0), dtype=np.float64)])
    start = int(np.argmax(total[duration:] - total[:-duration]))
    changed = log_mel.copy()
    event = changed[:, start : start + duration]
    np.minimum(event, np.median(log_mel, axis=1, keepdims=True), out=event)
    return changed


def drift(log_mel: Array, rng: np.random.Generator) -> Array:
    """The clip with bands (drawn as a burst's) that grow up to 12 dB louder or quieter from its start to its end."""
    bands, _ = _rectangle(log_mel, rng)
    changed = log_mel.copy()
    changed[bands] += np.linspace(0.0, rng.uniform(-LARGEST_DB, LARGEST_DB), log_mel.shape[1], dtype=np.float32)
    return changed


Change = Callable[[Array, np.random.Generator], Array]
# The kinds of asd_core.training.synthetic_anomalies, for the log-mels that a detector is fitted on.
CHANGES: dict[str, Change] = {
    "burst": add_burst,
    "level drop": drop_level,
    "missing event": remove_event,
    "drift": drift,
}


def _rectangle(log_mel: Array, rng: np.random.Generator) -> tuple[slice, slice]:
    """Bands and frames of a rectangle somewhere; its width and duration are log-uniform."""
    n_mels, n_frames = log_mel.shape
    width = int(np.exp(rng.uniform(0.0, np.log(n_mels + 1))))
    duration = int(np.exp(rng.uniform(0.0, np.log(n_frames + 1))))
    band, start = rng.integers(n_mels - width + 1), rng.integers(n_frames - duration + 1)
    return slice(band, band + width), slice(start, start + duration)
