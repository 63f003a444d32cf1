"""How good the detectors are: which one to use, as the Compare page says it, and the curves of the best few."""

from copy import deepcopy
from dataclasses import replace

from asd_core.detectors import is_control
from asd_core.evaluation import MEAN
from asd_core.plots import standouts
from asd_core.scoring import AS_RECORDED
from pages.compare_page import ranking, takeaways
from pages.compare_page.figures import best_first, resampled, too_few_clips
from pages.compare_page.filters import ComparedScores, in_scope
from pages.present_page import slide
from pages.present_page.story import Story
from pages.shared.emphasis import is_dark
from pages.shared.stored_scores import stored_scores

FEW = 4  # detectors, and the best control: more lines cover one another on a projector
PLAIN = "AUC: the share of pairs of an anomalous and a normal clip in which the anomalous one has the higher score."


def measured(story: Story) -> ComparedScores:
    """The scores of the dataset's test clips, all machine ids, as the Compare page opens with."""
    return in_scope(story.selected, AS_RECORDED, stored_scores(story.selected.source, AS_RECORDED))


def draw(story: Story) -> None:
    """Which one to use and why, on which clips that was measured, and ROC curves; without labelled anomalies no curves."""
    compared = measured(story)
    if compared.scores.empty:
        slide.head("How good the detectors are was not measured here.")
        slide.text("None of them has scores of this dataset's test clips: the Compare page computes them.")
        return
    use = takeaways.recommendation(compared)
    slide.head(takeaways.headline(use))
    draws, results = resampled(compared)
    if not draws.n_computable():
        slide.text(" ".join([*use.why, use.change]))
        return
    shown = results[results["machine_id"] == MEAN].set_index("detector").loc[draws.order()]
    measured_on = ranking.measured_on(compared, shown, draws.machine_ids, MEAN)
    why = [*use.why, PLAIN] if use.detector else [*use.why, use.change]
    slide.text(f"{' '.join(why)}  \n{' '.join(filter(None, [measured_on, too_few_clips(shown)]))}")
    few = _few(best_first(compared))
    # A copy: the Compare page shows the very same figure.
    drawn = deepcopy(
        ranking.curves_figure(few, MEAN, ranking.CURVES[0], "AUC", (), is_dark(), shown.loc[few.selected.detectors])
    )
    slide.figure(drawn, key="present_roc")


def _few(compared: ComparedScores) -> ComparedScores:
    """The best detectors and the best control."""
    order = compared.selected.detectors
    best, control = standouts(order, {key for key in order if is_control(key)})
    keys = [*best[:FEW], *([control] if control else [])]
    scores = compared.scores[compared.scores["detector"].isin(keys)]
    return replace(compared, selected=replace(compared.selected, detectors=keys), scores=scores)
