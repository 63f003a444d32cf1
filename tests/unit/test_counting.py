"""One thing is in the singular, any other number in the plural."""

from asd_core.counting import counted


def test_singular_and_plural() -> None:
    assert [counted(n, "clip") for n in (0, 1, 2, 1200)] == ["0 clips", "1 clip", "2 clips", "1,200 clips"]
    assert [counted(n, "anomaly", "anomalies") for n in (1, 3)] == ["1 anomaly", "3 anomalies"]
