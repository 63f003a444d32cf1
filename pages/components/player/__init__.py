"""The sound player: waveform and log-mel on one time axis, played and drawn at any denoising strength.

The browser fetches three sounds once (the recording, and the recording denoised at strengths 0 and 1), cross-fades them
while it plays, and computes every picture from what it plays. Python sends only what it alone has: a detector's map,
the band of normal clips, marked regions. The browser sends strength, version, region and overlay, never the position.
"""

import zlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from asd_core.explain import NormalReference
from asd_core.features import Array, LogMel, mel_filterbank
from asd_core.plots import SPECTROGRAM_COLUMNS, coarsen, colours
from asd_core.sound import USUAL_STRENGTH, Clip, Signal, shared_gain
from pages.components.common import component
from pages.components.common.media import address
from pages.components.player.parts import Overlay, PlayerState, Region, Shown
from pages.components.player.state import (
    VERSIONS,
    ask,
    ask_for_map,
    chosen_noise,
    initial_message,
    player_state,
    state_message,
)
from pages.shared.caching import SELECTIONS

__all__ = [
    "VERSIONS",
    "Overlay",
    "PlayerState",
    "Region",
    "Shown",
    "ask",
    "ask_for_map",
    "chosen_noise",
    "fetch_ahead",
    "player",
    "player_state",
]

_HERE = Path(__file__).parent
_COMPONENT = component("asd_player", _HERE / "player.js")
_AHEAD = component("asd_player_ahead", _HERE / "fetch_ahead.js")


def player(
    signal: Signal,
    *,
    key: str,
    overlays: Mapping[str, str] | None = None,
    overlay: Overlay | None = None,
    reference: NormalReference | None = None,
    regions: Sequence[Shown] = (),
    seek: tuple[float, int] | None = None,
    autoplay: bool = False,
    compact: bool = False,
    large: bool = False,
    first_map: str | None = None,
    noise_choice: bool = False,
) -> PlayerState:
    """Draw a player and give what is chosen in it.

    Args:
        signal: its strength is where the slider starts; later the listener's choice counts. Without the denoising's mix
            the recording alone is shown.
        key: of the player's state; one player keeps it from clip to clip, but for the region.
        overlays: detectors whose map can be asked for, and their titles.
        overlay: the map of the one that was asked for (see :func:`player_state`).
        reference: spectra of the normal clips of the machine.
        regions: drawn over the pictures.
        seek: a position in seconds, and a number that differs from jump to jump.
        autoplay: play a new clip on arrival, where the browser allows it.
        compact: low pictures, neither spectrum nor strength.
        large: for a projector: large letters, pictures as high as their container, and of the tools the play button.
        first_map: the map of a player that nobody touched, also before there is any; the ``overlay``'s without it.
        noise_choice: let the listener say what the denoiser takes for noise (see :func:`chosen_noise`).
    """
    shown_map, clip = first_map or (overlay.key if overlay else None), signal.clip
    start = initial_message(signal, shown_map)
    raw = clip.samples[0]
    representation = LogMel(sample_rate=clip.sample_rate)
    data = {
        "key": key,
        "clip": {"id": clip.sha256, "rate": clip.sample_rate, "length": len(raw)},
        "files": _files(signal),
        "gain": shared_gain(*_sounds(signal).values()),
        "peak": max(float(abs(raw).max()), 1e-6),
        "mel": _filterbank(representation),
        "colours": {"recorded": colours.RAW, "denoised": colours.DENOISED},
        "state": state_message(key, signal, start),
        "overlays": list((overlays or {}).items()),
        "heat": None if overlay is None else _heat(overlay, representation),
        "reference": None if reference is None else _band(reference, representation),
        "regions": [{**shown.region.as_dict(), "label": shown.label, "colour": shown.colour} for shown in regions],
        "seek": None if seek is None else list(seek),
        "autoplay": autoplay,
        "size": "large" if large else "compact" if compact else "full",
        "noiseChoice": noise_choice,
        "usual": USUAL_STRENGTH,
    }
    height = "stretch" if large else "content"
    _COMPONENT(key=key, data=data, default={"state": start}, on_state_change=lambda: None, height=height)
    return player_state(key, signal, shown_map)


def fetch_ahead(signal: Signal, *, key: str) -> None:
    """Let the browser fetch the sounds of a clip that is likely to be shown next by a player: it is then drawn at once.

    Args:
        key: of the player.
    """
    _AHEAD(key=f"{key}_ahead", data={"files": _files(signal), "rate": signal.clip.sample_rate})


def _files(signal: Signal) -> dict[str, str]:
    """Addresses of a clip's sounds by name."""
    return {name: _file(samples, signal.clip) for name, samples in _sounds(signal).items()}


def _sounds(signal: Signal) -> dict[str, Array]:
    raw, mix = signal.clip.samples[0], signal.mix
    return {"raw": raw} if mix is None else {"raw": raw, "zero": mix.zero, "one": mix.one}


def _file(samples: Array, clip: Clip) -> str:
    """Address of the samples as 32-bit floats: 16 bits would drown what denoising leaves of quiet bands."""
    # Of one clip's sounds every 61st sample is enough to tell them apart, and minutes of them are read at once.
    name = f"{clip.sha256}-{zlib.crc32(samples[::61].tobytes()):08x}"
    # As audio, or the server would compress it for every browser: much work, of which a tenth of the bytes is saved.
    return address(name, "audio/x-float32", lambda: np.ascontiguousarray(samples).data.cast("B"))


def _encode(array: Any) -> str:
    return b64encode(array.tobytes()).decode("ascii")


@st.cache_data(max_entries=SELECTIONS, show_spinner=False)
def _filterbank(representation: LogMel) -> dict[str, Any]:
    """The mel filters without their zeros, row after row."""
    filters = mel_filterbank(representation.n_mels, representation.n_fft, representation.sample_rate)
    used = [row.nonzero()[0] for row in filters]
    spans = [(int(bins[0]), int(bins[-1]) + 1) if len(bins) else (0, 0) for bins in used]
    weights = np.concatenate([row[low:high] for row, (low, high) in zip(filters, spans, strict=True)]).astype("<f4")
    return {
        "n_fft": representation.n_fft,
        "hop": representation.hop_length,
        "n_mels": representation.n_mels,
        "first": [low for low, _ in spans],
        "count": [high - low for low, high in spans],
        "weights": _encode(weights),
    }


def _heat(overlay: Overlay, representation: LogMel) -> dict[str, Any]:
    values, step = coarsen(overlay.map, SPECTROGRAM_COLUMNS)
    return {
        "key": overlay.key,
        "rows": values.shape[0],
        "columns": values.shape[1],
        "hop": representation.hop_length * step,
        "values": _encode((values.clip(0.0, 1.0) * 255).round().astype("uint8")),
    }


def _band(reference: NormalReference, representation: LogMel) -> dict[str, str | None]:
    """The band as the browser reads it; no mean for pictures of other bands than its own."""
    mean = reference.mel_mean
    names = ("frequencies", "low", "median", "high")
    band = {name: _encode(getattr(reference, f"welch_{name}").astype("<f4")) for name in names}
    return {**band, "mel_mean": _encode(mean.astype("<f4")) if len(mean) == representation.n_mels else None}
