"""The trained detectors of one folder, and their raw scores of features."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from asd_core.artifacts import artifact as artifacts
from asd_core.artifacts.artifact import Artifact
from asd_core.detectors import Detector, Scores, select
from asd_core.errors import ArtifactError, UnknownMachineError
from asd_core.features import Array, MemberScores, Representation


class ModelSet(Mapping[str, Artifact]):
    """Trained detectors of one folder by key, in the registry's order. Each is read from disk when first used."""

    def __init__(
        self, folder: str | Path, keys: Iterable[str] | None = None, *, shared: "ModelSet | None" = None
    ) -> None:
        """
        Args:
            folder: holds one folder a detector.
            keys: which of them; all that are there for ``None``.
            shared: a set of the same folder whose loaded detectors are used again.

        Raises:
            ArtifactError: when the folder holds no trained detector, or not one that was asked for.
        """
        self.folder = folder = Path(folder)
        there = artifacts.trained_keys(folder)
        if not there:
            raise ArtifactError(f"{folder} holds no trained detectors: train some first.")
        self._keys = there if keys is None else select(keys)
        missing = [key for key in self._keys if key not in there]
        if missing:
            raise ArtifactError(f"{folder} has no trained {', '.join(missing)}; it has: {', '.join(there)}.")
        self._loaded: dict[str, Artifact] = shared._loaded if shared else {}

    def __getitem__(self, key: str) -> Artifact:
        if key not in self._keys:
            raise KeyError(key)
        return self.artifact(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def artifact(self, key: str) -> Artifact:
        """A detector of the folder, also one that is not in this set (a fusion's member)."""
        if key not in self._loaded:
            self._loaded[key] = artifacts.load(self.folder / key)
        return self._loaded[key]

    def machine_ids(self) -> list[str]:
        """Machine ids that at least one of the detectors knows."""
        return sorted({i for key in self for i in artifacts.read_manifest(self.folder / key).calibration})

    def representations(self) -> list[Representation]:
        """What must be computed of a clip for every detector of the set and their members."""
        wanted = [*self, *(m for key in self for m in members(self[key].detector))]
        found = [self.artifact(key).representation for key in wanted]
        return [r for r in dict.fromkeys(found) if not isinstance(r, MemberScores)]


def members(detector: Detector) -> list[str]:
    """Keys of the detectors whose scores this one combines (none for most)."""
    return list(getattr(detector, "members_", ()))


def raw_scores(
    models: ModelSet, features: Mapping[Representation, Sequence[Array]], machine_ids: Sequence[str]
) -> dict[str, Scores]:
    """Raw scores ``(n_clips,)`` by every detector of the set.

    Args:
        features: for each of ``models.representations()``, one array a clip.

    Raises:
        UnknownMachineError: for a machine id that a detector was not trained on.
    """
    found: dict[str, Scores] = {}

    def score(key: str) -> Scores:
        if key not in found:
            artifact = models.artifact(key)
            inputs: Sequence[Array]
            if isinstance(artifact.representation, MemberScores):
                inputs = list(np.stack([score(m) for m in members(artifact.detector)], axis=1))
            else:
                inputs = features[artifact.representation]
            found[key] = artifact.detector.score(inputs, machine_ids)
        return found[key]

    return {key: score(key) for key in models}


def check_machine_id(models: ModelSet, machine_id: str) -> None:
    """
    Raises:
        UnknownMachineError: naming the known ids, before any work is done.
    """
    known = models.machine_ids()
    if machine_id not in known:
        raise UnknownMachineError(
            f"Machine id {machine_id} is unknown to these detectors; they know {', '.join(known)}: choose one of these, "
            "or train on this machine's normal sound."
        )
