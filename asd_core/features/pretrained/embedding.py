"""What a pretrained model gives of a clip, over time: a representation like any other, at the model's own rate."""

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from asd_core.disk_cache import DiskCache
from asd_core.errors import PretrainedError
from asd_core.features.base import Array, mono
from asd_core.features.pretrained.files import agreed_sha256
from asd_core.features.pretrained.registry import PretrainedModel, pretrained_model
from asd_core.settings import get_settings
from asd_core.sound import Clip, Samples


@dataclass(frozen=True)
class PretrainedEmbedding:
    """Embeddings of a clip by a frozen network, ``(n_times, d)`` float32.

    They are kept on disk by the sound's own hash, the model and the layer: a network is not asked twice about the same samples, which
    makes a second training or another pooling a matter of seconds.
    """

    kind: ClassVar[str] = "pretrained embedding"
    model: str = "aisfx"
    layer: str = "block4"
    sample_rate: int = 44100
    sha256: str = ""  # of the model's file, from the training on; empty where it has none

    def transform(self, clip: Clip) -> Array:
        """Raises ClipError for a clip of another rate; PretrainedError without the model, or for a clip that it cannot take."""
        samples = mono(clip, self.sample_rate)
        model = pretrained_model(self.model)
        name = f"{model.name}-{hashlib.sha256(self.identity().encode()).hexdigest()[:16]}-{_print(samples)}.npy"
        cache = _cache(get_settings().cache_dir)
        if (stored := _read(cache.get(name))) is not None:
            return stored
        from asd_core.features.pretrained.runtime import embed

        values = embed(model, samples, self.layer, agreed_sha256(model), clip.name)
        buffer = io.BytesIO()
        np.save(buffer, values, allow_pickle=False)
        cache.put(name, buffer.getvalue())
        return values

    def _check(self, model: PretrainedModel) -> None:
        if self.sample_rate != model.sample_rate:
            raise PretrainedError(
                f"{model.title} takes {model.sample_rate} Hz, and this detector was trained with {self.sample_rate} Hz: train it again."
            )
        if self.sha256 and self.sha256 != agreed_sha256(model):
            raise PretrainedError(
                f"This detector was trained with another file of {model.title} (sha256 {self.sha256[:12]}…): bring that one back, or "
                "train it again."
            )

    def identity(self) -> str:
        """All that its values depend on besides the sound.

        Raises:
            PretrainedError: when the model is not registered, or is another one than in training.
        """
        model = pretrained_model(self.model)
        self._check(model)
        about = {"file": agreed_sha256(model), "gain": model.gain, "seconds": model.seconds, "code": code_version()}
        return json.dumps({**asdict(self), **about})


@lru_cache
def code_version(folder: Path = Path(__file__).parent) -> str:
    """Hash of our own front end, network and cutting: changed code never serves embeddings that the old one computed."""
    digest = hashlib.sha256()
    for name in ("aisfx.py", "runtime.py"):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:12]


@lru_cache(maxsize=8)
def _cache(folder: Path) -> DiskCache:
    """One object, which counts the bytes written since the limit was last checked. All models share it: embeddings of a
    model that is no longer used make room."""
    return DiskCache(folder / "embeddings", get_settings().cache_limit_mb * 1e6)


def _print(samples: Samples) -> str:
    """Hash of all samples: a clip that was denoised or got a synthetic anomaly keeps its name and its source's hash."""
    return hashlib.sha256(np.ascontiguousarray(samples, dtype=np.float32).tobytes()).hexdigest()


def _read(stored: bytes | None) -> Array | None:
    """Kept embeddings; ``None`` where there are none, or the file is damaged: they are then computed again."""
    if stored is None:
        return None
    try:
        values = np.load(io.BytesIO(stored), allow_pickle=False)
    except (ValueError, EOFError, OSError):
        return None
    return values if values.ndim == 2 and values.dtype == np.float32 else None


def chosen_embedding(name: str = "", layer: str = "") -> PretrainedEmbedding:
    """Of the model and layer that the settings name (``ASD_PRETRAINED_MODEL``, ``ASD_PRETRAINED_LAYER``), or of others.

    A model that is not registered is refused only when a clip is transformed: listing detectors must not fail on a
    setting.
    """
    settings = get_settings()
    layer = layer or (settings.pretrained_layer if not name else "")
    try:
        model = pretrained_model(name or settings.pretrained_model)
    except PretrainedError:
        return PretrainedEmbedding(name or settings.pretrained_model, layer)
    return PretrainedEmbedding(model.name, layer or model.layer, model.sample_rate, agreed_sha256(model))
