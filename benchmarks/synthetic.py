"""Models folders with made-up scores, of any size: what speed and filters are tried on. Nothing in them can score a clip."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from asd_core import artifacts
from asd_core.datasets import DATASET, open_dataset
from asd_core.datasets.slide_rail import simulate
from asd_core.features import LogMel, to_config
from asd_core.files import write_parquet
from asd_core.labels import Draft, LabelStore
from asd_core.lazy import pd
from asd_core.scoring import AS_RECORDED, write_scores
from asd_core.sound import RESAMPLING, wav_bytes

HELD_OUT = 60
SOUNDS = 7  # different ones, however many clips there are
IDS = ("00", "02", "04", "06")


def made_up_scores(n_clips: int, detectors: Sequence[str], *, seed: int = 0) -> "pd.DataFrame":
    """A score table of test clips, half of them anomalies, over four machine ids; each detector separates less than the
    one before, and all of them find the same clips hard.

    Returns:
        Columns clip_id (as DCASE 2020 names it), machine_id, label, detector, raw, calibrated.
    """
    rng = np.random.default_rng(seed)
    number = np.arange(n_clips)
    ids = np.array(IDS)[number % len(IDS)]
    labels = np.where(number // len(IDS) % 2 == 0, "normal", "anomaly")
    clips = [f"test/{label}_id_{i}_{k:08d}.wav" for k, (label, i) in enumerate(zip(labels, ids, strict=True))]
    hard = rng.normal(size=n_clips)
    frames = []
    for index, key in enumerate(detectors):
        raw = hard + rng.normal(size=n_clips) + (labels == "anomaly") * (2.0 - 1.5 * index / len(detectors))
        percentile = 100 * np.searchsorted(np.sort(raw[labels == "normal"]), raw) / max(1, (labels == "normal").sum())
        columns = {"clip_id": clips, "machine_id": ids, "label": labels, "raw": raw, "calibrated": percentile}
        frames.append(pd.DataFrame({**columns, "detector": key}))
    return pd.concat(frames, ignore_index=True)


def write_models(
    folder: Path,
    recordings: Path,
    n_clips: int,
    detectors: Sequence[str],
    *,
    seed: int = 0,
    sound: Callable[[int], bytes] = lambda _: b"",
) -> None:
    """A models folder of the given detectors with made-up scores, and files for its clips.

    Args:
        folder: to write to; its name is the dataset's. recordings: the same, for the files.
        sound: of the clip of a number, a file's content.
    """
    table = made_up_scores(n_clips, detectors, seed=seed)
    (recordings / "test").mkdir(parents=True, exist_ok=True)
    for number, clip_id in enumerate(table["clip_id"].unique()):
        (recordings / clip_id).write_bytes(sound(number))
    dataset = open_dataset(recordings)
    rng = np.random.default_rng(seed)
    versions = {}
    for key in detectors:
        (folder / key).mkdir(parents=True, exist_ok=True)
        versions[key] = f"{rng.integers(16**8):08x}"
        manifest = artifacts.Manifest(
            schema_version=artifacts.SCHEMA,
            detector=key,
            config={},
            representation=to_config(LogMel()),
            seed=seed,
            preset="quick",
            dataset=dataset.name,
            data_fingerprint="made up",
            n_fitted=dict.fromkeys(IDS, 240),
            calibration={i: sorted(rng.normal(scale=np.sqrt(2.0), size=HELD_OUT).tolist()) for i in IDS},
            diagnostics={},
            alarms=[],
            fit_seconds=0.0,
            resampling=RESAMPLING,
            versions={},
            weights_sha256=versions[key] * 8,
        )
        (folder / key / artifacts.MANIFEST).write_text(manifest.model_dump_json(), "utf-8")
    about = {"location": dataset.location, "title": folder.name}
    (folder / DATASET).write_text(json.dumps(about), "utf-8")
    scope, catalogue = AS_RECORDED, dataset.catalogue.set_index("clip_id")
    table = table.assign(
        machine_type=table["clip_id"].map(catalogue["machine_type"]),
        split=scope.split,
        domain=table["clip_id"].map(catalogue["domain"]),
        sha256="",
        model_version=table["detector"].map(versions),
        data_fingerprint=dataset.fingerprint(scope.split),
        denoise=scope.denoise,
        kind=scope.kind,
    )
    write_scores(table, folder / scope.file)


def write_labels(store: LabelStore, clips: "pd.DataFrame", dataset: str, annotators: Sequence[str]) -> None:
    """Label every clip (columns clip_id, machine_id, sha256), the annotators in turn."""
    drafts = [
        Draft(
            kind="label",
            annotator=annotators[number % len(annotators)],
            dataset=dataset,
            clip_sha256=clip.sha256,
            clip_id=clip.clip_id,
            machine_id=clip.machine_id,
            label=("normal", "anomaly")[number % 3 == 0],
        )
        for number, clip in enumerate(clips.itertuples())
    ]
    store.add_many(drafts)


def write_space(folder: Path, recordings: Path, n_clips: int, detectors: Sequence[str], *, seed: int = 0) -> None:
    """:func:`write_models` with pooled log-mels for the feature space, and a few simulated sounds for its clips.

    The log-mels lie around one centre for each machine id, anomalies a little apart, in as many directions as sounds do.
    """
    write_models(folder, recordings, n_clips, detectors, seed=seed)
    table = made_up_scores(n_clips, detectors[:1], seed=seed)[["clip_id", "machine_id", "label"]]
    sounds = [wav_bytes(simulate("00", seed=k, snr_db=6).samples, 16000) for k in range(SOUNDS)]
    for k, clip_id in enumerate(table["clip_id"]):
        (recordings / clip_id).unlink()
        if k < SOUNDS:
            (recordings / clip_id).write_bytes(sounds[k])
        else:
            os.link(recordings / table["clip_id"].iloc[k % SOUNDS], recordings / clip_id)
    rng, d, hidden = np.random.default_rng(seed), 3 * LogMel().n_mels, 12
    centre = rng.normal(size=(len(IDS), hidden))[np.arange(n_clips) % len(IDS)]
    places = centre + rng.normal(size=(n_clips, hidden)) + (table["label"] == "anomaly").to_numpy()[:, None]
    pooled = -40.0 + 5.0 * places @ rng.normal(size=(hidden, d)) + rng.normal(size=(n_clips, d))
    about = table.assign(
        machine_type="machine",
        split="test",
        domain="source",
        sha256=[f"{k:064x}" for k in range(n_clips)],
    )
    columns = pd.DataFrame(pooled.astype(np.float16), columns=[f"f{i}" for i in range(d)])
    write_parquet(pd.concat([about, columns], axis=1), folder / artifacts.POOLED)
