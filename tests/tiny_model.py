"""A pretrained model of a few numbers, as a file of each format, and a registry that knows it.

The ONNX file is written field by field (onnx.proto of ONNX's repository): the package that would do so is not needed otherwise.
"""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from asd_core.settings import get_settings

RATE, SIZE, TAPS, HOP = 8000, 6, 64, 256
# One band each, as the first layer of a network that hears has.
FILTERS = (np.hanning(TAPS) * np.cos(np.pi * np.arange(1, 2 * SIZE, 2)[:, None] / (2 * SIZE) * np.arange(TAPS)))[
    :, None
]
FILTERS = FILTERS.astype(np.float32)


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def _field(number: int, value: int | str | bytes) -> bytes:
    """A field of a protocol buffer: a number, or whatever has a length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _tensor(name: str, values: np.ndarray) -> bytes:
    dims = b"".join(_field(1, n) for n in values.shape)
    kind = {"float32": 1, "int64": 7}[values.dtype.name]
    return dims + _field(2, kind) + _field(8, name) + _field(9, values.tobytes())


def _node(kind: str, inputs: list[str], output: str, **ints: list[int]) -> bytes:
    """A step of the graph with lists of integers as attributes (type 7)."""
    attributes = [_field(1, k) + b"".join(_field(8, v) for v in values) + _field(20, 7) for k, values in ints.items()]
    names = b"".join(_field(1, name) for name in inputs) + _field(2, output) + _field(4, kind)
    return names + b"".join(_field(5, attribute) for attribute in attributes)


def _value(name: str, *dims: int | str) -> bytes:
    shape = b"".join(_field(1, _field(1 if isinstance(d, int) else 2, d)) for d in dims)
    return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, shape)))


def onnx_bytes() -> bytes:
    """|convolution of the waveform|: ``(1, n) -> last (1, times, 6)``, and its square root as the layer middle."""
    nodes = [
        _node("Unsqueeze", ["waveform", "one"], "channel"),
        _node("Conv", ["channel", "filters"], "filtered", strides=[HOP]),
        _node("Abs", ["filtered"], "size"),
        _node("Transpose", ["size"], "last", perm=[0, 2, 1]),
        _node("Sqrt", ["last"], "middle"),
    ]
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, "tiny")
    graph += _field(5, _tensor("one", np.array([1]))) + _field(5, _tensor("filters", FILTERS))
    graph += _field(11, _value("waveform", 1, "n"))
    graph += b"".join(_field(12, _value(name, 1, "times", SIZE)) for name in ("last", "middle"))
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 13))


def torchscript_bytes() -> bytes:
    """The same as TorchScript, which gives its layers by name."""
    import torch

    class Tiny(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution = torch.nn.Conv1d(1, SIZE, TAPS, stride=HOP, bias=False)
            self.convolution.weight.data = torch.from_numpy(FILTERS)

        def forward(self, waveform: torch.Tensor) -> dict[str, torch.Tensor]:
            last = self.convolution(waveform[:, None]).abs().transpose(1, 2)
            return {"last": last, "middle": last.sqrt()}

    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(Tiny()), buffer)
    return buffer.getvalue()


def expected(samples: np.ndarray) -> np.ndarray:
    """What the model gives, by numpy."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, TAPS)[::HOP]
    return np.abs(frames @ FILTERS[:, 0].T)


def entry(name: str, form: str, **more: object) -> str:
    """A model of the registry."""
    values = {
        "title": name.title(),
        "licence": "none",
        "page": "nowhere",
        "paper": "None",
        "format": form,
        "level": "any",
    }
    values |= {"sample_rate": RATE, "layer": "last", "size": SIZE} | more
    lines = [f"{key} = {value!r}" for key, value in {"name": name, **values}.items()]
    return "\n".join(["[[models]]", *lines]) + "\n"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@contextmanager
def registered(folder: Path, *entries: str) -> Iterator[Path]:
    """A registry of these models; their files are expected in ``folder/models``, where a model is a folder."""
    (folder / "registry.toml").write_text("\n".join(entries), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASD_PRETRAINED_MODELS", str(folder / "registry.toml"))
        patch.setenv("ASD_PRETRAINED_DIR", str(folder / "models"))
        patch.setenv("ASD_CACHE_DIR", str(folder / "cache"))
        get_settings.cache_clear()
        try:
            yield folder / "models"
        finally:
            patch.undo()
            get_settings.cache_clear()
