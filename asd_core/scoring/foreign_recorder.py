"""In what a recording differs from those that a machine's detectors learned from: shown beside the guard's answer,
which decides."""

from pathlib import Path

from asd_core.artifacts import read_conditions
from asd_core.datasets import conditions_of, recorded_otherwise
from asd_core.sound import Channel, Clip


def clip_recorded_otherwise(clip: Clip, channel: Channel, folder: Path, machine_id: str) -> str:
    """One sentence; empty where nothing differs, and where nobody has stored how the training was recorded.

    Args:
        clip: as it was read: neither resampled nor denoised.
        channel: that is scored.
        folder: of the trained detectors.

    Raises:
        ArtifactError: when what is stored is damaged. ClipError: when the clip has no such channel.
    """
    training = read_conditions(folder).get("train", {}).get(machine_id)
    return recorded_otherwise(f"{clip.name} was", conditions_of(clip, channel), training) if training else ""
