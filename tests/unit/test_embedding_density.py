import numpy as np

from asd_core.space import density_regions
from asd_core.space.contours import CELLS


def test_a_line_holds_its_share_of_the_clips() -> None:
    xy = np.random.default_rng(0).normal(size=(2000, 2)) * [3.0, 0.5] + [10.0, -4.0]
    found = density_regions(xy)
    assert found is not None
    column = np.clip(np.searchsorted(found.x, xy[:, 0]) - 1, 0, CELLS - 1)
    row = np.clip(np.searchsorted(found.y, xy[:, 1]) - 1, 0, CELLS - 1)
    held = found.enclosed[row, column]
    for share in (0.5, 0.7, 0.9):
        assert abs((held <= share).mean() - share) < 0.03
    assert found.enclosed[0, 0] == 1.0  # a corner: all clips lie where they are denser
    middle = found.enclosed[np.abs(found.y + 4.0).argmin(), np.abs(found.x - 10.0).argmin()]
    assert middle < 0.05


def test_a_clip_far_out_does_not_blur_the_crowd() -> None:
    xy = np.random.default_rng(1).normal(size=(500, 2))
    lonely = np.vstack([xy, [[40.0, 0.0]]])
    calm, disturbed = density_regions(xy), density_regions(lonely)
    assert calm is not None
    assert disturbed is not None

    def width(found: object) -> float:
        inside = (found.enclosed <= 0.5).any(axis=0)  # type: ignore[attr-defined]
        return float(np.ptp(found.x[inside]))  # type: ignore[attr-defined]

    assert width(disturbed) < 1.6 * width(calm)


def test_too_few_and_a_line_have_none() -> None:
    rng = np.random.default_rng(0)
    assert density_regions(rng.normal(size=(9, 2))) is None
    assert density_regions(rng.normal(size=(10, 2))) is not None
    assert density_regions(np.column_stack([rng.normal(size=50), np.zeros(50)])) is None
