"""What figures of a clip share: its versions, the mel axis, maps of any length."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from asd_core.features import Array, LogMel
from asd_core.plots import colours
from asd_core.sound import Samples

SPECTROGRAM_COLUMNS = 1200


def coarsen(spectrogram: Array, n_columns: int) -> tuple[Array, int]:
    """At most ``n_columns`` columns, each the maximum of the frames it stands for; and how many those are."""
    step = int(np.ceil(spectrogram.shape[1] / n_columns))
    if step <= 1:
        return spectrogram, 1
    starts = np.arange(0, spectrogram.shape[1], step)
    return np.maximum.reduceat(spectrogram, starts, axis=1), step


@dataclass(frozen=True, eq=False)
class Version:
    """A clip as recorded, or denoised: what is drawn of it."""

    name: str
    colour: str
    samples: Samples  # (n_samples,)


def clip_versions(raw: Samples, denoised: Samples | None) -> list[Version]:
    """As recorded and, once there is one, denoised."""
    results = [Version("as recorded", colours.RAW, raw)]
    return results if denoised is None else [*results, Version("denoised", colours.DENOISED, denoised)]


def mel_ticks(representation: LogMel) -> tuple[list[int], list[str]]:
    """Bands nearest to round frequencies, and their names: the mel axis labelled in Hz."""
    frequencies = representation.frequencies()
    wanted = [f for f in (250, 500, 1000, 2000, 4000, 7000) if f < frequencies[-1] * 1.05]
    return [int(np.argmin(np.abs(frequencies - f))) for f in wanted], [str(f) for f in wanted]


def mel_axis() -> dict[str, Any]:
    """An axis of mel bands, labelled in Hz."""
    ticks, labels = mel_ticks(LogMel())
    return {"title": "mel band, centre in Hz", "tickvals": ticks, "ticktext": labels}
