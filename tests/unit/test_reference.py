import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from asd_core.datasets import Dataset, held_out
from asd_core.errors import ArtifactError, ClipError, TrainingError
from asd_core.explain import REFERENCE, make_reference, read_reference
from asd_core.features import LogMel, WelchSpectrum
from asd_core.sound import Clip, prepare, welch
from tests.conftest import ROOT

DEMO = ROOT / "trained_models" / "demo"


def _clip(samples: np.ndarray, rate: int = 16000) -> Clip:
    return Clip(samples[None].astype(np.float32), rate, "0", "clip")


def test_a_full_scale_sine_is_at_0_db() -> None:
    frequency = 1000.0  # the centre of bin 64
    spectrum = WelchSpectrum().transform(_clip(np.sin(2 * np.pi * frequency * np.arange(32000) / 16000)))
    assert spectrum.shape == (513,)
    assert spectrum.dtype == np.float32
    assert WelchSpectrum().frequencies()[spectrum.argmax()] == frequency
    assert spectrum.max() == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize(("n", "hop_length"), [(1024, 512), (1024, 300), (4000, None), (1001, None), (8192, None)])
@pytest.mark.parametrize("means", [True, False])
def test_welch_equals_scipys(n: int, hop_length: int | None, means: bool) -> None:
    samples = np.random.default_rng(0).normal(0.02, 0.1, 80000).astype(np.float32)
    overlap = n - hop_length if hop_length else None
    expected = signal.welch(samples, 16000, nperseg=n, noverlap=overlap, detrend="constant" if means else False)
    frequencies, density = welch(samples, 16000, n, hop_length=hop_length, remove_means=means)
    assert np.allclose(frequencies, expected[0])
    assert np.allclose(density, expected[1], rtol=1e-5, atol=1e-12)


def test_the_spectrum_is_scipys_in_db_of_a_full_scale_sine() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 8192).astype(np.float32)
    _, power = signal.welch(samples, 16000, nperseg=1024, detrend=False, scaling="spectrum")
    assert np.allclose(WelchSpectrum().transform(_clip(samples)), 10 * np.log10(2 * power), atol=1e-3)


def test_welch_refuses_a_clip_that_is_not_prepared() -> None:
    with pytest.raises(ClipError, match="prepare"):
        WelchSpectrum().transform(_clip(np.ones(32000), 8000))


def test_training_writes_the_spread_of_the_fitted_normals(small_models: Path, small_dataset: Dataset) -> None:
    reference = read_reference(small_models, "02")
    assert reference is not None
    rows = small_dataset.rows(split="train", label="normal")
    clips = [small_dataset.read(c) for c in rows["clip_id"]]
    fitted = ~held_out([c.sha256 for c in clips], rows["machine_id"].tolist())
    kept = [c for c, f, i in zip(clips, fitted, rows["machine_id"], strict=True) if f and i == "02"]
    assert reference.n_clips == len(kept) == 19
    welch = np.stack([WelchSpectrum().transform(prepare(c)) for c in kept])
    levels = np.stack([LogMel().transform(prepare(c)).mean(axis=1) for c in kept])
    for name, percentile in (("low", 5), ("median", 50), ("high", 95)):
        for kind, values in (("welch", welch), ("mel", levels)):
            own = getattr(reference, f"{kind}_{name}")
            assert own.dtype == np.float32
            assert np.allclose(own, np.percentile(values, percentile, axis=0), atol=1e-3)
    assert np.allclose(reference.mel_mean, levels.mean(axis=0), atol=1e-3)
    assert np.array_equal(reference.welch_frequencies, np.linspace(0, 8000, 513, dtype=np.float32))


def test_a_folder_without_one_gets_the_same(small_models: Path, small_dataset: Dataset, tmp_path: Path) -> None:
    assert read_reference(tmp_path, "00") is None
    make_reference(small_dataset, tmp_path)
    assert (tmp_path / REFERENCE).read_bytes() == (small_models / REFERENCE).read_bytes()
    assert read_reference(tmp_path, "77") is None


def test_a_damaged_file_is_named(small_models: Path, tmp_path: Path) -> None:
    shutil.copy(small_models / REFERENCE, tmp_path)
    (tmp_path / REFERENCE).write_bytes(b"nothing")
    with pytest.raises(ArtifactError, match="damaged: delete it"):
        read_reference(tmp_path, "00")


def test_without_normals_there_is_no_reference(small_dataset: Dataset, tmp_path: Path) -> None:
    rows = small_dataset.catalogue[small_dataset.catalogue["split"] == "test"]
    empty = Dataset("x", "Tests only", "x", rows, small_dataset.source)
    with pytest.raises(TrainingError, match="Tests only has no normal clips"):
        make_reference(empty, tmp_path)


def test_the_demo_has_one() -> None:
    assert (DEMO / REFERENCE).stat().st_size < 200_000
    for machine_id in ("00", "02", "04", "06"):
        reference = read_reference(DEMO, machine_id)
        assert reference is not None
        assert reference.n_clips == 240
        assert (reference.welch_low <= reference.welch_median).all()
        assert (reference.mel_median <= reference.mel_high).all()
