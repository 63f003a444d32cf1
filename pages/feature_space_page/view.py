"""What is shown on the map and how, as the controls say it."""

from dataclasses import dataclass
from typing import Literal, get_args

from asd_core.space import UmapSettings

Method = Literal["PCA 2-D", "PCA 3-D", "UMAP"]
PCA_2D, PCA_3D, UMAP = METHODS = get_args(Method)


@dataclass(frozen=True)
class View:
    """What the controls say."""

    part: str  # of projection.read_space
    method: Method
    splits: tuple[str, ...]
    machine_id: str | None  # None: all
    colour: str
    detector: str  # whose score colours the points
    contours: bool
    loadings: bool
    umap: UmapSettings
