"""What an hour of sound costs, step by step; :mod:`benchmarks.scale` says what follows for millions of clips.

Processor time, not time on the wall, with one thread: it is nearly the same on a computer that has other work to do, and adds up over
cores. The clips are the demo's, and so are the detectors.
"""

import io
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from asd_core.artifacts import ModelSet
from asd_core.datasets import open_dataset
from asd_core.features import MemberScores, Representation
from asd_core.labels import Draft, LabelStore
from asd_core.lazy import pd
from asd_core.scoring import score_clip
from asd_core.sound import Clip, denoise_mix, prepare, read_clip, wav_bytes

LOAD = """
import sys
from asd_core.artifacts import ModelSet
models = ModelSet(sys.argv[1])
models.representations()
"""


class Cost(NamedTuple):
    """Processor seconds for an hour of sound: the median of some rounds, the least and the most."""

    median: float
    least: float
    most: float


class Measured(NamedTuple):
    """What was measured: costs by the step's name, and sizes in bytes."""

    reading: dict[str, Cost]
    representations: dict[str, Cost]
    detectors: dict[str, Cost]  # by key, without their representation
    needs: dict[str, str]  # the representation of each detector, by its name above; of a fusion none
    one_by_one: Cost  # of all detectors, a clip at a time, with all that they need
    training_clips: int  # of a machine
    start: float  # processor seconds of a process until all detectors are loaded
    sizes: dict[str, float]  # bytes, a clip (or what the name says)


def cost(work: Callable[[], object], hours: float, rounds: int) -> Cost:
    """Of work on some hours of sound, after one round that loads what is loaded once."""
    work()
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append((time.process_time() - began) / hours)
    return Cost(statistics.median(taken), min(taken), max(taken))


def name_of(representation: Representation) -> str:
    return f"{representation.kind}, {representation.sample_rate / 1000:.0f} kHz"


def _encoded(clip: Clip, form: str) -> bytes:
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, clip.samples.T, clip.sample_rate, format=form, subtype="PCM_16")
    return buffer.getvalue()


def _raised(clip: Clip) -> Clip:
    """The clip as a recorder at 48 kHz has it, with noise up to 24 kHz."""
    from scipy.signal import resample_poly

    samples = resample_poly(clip.samples, 3, 1, axis=1)
    noise = np.random.default_rng(0).normal(0, 1e-3, samples.shape)
    return read_clip(wav_bytes((samples + noise).clip(-1, 1).astype(np.float32), 3 * clip.sample_rate))


def measure(models_folder: Path, n_clips: int, rounds: int) -> Measured:
    """All figures, on the first clips of the demo's test split, of all machine ids in turn."""
    from threadpoolctl import threadpool_limits
    from torch import set_num_threads

    demo, models = open_dataset("demo"), ModelSet(models_folder)
    rows = demo.rows(split="test")
    rows = rows.assign(place=rows.groupby("machine_id").cumcount()).sort_values(["place", "machine_id"]).head(n_clips)
    clips, ids = [demo.read(str(clip_id)) for clip_id in rows["clip_id"]], list(rows["machine_id"])
    hours = sum(clip.duration for clip in clips) / 3600
    set_num_threads(1)
    with threadpool_limits(1):
        wav, flac, raised = (
            [wav_bytes(c.samples, c.sample_rate) for c in clips],
            [_encoded(c, "FLAC") for c in clips],
            [*map(_raised, clips)],
        )
        prepared = [prepare(clip) for clip in clips]
        steps: dict[str, Callable[[], object]] = {
            "decode WAV, 16 bit, 16 kHz": lambda: [read_clip(data) for data in wav],
            "decode FLAC, 16 bit, 16 kHz": lambda: [read_clip(data) for data in flac],
            "one channel, offset (no other rate)": lambda: [prepare(clip) for clip in clips],
            "the same, from 48 kHz to 16 kHz": lambda: [prepare(clip) for clip in raised],
            "denoise, stationary": lambda: [denoise_mix(c.samples[0], c.sample_rate).at(1.0) for c in prepared],
        }
        reading = {name: cost(work, hours, rounds) for name, work in steps.items()}
        wanted = models.representations()
        representations = {
            name_of(r): cost(lambda r=r: [r.transform(clip) for clip in prepared], hours, rounds) for r in wanted
        }
        features = {r: [r.transform(clip) for clip in prepared] for r in wanted}
        detectors, needs = {}, {}
        for key in models:
            artifact = models[key]
            if isinstance(artifact.representation, MemberScores):  # members have a row of their own
                inputs = list(np.random.default_rng(0).random((len(clips), len(artifact.detector.members_))))
                needs[key] = ""
            else:
                inputs, needs[key] = features[artifact.representation], name_of(artifact.representation)
            detectors[key] = cost(lambda a=artifact, i=inputs: a.detector.score(i, ids), hours, rounds)
        one_by_one = cost(
            lambda: [score_clip(clip, models, i) for clip, i in zip(clips, ids, strict=True)], hours, rounds
        )
    sizes = {
        "WAV, 16 bit, 16 kHz": np.mean([len(d) for d in wav]),
        "FLAC, 16 bit, 16 kHz": np.mean([len(d) for d in flac]),
    }
    sizes |= {f"features: {name_of(r)}": np.mean([f.nbytes for f in features[r]]) for r in wanted}
    sizes |= {"scores, a detector": _score_bytes(models_folder), "a label, with what follows from it": _label_bytes()}
    return Measured(
        reading,
        representations,
        detectors,
        needs,
        one_by_one,
        round(demo.rows(split="train").groupby("machine_id").size().mean()),
        _start(models_folder),
        {k: float(v) for k, v in sizes.items()},
    )


def _start(models_folder: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", LOAD, str(models_folder)], check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _score_bytes(models_folder: Path) -> float:
    there = [path for name in ("scores", "scores-train") if (path := models_folder / f"{name}.parquet").is_file()]
    rows = sum(len(pd.read_parquet(path, columns=["clip_id"])) for path in there)
    return sum(path.stat().st_size for path in there) / rows


def _label_bytes(count: int = 5000) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.sqlite3"
        store = LabelStore.open(f"sqlite:///{path}")
        about = {
            "annotator": "ada@example.org",
            "dataset": "press",
            "machine_id": "00",
            "label": "normal",
            "blind": True,
        }
        store.add_many(
            [
                Draft(kind="label", clip_sha256=f"{n:064x}", clip_id=f"test/normal_id_00_{n:08d}.wav", **about)
                for n in range(count)
            ]
        )
        store.close()  # what was written beside the file is in it then
        return path.stat().st_size / count
