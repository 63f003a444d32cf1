"""What to expect of alarms: how many are false at the threshold, and what it finds and misses."""

from asd_core.counting import percent
from asd_core.evaluation import POOLED, OperatingPoint, operating_point
from asd_core.plots import AlarmGroup, alarms_figure
from pages.compare_page import takeaways
from pages.compare_page.promises import CONFORMAL, limits_of, too_few
from pages.present_page import slide
from pages.present_page.quality import measured
from pages.present_page.story import Story
from pages.shared.choice import title

THOUSAND = 1000  # normal clips


def draw(story: Story) -> None:
    """The detector to use at its threshold for the machine: the one in use, else the recommended one."""
    selected, key = story.selected, story.leading
    recommended = _recommended(story)
    if recommended and key != selected.in_use:
        key = recommended
    if key is None:
        who = "Only controls know" if selected.detectors else "No detector here knows"
        slide.head(f"{who} {story.machine}: nothing can be said of its alarms.")
        return
    machine_id = selected.machine_id
    limits = limits_of(selected, key, [machine_id], CONFORMAL)
    scores = measured(story).scores
    mine = scores[(scores["detector"] == key) & (scores["machine_id"] == machine_id)]
    point = operating_point(mine, limits.values, prevalence=0.5, clips_per_day=0)[POOLED]
    likely = limits.range({machine_id: 1})
    if few := too_few(selected, {key: limits}):
        first, rest = slide.halves(few, ". ")
        slide.head(first)
        lines = [rest]
    else:
        slide.head(_head(limits.rates[machine_id], point))
        lines = [_range(limits.held_out[machine_id], likely)]
    pale = " Dark: an alarm; pale: the most it may come to." if likely else ""
    whose = "" if key == recommended else _whose(title(key), pinned=key == selected.in_use)
    slide.text("  \n".join(filter(None, [*lines, whose, _seen(title(key), point, selected.rate) + pale])))
    if likely:
        slide.figure(alarms_figure(_groups(limits.rates[machine_id], likely, point)), key="present_alarms")


def _recommended(story: Story) -> str:
    """The detector that the step before recommends; empty where there is none, or nothing was measured."""
    compared = measured(story)
    return "" if compared.scores.empty else takeaways.recommendation(compared).detector


def _whose(name: str, *, pinned: bool) -> str:
    """Why these are figures of another detector than the recommended one."""
    return f"{name} is in use: a person pinned it." if pinned else f"No detector is recommended yet: this is {name}."


def _groups(rate: float, likely: tuple[float, float], point: OperatingPoint) -> list[AlarmGroup]:
    expected, most = (round(THOUSAND * share) for share in (rate, likely[1]))
    groups = [AlarmGroup(f"{THOUSAND:,} normal clips", THOUSAND, expected, most - expected)]
    if point.n_anomaly:
        groups.append(AlarmGroup(f"{point.n_anomaly} anomalies", point.n_anomaly, point.detections))
    return groups


def _head(rate: float, point: OperatingPoint) -> str:
    alarms = f"The threshold is set for about {round(THOUSAND * rate)} false alarms in {THOUSAND:,} normal clips"
    if not point.n_anomaly:
        return f"{alarms}; how many anomalies are found was not measured here."
    return f"{alarms}; {point.detections} of {point.n_anomaly} anomalies are found, {point.n_anomaly - point.detections} missed."


def _range(held_out: int, likely: tuple[float, float] | None) -> str:
    if likely is None:
        return ""
    low, high = (round(THOUSAND * end) for end in likely)
    return (
        f"The threshold was set on {held_out} normal clips. With others it could lie elsewhere: {low} to {high} false alarms in "
        f"{THOUSAND:,}, in 95 of 100 draws."
    )


def _seen(name: str, point: OperatingPoint, rate: float) -> str:
    setting = f"{name}, set to {percent(rate)} false alarms"
    if not point.n_normal:
        return f"{setting}. No normal test clip of this machine shows whether it keeps to that."
    return f"{setting}, raised {point.false_alarms} on this machine's {point.n_normal} normal test clips."
