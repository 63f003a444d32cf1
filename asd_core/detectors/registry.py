"""The one list of detectors. A new one is a file and a line here; it is imported only when asked for."""

from collections.abc import Iterable
from importlib import import_module

from asd_core.detectors.base import Detector
from asd_core.errors import TrainingError

# key -> "module:class". The order is the order on screen: the report's, those beyond it, the controls.
REGISTRY: dict[str, str] = {
    "pca_kde": "pca_kde:PcaKde",
    "pca_dbscan": "pca_dbscan:PcaDbscan",
    "f_anogan": "f_anogan:FAnoGan",
    "vae_kde": "vae:VaeKde",
    "deep_svdd": "deep_svdd:DeepSvdd",
    "deep_svdd_soft": "deep_svdd:DeepSvddSoft",
    "cnn_ae": "cnn_ae:CnnAe",
    "cnn_ae_skip": "cnn_ae_skip:CnnAeSkip",
    "cnn_ae_masked": "cnn_ae_masked:CnnAeMasked",
    "vae_elbo": "vae:VaeElbo",
    "dcase_ae": "dcase_ae:DcaseAe",
    "idnn": "idnn:Idnn",
    "gwrp_gaussian": "gwrp_gaussian:GwrpGaussian",
    "knn_bands": "knn_bands:KnnBands",
    "knn_domains": "knn_domains:KnnDomains",
    "pca_lof": "pca_lof:PcaLof",
    "rhythm": "rhythm:Rhythm",
    "act_embedding": "act_embedding:ActEmbedding",
    "fusion": "fusion:Fusion",
    "control_rms": "controls:ControlRms",
    "control_random": "controls:ControlRandom",
    "control_mahalanobis": "controls:ControlMahalanobis",
}

# Trained where they are asked for by name alone: what needs a model that is not delivered, with its control, and what a better
# detector has replaced (the embedding by auxiliary classes), so that folders that hold one still open.
OPTIONAL: dict[str, str] = {
    "frozen_embedding": "frozen_embedding:FrozenEmbedding",
    "id_classifier": "id_classifier:IdClassifier",
    "control_embedding": "frozen_embedding:ControlUntrainedEmbedding",
}


def detector_keys(*, optional: bool = False) -> list[str]:
    """Keys of the detectors that are trained by default; with ``optional``, of all detectors."""
    return [*REGISTRY, *(OPTIONAL if optional else ())]


def detector_class(key: str) -> type[Detector]:
    """The class behind a key.

    Raises:
        TrainingError: for an unknown key; the message lists the known ones.
    """
    known = REGISTRY | OPTIONAL
    if key not in known:
        raise TrainingError(f"Unknown detector {key!r}; known: {', '.join(known)}.")
    module, name = known[key].split(":")
    result: type[Detector] = getattr(import_module(f"asd_core.detectors.{module}"), name)
    return result


def is_control(key: str) -> bool:
    """Whether a detector is one that the others must beat."""
    return detector_class(key).info.origin == "control"


def select(keys: Iterable[str] | None) -> list[str]:
    """The given keys in the registry's order; all but the optional ones for ``None``.

    Raises:
        TrainingError: for an unknown key.
    """
    wanted = set(REGISTRY if keys is None else keys)
    known = detector_keys(optional=True)
    for key in wanted - set(known):
        detector_class(key)
    return [key for key in known if key in wanted]
