"""Many recordings: what more processes than one gain, and that memory does not grow with the number of clips."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from asd_core.artifacts import ModelSet, raw_scores
from asd_core.datasets import Dataset, extract_dataset, open_dataset
from asd_core.datasets.slide_rail import simulate
from asd_core.engine import Engine, Here, Processes, chosen_engine, use_engine
from asd_core.features import BandSpectrum, LogMel, extract
from asd_core.files import write_bytes
from asd_core.lazy import pd
from asd_core.scoring import Scope, compute_scores, score_split
from asd_core.settings import cores, get_settings
from asd_core.sound import Clip, wav_bytes
from asd_core.training import train
from benchmarks.browser import Figure, figure
from benchmarks.library import demo_models, seconds

SOUNDS = 7  # different ones; clips differ from each other by a few samples more
FEW_MORE = 64  # clips, after which a process has imported all that it needs
FEWER, MORE = 1_000, 20_000
DETECTORS = ("pca_lof", "pca_kde", "dcase_ae")  # of pooled log-mels, of spectra, and a network that sees every frame
IDS = ("00", "02", "04", "06")


@cache
def _sound(number: int) -> "np.ndarray[tuple[int], np.dtype[np.uint8]]":
    return np.frombuffer(wav_bytes(simulate("00", seed=number, snr_db=6, duration=10.0).samples, 16000), np.uint8)


@dataclass(frozen=True)
class MadeUp:
    """The source of clips that are on no disk: one of a few recordings of 10 s, with a few samples of its own."""

    def __call__(self, clip_id: str) -> bytes:
        number = int(clip_id.rsplit("_", 1)[-1].removesuffix(".wav"))
        data = _sound(number % SOUNDS).copy()
        data[-64:] = np.frombuffer(f"{number:064b}".encode(), np.uint8)
        return data.tobytes()


def made_up(n_clips: int) -> Dataset:
    """A dataset of four machine ids; nine clips of ten are to train on."""
    rows = [
        {
            "clip_id": f"normal_id_{IDS[k % len(IDS)]}_{k:08d}.wav",
            "machine_type": "slider",
            "machine_id": IDS[k % len(IDS)],
            "split": "test" if k // len(IDS) % 10 == 0 else "train",
            "label": "normal",
            "domain": "source",
        }
        for k in range(n_clips)
    ]

    def stamps(of: "pd.DataFrame") -> list[str]:
        return list(of["clip_id"])

    return Dataset("made-up", "Made-up clips", "made-up", pd.DataFrame(rows), MadeUp(), stamps)


def _files(folder: Path, n_clips: int) -> Dataset:
    """Made-up clips on the disk, all to train on."""
    for clip_id in made_up(n_clips).catalogue["clip_id"]:
        write_bytes(MadeUp()(clip_id), folder / "train" / clip_id)
    return open_dataset(folder)


def pool_speed(n_clips: int = 200, n: int = 3) -> dict[str, Figure]:
    """Log-mels and spectra of files of 10 s: clips a second by one process per core, against this process alone.
    Nothing is stored."""
    with tempfile.TemporaryDirectory() as folder, _settings(ASD_FEATURES_LIMIT_MB="0"):
        dataset = _files(Path(folder), n_clips)

        def read(engine: Engine) -> float:
            use_engine(engine)
            list(engine.map(abs, range(cores())))  # its processes start before the time does
            extract_dataset(dataset, dataset.catalogue.iloc[:FEW_MORE], [LogMel(), BandSpectrum()])
            return seconds(lambda: extract_dataset(dataset, dataset.catalogue, [LogMel(), BandSpectrum()]))

        ratios = [read(Here()) / read(Processes(cores())) for _ in range(n)]
    use_engine(None)
    return {"pool_vs_one_process": figure(ratios)}


def scoring_speed(n_clips: int = FEWER, n: int = 1) -> dict[str, Figure]:
    """Files of 10 s scored by all of the demo's detectors, a process per core: times as fast as by this process alone,
    and as by a plain loop with librosa. Nothing is stored."""
    models = demo_models()
    with tempfile.TemporaryDirectory() as folder, _settings(ASD_FEATURES_LIMIT_MB="0"):
        dataset = _files(Path(folder), n_clips)

        def score(engine: Engine) -> float:
            use_engine(engine)
            return seconds(lambda: score_split(dataset, models, Scope("train")))

        pools, alone, loops = zip(
            *((score(Processes(cores())), score(Here()), seconds(lambda: _loop(dataset, models))) for _ in range(n)),
            strict=True,
        )
    use_engine(None)
    return {
        f"score_{FEWER}_vs_librosa_loop": figure([loop / pool for loop, pool in zip(loops, pools, strict=True)]),
        f"score_{FEWER}_vs_one_process": figure([one / pool for one, pool in zip(alone, pools, strict=True)]),
    }


def _loop(dataset: Dataset, models: ModelSet) -> None:
    """What a script does: load a file, compute what the detectors take, once for all of them, and ask one after the other."""
    import librosa

    wanted = models.representations()
    for row in dataset.catalogue.itertuples():
        path = dataset.source(row.clip_id)
        y, rate = librosa.load(path, sr=16000)
        power = librosa.feature.melspectrogram(y=y, sr=rate, n_fft=1024, hop_length=512, n_mels=128, power=2.0)
        clip = Clip(y[None], 16000, "", str(path))
        features = extract(clip, [r for r in wanted if r != LogMel()], {}) | {
            LogMel(): librosa.power_to_db(power, ref=1.0)
        }
        raw_scores(models, {r: [array] for r, array in features.items()}, [row.machine_id])


def memory() -> dict[str, Figure]:
    """Peak memory of a training and a scoring of many clips less that of few, each in a process of its own, and in what it starts."""
    peaks = [_peak(n_clips) for n_clips in (MORE, FEWER)]
    return {f"memory_{MORE}_vs_{FEWER}_mb": figure([peaks[0] - peaks[1]], "MB")}


def _peak(n_clips: int) -> float:
    with _settings(ASD_FEATURES_LIMIT_MB="0"):
        # Not as a module that is run: the functions of that one are found by no other process.
        command = [sys.executable, "-c", f"from benchmarks.many_clips import work; print(work({n_clips}))"]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@contextmanager
def _settings(**variables: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ |= variables
    get_settings.cache_clear()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before
        get_settings.cache_clear()


def work(n_clips: int) -> float:
    """Train detectors on made-up clips and score them: the peak of this process's memory in MB, as the system counts it, and of the
    largest of those that read clips."""
    dataset = made_up(n_clips)
    with tempfile.TemporaryDirectory() as folder:
        train(dataset, folder, detectors=DETECTORS, preset="quick")
        compute_scores(dataset, ModelSet(folder), Scope("train"))
    return own_peak(0) + max(chosen_engine().map(own_peak, range(8 * cores())))


def own_peak(_: int) -> float:
    """Peak memory of this process in MB. The system's figure for child processes would start at what the parent had
    itself."""
    status = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
