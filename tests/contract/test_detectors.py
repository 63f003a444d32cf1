"""One suite over everything registered: what every detector promises."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from asd_core import artifacts
from asd_core.artifacts import Calibration
from asd_core.datasets.slide_rail import simulate
from asd_core.detectors import OPTIONAL, Detector, detector_class, detector_keys
from asd_core.detectors.fusion import Fusion
from asd_core.errors import ArtifactError, Cancelled, TrainingError, UnknownMachineError
from asd_core.features import Array, LogMel, MemberScores, Representation, chosen_embedding
from asd_core.sound import Clip
from asd_core.space import latent_detectors
from tests.tiny_model import entry, onnx_bytes, registered, sha256

IDS = ("00", "02")
PER_ID = 14
BLIND = {"control_random"}  # a control that must not see the synthetic fault
MEMBERS = ["pca_kde", "control_mahalanobis"]  # whose scores the fusion combines here


def quick(key: str) -> Detector:
    cls = detector_class(key)
    names = {row.name for row in cls.parameter_table()}
    small = {} if key == "id_classifier" else {"epochs": 2, "pretrain_epochs": 1, "encoder_epochs": 1}
    if key == "act_embedding":
        small["batch_size"] = (
            8  # it takes ten steps an epoch, however few clips there are: each of a quarter of the usual clips
        )
    detector = cls.create("quick", **{name: value for name, value in small.items() if name in names})
    if isinstance(detector, Fusion):
        detector.members_ = list(MEMBERS)
    return detector


@cache
def sound_of(seconds: float) -> np.ndarray:
    """Simulated once, not for each detector."""
    return simulate("00", seed=9, snr_db=6, duration=seconds).samples


class Bench:
    """Detectors fitted on the same clips, and what they need of a clip."""

    def __init__(self) -> None:
        self.sound = {
            i: [simulate(i, seed=100 * int(i) + n, snr_db=6, duration=5.0).samples for n in range(PER_ID + 6)]
            for i in IDS
        }
        self.train_ids = [i for i in IDS for _ in range(PER_ID)]
        self.known: dict[Representation, list[Array]] = {}  # of training clips: detectors share what they learn from
        self.fitted: dict[str, Detector] = {}
        for key in [*MEMBERS, *detector_keys(optional=True)]:
            if key not in self.fitted:
                self.fitted[key] = quick(key).fit(self.training(key), self.train_ids, seed=1)

    def training(self, key: str) -> list[Array]:
        representation = detector_class(key).info.representation
        if representation not in self.known:
            self.known[representation] = [self.features(key, s, i) for i in IDS for s in self.sound[i][:PER_ID]]
        return list(self.known[representation])

    def features(self, key: str, samples: np.ndarray, machine_id: str = "00") -> Array:
        representation = detector_class(key).info.representation
        if isinstance(representation, MemberScores):
            known = machine_id if machine_id in IDS else IDS[0]
            return np.array([self.scores(self.fitted[m], [samples], known)[0] for m in MEMBERS])
        return representation.transform(Clip(samples[None].astype(np.float32), 16000, "0" * 64, "clip"))

    def scores(self, detector: Detector, clips: list[np.ndarray], machine_id: str = "00") -> np.ndarray:
        features = [self.features(detector.info.key, s, machine_id) for s in clips]
        return detector.score(features, [machine_id] * len(clips))

    def unseen(self, machine_id: str = "00") -> list[np.ndarray]:
        return self.sound[machine_id][PER_ID:]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """With a pretrained model of a few numbers for the detectors that need one."""
    folder = tmp_path_factory.mktemp("pretrained")
    known = entry("tiny", "onnx", sample_rate=16000, sha256=sha256(onnx_bytes()))
    with registered(folder, known) as models, pytest.MonkeyPatch.context() as patch:
        (models / "tiny").mkdir(parents=True)
        (models / "tiny" / "model.onnx").write_bytes(onnx_bytes())
        for cls in (detector_class(key) for key in OPTIONAL if "embedding" in key):
            patch.setattr(cls, "info", replace(cls.info, representation=chosen_embedding("tiny")))
        yield Bench()


@pytest.fixture(params=detector_keys(optional=True))
def key(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_card_is_complete(key: str) -> None:
    info = detector_class(key).info
    assert info.key == key
    for text in (info.title, info.paper, info.how_it_scores, info.when_not_to_use):
        assert text.strip()
    assert min(len(info.how_it_scores), len(info.when_not_to_use)) > 30
    for line in (info.decides, info.catches):  # two lines on a card
        assert re.fullmatch(r"[A-Z][^.]{20,115}(0\.5)?\.", line), line
        assert not re.search(r"Mahalanobis|density of|posterior|KL|log p|eps|percentile", line)
    assert len(info.presets) == 0 or "quick" in info.presets
    for preset in ("quick", "standard", "paper"):
        detector_class(key).create(preset)
    for row in detector_class(key).parameter_table():
        assert row.low <= row.default <= row.high
        assert row.help


def test_scores_are_finite_and_distinct(key: str, bench: Bench) -> None:
    scores = bench.scores(bench.fitted[key], bench.unseen())
    assert scores.shape == (6,)
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) == 6


def test_a_synthetic_fault_scores_higher(key: str, bench: Bench) -> None:
    if key in BLIND:
        pytest.skip("a control that is blind on purpose")
    rng = np.random.default_rng(0)
    broken = []
    for samples, other in zip(bench.unseen(), bench.unseen("02"), strict=True):
        faulty = samples.copy()
        if key == "id_classifier":  # it scores only what makes a machine sound like another one
            faulty[16000:64000] = other[16000:64000]
        else:
            faulty[16000:64000] += rng.normal(0, 0.05, 48000)  # three seconds of loud, broadband noise
        broken.append(faulty)
    below, above = bench.scores(bench.fitted[key], bench.unseen()), bench.scores(bench.fitted[key], broken)
    assert above.mean() > below.mean()
    assert above.min() > np.median(below)


@pytest.mark.parametrize("seconds", [2.0, 7.3, 60.0])
def test_any_length_can_be_scored(key: str, seconds: float, bench: Bench) -> None:
    assert np.isfinite(bench.scores(bench.fitted[key], [sound_of(seconds)])).all()


def test_explanation_has_the_log_mels_shape(key: str, bench: Bench) -> None:
    features = bench.features(key, bench.unseen()[0])
    found = bench.fitted[key].explain(features, "00")
    log_mel = LogMel().transform(Clip(bench.unseen()[0][None].astype(np.float32), 16000, "0" * 64, "clip"))
    assert found is None or (found.shape == log_mel.shape and np.isfinite(found).all())


def test_latent_space(key: str, bench: Bench) -> None:
    """One finite vector a clip, the same every time and alone, and not the same for every clip."""
    detector, clips = bench.fitted[key], bench.unseen()
    features = [bench.features(key, s) for s in clips]
    found = detector.latent(features, ["00"] * len(clips))
    if key not in latent_detectors():
        assert found is None
        return
    assert found is not None
    assert found.shape[0] == len(clips)
    assert found.ndim == 2
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert np.array_equal(found, detector.latent(features, ["00"] * len(clips)))
    assert np.allclose(found[:1], detector.latent(features[:1], ["00"]), rtol=1e-3, atol=1e-5)
    assert np.ptp(found, axis=0).max() > 0


def test_one_clip_scores_the_same_alone_and_among_others(key: str, bench: Bench) -> None:
    together = bench.scores(bench.fitted[key], bench.unseen())
    alone = np.concatenate([bench.scores(bench.fitted[key], [c]) for c in bench.unseen()])
    assert np.allclose(together, alone, rtol=1e-4)


def test_same_seed_same_scores(key: str, bench: Bench) -> None:
    again = quick(key).fit(bench.training(key), bench.train_ids, seed=1)
    assert np.array_equal(bench.scores(again, bench.unseen()), bench.scores(bench.fitted[key], bench.unseen()))


def test_unknown_machine_id_is_refused(key: str, bench: Bench) -> None:
    with pytest.raises(UnknownMachineError, match="does not know machine id 99"):
        bench.scores(bench.fitted[key], bench.unseen()[:1], "99")


def _save(detector: Detector, folder: Path) -> None:
    artifacts.save(
        detector,
        folder,
        seed=1,
        preset="quick",
        dataset="test",
        data_fingerprint="f",
        n_fitted={"00": 1},
        alarms=[],
        calibration=Calibration({"00": [0.0], "02": [0.0]}).scores,
        diagnostics=detector.diagnostics_,
        fit_seconds=0.0,
    )


def test_saved_and_loaded_scores_and_maps_are_the_same(key: str, bench: Bench, tmp_path: Path) -> None:
    _save(bench.fitted[key], tmp_path / key)
    loaded = artifacts.load(tmp_path / key).detector
    clips = bench.unseen("02")
    assert np.array_equal(bench.scores(loaded, clips, "02"), bench.scores(bench.fitted[key], clips, "02"))
    features = bench.features(key, clips[0], "02")
    maps = [detector.explain(features, "02") for detector in (loaded, bench.fitted[key])]
    assert (maps[0] is None and maps[1] is None) or np.array_equal(*maps)


def test_one_changed_byte_is_noticed(key: str, bench: Bench, tmp_path: Path) -> None:
    _save(bench.fitted[key], tmp_path / key)
    weights = tmp_path / key / artifacts.WEIGHTS
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    with pytest.raises(ArtifactError, match=rf"{key}.*does not match"):
        artifacts.load(tmp_path / key)


def test_too_few_clips_are_refused(key: str, bench: Bench) -> None:
    if detector_class(key).info.scope == "none":
        pytest.skip("it learns nothing")
    with pytest.raises(TrainingError, match=r"more normal sound|another machine"):
        quick(key).fit(bench.training(key)[:1], ["00"])


def test_training_can_be_cancelled(key: str, bench: Bench) -> None:
    calls = []

    def stop(fraction: float, message: str) -> None:
        calls.append(fraction)
        raise Cancelled("stopped")

    if detector_class(key).info.scope == "none":
        pytest.skip("it learns nothing")
    with pytest.raises(Cancelled):
        quick(key).fit(bench.training(key), bench.train_ids, progress=stop)
    assert len(calls) == 1


def test_parameters_out_of_range_are_refused(key: str) -> None:
    for row in detector_class(key).parameter_table():
        with pytest.raises(TrainingError, match=row.name):
            detector_class(key).create(**{row.name: row.high + 1})
    with pytest.raises(TrainingError, match="no parameter"):
        detector_class(key).create(nonsense=1)
