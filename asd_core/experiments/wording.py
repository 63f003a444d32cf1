"""How figures of an experiment are put into words: a difference within its interval is described as such."""

from collections.abc import Sequence

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


def listed(names: Sequence[str], *, most: int = MOST_NAMES) -> str:
    """``a, b and c``, and how many more after the fourth, or ``most``."""
    shown = [*names[:most], *([f"{len(names) - most} more"] if len(names) > most else [])]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
