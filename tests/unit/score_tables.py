"""Scores of detectors that see the same clips, for tests of the figures."""

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score


def classes(seed: int) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    """Scores of both classes, tied for most seeds."""
    rng = np.random.default_rng(seed)
    digits = int(rng.integers(0, 4))
    normal = rng.normal(size=rng.integers(2, 80)).round(digits)
    return normal, rng.normal(0.7, size=rng.integers(2, 80)).round(digits), rng


def table(
    shifts: dict[str, float], *, n: int = 100, ids: tuple[str, ...] = ("00", "02"), own: float = 0.3, seed: int = 0
) -> pd.DataFrame:
    """Detectors that see the same clips through noise of their own; ``shifts`` sets their anomalies apart."""
    rng = np.random.default_rng(seed)
    frames = []
    anomalous = np.arange(n) % 2 == 1
    for machine_id in ids:
        clip = rng.normal(size=n)
        for detector, shift in shifts.items():
            raw = clip + own * rng.normal(size=n) + shift * anomalous
            columns = {"detector": detector, "machine_id": machine_id, "raw": raw}
            labels = np.where(anomalous, "anomaly", "normal")
            frames.append(pd.DataFrame({**columns, "label": labels, "clip_id": [f"{k:03d}" for k in range(n)]}))
    return pd.concat(frames, ignore_index=True)


def auc_of(scores: pd.DataFrame, detector: str, machine_id: str) -> float:
    own = scores[(scores["detector"] == detector) & (scores["machine_id"] == machine_id)]
    return float(roc_auc_score(own["label"] == "anomaly", own["raw"]))


def with_attributes() -> pd.DataFrame:
    scores = table({"pca_kde": 1.0, "cnn_ae": 0.5}, n=120)
    clip = scores["clip_id"].astype(int)
    anomalous = scores["label"] == "anomaly"
    return scores.assign(
        fault=np.where(anomalous, np.where(clip % 3 == 0, "belt", "rail"), ""),
        severity=np.where(anomalous, (clip + 1) / 120, 0.0),
        snr_db=np.where(clip % 4 < 2, -6, 6),
        domain=np.where(anomalous, "target", "source"),
        speed=clip / 7.0,
    )
