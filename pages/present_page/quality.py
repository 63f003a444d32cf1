"""How good the detectors are: the takeaways' first sentence, and the curves of the best few."""

from copy import deepcopy
from dataclasses import replace

from asd_core.detectors import is_control
from asd_core.evaluation import MEAN
from asd_core.plots import standouts
from asd_core.scoring import AS_RECORDED
from pages.compare_page import ranking, takeaways
from pages.compare_page.figures import best_first, resampled
from pages.compare_page.filters import ComparedScores, in_scope
from pages.present_page import slide
from pages.present_page.story import Story
from pages.shared.emphasis import is_dark
from pages.shared.stored_scores import stored_scores

FEW = 4  # detectors, and the best control: more lines cover one another on a projector


def measured(story: Story) -> ComparedScores:
    """The scores of the dataset's test clips, all machine ids, as the Compare page opens with."""
    return in_scope(story.selected, AS_RECORDED, stored_scores(story.selected.source, AS_RECORDED))


def draw(story: Story) -> None:
    """The sentence, on which clips it was measured, and ROC curves; without labelled anomalies that nobody can say."""
    compared = measured(story)
    statements = takeaways.statements(compared)
    if not statements:
        slide.head("How good the detectors are was not measured here.")
        slide.text(
            "It takes test clips of which somebody knows whether they are normal: none of this dataset's has a label."
        )
        return
    first, rest = slide.halves(statements[0])
    slide.head(first)
    draws, results = resampled(compared.key, compared.scores)
    if not draws.n_computable():
        slide.text(rest)
        return
    shown = results[results["machine_id"] == MEAN].set_index("detector").loc[draws.order()]
    slide.text(f"{rest}  \n{ranking.measured_on(compared, shown, draws.machine_ids, MEAN)}")
    few = _few(best_first(compared))
    # A copy: the Compare page shows the very same figure.
    drawn = deepcopy(
        ranking.curves_figure(few, MEAN, ranking.CURVES[0], "AUC", (), is_dark(), shown.loc[few.selected.detectors])
    )
    drawn.layout.annotations = ()  # large names at the lines would cover them: the legend has them
    slide.figure(drawn, key="present_roc")


def _few(compared: ComparedScores) -> ComparedScores:
    """The best detectors and the best control."""
    order = compared.selected.detectors
    best, control = standouts(order, {key for key in order if is_control(key)})
    keys = [*best[:FEW], *([control] if control else [])]
    scores = compared.scores[compared.scores["detector"].isin(keys)]
    return replace(compared, selected=replace(compared.selected, detectors=keys), scores=scores)
