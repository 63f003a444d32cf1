"""Trained detectors on disk: ``<dataset>/<detector>/manifest.json`` and ``weights.safetensors``. No pickle, ever."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from safetensors import SafetensorError
from safetensors.numpy import load as from_bytes
from safetensors.numpy import save as to_bytes

from asd_core import __version__
from asd_core.artifacts.calibration import Calibration
from asd_core.artifacts.resampling import resampled_otherwise, training_rates
from asd_core.counting import counted
from asd_core.detectors import Detector, State, detector_class, detector_keys
from asd_core.errors import ArtifactError, TrainingError, reason_of
from asd_core.features import Denoised, Representation, from_config, to_config
from asd_core.files import write_bytes, write_text
from asd_core.sound import RESAMPLING, Kind

SCHEMA = 1
MANIFEST, WEIGHTS, _ANY_WEIGHTS = "manifest.json", "weights.safetensors", "weights*.safetensors"
STORED_AS_HEALTH = Field(
    validation_alias="health", serialization_alias="health"
)  # manifests store diagnostics under their older name
ENOUGH_TO_TELL = 20  # held-out clips: with fewer, whether a detector has learned stays open
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch")


def few_to_tell(n: int) -> str:
    """A sentence: ``n`` held-out clips are too few to tell whether a detector has learned."""
    return (
        f"Too few to tell whether it has learned: {counted(n, 'normal clip')} {'was' if n == 1 else 'were'} held out, "
        f"{ENOUGH_TO_TELL} are needed."
    )


class Manifest(BaseModel):
    """Everything about a trained detector but its arrays."""

    model_config = ConfigDict(extra="forbid", validate_by_name=True, validate_by_alias=True)

    schema_version: int
    detector: str
    config: dict[str, Any]  # machine ids, parameters: what from_state needs beside the arrays
    representation: dict[str, Any]
    seed: int
    preset: str
    dataset: str
    data_fingerprint: str  # sha256 over the training clips' hashes
    # Hash of the training clips with their machines, domains and attributes, and of the channel; not in older artifacts.
    learned_from: str = ""
    # Of what combines others' scores: the weights' hash of each of them by key; not in older artifacts.
    members: dict[str, str] = {}
    n_fitted: dict[str, int]  # training clips an id, without the held-out ones
    calibration: dict[str, Annotated[list[float], Field(min_length=1)]] = Field(min_length=1)
    diagnostics: Annotated[dict[str, Any], STORED_AS_HEALTH]  # loss curves, collapse figures
    alarms: list[str]  # sentences: why not to trust this one
    fit_seconds: float
    # Machine ids with a cross-conformal calibration; the others, and all in older artifacts, use the held-out fifth.
    crossed: list[str] = []
    # How recordings of other rates were resampled; before this was recorded, by several methods.
    resampling: str = "earlier"
    versions: dict[str, str]
    weights_sha256: str
    # Another name where the folder held weights before: see :func:`save`.
    weights_file: str = Field(default=WEIGHTS, pattern=r"^weights(-[0-9a-f]+)?\.safetensors$")
    _changed: dict[str, str] = {}  # see :func:`_changed_members`

    @field_validator("calibration")
    @classmethod
    def _rising(cls, calibration: dict[str, list[float]]) -> dict[str, list[float]]:
        """Refuse what no training stores: no threshold can be read from it."""
        if not all(np.isfinite(scores).all() and (np.diff(scores) >= 0).all() for scores in calibration.values()):
            raise ValueError("calibration scores must be finite and rise")
        return calibration

    @field_validator("alarms")
    @classmethod
    def _significant(cls, alarms: list[str], info: ValidationInfo) -> list[str]:
        """Drop alarms that an earlier version raised for a difference within chance, or on a handful of clips."""
        few = sum(map(len, info.data.get("calibration", {}).values())) < ENOUGH_TO_TELL  # none is cross-conformal
        return [a for a in alarms if "is within chance" not in a and not (few and "no better (AUC" in a)]

    @property
    def changed_members(self) -> list[str]:
        """Keys of the detectors that it combines which were not those that it was trained on when it was read."""
        return list(self._changed)

    @property
    def version(self) -> str:
        """Short name of this very training: the start of its weights' hash. Where what it combines was trained again, of all these
        hashes: its scores are others then."""
        if not self._changed:
            return self.weights_sha256[:8]
        hashes = [self.weights_sha256, *(f"{key} {sha256}" for key, sha256 in self._changed.items())]
        return hashlib.sha256("\n".join(hashes).encode()).hexdigest()[:8]

    @property
    def denoise(self) -> float:
        """Strength of denoising of the sound that it was trained on and takes; 0: as recorded."""
        taken = from_config(self.representation)
        return taken.strength if isinstance(taken, Denoised) else 0.0

    def calibrated(self) -> Calibration:
        """The calibration: see :class:`Calibration`."""
        return Calibration(self.calibration, frozenset(self.crossed))

    def n_normal(self, machine_id: str) -> int:
        """How many normal clips of a machine id went into it: fitted on, or held out."""
        held_out = len(self.calibration.get(machine_id, []))
        return held_out if machine_id in self.crossed else self.n_fitted.get(machine_id, 0) + held_out

    def n_held_out(self, machine_id: str) -> int:
        """How many normal clips of a machine id it was not fitted on: with these it was checked whether it has
        learned."""
        return self.n_normal(machine_id) - self.n_fitted.get(machine_id, 0)

    def too_few_to_tell(self) -> str:
        """A sentence: too few clips were held out to tell whether it has learned; empty where they are enough."""
        n = sum(map(self.n_held_out, self.calibration))
        return "" if n >= ENOUGH_TO_TELL else few_to_tell(n)

    def synthetic_auc(self, *, untrained: bool = False) -> float | None:
        """AUC between held-out normal clips and synthetic anomalies, of the network as trained or as it was built.

        Artifacts of an earlier version hold the figure of noise bursts alone. ``None`` where there is none.
        """
        prefix = "untrained_" if untrained else ""
        value = self.diagnostics.get(f"{prefix}synthetic_auc", self.diagnostics.get(f"{prefix}planted_auc"))
        return None if value is None else float(value)


@dataclass(frozen=True)
class Artifact:
    """A trained detector, ready to score."""

    detector: Detector
    manifest: Manifest
    calibration: Calibration
    representation: Representation

    @property
    def key(self) -> str:
        return self.manifest.detector

    @property
    def denoising(self) -> tuple[float, Kind] | None:
        """Strength and kind of denoising of the sound that it was trained on and takes; ``None``: as recorded."""
        taken = self.representation
        return (taken.strength, taken.method) if isinstance(taken, Denoised) else None

    @property
    def version(self) -> str:
        """See :attr:`Manifest.version`."""
        return self.manifest.version


def fingerprint(sha256s: list[str]) -> str:
    """One hash for a set of clips, whatever their order."""
    return hashlib.sha256("\n".join(sorted(sha256s)).encode()).hexdigest()


def library_versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    result = {"asd_core": __version__}
    for name in _LIBRARIES:
        try:
            result[name] = version(name).split("+")[0]
        except PackageNotFoundError:
            result[name] = "missing"
    return result


def save(detector: Detector, folder: Path, representation: Representation | None = None, **about: Any) -> Manifest:
    """Write an artifact in place of the one that a folder may hold; ``about`` are the manifest's remaining fields.

    Args:
        representation: what the detector takes, where that is not its class's (of denoised sound).

    The manifest names its weights, so the new artifact counts from the moment the manifest is replaced. Until then,
    also after a training that was killed midway, readers find the old one whole.
    """
    state = detector.state()
    weights = to_bytes({name: array.copy(order="C") for name, array in state.arrays.items()})
    sha256 = hashlib.sha256(weights).hexdigest()
    manifest = Manifest(
        schema_version=SCHEMA,
        detector=detector.info.key,
        config=state.config,
        representation=to_config(representation or detector.info.representation),
        resampling=RESAMPLING,
        versions=library_versions(),
        weights_sha256=sha256,
        weights_file=f"weights-{sha256[:12]}.safetensors" if any(folder.glob(_ANY_WEIGHTS)) else WEIGHTS,
        **about,
    )
    write_bytes(weights, folder / manifest.weights_file)
    write_text(manifest.model_dump_json(indent=1, exclude_defaults=True, by_alias=True) + "\n", folder / MANIFEST)
    for other in folder.glob(_ANY_WEIGHTS):
        if other.name != manifest.weights_file:
            other.unlink(missing_ok=True)
    return manifest


Model = TypeVar("Model", bound=BaseModel)


def read_versioned(path: Path, model: type[Model], schema: int, remedy: str) -> Model:
    """What a JSON file with a schema version holds.

    Raises:
        ArtifactError: for another schema version, with the remedy. FileNotFoundError, AttributeError, ValueError: when it is
            missing or damaged.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    if (stored := content.get("schema_version")) != schema:
        raise ArtifactError(f"{path} has schema version {stored}, this program reads {schema}: {remedy}.")
    return model.model_validate(content)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an artifact, with an alarm where its training recordings were resampled otherwise than clips are now, and
    where detectors whose scores it combines were trained again.

    Raises:
        ArtifactError: when it is missing, damaged, of another schema version or detector than its folder's, or of a representation that is
            not known.
    """
    path = folder / MANIFEST
    try:
        manifest = read_versioned(path, Manifest, SCHEMA, "train again")
    except FileNotFoundError as error:
        raise ArtifactError(f"{folder} holds no trained detector (no {MANIFEST}): train one first.") from error
    except OSError as error:
        raise ArtifactError(
            f"{path} cannot be read ({reason_of(error)}): allow reading it, or remove it and train this detector again."
        ) from error
    except (ValueError, AttributeError) as error:  # of JSON, of pydantic, of UTF-8
        raise ArtifactError(f"{path} is damaged: train this detector again.") from error
    if manifest.detector != folder.name:
        raise ArtifactError(f"{path} is of {manifest.detector}, not of {folder.name}: train {folder.name} again.")
    if manifest.resampling != RESAMPLING:
        rate = from_config(manifest.representation).sample_rate
        if alarm := resampled_otherwise(manifest.resampling, rate, training_rates(folder.parent)):
            manifest.alarms.append(alarm)
    if changed := _changed_members(folder.parent, manifest):
        manifest._changed = changed
        manifest.alarms.append(
            f"what it combines was trained again after it ({', '.join(changed)}), so its scores are no longer those that its "
            "threshold was set by: train it again"
        )
    return manifest


def readable(folder: Path) -> dict[str, Manifest]:
    """The manifests of a folder's detectors that can be read, in the registry's order: those that are damaged are refused where they
    are to score, and must not keep others from being trained, or themselves."""
    return {key: read for key, read in _manifests(folder) if isinstance(read, Manifest)}


def damaged(folder: Path) -> dict[str, str]:
    """By key of each of a folder's detectors whose manifest cannot be read, the reason, a sentence."""
    return {key: str(read) for key, read in _manifests(folder) if isinstance(read, ArtifactError)}


def _manifests(folder: Path) -> Iterator[tuple[str, Manifest | ArtifactError]]:
    """By key of each of a folder's detectors its manifest, or why it cannot be read."""
    for key in trained_keys(folder):
        try:
            yield key, read_manifest(folder / key)
        except ArtifactError as error:
            yield key, error


def _changed_members(models: Path, manifest: Manifest) -> dict[str, str]:
    """Of detectors that one combines which are no longer those that it was trained on, the weights' hash by key: empty for one that
    is gone or damaged."""
    changed = {}
    for key, sha256 in manifest.members.items():
        try:
            now = read_versioned(models / key / MANIFEST, Manifest, SCHEMA, "").weights_sha256
        except (OSError, ValueError, AttributeError, ArtifactError):
            now = ""
        if now != sha256:
            changed[key] = now
    return changed


def load(folder: Path) -> Artifact:
    """Read an artifact back.

    Raises:
        ArtifactError: naming the file, when weights and manifest do not belong together or cannot be read.
    """
    manifest, weights = _read_both(folder)
    path = folder / manifest.weights_file
    if hashlib.sha256(weights).hexdigest() != manifest.weights_sha256:
        raise ArtifactError(f"{path} does not match its manifest (the file has changed): train this detector again.")
    try:
        arrays = from_bytes(weights)
        cls = detector_class(manifest.detector)
        cls.create(**manifest.config["parameters"])  # refuses a value that its training would have refused
        detector = cls.from_state(State(arrays, manifest.config))
    except (TrainingError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        # A parameter is gone or has another type, or the arrays do not fit the network it describes.
        raise ArtifactError(f"{path} cannot be used by this version: train this detector again.") from error
    representation = from_config(manifest.representation)
    return Artifact(detector, manifest, manifest.calibrated(), representation)


def _read_both(folder: Path) -> tuple[Manifest, bytes]:
    """A manifest and the weights it names. Where a new artifact takes their place in between, the new ones."""
    manifest = read_manifest(folder)
    while True:
        try:
            return manifest, (folder / manifest.weights_file).read_bytes()
        except OSError as error:
            before, manifest = manifest, read_manifest(folder)
            if manifest == before:
                path = folder / manifest.weights_file
                raise ArtifactError(
                    f"{path} cannot be read ({reason_of(error)}): train this detector again."
                ) from error


def trained_denoised(folder: Path, key: str) -> float:
    """The strength at which a detector of a folder was trained denoised, or the highest of its members; 0: as recorded."""
    manifest = read_manifest(folder / key)
    members = [m for m in manifest.config.get("members", []) if (folder / m / MANIFEST).is_file()]
    return max([manifest.denoise, *(trained_denoised(folder, m) for m in members)])


def trained_keys(folder: Path) -> list[str]:
    """Which detectors have an artifact in this folder, in the registry's order; one whose manifest cannot be read is among them,
    so that it is named and not left out."""
    return [key for key in detector_keys(optional=True) if (folder / key / MANIFEST).exists()]
