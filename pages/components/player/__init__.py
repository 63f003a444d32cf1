"""The sound player: waveform and log-mel on one time axis, heard and seen at any denoising strength.

The browser fetches three sounds once (the recording and both ends of the denoising range), cross-fades them while it
plays, and computes every picture from what is heard. Python sends only what it alone knows: a detector's map, the band
of normal clips, marked regions. Python hears of a change of strength, version, region or overlay, never of the position.
"""

import zlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from asd_core.features import Array, LogMel, mel_filterbank
from asd_core.plots import SPECTROGRAM_COLUMNS, coarsen, colours
from asd_core.sound import Clip, DenoiseEnds, shared_gain
from pages.components.common import component
from pages.components.player.parts import Heard, NormalBand, Overlay, Region, Shown
from pages.components.player.state import ask_for_map, heard, initial, state_of

__all__ = ["Heard", "NormalBand", "Overlay", "Region", "Shown", "ask_for_map", "fetch_ahead", "heard", "player"]

_HERE = Path(__file__).parent
_COMPONENT = component("asd_player", _HERE / "player.js")
_AHEAD = component("asd_player_ahead", _HERE / "fetch_ahead.js")


def player(
    clip: Clip,
    ends: DenoiseEnds | None,
    *,
    key: str,
    strength: float = 0.6,
    overlays: Mapping[str, str] | None = None,
    overlay: Overlay | None = None,
    reference: NormalBand | None = None,
    regions: Sequence[Shown] = (),
    seek: tuple[float, int] | None = None,
    autoplay: bool = False,
    compact: bool = False,
) -> Heard:
    """Draw a player and give what is chosen in it.

    Args:
        clip: prepared (one channel).
        ends: of its denoising; without them the recording alone is shown.
        key: of the player's state; one player keeps it from clip to clip, but for the region.
        strength: where the slider starts; later the listener's choice counts.
        overlays: detectors whose map can be asked for, and their titles.
        overlay: the map of the one that was asked for (see :func:`heard`).
        reference: what is usual for the machine.
        regions: drawn over the pictures.
        seek: a position in seconds, and a number that differs from jump to jump.
        autoplay: play a new clip on arrival, where the browser allows it.
        compact: low pictures, neither spectrum nor strength.
    """
    start = initial(clip, strength, overlay.key if overlay else None)
    now = state_of(key, clip, start)
    raw = clip.samples[0]
    representation = LogMel(sample_rate=clip.sample_rate)
    data = {
        "key": key,
        "clip": {"id": clip.sha256, "rate": clip.sample_rate, "length": len(raw)},
        "files": _files(clip, ends, key),
        "gain": shared_gain(*_signals(clip, ends).values()),
        "peak": max(float(abs(raw).max()), 1e-6),
        "mel": _filterbank(representation),
        "colours": {"recorded": colours.RAW, "denoised": colours.DENOISED},
        "heard": now,
        "overlays": list((overlays or {}).items()),
        "heat": None if overlay is None else _heat(overlay, representation),
        "reference": None if reference is None else _band(reference, representation),
        "regions": [{**shown.region.as_dict(), "label": shown.label, "colour": shown.colour} for shown in regions],
        "seek": None if seek is None else list(seek),
        "autoplay": autoplay,
        "compact": compact,
    }
    _COMPONENT(key=key, data=data, default={"heard": start}, on_heard_change=lambda: None)
    return heard(key, clip, strength=strength, overlay=overlay.key if overlay else None)


def fetch_ahead(clip: Clip, ends: DenoiseEnds | None, *, key: str) -> None:
    """Let the browser fetch the sounds of a clip that is likely to be shown next by a player: it is then drawn at once.

    Args:
        key: of the player.
    """
    files = _files(clip, ends, f"{key}-ahead")
    _AHEAD(key=f"{key}_ahead", data={"files": files, "rate": clip.sample_rate})


def _files(clip: Clip, ends: DenoiseEnds | None, place: str) -> dict[str, str]:
    """Addresses of a clip's sounds by name."""
    return {name: _file(samples, clip, f"{place}-{name}") for name, samples in _signals(clip, ends).items()}


def _signals(clip: Clip, ends: DenoiseEnds | None) -> dict[str, Array]:
    raw = clip.samples[0]
    return {"raw": raw} if ends is None else {"raw": raw, "zero": ends.zero, "one": ends.one}


def _file(samples: Array, clip: Clip, coordinates: str) -> str:
    """Address of the samples as 32-bit floats: 16 bits would drown what denoising leaves of quiet bands."""
    from streamlit import runtime

    if not runtime.exists():
        return ""
    data = samples.tobytes()
    # The media store tells large files apart by their beginning, middle and end, and by their name.
    name = f"{clip.sha256[:16]}-{zlib.crc32(samples[::61].tobytes()):08x}.f32"
    url = runtime.get_instance().media_file_mgr.add(
        data, "application/octet-stream", f"player-{coordinates}", file_name=name
    )
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}{url}" if base else url


def _encode(array: Any) -> str:
    return b64encode(array.tobytes()).decode("ascii")


@st.cache_data(max_entries=8, show_spinner=False)
def _filterbank(representation: LogMel) -> dict[str, Any]:
    """The mel filters without their zeros, row after row."""
    filters = mel_filterbank(representation.n_mels, representation.n_fft, representation.sample_rate)
    spans = [
        (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 0) for used in (row.nonzero()[0] for row in filters)
    ]
    weights = b"".join(row[low:high].astype("<f4").tobytes() for row, (low, high) in zip(filters, spans, strict=True))
    return {
        "n_fft": representation.n_fft,
        "hop": representation.hop_length,
        "n_mels": representation.n_mels,
        "first": [low for low, _ in spans],
        "count": [high - low for low, high in spans],
        "weights": b64encode(weights).decode("ascii"),
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


def _band(reference: NormalBand, representation: LogMel) -> dict[str, str | None]:
    """The band as the browser reads it; no mean for pictures of other bands than its own."""
    mean = reference.mel_mean
    return {
        "frequencies": _encode(reference.welch_frequencies.astype("<f4")),
        "low": _encode(reference.welch_low.astype("<f4")),
        "median": _encode(reference.welch_median.astype("<f4")),
        "high": _encode(reference.welch_high.astype("<f4")),
        "mel_mean": _encode(mean.astype("<f4")) if len(mean) == representation.n_mels else None,
    }
