"""aiSFX's checkpoint on the standard input, its embedding network as safetensors on the standard output.

Run in a process of its own by :mod:`asd_core.features.pretrained.conversion`: a checkpoint is a pickle. It is read with
``weights_only``, which builds tensors and plain containers and refuses everything else; this one also holds numpy's integers.
"""

import io
import sys
from typing import Any

import numpy as np
from safetensors.numpy import save

from asd_core.lazy import torch

PREFIX = "embedding_net.conv_"


def embedding_weights(checkpoint: bytes) -> dict[str, np.ndarray[Any, Any]]:
    """Weights and running statistics of the convolutions, named as in :func:`asd_core.features.pretrained.aisfx.network`.

    Raises:
        Exception: whatever torch says of a file that is another one, or holds more than weights.
    """
    plain: list[Any] = [
        (np._core.multiarray.scalar, "numpy.core.multiarray.scalar"),  # type: ignore[attr-defined]  # where a pickle names it
        np.dtype,
        type(np.dtype(np.int64)),
    ]
    with torch.serialization.safe_globals(plain):
        weights, _ = torch.load(io.BytesIO(checkpoint), map_location="cpu", weights_only=True)
    return {
        name.removeprefix(PREFIX): tensor.numpy()
        for name, tensor in sorted(weights.items())
        if name.startswith(PREFIX) and not name.endswith("num_batches_tracked")
    }


def main() -> None:
    """Convert; the exit code is 1 with one line of what torch refuses."""
    try:
        weights = save(embedding_weights(sys.stdin.buffer.read()))
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines()] or [type(error).__name__]
        sys.exit(next((line for line in lines if "Unsupported" in line), lines[0])[:300])
    sys.stdout.buffer.write(weights)


if __name__ == "__main__":
    main()
