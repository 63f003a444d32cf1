"""The page of all detectors on a second machine, written of the demo, which is the machine beside it."""

from asd_core.experiments import study_section
from benchmarks.fans import DEMO, beside_the_demo, page


def test_the_demo_has_its_own_order() -> None:
    sentences = beside_the_demo(DEMO)
    assert "rank correlation +1.00" in sentences
    assert "is place 1 here; the first here, " in sentences


def test_the_page_holds_ranking_order_and_study() -> None:
    text = page(DEMO)
    assert "| detector | mean AUC (95%) |" in text
    assert beside_the_demo(DEMO) in text
    assert study_section(DEMO) in text
