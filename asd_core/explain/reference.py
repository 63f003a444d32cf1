"""The normal reference of a machine: the spread of its normal training clips' spectra, stored beside the detectors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from asd_core.artifacts import read_conditions, write_conditions
from asd_core.datasets import Conditions, Dataset, Extracted, extract_dataset, held_out
from asd_core.errors import ArtifactError, TrainingError
from asd_core.features import Array, LogMel, WelchSpectrum
from asd_core.files import write_bytes
from asd_core.on_disk import taken
from asd_core.progress import Progress, silent

REFERENCE = "reference.safetensors"
LOW, HIGH = 5.0, 95.0  # percentiles of the band that holds nine clips of ten


@dataclass(frozen=True, eq=False)
class NormalReference:
    """Spectra of one machine id's normal clips: those that detectors were fitted on, none that was held out.

    Percentiles (5, 50, 95) and mean are over clips, at each frequency by itself: no single clip need look like one of
    these curves. A mel level is a clip's log-mel averaged over time, in dB.
    """

    welch_frequencies: Array  # (n_bins,) in Hz
    welch_low: Array  # (n_bins,) in dB, 0 dB is a full-scale sine
    welch_median: Array
    welch_high: Array
    mel_low: Array  # (n_mels,) in dB
    mel_median: Array
    mel_mean: Array
    mel_high: Array
    n_clips: int


ARRAYS = tuple(field.name for field in fields(NormalReference) if field.name != "n_clips")


def measure(log_mels: Sequence[Array], welch_spectra: Sequence[Array]) -> NormalReference:
    """The reference of one machine id.

    Args:
        log_mels: of each clip, ``(n_mels, n_frames)``.
        welch_spectra: of each clip, as :class:`WelchSpectrum` gives them.
    """
    levels = np.stack([log_mel.mean(axis=1, dtype=np.float64) for log_mel in log_mels])
    welch, mel = (np.percentile(v, [LOW, 50.0, HIGH], axis=0) for v in (np.stack(welch_spectra), levels))
    arrays = {
        "welch_frequencies": WelchSpectrum().frequencies(),
        **{f"welch_{name}": values for name, values in zip(("low", "median", "high"), welch, strict=True)},
        **{f"mel_{name}": values for name, values in zip(("low", "median", "high"), mel, strict=True)},
        "mel_mean": levels.mean(axis=0),
    }
    return NormalReference(**{k: v.astype(np.float32) for k, v in arrays.items()}, n_clips=len(levels))


def read_reference(folder: Path, machine_id: str) -> NormalReference | None:
    """The reference of a machine id, or ``None`` where the folder has none of it.

    Raises:
        ArtifactError: when the file is damaged.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / REFERENCE
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            if f"{machine_id}/n_clips" not in file.keys():  # noqa: SIM118  # the file is no mapping
                return None
            arrays = {name: file.get_tensor(f"{machine_id}/{name}") for name in (*ARRAYS, "n_clips")}
    except (SafetensorError, OSError) as error:
        raise ArtifactError(
            f"{path} is damaged: delete it and run `python -m asd_core reference` for this folder."
        ) from error
    return NormalReference(**{name: arrays[name] for name in ARRAYS}, n_clips=int(arrays["n_clips"][0]))


def write_reference(fit: Extracted, out: Path) -> None:
    """The normal reference of each machine id, from the clips that detectors are fitted on (with :class:`WelchSpectrum`)."""
    from safetensors.numpy import save

    log_mels, spectra, ids = fit.features[LogMel()], fit.features[WelchSpectrum()], np.array(fit.machine_ids)
    arrays: dict[str, Array] = {}
    for machine_id in np.unique(ids).tolist():
        subset = np.flatnonzero(ids == machine_id)
        reference = measure(taken(log_mels, subset), taken(spectra, subset))
        arrays |= {f"{machine_id}/{name}": np.ascontiguousarray(getattr(reference, name)) for name in ARRAYS}
        arrays[f"{machine_id}/n_clips"] = np.array([reference.n_clips])
    write_bytes(save(arrays), out / REFERENCE)


def make_reference(
    dataset: Dataset, out: Path, *, progress: Progress = silent, notify: Callable[[str], None] = lambda _: None
) -> None:
    """:func:`write_reference` for a models folder that lacks it, with the conditions under which the clips were recorded.

    Raises:
        TrainingError: when the dataset has no normal clips for training.
    """
    rows = dataset.rows(split="train", label="normal")
    conditions: dict[str, Conditions] = {}
    read = extract_dataset(dataset, rows, [LogMel(), WelchSpectrum()], progress, conditions=conditions)
    for description in read.skipped:
        notify(description)
    if read.rows.empty:
        raise TrainingError(f"{dataset.title} has no normal clips for training that could be read.")
    out.mkdir(parents=True, exist_ok=True)
    write_reference(read.subset(~held_out(read.rows["sha256"].tolist(), read.machine_ids)), out)
    write_conditions({**read_conditions(out), "train": conditions}, out)
    progress(1.0, "done")
