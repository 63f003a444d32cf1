"""Running a pretrained model: samples at its rate in, embeddings over time out. One clip at a time, so that none depends on others."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.errors import PretrainedError
from asd_core.features.base import Array
from asd_core.features.pretrained import aisfx
from asd_core.features.pretrained.files import checked_bytes
from asd_core.features.pretrained.registry import PretrainedModel
from asd_core.lazy import Tensor, torch
from asd_core.sound import Samples

THREADS = 2  # of a model: what it computes depends on their number
INSTALL = 'pip install "onnxruntime==1.32.0"'
Run = Callable[[Samples, str], NDArray[Any]]  # samples and a layer -> what the model gives


def embed(model: PretrainedModel, samples: Samples, layer: str, sha256: str, name: str) -> Array:
    """Embeddings over time, ``(n_times, d)`` float32.

    Args:
        samples: ``(n_samples,)`` in [-1, 1] at the model's rate.
        sha256: that the model's file is expected to have, see :func:`asd_core.features.pretrained.files.agreed_sha256`.
        name: of the clip, for messages.

    Raises:
        PretrainedError: when the model cannot be loaded, does not have the layer or cannot take this clip: the clip is not to blame,
            other detectors score it.
    """
    run = load(model, sha256)
    size = round(model.seconds * model.sample_rate) or len(samples)
    # Pieces of one length, the last one ends with the clip: a model's memory may grow with the square of the length.
    starts = [*range(0, len(samples) - size, size), max(0, len(samples) - size)]
    parts = []
    for start in starts:
        # A short clip is repeated: a model may take pieces of this one length, and silence would be a sound that is not there.
        piece = np.resize(samples[start : start + size], size)
        piece = np.ascontiguousarray(piece * np.float32(model.gain), dtype=np.float32)
        try:
            given = run(piece, layer)
        except PretrainedError:
            raise
        except Exception as error:  # whatever an exported model says of a length or a value that it does not take
            raise PretrainedError(
                f"{name} cannot be put into {model.title} ({len(piece) / model.sample_rate:.1f} s at a time): {str(error)[:200]}."
            ) from error
        parts.append(over_time(given, model, layer))
    joined = np.concatenate(parts)
    if not np.isfinite(joined).all():
        raise PretrainedError(f"{model.title} gives no numbers of {name}: is it silent or broken?")
    return joined


def over_time(given: NDArray[Any], model: PretrainedModel, layer: str) -> Array:
    """``(1, n_times, d)``, ``(n_times, d)``, ``(1, d)`` or ``(d,)`` -> ``(n_times, d)``.

    Raises:
        PretrainedError: for another shape, or another size than is registered.
    """
    values = given[0] if given.ndim == 3 and len(given) == 1 else given
    values = np.atleast_2d(values)
    if values.ndim != 2 or (layer == model.layer and values.shape[1] != model.size):
        raise PretrainedError(
            f"{layer} of {model.title} has the shape {given.shape}; (1, times, {model.size}) is expected: is it the right layer?"
        )
    return np.asarray(values, dtype=np.float32)


@lru_cache(maxsize=2)
def load(model: PretrainedModel, sha256: str) -> Run:
    """A model, ready to run; the last two stay loaded. The checksum is a part of the key: another file is loaded anew.

    Raises:
        PretrainedError: when its file is missing, not the one agreed on, or cannot be loaded, or a library is missing.
    """
    torch.set_num_threads(min(THREADS, torch.get_num_threads()))  # OMP_NUM_THREADS=1 still means one
    return _LOADERS[model.format](model)


def _own(model: PretrainedModel) -> Run:
    """Our own definition of aiSFX's network, with its weights or as it was initialised."""
    if model.format == "untrained":
        net = aisfx.untrained()
    else:
        from safetensors import SafetensorError
        from safetensors.numpy import load as from_bytes

        try:
            net = aisfx.with_weights(from_bytes(checked_bytes(model)))
        except (SafetensorError, RuntimeError) as error:
            raise PretrainedError(
                f"The weights of {model.title} do not fit its network: convert them again."
            ) from error

    def run(samples: Samples, layer: str) -> NDArray[Any]:
        if layer not in aisfx.LAYERS:
            raise _no_layer(model, layer, list(aisfx.LAYERS))
        return aisfx.embed(net, samples, layer)

    return run


def _onnx(model: PretrainedModel) -> Run:
    data = checked_bytes(model)
    try:
        import onnxruntime
    except ImportError as error:
        raise PretrainedError(
            f"{model.title} needs the package onnxruntime, which is not installed: {INSTALL}."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
    options.log_severity_level = 3  # errors
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no class in common
        raise PretrainedError(
            f"The file of {model.title} is no ONNX model that can be run ({str(error)[:200]})."
        ) from error
    (first, *more) = session.get_inputs()
    outputs = [output.name for output in session.get_outputs()]
    if more or len(first.shape) not in (1, 2):
        raise PretrainedError(
            f"{model.title} must take the waveform alone, (1, samples): export it with its front end."
        )

    def run(samples: Samples, layer: str) -> NDArray[Any]:
        if layer not in outputs:
            raise _no_layer(model, layer, outputs)
        (given,) = session.run([layer], {first.name: samples if len(first.shape) == 1 else samples[None]})
        return np.asarray(given)

    return run


def _torchscript(model: PretrainedModel) -> Run:
    import io

    data = checked_bytes(model)  # before it is loaded: TorchScript is code
    try:
        module = torch.jit.load(io.BytesIO(data), map_location="cpu").eval()  # type: ignore[no-untyped-call]  # torch's own
    except Exception as error:  # RuntimeError for most, others from its unpickler
        raise PretrainedError(f"The file of {model.title} is no TorchScript model ({str(error)[:200]}).") from error

    def run(samples: Samples, layer: str) -> NDArray[Any]:
        with torch.inference_mode():
            given: Any = module(torch.from_numpy(samples)[None])
        outputs: dict[str, Tensor] = given if isinstance(given, dict) else {model.layer: given}
        if layer not in outputs:
            raise _no_layer(model, layer, list(outputs))
        return np.asarray(outputs[layer].numpy())

    return run


def _no_layer(model: PretrainedModel, layer: str, layers: list[str]) -> PretrainedError:
    return PretrainedError(f"{model.title} has no layer {layer!r}; its file gives: {', '.join(layers)}.")


_LOADERS: dict[str, Callable[[PretrainedModel], Run]] = {
    "onnx": _onnx,
    "torchscript": _torchscript,
    "aisfx": _own,
    "untrained": _own,
}
