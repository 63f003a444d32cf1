"""Whether a detector learned recordings that were brought to its rate in another way than clips are now."""

from collections.abc import Collection
from pathlib import Path

from asd_core.artifacts.stored_conditions import read_conditions
from asd_core.errors import ArtifactError
from asd_core.sound import RESAMPLING


def training_rates(folder: Path) -> set[int]:
    """Rates in Hz of the recordings that the detectors of a folder learned from; empty where nobody knows."""
    try:
        machines = read_conditions(folder).get("train", {})
    except ArtifactError:  # damaged
        return set()
    return {rate for conditions in machines.values() for rate in conditions.sample_rates}


def resampled_otherwise(resampling: str, rate: int, recorded: Collection[int]) -> str:
    """Why not to trust a detector whose training recordings were resampled by another method; empty where they were not.

    Args:
        resampling: the method's name, see :data:`asd_core.sound.RESAMPLING`.
        rate: in Hz, that it takes.
        recorded: rates of its training recordings; none where nobody knows.
    """
    if resampling == RESAMPLING or set(recorded) == {rate}:
        return ""
    if recorded:
        rates = ", ".join(f"{hertz:,}" for hertz in sorted(recorded))
        return (
            f"Its training recordings ({rates} Hz) were brought to {rate:,} Hz by an earlier method than clips are now, so its scores "
            "are not to be trusted: train it again."
        )
    return (
        f"The rates of its training recordings are not known: unless all had {rate:,} Hz, an earlier method brought them there, and its "
        "scores are not to be trusted. Train it again, or run the command reference for this folder."
    )
