"""How figures of an experiment are put into words: a difference within its interval is described as such."""

from collections.abc import Sequence

from asd_core.counting import listed
from asd_core.evaluation import Difference
from asd_core.experiments.store import Stored

MOST_NAMES = 4


def better(stored: Stored, point: str, other: str) -> Difference:
    """Mean AUC of one point less another's, on the same clips, with its paired 95% interval."""
    from asd_core.evaluation import paired_difference

    return paired_difference(stored.draws, point, other)


def signed(pair: Difference) -> str:
    """``+0.031 (+0.012 to +0.050)``."""
    return f"{pair.difference:+.3f} ({pair.low:+.3f} to {pair.high:+.3f})".replace("-", "−")


def is_tie(pair: Difference) -> bool:
    """True when the interval includes 0, and when nothing can be computed: no difference is shown."""
    return not (pair.low > 1e-12 or pair.high < -1e-12)


def first_listed(names: Sequence[str], *, most: int = MOST_NAMES) -> str:
    """:func:`asd_core.counting.listed`, and how many more after the fourth, or ``most``."""
    return listed([*names[:most], *([f"{len(names) - most} more"] if len(names) > most else [])])
