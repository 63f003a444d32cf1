"""How often the guard says that a recording is not one of a machine: ``python -m benchmarks.applicability``.

Should fire: recordings of other machines, of another rate, squeezed, or far too quiet. Should not: a machine's own normal clips
that training did not have, and its anomalies. Limits were chosen on the demo; the real recordings below ``ASD_REAL_DATA``
(``dcase2020/dev_data/TYPE/{train,test}``), where they are, check them, against the demo and as the reference themselves. What
stands in for other machines (``simulated_…``) is noise and tones, and shows no more than that.
"""

import argparse
import io
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.artifacts import pooled_columns, read_pooled
from asd_core.datasets import demo_dataset
from asd_core.features import LogMel, pool
from asd_core.scoring import MachineNormals, applicability_of, check_clips, known_normals, machine_normals
from asd_core.settings import get_settings
from asd_core.sound import Clip, Samples, prepare, read_clip, resample

RATE, N = 16000, 160000
EACH = 12  # clips a kind of change
FOLDS = 5
Pooled = NDArray[np.float64]


def pooled_of(samples: Samples) -> Pooled:
    clip = Clip(np.asarray(samples, dtype=np.float32)[None], RATE, "0", "clip")
    return pool(LogMel().transform(clip)).astype(np.float64)


def fires(pooled: Sequence[Pooled] | Pooled, normals: MachineNormals) -> dict[str, Any]:
    """Share of clips that do not belong, and how many there are."""
    if not len(pooled):
        return {"fires": None, "n": 0}
    result = check_clips(np.asarray(pooled), normals)
    return {"fires": round(float(np.mean([not one.applicable for one in result])), 3), "n": len(result)}


def at_rate(samples: Samples, rate: int) -> Samples:
    """Resampled to another rate and back."""
    low = resample(Clip(samples[None], RATE, "0", "clip"), rate)
    return np.asarray(resample(low, RATE).samples[0])


def as_mp3(samples: Samples) -> Samples:
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE, format="MP3", subtype="MPEG_LAYER_III")
    buffer.seek(0)
    return np.asarray(soundfile.read(buffer, dtype="float32")[0][: len(samples)])


def sixteen_bits(samples: Samples) -> Samples:
    return np.asarray(np.round(samples * 32768) / 32768, dtype=np.float32)


def fan(rng: np.random.Generator) -> Samples:
    """A stand-in for a fan: turbulence with a broad hump and the harmonics of its blades, at RMS 1."""
    hz, t = np.fft.rfftfreq(N, 1 / RATE), np.arange(N) / RATE
    slope = (1 + (hz / rng.uniform(300, 900)) ** 2) ** -rng.uniform(0.4, 0.9)
    hump = 1 + rng.uniform(0.5, 3) * np.exp(-0.5 * (np.log2(np.maximum(hz, 1) / rng.uniform(800, 3000)) / 0.4) ** 2)
    sound = np.fft.irfft(slope * hump * np.exp(2j * np.pi * rng.random(hz.size)), N)
    sound, blades = sound / sound.std(), rng.uniform(80, 260)
    for k in range(1, 12):
        sound += rng.uniform(0.1, 0.6) / k**0.5 * np.sin(2 * np.pi * blades * k * t + rng.uniform(0, 6))
    return np.asarray(sound / sound.std(), dtype=np.float32)


def changes(rng: np.random.Generator) -> dict[str, Callable[[Samples], Samples]]:
    """What is done to a machine's own clip so that it does not belong any more."""
    return {
        "at_8_khz_and_back": lambda x: at_rate(x, 8000),
        "as_mp3": as_mp3,
        "30_db_quieter": lambda x: sixteen_bits(x * 10**-1.5),
        "25_db_louder": lambda x: np.asarray(x * 10**1.25, dtype=np.float32),
        "simulated_white_noise": lambda _: rng.normal(0, 0.01, N).astype(np.float32),
        "simulated_fan": lambda _: 0.011 * fan(rng),
        "simulated_fan_beside_it_6_db": lambda x: x + 0.022 * fan(rng),
        "simulated_fan_beside_it_0_db": lambda x: x + 0.011 * fan(rng),
    }


def read(files: Sequence[Path]) -> list[Samples]:
    return [prepare(read_clip(file)).samples[0] for file in files]


def on_the_demo(real: dict[str, list[Pooled]]) -> dict[str, Any]:
    """Everything against the demo's machines, by the references that its detectors have."""
    folder, dataset = get_settings().models_dir / "demo", demo_dataset()
    table, known = read_pooled(folder), known_normals(folder)
    columns, test = pooled_columns(table), table["split"] == "test"
    figures: dict[str, Any] = {}
    for machine_id, normals in known.items():
        own = table[test & (table["machine_id"] == machine_id)]
        result: dict[str, Any] = {"normal": fires(own.loc[own["label"] == "normal", columns], normals)}
        for (fault, strong), rows in own[own["label"] == "anomaly"].groupby(["fault", own["severity"] > 2 / 3]):
            result[f"{fault}, {'strong' if strong else 'weaker'}"] = fires(rows[columns], normals)
        others = table[test & (table["machine_id"] != machine_id) & (table["label"] == "normal")]
        result["normal of the other ids"] = fires(others[columns], normals)
        clips = own[own["label"] == "normal"]["clip_id"].head(EACH)
        sounds = [prepare(dataset.read(clip_id)).samples[0] for clip_id in clips]
        for name, change in changes(np.random.default_rng(0)).items():
            result[name] = fires([pooled_of(change(x)) for x in sounds], normals)
        for seconds in (2, 5):
            parts = np.array([pooled_of(x[: RATE * seconds]) for x in sounds])
            shorter = check_clips(parts, normals, n_frames=RATE * seconds // 512 + 1)
            result[f"normal, its first {seconds} s"] = {
                "fires": round(float(np.mean([not one.applicable for one in shorter])), 3),
                "n": len(shorter),
            }
        for kind, pooled in real.items():
            result[f"real {kind}"] = fires(pooled, normals)
        figures[machine_id] = result
    return figures


def on_real(kind: str, root: Path, real: dict[str, list[Pooled]]) -> dict[str, Any]:
    """Everything against the machine ids of a real type that have enough normal clips."""
    figures: dict[str, Any] = {}
    files = sorted((root / kind / "train").glob("normal_id_*.wav"))
    for machine_id in sorted({file.name.split("_")[2] for file in files}):
        sounds = read([file for file in files if f"_id_{machine_id}_" in file.name])
        own = np.array([pooled_of(x) for x in sounds])
        turn = np.random.default_rng(0).permutation(len(own)) % FOLDS
        normals = machine_normals(own, machine_id)
        if normals is None:
            continue
        flagged = 0
        for fold in range(FOLDS):
            part = machine_normals(own[turn != fold], machine_id)
            flagged += sum(not one.applicable for one in check_clips(own[turn == fold], part)) if part else 0
        result: dict[str, Any] = {
            "normal, held out in turn": {"fires": round(flagged / len(own), 3), "n": len(own)},
        }
        for label in ("normal", "anomaly"):
            there = sorted((root / kind / "test").glob(f"{label}_id_{machine_id}_*.wav"))
            result[f"test, {label}"] = fires([pooled_of(x) for x in read(there)], normals)
        for name, change in changes(np.random.default_rng(0)).items():
            result[name] = fires([pooled_of(change(x)) for x in sounds[:EACH]], normals)
        for other, pooled in real.items():
            if other != kind:
                result[f"real {other}"] = fires(pooled, normals)
        figures[f"{kind}/{machine_id}"] = result
    return figures


def milliseconds() -> float:
    """Milliseconds of one check of a 10 s clip, the machine's reference at hand: the median of 30."""
    folder, dataset = get_settings().models_dir / "demo", demo_dataset()
    clip = prepare(dataset.read(dataset.rows(split="test")["clip_id"].iloc[0]))
    times = []
    for _ in range(30):
        began = time.perf_counter()
        applicability_of(clip, folder, "00")
        times.append(time.perf_counter() - began)
    return round(1000 * float(np.median(times)), 1)


def measure(root: Path | None) -> dict[str, Any]:
    """All figures.

    Args:
        root: folder with a folder per machine type, ``TYPE/{train,test}/*.wav``.
    """
    kinds = sorted(path.name for path in root.iterdir() if path.is_dir()) if root else []
    real = {kind: [pooled_of(x) for x in read(sorted((root / kind).rglob("*.wav")))] for kind in kinds} if root else {}
    figures: dict[str, Any] = {"milliseconds": milliseconds(), "demo": on_the_demo(real)}
    for kind in kinds:
        assert root
        figures |= {f"real {name}": value for name, value in on_real(kind, root, real).items()}
    if not set(kinds) - {"slider"}:
        figures["missing"] = "no real recordings of another machine type than the slide rail are here"
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    folder = os.environ.get("ASD_REAL_DATA")
    text = json.dumps(measure(Path(folder) / "dcase2020" / "dev_data" if folder else None), indent=1)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
