"""Compare the simulator with recorded clips: a figure, and the numbers quoted in docs/simulator.md.

    python -m asd_core.datasets.slide_rail.compare --real DIR --out docs/images/simulator-vs-real.png

`DIR` holds `dcase2020/dev_data/slider/{train,test}/{normal,anomaly}_id_*.wav`.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.datasets.slide_rail import FAULTS, MACHINE_IDS, SAMPLE_RATE, SNRS_DB, simulate

N_SIMULATED = 60
"""Simulated normals behind each number."""


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """128 Slaney mels in power dB, n_fft 1024, hop 512: `(n_samples,)` -> `(128, n_frames)`."""
    import librosa

    mel = librosa.feature.melspectrogram(
        y=np.asarray(samples, np.float32), sr=SAMPLE_RATE, n_fft=1024, hop_length=512, n_mels=128, power=2.0
    )
    decibels: NDArray[np.float32] = 10 * np.log10(np.maximum(mel, 1e-10))
    return decibels


def rhythm(log_mels: list[NDArray[np.float32]]) -> tuple[float, float]:
    """Lag (s) and height of the first main peak of the upper bands' mean autocorrelation (0.8 to 6 s)."""
    curves = []
    for mel in log_mels:
        envelope = mel[90:].mean(axis=0)
        envelope = envelope - envelope.mean()
        curve = np.correlate(envelope, envelope, "full")[envelope.size - 1 :]
        curves.append(curve / curve[0])
    mean = np.mean(curves, axis=0)
    first = round(0.8 * SAMPLE_RATE / 512)
    lag = first + int(np.argmax(mean[first : round(6 * SAMPLE_RATE / 512)]))
    return lag * 512 / SAMPLE_RATE, float(mean[lag])


@dataclass(frozen=True)
class Group:
    """Normal clips of one machine id from one source."""

    log_mels: list[NDArray[np.float32]]
    rms: NDArray[np.float64]

    @property
    def spectrum(self) -> NDArray[np.float64]:
        """Long-term mel spectrum, dB, `(128,)`."""
        mean: NDArray[np.float64] = np.mean([mel.mean(axis=1) for mel in self.log_mels], axis=0, dtype=np.float64)
        return mean


def _group(clips: list[NDArray[np.float32]]) -> Group:
    return Group([log_mel(clip) for clip in clips], np.array([clip.std() for clip in clips]))


def recorded(folder: Path, machine_id: str, label: str = "normal") -> list[NDArray[np.float32]]:
    """Channel 0 of the recorded clips of one machine id, in order of their names."""
    import soundfile

    root = folder / "dcase2020" / "dev_data" / "slider"
    paths = sorted(root.glob(f"*/{label}_id_{machine_id}_*.wav"))
    if not paths:
        raise ValueError(f"No {label} recordings of id {machine_id} under {root}.")
    return [soundfile.read(path, dtype="float32", always_2d=True)[0][:, 0] for path in paths]


def simulated(machine_id: str, count: int = N_SIMULATED) -> list[NDArray[np.float32]]:
    """Simulated normals of one machine id, all SNRs in turn."""
    return [simulate(machine_id, seed=k, snr_db=SNRS_DB[k % len(SNRS_DB)]).samples for k in range(count)]


def _figure(real: dict[str, Group], ours: dict[str, Group], folder: Path, out: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from PIL import Image

    figure, axes = plt.subplots(5, 4, figsize=(17, 15), layout="constrained")

    def show(axis: Any, mel: NDArray[np.float32], title: str) -> None:
        image = axis.imshow(mel, origin="lower", aspect="auto", vmin=-65, vmax=5, extent=(0, 10, 0, 128))
        axis.set(title=title, xlabel="time (s)", ylabel="mel band")
        if axis is axes[0, 3]:
            figure.colorbar(image, ax=axis, label="dB")

    for column, machine_id in enumerate(MACHINE_IDS):
        show(axes[0, column], real[machine_id].log_mels[-1], f"recorded, id {machine_id}, normal")
        show(axes[1, column], ours[machine_id].log_mels[5], f"simulated, id {machine_id}, normal, +6 dB")
        anomaly = log_mel(recorded(folder, machine_id, "anomaly")[0])
        show(axes[2, column], anomaly, f"recorded, id {machine_id}, anomaly")
        if column < len(FAULTS):
            fault = FAULTS[column]
            clip = simulate(machine_id, seed=5, snr_db=6, fault=fault, severity=0.8)
            show(axes[3, column], log_mel(clip.samples), f"simulated, id {machine_id}, {fault}, severity 0.8")
        axis = axes[4, column]
        axis.plot(real[machine_id].spectrum, color="black", label=f"recorded ({len(real[machine_id].rms)} clips)")
        axis.plot(ours[machine_id].spectrum, color="tab:blue", label=f"simulated ({N_SIMULATED} clips)")
        gap = np.abs(ours[machine_id].spectrum - real[machine_id].spectrum).mean()
        axis.set(title=f"id {machine_id}: mean gap {gap:.1f} dB", xlabel="mel band", ylabel="mean level (dB)")
        axis.legend()
    clip = simulate("06", seed=5, snr_db=6, fault="loose_belt", severity=0.8)
    show(axes[3, 3], log_mel(clip.samples), "simulated, id 06, loose_belt, severity 0.8")
    figure.savefig(out, dpi=60)
    # A spectrogram's colours fit a palette, which makes the file three times smaller.
    Image.open(out).convert("RGB").quantize(128).save(out, optimize=True)


def main(arguments: list[str] | None = None) -> None:
    """Write the figure and print the table."""
    parser = argparse.ArgumentParser(description="Compare the slide-rail simulator with recorded clips.")
    parser.add_argument("--real", type=Path, required=True, help="folder that holds dcase2020/dev_data/slider")
    parser.add_argument("--out", type=Path, required=True, help="PNG to write")
    options = parser.parse_args(arguments)
    real = {machine_id: _group(recorded(options.real, machine_id)) for machine_id in MACHINE_IDS}
    ours = {machine_id: _group(simulated(machine_id)) for machine_id in MACHINE_IDS}
    _figure(real, ours, options.real, options.out)
    write = sys.stdout.write
    write("id | source | clips | RMS 5 % - median - 95 % | main lag (s) | height | mean gap (dB)\n")
    for machine_id in MACHINE_IDS:
        gap = np.abs(ours[machine_id].spectrum - real[machine_id].spectrum).mean()
        for name, group in (("recorded", real[machine_id]), ("simulated", ours[machine_id])):
            low, middle, high = np.percentile(group.rms, (5, 50, 95))
            lag, height = rhythm(group.log_mels)
            write(
                f"{machine_id} | {name} | {group.rms.size} | {low:.4f} - {middle:.4f} - {high:.4f} "
                f"| {lag:.2f} | {height:.2f} | {gap:.2f}\n"
            )


if __name__ == "__main__":
    main()
