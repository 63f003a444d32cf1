"""Detectors of two sample rates side by side: each is trained and scored on the recordings at its own rate."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core import artifacts
from asd_core.artifacts import CONDITIONS, ModelSet
from asd_core.datasets import Dataset, open_dataset
from asd_core.detectors.gwrp_gaussian import GwrpGaussian
from asd_core.explain import explain
from asd_core.features import LogMel, extract, working_rate
from asd_core.scoring import scan_recording, score_clip, strength_curve
from asd_core.sound import RESAMPLING, denoise_mix, prepare
from asd_core.training import train
from tests.conftest import ROOT, write_wav

RATE, SECONDS = 48000, 2
WIDE, NARROW = "gwrp_gaussian", "control_mahalanobis"


@pytest.fixture(scope="module")
def whistles(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Noise below 8 kHz; the anomalies also whistle at 12 kHz, which nothing at 16 kHz holds."""
    root = tmp_path_factory.mktemp("whistles")
    rng = np.random.default_rng(0)
    time = np.arange(SECONDS * RATE) / RATE
    low = np.abs(np.fft.rfftfreq(len(time), 1 / RATE)) < 7000
    for name, count in (("normal", 40), ("anomaly", 4)):
        for number in range(count):
            spectrum = np.fft.rfft(rng.normal(0, 0.1, len(time))) * low
            samples = np.fft.irfft(spectrum, len(time)) + rng.normal(0, 1e-4, len(time))
            if name == "anomaly":
                samples += 0.05 * np.sin(2 * np.pi * 12000 * time)
            write_wav(root / name / f"{number:02}.wav", samples, RATE)
    return open_dataset(root)


@pytest.fixture(scope="module")
def both(whistles: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelSet]:
    """A detector of the registry that wants 32 kHz, as long as these tests run, and one at 16 kHz."""
    folder = tmp_path_factory.mktemp("both")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GwrpGaussian, "info", replace(GwrpGaussian.info, representation=LogMel(sample_rate=32000)))
        train(whistles, folder, detectors=[WIDE, NARROW])
        yield ModelSet(folder)


def test_a_detector_of_32_khz_trains_and_scores_beside_one_of_16(
    both: ModelSet, whistles: Dataset, tmp_path: Path
) -> None:
    assert both[WIDE].representation == LogMel(sample_rate=32000)
    test = whistles.rows(split="test")
    (machine_id,) = test["machine_id"].unique()
    scores = {c: {s.detector: s for s in score_clip(whistles.read(c), both, machine_id)} for c in test["clip_id"]}
    raw = pd.Series({clip_id: found[WIDE].raw for clip_id, found in scores.items()})
    label = test.set_index("clip_id")["label"]
    assert raw[label == "anomaly"].min() > raw[label == "normal"].max(), "the whistle is heard"
    for clip_id, found in scores.items():
        for key in both:
            alone = ModelSet(both.folder, [key])
            assert score_clip(whistles.read(clip_id), alone, machine_id) == [found[key]]
    train(whistles, tmp_path / "alone", detectors=[NARROW])
    stored = [artifacts.read_manifest(folder / NARROW).calibration for folder in (both.folder, tmp_path / "alone")]
    assert stored[0] == stored[1]


def test_strengths_windows_and_maps_are_of_that_rate_too(both: ModelSet, whistles: Dataset) -> None:
    row = whistles.rows(split="test").iloc[0]
    clip, machine_id = whistles.read(row["clip_id"]), row["machine_id"]
    scores = {s.detector: s.raw for s in score_clip(clip, both, machine_id)}
    denoised = {s.detector: s.raw for s in score_clip(clip, both, machine_id, denoise=0.5)}
    prepared = prepare(clip, sample_rate=working_rate(both.representations(), clip.sample_rate))
    mix = denoise_mix(prepared.samples[0], prepared.sample_rate)
    curve = strength_curve(prepared, mix, both, machine_id, strengths=(0.0, 0.5)).set_index(["detector", "strength"])[
        "raw"
    ]
    windows = scan_recording(prepared, both, machine_id).set_index("detector")["raw"]
    for key in both:
        assert curve[key, 0.0] == windows[key] == scores[key]
        assert curve[key, 0.5] == denoised[key]
    explained = explain(both[WIDE], both, extract(prepared, both.representations()), machine_id)
    assert explained.why is not None
    assert explained.why.f1 <= 16000


def test_detectors_of_another_resampling_raise_an_alarm_and_are_trained_again(
    whistles: Dataset, tmp_path: Path
) -> None:
    def told() -> list[str]:
        return artifacts.read_manifest(tmp_path / NARROW).alarms

    def trained() -> bool:
        before = place.stat().st_mtime_ns
        train(whistles, tmp_path, detectors=[NARROW], resume=True)
        return place.stat().st_mtime_ns != before

    place = tmp_path / NARROW / "manifest.json"
    train(whistles, tmp_path, detectors=[NARROW])
    assert (told(), trained()) == ([], False)
    content = json.loads(place.read_text())
    assert content.pop("resampling") == RESAMPLING
    place.write_text(json.dumps(content))  # as it was before it was recorded
    (alarm,) = told()
    assert alarm.startswith("Its training recordings (48,000 Hz) were brought to 16,000 Hz by an earlier method")
    conditions = (tmp_path / CONDITIONS).read_text()
    for text in (conditions.replace("48000", "16000"), "{"):
        (tmp_path / CONDITIONS).write_text(text)
        assert [alarm[:55] for alarm in told()] == (
            [] if text[1:] else ["The rates of its training recordings are not known: unl"]
        )
    (tmp_path / CONDITIONS).unlink()
    assert "are not known: unless all had 16,000 Hz, an earlier method" in told()[0]
    assert trained()
    assert (told(), trained()) == ([], False)


def test_the_demo_is_not_concerned() -> None:
    demo = ROOT / "trained_models" / "demo"
    assert any("resampling" not in (demo / key / "manifest.json").read_text() for key in artifacts.trained_keys(demo))
    assert not [
        a for key in artifacts.trained_keys(demo) for a in artifacts.read_manifest(demo / key).alarms if "method" in a
    ]
