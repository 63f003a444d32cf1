"""The library in a notebook: what ``from asd_core import …`` offers beyond the subpackages' own functions.

Each function is a few calls of the subpackages. It takes a folder's name where they take what was loaded from it, and
returns a table where they return objects. Shown in docs/library.md.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from asd_core.artifacts import ModelSet, folder_in_use
from asd_core.counting import counted
from asd_core.datasets import Dataset
from asd_core.features import Array, LogMel
from asd_core.files import write_text
from asd_core.progress import Progress, silent
from asd_core.sound import Channel, Clip, Kind

if TYPE_CHECKING:
    import pandas as pd

    from asd_core.explain import Explanation
    from asd_core.report import Comparison

Models: TypeAlias = str | Path | ModelSet


def denoise(
    clip: Clip, strength: float, *, kind: Kind = "stationary", noise: tuple[float, float] | None = None
) -> Clip:
    """A recording with its steady noise gated away (noisereduce's spectral gating), every channel by itself.

    Args:
        clip: samples ``(n_channels, n_samples)``; the result has the same shape, rate and identity.
        strength: from 0 (the recording itself) to 1.
        kind: ``stationary`` (one threshold per frequency) or ``non-stationary`` (one that follows the sound).
        noise: where the recording holds noise alone, from and to in seconds (stationary only); without it the whole
            recording is taken as the noise, so that a steady hum is removed, too.

    Raises:
        ClipError: when the noise lies outside the recording, is silent or shorter than one window.
        ValueError: for a strength outside 0 to 1.
    """
    from asd_core.sound import denoise_mix, noise_region

    def channel(samples: Array) -> Array:
        region = noise_region(samples, clip.sample_rate, *noise) if noise else None
        return denoise_mix(samples, clip.sample_rate, kind=kind, noise=region).at(strength)

    return clip.with_samples(np.stack([channel(samples) for samples in clip.samples]))


def log_mel(clip: Clip, *, channel: Channel | None = None) -> Array:
    """The log-mel spectrogram that most detectors take: dB re 1.0, 128 Slaney mels, 16 kHz, a frame every 32 ms (DCASE's
    defaults; equal to librosa's to 1e-3 dB).

    Args:
        channel: from 0, or ``mean`` of all; the settings' (the first) by default.

    Returns:
        ``(128, n_frames)`` float32; ``(128, 313)`` for 10 s. Other parameters: :class:`asd_core.features.LogMel`.

    Raises:
        ClipError: when the clip has no such channel, or is silent or too short.
    """
    from asd_core.sound import prepare

    representation = LogMel()
    return representation.transform(prepare(clip, sample_rate=representation.sample_rate, channel=channel))


def score(
    clip: Clip | str | Path,
    models: Models,
    machine_id: str,
    *,
    detectors: Iterable[str] | None = None,
    denoise: float = 0.0,
    kind: Kind = "stationary",
    channel: Channel | None = None,
    false_alarm_rate: float | None = None,
    notify: Callable[[str], None] = lambda _: None,
) -> "pd.DataFrame":
    """Score a recording by every trained detector of a folder.

    Args:
        clip: a recording, or its path.
        models: a folder of trained detectors; a :class:`asd_core.artifacts.ModelSet` of it where many clips are scored, so
            that the detectors are loaded once.
        machine_id: the machine that was recorded, as the training data names it.
        detectors: keys; all of the folder by default.
        denoise: strength from 0 to 1, see :func:`denoise`.
        channel: from 0, or ``mean`` of all; the settings' (the first) by default.
        false_alarm_rate: that thresholds are set to; the settings' (0.05) by default.
        notify: called with a sentence that names the detectors that do not know the machine, and one on those whose pretrained model
            cannot be run, where there are any.

    Returns:
        A row per detector that knows the machine, with columns ``detector``, ``raw`` (higher = more anomalous),
        ``calibrated`` (percentile among the held-out normal clips of this machine, 0 to 100), ``threshold`` (on the raw
        score), ``decision``.

    Raises:
        ClipError: when the recording cannot be scored. ArtifactError: when the folder holds no trained detector.
        UnknownMachineError: when none of the detectors was trained on this machine.
    """
    import pandas as pd

    from asd_core.artifacts import not_scored
    from asd_core.scoring import score_clip

    chosen = _model_set(models, detectors)
    known = chosen.for_machine(machine_id)
    if len(known) < len(chosen):
        notify(not_scored(chosen.not_knowing(machine_id), machine_id))
    scores = score_clip(
        _clip(clip),
        known,
        machine_id,
        denoise=denoise,
        kind=kind,
        channel=channel,
        false_alarm_rate=false_alarm_rate,
        notify=notify,
    )
    return pd.DataFrame(scores)


def evaluate(
    dataset: Dataset,
    models: Models,
    *,
    split: str = "test",
    denoise: float = 0.0,
    kind: Kind = "stationary",
    progress: Progress = silent,
    notify: Callable[[str], None] = lambda _: None,
) -> "pd.DataFrame":
    """AUC and pAUC (p = 0.1, DCASE 2020) of every detector on a dataset's labelled clips, with 95% bootstrap intervals.

    Scores of the models' own dataset are stored in their folder, and read from there the next time.

    Args:
        progress: is called with the fraction done and what is done now.
        notify: called with a sentence on every clip that cannot be scored and every machine that no detector knows.

    Returns:
        A row per detector and machine id, and one of ``machine_id == "mean"``; columns ``detector, machine_id, auc,
        auc_low, auc_high, pauc, pauc_low, pauc_high, n_normal, n_anomaly, n_ids`` (machine ids that the figure is of).
        What cannot be computed is ``nan``.

    Raises:
        ArtifactError: when the folder holds no trained detector, or the split no clip that they know.
    """
    import pandas as pd

    from asd_core.evaluation import evaluate as tabulate
    from asd_core.scoring import Scope, current_scores

    scope = Scope(split, denoise, kind)
    scores, unknown, skipped = current_scores(dataset, _model_set(models), scope, progress=progress)
    for description in skipped:
        notify(description)
    for machine_id, count in unknown.items():
        notify(
            f"{counted(count, 'clip')} of machine id {machine_id} {'was' if count == 1 else 'were'} not scored: no detector was trained on it."
        )
    return pd.DataFrame(tabulate(scores))


def compare(
    models: str | Path, *, detectors: Iterable[str] | None = None, false_alarm_rate: float = 0.05
) -> "Comparison":
    """Put the detectors of a folder side by side, on the scores that training (or :func:`evaluate`) stored of the test clips.

    Args:
        detectors: keys; all that have scores by default.
        false_alarm_rate: that thresholds are set to.

    Returns:
        Tables ``ranking`` (AUC and pAUC with paired intervals, the best first), ``thresholds``, ``breakdown``, ``failures``
        and ``clips``; ``tied`` names the best and those that cannot be told from it, ``not_better`` those that are
        not clearly better than the best control.

    Raises:
        ArtifactError: when there are no scores of labelled clips by these detectors.
    """
    from asd_core.report import Assumptions, report_content

    return report_content(folder_in_use(Path(models)), detectors=detectors, assumptions=Assumptions(false_alarm_rate))[
        0
    ]


def explain_clip(
    clip: Clip | str | Path, models: Models, machine_id: str, *, detectors: Iterable[str] | None = None
) -> "list[Explanation]":
    """Where in time and frequency each detector's score of a recording comes from.

    Args:
        clip, models, machine_id, detectors: as for :func:`score`.

    Returns:
        One answer per detector that knows the machine: ``detector``; ``map (n_mels, n_frames)``, higher = contributes
        more, or ``None`` where a detector gives one figure for the whole clip; ``why`` with the strongest span ``t0,
        t1`` (s) and band ``f0, f1`` (Hz), or ``None``; ``sentence``.

    Raises:
        ClipError, ArtifactError, UnknownMachineError: as for :func:`score`.
    """
    from asd_core.explain import explain
    from asd_core.features import extract, working_rate
    from asd_core.sound import prepare

    chosen = _model_set(models, detectors).for_machine(machine_id)
    representations = chosen.representations()
    recording = _clip(clip)
    rate = working_rate(representations, recording.sample_rate)
    features = extract(prepare(recording, sample_rate=rate), representations)
    return [explain(chosen[key], chosen, features, machine_id) for key in chosen]


def write_report(
    models: str | Path,
    out: str | Path,
    *,
    data: str | Path | None = None,
    detectors: Iterable[str] | None = None,
    false_alarm_rate: float = 0.05,
    progress: Progress = silent,
) -> Path:
    """Write one HTML file, sounds included, that says which detector to trust to a reader without the app.

    Args:
        models: a folder of trained detectors.
        out: the file to write.
        data: where the recordings are; where they were in training by default. Without them the report has no sounds.
        detectors: keys; all that have scores by default.
        false_alarm_rate: that thresholds are set to.

    Returns:
        The file's path.

    Raises:
        ArtifactError: when there are no scores of labelled clips by these detectors.
    """
    from asd_core.report import Assumptions, not_in_report, report_content, report_html

    folder = folder_in_use(Path(models))
    keys = None if detectors is None else list(detectors)
    comparison, dataset, reason = report_content(
        folder,
        data=None if data is None else str(data),
        detectors=keys,
        assumptions=Assumptions(false_alarm_rate),
    )
    left_out = not_in_report(folder, comparison) if keys is None else ""
    path = Path(out)
    write_text(report_html(comparison, dataset, reason, left_out=left_out, progress=progress), path)
    return path


def _clip(clip: Clip | str | Path) -> Clip:
    from asd_core.sound import read_clip

    return clip if isinstance(clip, Clip) else read_clip(clip)


def _model_set(models: Models, keys: Iterable[str] | None = None) -> ModelSet:
    if isinstance(models, ModelSet):
        return models if keys is None else ModelSet(models.folder, keys, shared=models)
    return ModelSet(folder_in_use(Path(models)), keys)
