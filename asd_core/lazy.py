"""Heavy libraries, each imported when one of its names is first used: the first page must not wait for them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any


class _Lazy:
    """Stands for a module until one of its names is asked for."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._module), name)

    def __reduce__(self) -> "tuple[type[_Lazy], tuple[str]]":
        """Sent to another process with a class that uses it."""
        return _Lazy, (self._module,)


if TYPE_CHECKING:
    import av
    import noisereduce
    import pandas as pd
    import scipy
    import sklearn
    import soundfile
    import torch
    from torch import Tensor, nn
else:
    av, noisereduce, soundfile = map(_Lazy, ("av", "noisereduce", "soundfile"))
    pd, scipy, sklearn, torch, nn = map(_Lazy, ("pandas", "scipy", "sklearn", "torch", "torch.nn"))
    Tensor = Any  # for annotations alone

__all__ = ["Tensor", "av", "nn", "noisereduce", "pd", "scipy", "sklearn", "soundfile", "torch"]
