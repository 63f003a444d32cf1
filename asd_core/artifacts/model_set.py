"""The trained detectors of one folder, and their raw scores of features."""

import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from pathlib import Path

import numpy as np

from asd_core.artifacts import artifact as artifacts
from asd_core.artifacts.artifact import Artifact
from asd_core.counting import listed
from asd_core.detectors import Detector, Scores, detector_class, one_thread, select
from asd_core.errors import ArtifactError, PretrainedError, UnknownMachineError
from asd_core.features import Array, MemberScores, Representation

_TOOK: dict[str, float] = {}  # seconds of each detector's last scores in this process
_TURN = threading.Lock()  # clips that take all cores at a time are done no sooner, and need as many times the memory


class ModelSet(Mapping[str, Artifact]):
    """Trained detectors of one folder by key, in the registry's order. Each is read from disk when first used."""

    def __init__(
        self, folder: str | Path, keys: Iterable[str] | None = None, *, shared: "ModelSet | None" = None
    ) -> None:
        """
        Args:
            folder: holds one folder per detector.
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

    def subset(self, keys: Collection[str]) -> "ModelSet":
        """Those of its detectors that have one of these keys; what is read from disk is read for both."""
        if set(keys) >= set(self._keys):
            return self
        result = copy(self)
        result._keys = [key for key in self._keys if key in keys]
        return result

    def loaded(self) -> "ModelSet":
        """The set itself, with all of its detectors and their members read: it can be sent to where its folder is not seen."""
        self.representations()
        return self

    def machine_ids(self) -> list[str]:
        """Machine ids that at least one of the detectors knows."""
        return sorted({i for key in self for i in self.machine_ids_of(key)})

    def machine_ids_of(self, key: str) -> list[str]:
        """Machine ids that one detector of the folder knows: those it is calibrated for, a fusion's members as well."""
        manifest = self._loaded[key].manifest if key in self._loaded else artifacts.read_manifest(self.folder / key)
        known = set(manifest.calibration)
        for member in manifest.config.get("members", []):
            if (
                member in self._loaded or (self.folder / member / artifacts.MANIFEST).is_file()
            ):  # what is missing is named when it scores
                known.intersection_update(self.machine_ids_of(member))
        return sorted(known)

    def for_machine(self, machine_id: str) -> "ModelSet":
        """The detectors of the set that know a machine.

        Raises:
            UnknownMachineError: when none does, naming the machine ids that they know.
        """
        keys = [key for key in self if machine_id in self.machine_ids_of(key)]
        if not keys:
            raise UnknownMachineError(
                f"Machine id {machine_id} is unknown to these detectors; they know {listed(self.machine_ids())}: choose "
                "one of these, or train on this machine's normal sound."
            )
        return self.subset(keys)

    def not_knowing(self, machine_id: str) -> list[str]:
        """Keys of the detectors of the set that do not know a machine."""
        return [key for key in self if machine_id not in self.machine_ids_of(key)]

    def needing(self, representations: Collection[Representation]) -> list[str]:
        """Keys of the detectors of the set that take one of some representations, themselves or by a member."""
        return [
            key
            for key in self
            if any(self.artifact(k).representation in representations for k in (key, *members(self[key].detector)))
        ]

    def without(self, refused: Mapping[Representation, str]) -> "ModelSet":
        """The detectors of the set that need none of the representations that :func:`asd_core.features.extract` refused.

        Raises:
            PretrainedError: when all of them do, with the reason.
        """
        others = self.needing(refused)
        if len(others) == len(self):
            raise PretrainedError(" ".join(dict.fromkeys(refused.values())))
        return self.subset([key for key in self if key not in others])

    def representations(self) -> list[Representation]:
        """What must be computed of a clip for every detector of the set and their members."""
        wanted = [*self, *(m for key in self for m in members(self[key].detector))]
        results = [self.artifact(key).representation for key in wanted]
        return [r for r in dict.fromkeys(results) if not isinstance(r, MemberScores)]


def members(detector: Detector) -> list[str]:
    """Keys of the detectors whose scores this one combines (none for most)."""
    return list(getattr(detector, "members_", ()))


def raw_scores(
    models: ModelSet,
    features: Mapping[Representation, Sequence[Array]],
    machine_ids: Sequence[str],
    *,
    threads: int = 1,
) -> dict[str, Scores]:
    """Raw scores ``(n_clips,)`` by every detector of the set.

    Args:
        features: for each of ``models.representations()``, one array a clip.
        threads: so many detectors score at once, each with one thread: the scores are the same to the bit. Calls with more than one
            take turns.

    Raises:
        UnknownMachineError: for a machine id that a detector was not trained on.
    """
    combined = {key: members(models.artifact(key).detector) for key in models}
    alone = [*dict.fromkeys(m for key, parts in combined.items() for m in parts or [key])]

    def score(key: str) -> Scores:
        began = time.perf_counter()
        artifact = models.artifact(key)
        scores = artifact.detector.score(features[artifact.representation], machine_ids)
        _TOOK[key] = time.perf_counter() - began
        return scores

    alone.sort(key=lambda key: -_TOOK.get(key, 0.0))  # the longest first, so that no thread is left with one at the end
    with one_thread():
        if threads == 1 or len(alone) == 1:
            result = {key: score(key) for key in alone}
        else:
            with _TURN, ThreadPoolExecutor(threads, thread_name_prefix="score") as pool:
                result = dict(zip(alone, pool.map(score, alone), strict=True))
        for key, parts in combined.items():
            if parts:
                inputs = list(np.stack([result[m] for m in parts], axis=1))
                result[key] = models.artifact(key).detector.score(inputs, machine_ids)
    return {key: result[key] for key in models}


def not_scored(keys: Iterable[str], machine_id: str) -> str:
    """One sentence that names the detectors that do not know a machine; empty without any.

    Args:
        machine_id: or several of which they know none, as they are to be named.
    """
    titles = [detector_class(key).info.title for key in keys]
    if not titles:
        return ""
    they_do = "it does" if len(titles) == 1 else "they do"
    return f"Left out here, for {they_do} not know machine id {machine_id}: {', '.join(titles)}."


def left_out(models: ModelSet, refused: Mapping[Representation, str]) -> str:
    """Sentences that name the detectors of a set that need refused representations, with the reasons; empty without any."""
    return _named(models.needing(refused), refused.values())


def named_left_out(reasons: Mapping[str, str]) -> str:
    """Sentences that name detectors which are left out, by the reason of each key, a sentence; empty without any."""
    return _named(reasons, reasons.values())


def damaged_left_out(folder: Path) -> str:
    """Sentences that name a folder's detectors whose manifest cannot be read, with the reasons; empty without any."""
    return named_left_out(artifacts.damaged(folder))


def _named(keys: Iterable[str], reasons: Iterable[str]) -> str:
    titles = [detector_class(key).info.title for key in keys]
    return f"Left out: {', '.join(titles)}. {' '.join(dict.fromkeys(reasons))}" if titles else ""
