"""The report's own variants, which are experiments and no detectors."""

import numpy as np

from asd_core.sound import Clip
from benchmarks.report_variants import time_domain_scores, transductive_oracle


def test_the_time_domain_variant_runs_on_clips_that_do_not_line_up() -> None:
    rng = np.random.default_rng(0)
    time = np.arange(32000) / 16000

    def clip(frequency: float) -> Clip:
        tone = np.sin(2 * np.pi * (frequency * time + rng.random())) + 0.1 * rng.standard_normal(len(time))
        return Clip(tone[None].astype(np.float32), 16000, "0", "tone")

    scores = time_domain_scores([clip(100.0) for _ in range(20)], [clip(100.0) for _ in range(5)])
    assert scores.shape == (5,)
    assert np.isfinite(scores).all()


def test_the_oracle_is_no_better_than_chance_on_noise() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(200) < 140
    assert transductive_oracle(rng.standard_normal((200, 6)) * 0.3 + 4.0 * labels[:, None], labels) > 0.95
    assert 0.7 <= transductive_oracle(rng.standard_normal((200, 6)), labels) < 0.75
