from pathlib import Path

import numpy as np
import pytest

from asd_core.artifacts import ModelSet, raw_scores
from asd_core.datasets import demo_dataset, render_demo_clip
from asd_core.explain import burst_period, explain, find_place, place_in_words
from asd_core.explain.bursts import n_moments
from asd_core.explain.explanation import band_edges, narrowest_band, strongest_span, why
from asd_core.features import LogMel, MemberScores, extract
from asd_core.scoring import score_prepared
from asd_core.sound import prepare
from tests.conftest import ROOT

DEMO = ROOT / "trained_models" / "demo"
FREQUENCIES, HOP = LogMel().frequencies(), 512 / 16000
MAPS = {
    "f_anogan", "vae_kde", "deep_svdd", "deep_svdd_soft", "cnn_ae", "cnn_ae_skip", "cnn_ae_masked", "vae_elbo",
    "dcase_ae", "idnn", "gwrp_gaussian", "knn_bands", "rhythm", "act_embedding", "control_mahalanobis",
}  # fmt: skip


def test_half_padded_frames_at_the_ends_are_no_place() -> None:
    noise = np.random.default_rng(0).random((128, 313))
    noise[60:80, 100:122] += 5.0
    noise[:, [0, -1]] += 500.0
    found = why(noise, HOP, FREQUENCIES)
    assert found is not None
    assert (found.t0, found.t1) == (pytest.approx(99.5 * HOP), pytest.approx(121.5 * HOP))


def test_a_synthetic_burst_is_named_with_its_numbers() -> None:
    noise = np.random.default_rng(0).random((128, 313))
    noise[60:80, 100:122] += 20.0
    found = why(noise, HOP, FREQUENCIES)
    assert found is not None
    assert found.t0 == pytest.approx(99.5 * HOP)
    assert found.t1 == pytest.approx(121.5 * HOP)
    assert found.share == pytest.approx(noise[:, 100:122].sum() / noise[:, 1:-1].sum())
    assert found.time_share == pytest.approx(22 / 313)
    edges = band_edges(FREQUENCIES)
    assert edges[60] <= found.f0 < found.f1 <= edges[80]
    low, high = np.searchsorted(edges, [found.f0, found.f1])
    assert found.band_share == pytest.approx(noise[low:high, 100:122].sum() / noise[:, 100:122].sum())
    assert 0.5 <= found.band_share < 0.6
    assert found.description == (
        f"{100 * found.share:.0f}% of the score comes from 3.2–3.9 s (7% of the clip's time), "
        f"{100 * found.band_share:.0f}% of that from {found.f0 / 1000:.1f}–{found.f1 / 1000:.1f} kHz."
    )


def test_an_even_map_names_no_time() -> None:
    even = np.random.default_rng(0).random((128, 313)) + 10.0
    even[10] += 10_000.0
    found = why(even, HOP, FREQUENCIES, "the reconstruction error")
    assert found is not None
    assert (found.t0, found.time_share, found.share) == (0.0, 1.0, pytest.approx(1.0))
    assert found.f0 < FREQUENCIES[10] < found.f1
    assert found.description.startswith("No time stands out; ")
    assert "of the reconstruction error comes from 0.2" in found.description


def test_an_even_map_of_minutes_does_not_speak_for_every_moment_of_them() -> None:
    """Averaged over minutes, no span stands out although a window of ten seconds may."""
    even = np.random.default_rng(0).random((128, 1200)) + 10.0
    found = why(even, HOP, FREQUENCIES)
    assert found is not None
    assert found.description.startswith("In all 38 s taken as one clip, ")
    assert "throughout" not in place_in_words(found, None)
    short = why(even[:, :313], HOP, FREQUENCIES)
    assert short is not None
    assert place_in_words(short, None).endswith(", throughout the clip")


@pytest.mark.parametrize(
    ("high", "words", "sentence"),
    [
        ([(start, start + 1.0) for start in (0.5, 2.5, 4.5, 6.5, 8.5)], ", in bursts every 2.0 s", "It comes and goes"),
        ([(0.5, 1.7), (2.3, 4.0), (5.7, 6.6), (7.2, 9.4)], ", several times", "It comes and goes"),
        ([(0.0, 7.5)], ", most of the time", "It comes and goes"),
        ([(0.0, 4.4), (4.8, 10.1)], ", throughout the clip", "No time stands out"),
    ],
)
def test_throughout_is_said_only_of_what_is_high_nearly_all_the_time(
    high: list[tuple[float, float]], words: str, sentence: str
) -> None:
    """No single span stands out of any of these; only the last one is there all the time."""
    times = np.arange(313) * HOP
    wave = np.full((128, 313), 0.1)
    wave[60:80] += 10.0 * np.any([(times >= start) & (times < end) for start, end in high], axis=0)
    wave *= np.random.default_rng(0).uniform(0.7, 1.0, wave.shape)
    found = why(wave, HOP, FREQUENCIES)
    assert found is not None
    assert found.time_share == 1.0
    loudness = wave[60:80].sum(axis=0)
    assert place_in_words(found, burst_period(loudness, HOP), n_moments(loudness, HOP)).endswith(words)
    assert found.description.startswith(sentence)


def test_the_demos_first_clip_comes_in_bursts() -> None:
    """Five of about a second, each with ripples, that fill half of its time: neither throughout nor groups."""
    demo, models = demo_dataset(), ModelSet(DEMO, ["knn_bands"])
    clip = prepare(demo.read("test/anomaly_id_00_00000059.wav"))
    place = find_place(clip, models, "knn_bands", "00")
    assert place is not None
    assert place.words == "3.3 to 6.1 kHz, in bursts every 1.9 s"


@pytest.mark.parametrize("anomaly_map", [np.zeros((128, 313)), -np.ones((128, 5)), np.full((128, 5), np.nan)])
def test_an_empty_map_has_no_place(anomaly_map: np.ndarray) -> None:
    assert why(anomaly_map, HOP, FREQUENCIES) is None


@pytest.mark.parametrize("n_frames", [1, 2, 3, 401, 18751])
def test_any_length(n_frames: int) -> None:
    values = np.ones((128, n_frames))
    values[:, n_frames // 2] = 50.0 * n_frames
    found = why(values, HOP, FREQUENCIES)
    assert found is not None
    assert 0.0 <= found.t0 <= (n_frames // 2) * HOP <= found.t1 + 1e-9
    assert found.t1 <= (n_frames - 1) * HOP + 1e-9
    assert found.t1 - found.t0 <= (1.0 + np.ceil(n_frames / 400)) * HOP


def test_spans_and_bands_by_brute_force() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        values = rng.exponential(size=30)
        spans = [(a, b) for a in range(30) for b in range(a + 1, 31)]

        def ratio(a: int, b: int, values: np.ndarray = values) -> float:
            s, w = values[a:b].sum() / values.sum(), (b - a) / 30
            return s * np.log(s / w) + (1 - s) * np.log((1 - s) / (1 - w)) if w < 1 and s > w else -1.0

        assert strongest_span(values, np.ones(30)) == max(spans, key=lambda span: ratio(*span))
        enough = [b - a for a, b in spans if values[a:b].sum() >= 0.5 * values.sum()]
        low, high = narrowest_band(values, 0.5)
        assert high - low == min(enough)
        assert values[low:high].sum() >= 0.499999 * values.sum()


def test_every_detector_answers_on_the_demo() -> None:
    demo, models = demo_dataset(), ModelSet(DEMO)
    rows = demo.rows(split="test", label="anomaly")
    row = rows[(rows["fault"] == "rail_damage") & (rows["severity"] == 1.0) & (rows["machine_id"] == "00")].iloc[0]
    clip = prepare(demo.read(row["clip_id"]))
    features = extract(clip, models.representations())
    found = [explain(models[key], models, features, "00") for key in models]
    assert [e.detector for e in found] == list(models)
    assert {e.detector for e in found if e.map is not None} == MAPS
    log_mel = features[LogMel()]
    for explanation in found:
        assert explanation.description.endswith(".")
        assert (explanation.why is None) == (explanation.map is None)
        if explanation.map is not None:
            assert explanation.map.shape == log_mel.shape
    by_key = {e.detector: e for e in found}
    for key in ("gwrp_gaussian", "knn_bands", "dcase_ae"):
        place = by_key[key].why
        assert place is not None
        events = render_demo_clip(row).fault_events
        assert any(a - 0.1 <= place.t0 and place.t1 <= b + 0.1 for a, b in events), (key, place, events)
        shows = models[key].detector.map_shows
        assert shows in by_key[key].description
    assert "one figure for the whole clip" in by_key["control_rms"].description


def test_a_fusion_names_its_members_and_they_add_up() -> None:
    demo, models = demo_dataset(), ModelSet(DEMO, ["fusion"])
    clip = prepare(demo.read(demo.rows(split="test", label="anomaly")["clip_id"].iloc[3]))
    features = extract(clip, models.representations())
    description = explain(models["fusion"], models, features, "00").description
    fusion = models["fusion"].detector
    assert isinstance(models["fusion"].representation, MemberScores)
    one = {r: [values] for r, values in features.items()}
    raw = raw_scores(ModelSet(DEMO, fusion.members_), one, ["00"])
    neg_log10_ps = fusion.neg_log10_ps([raw[m][0] for m in fusion.members_], "00")
    assert np.mean(neg_log10_ps) == pytest.approx(score_prepared(clip, models, "00")["fusion"])
    assert f"{max(neg_log10_ps):.1f}" in description.split(":")[1]
    assert description.count(",") >= len(neg_log10_ps) - 1


def test_maps_that_claim_to_be_the_score_add_up_to_it() -> None:
    """The mean of the map is the score: the sentence may say "of the score"."""
    demo, models = demo_dataset(), ModelSet(Path(DEMO), ["dcase_ae", "knn_bands"])
    clip = prepare(demo.read(demo.rows(split="test", label="anomaly")["clip_id"].iloc[5]))
    scores = score_prepared(clip, models, "00")
    features = extract(clip, models.representations())
    for explanation in [explain(models[key], models, features, "00") for key in models]:
        assert models[explanation.detector].detector.map_shows == "the score"
        assert explanation.map is not None
        whole = explanation.map.mean() if explanation.detector == "dcase_ae" else explanation.map.sum() / 313
        # dcase_ae: the frames at both ends are in fewer stacks, and count a little less in the score than in the map.
        assert whole == pytest.approx(scores[explanation.detector], rel=0.02)
