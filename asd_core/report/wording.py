"""Short texts of the report: a detector's name and rank, what a table leaves out, how the figures were made."""

from collections.abc import Sequence

from asd_core.counting import counted, listed
from asd_core.datasets import HELD_OUT_FRACTION
from asd_core.detectors import detector_class, is_control
from asd_core.evaluation import MAX_FPR, Draws, without_value
from asd_core.report.figures import Comparison
from asd_core.report.layout import heading
from asd_core.report.rendering import render

MOST_NAMED = 6  # detectors in a sentence


def name(key: str) -> str:
    """A detector's name in a sentence."""
    return detector_class(key).info.title


def listed_or_counted(names: Sequence[str], others: str = "others") -> str:
    """Names as a list in a sentence, or how many where that would be too long to read: ``12 others``."""
    return listed(names) if len(names) <= MOST_NAMED else f"{len(names)} {others}"


def not_shown(draws: Draws, control: str) -> str:
    """That a control is not among the detectors shown, to go on its name; empty where it is."""
    return "" if control in draws.detectors else ", not shown here"


def clips_without(n: int, attribute: str) -> str:
    """So many clips without a value of an attribute, and the verb: ``1 clip without fault is``."""
    return f"{counted(n, 'clip')} without {attribute} {'is' if n == 1 else 'are'}"


def left_out_of_breakdowns(c: Comparison) -> str:
    """Which clips no column of the breakdowns counts; empty where all do."""
    by_attribute = {name: without_value(c.clips, name) for name in c.breakdown["attribute"].unique()}
    parts = [f"{clips_without(n, heading(name))} left out" for name, n in by_attribute.items() if n]
    return f"{'; '.join(parts)}." if parts else ""


def report_protocol(c: Comparison) -> list[str]:
    """How the figures were made, a sentence or two each."""
    return render("protocol.md.j2", c=c, held_out=HELD_OUT_FRACTION, max_fpr=MAX_FPR).splitlines()


def rank(c: Comparison, key: str) -> str:
    """What the mean AUC says of one detector, and of how many machine ids it is where others know more."""
    against = next((against for against in c.not_better if against.detector == key), None)
    result = ""
    if is_control(key):
        result = "control"
    elif against:
        result = "▼ not above a control" if against.by_point else "▽ near a control"
    elif key in c.tied:
        result = "★ best" if key == c.tied[0] else "★ tied with the best"
    in_use = "in use" if key == c.in_use else ""
    return ", ".join(filter(None, [in_use, result, c.draws.coverage().get(key, "")]))
