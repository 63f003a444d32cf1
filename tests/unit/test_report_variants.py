"""The report's own variants, which are experiments and no detectors."""

import numpy as np

from asd_core.detectors.pca_kde import PcaKde
from asd_core.features import Waveform, from_config, to_config
from asd_core.sound import Clip
from benchmarks.time_domain_kde import PcaKdeTime, time_domain_scores
from benchmarks.transductive_dbscan import transductive_oracle


def test_time_domain_variant_runs_and_is_blind_to_phase() -> None:
    rng = np.random.default_rng(0)
    time = np.arange(32000) / 16000

    def clip(frequency: float) -> Clip:
        tone = np.sin(2 * np.pi * (frequency * time + rng.random())) + 0.1 * rng.standard_normal(len(time))
        return Clip(tone[None].astype(np.float32), 16000, "0", "tone")

    train, test = [clip(100.0) for _ in range(20)], [clip(100.0) for _ in range(5)]
    scores = time_domain_scores(train, ["00"] * 20, test, ["00"] * 5)
    assert np.isfinite(scores).all()
    assert PcaKdeTime.info.representation == from_config(to_config(Waveform()))
    assert not PcaKde.create("paper").residual
    assert not PcaKdeTime().residual


def test_the_oracle_is_marked_and_no_better_than_chance_on_noise() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(200) < 140
    apart = transductive_oracle(rng.standard_normal((200, 6)) * 0.3 + 4.0 * labels[:, None], labels)
    noise = transductive_oracle(rng.standard_normal((200, 6)), labels)
    assert apart.accuracy > 0.95
    assert noise.accuracy < 0.75
    assert noise.accuracy_of_all_anomalous == 0.7
    assert apart.n_groups <= 2
    assert all(word in apart.statement for word in ("Transductive", "oracle", "0.700"))
