"""What denoising does to a clip: to every detector's score, and to the energy of every band."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asd_core.artifacts import ModelSet
from asd_core.features import LogMel, mel_power
from asd_core.lazy import pd
from asd_core.progress import Progress, silent
from asd_core.scoring.clip import score_prepared
from asd_core.sound import Clip, DenoiseMix, Samples

STRENGTHS = tuple(round(0.1 * step, 1) for step in range(11))
MOST_DB = 100.0  # a band that is gone: more than this is below what 16 bits hold


def strength_curve(
    prepared: Clip,
    mix: DenoiseMix,
    models: ModelSet,
    machine_id: str,
    *,
    strengths: Sequence[float] = STRENGTHS,
    progress: Progress = silent,
) -> "pd.DataFrame":
    """Scores of one clip by every detector that knows the machine, at each denoising strength.

    Args:
        mix: of the prepared clip, see :func:`asd_core.sound.denoise_mix`.
        progress: may raise ``Cancelled``.

    Returns:
        Columns ``detector, strength, raw, calibrated``.

    Raises:
        UnknownMachineError: when no detector knows the machine id.
    """
    models = models.for_machine(machine_id)
    rows = []
    for index, strength in enumerate(strengths):
        progress(index / len(strengths), f"denoised at {strength:g}")
        for key, raw in score_prepared(prepared.with_samples(mix.at(strength)), models, machine_id, prepared).items():
            rows.append((key, float(strength), raw, float(models[key].calibration.percentile(raw, machine_id))))
    progress(1.0, "done")
    rows.sort(key=lambda row: list(models).index(row[0]))  # detector by detector
    return pd.DataFrame(rows, columns=["detector", "strength", "raw", "calibrated"])


@dataclass(frozen=True, eq=False)
class BandEnergy:
    """Energy of each mel band, summed over the clip, at denoising strengths 0 and 1: ``(n_mels,)`` each.

    The signal is linear in the strength p, so its energy is a parabola: p² E(y1) + (1-p)² E(y0) + 2p(1-p) E(y1, y0).
    Three sums a band give every strength.
    """

    off: NDArray[np.float64]
    zero: NDArray[np.float64]
    one: NDArray[np.float64]
    cross: NDArray[np.float64]  # E(y1, y0): the cross term
    frequencies: NDArray[np.float64]  # centres of the bands in Hz

    def removed_db(self, strength: float) -> NDArray[np.float64]:
        """How far a strength lowers each band's level, in dB (below 0: raised). 0 at strength 0, which bypasses.

        A band without any energy has nothing to lose: nan.
        """
        if strength == 0.0:
            left = self.off
        else:
            p, q = strength, 1.0 - strength
            left = p * p * self.one + q * q * self.zero + 2.0 * p * q * self.cross
        floor = self.off * 10.0 ** (-MOST_DB / 10.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(10.0 * np.log10(self.off / np.maximum(left, floor)), dtype=np.float64)


def band_energy(mix: DenoiseMix, sample_rate: int, representation: LogMel = LogMel()) -> BandEnergy:  # noqa: B008  # frozen
    """Band energies of a clip's denoising, by four spectrograms whatever number of strengths is asked for."""

    def energy(samples: Samples) -> NDArray[np.float64]:
        power = mel_power(
            samples,
            n_fft=representation.n_fft,
            hop_length=representation.hop_length,
            n_mels=representation.n_mels,
            sample_rate=sample_rate,
        )
        return np.asarray(power.sum(axis=0, dtype=np.float64))

    zero, one = energy(mix.zero), energy(mix.one)
    cross = 0.5 * (energy(mix.zero + mix.one) - zero - one)
    return BandEnergy(energy(mix.off), zero, one, cross, representation.frequencies())
