"""One thing is in the singular, any other number in the plural; a name is told from the next one."""

from asd_core.counting import counted, listed, machines_named, percent
from pages.shared.sidebar import RATES


def test_singular_and_plural() -> None:
    assert [counted(n, "clip") for n in (0, 1, 2, 1200)] == ["0 clips", "1 clip", "2 clips", "1,200 clips"]
    assert [counted(n, "anomaly", "anomalies") for n in (1, 3)] == ["1 anomaly", "3 anomalies"]


def test_names_in_a_sentence() -> None:
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "none",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert listed(["hall 1, left", "fan"]) == "“hall 1, left” and fan"
    assert listed({"nuts and bolts": 1, "fan": 2}) == "“nuts and bolts” and fan"
    assert [machines_named(ids) for ids in (["02"], ["02", "04", "06"])] == [
        "machine id 02",
        "machine ids 02, 04 and 06",
    ]


def test_a_rate_of_the_slider_is_written_as_it_is() -> None:
    assert [percent(rate) for rate in RATES] == [f"{100 * rate:g}%" for rate in RATES]
