"""What the recordings of a dataset hold, seen before anything is trained: each is decoded once."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from asd_core.counting import counted
from asd_core.datasets.catalogue import Dataset
from asd_core.datasets.conditions import mixed_rates
from asd_core.datasets.folder_listing import Unused
from asd_core.datasets.unusable import note_unusable
from asd_core.errors import ClipError
from asd_core.progress import Progress, silent
from asd_core.sound import Clip, constant_offsets, flags

if TYPE_CHECKING:
    import pandas as pd

FEW_NORMALS = 20  # fewer leave fewer than 4 to set a threshold by
MUCH_SILENCE = 0.25  # share of a recording that holds nothing but zeros


@dataclass(frozen=True)
class Facts:
    """Facts of one recording.

    Attributes:
        clip_id, sha256: which recording.
        seconds, sample_rate, channels: its form.
        level: RMS of the first channel with sound, without its offset, in dB of full scale.
        offset: constant offset of the same channel; full scale is 1, 0 for none.
        silent_channels: numbers of the channels without sound, from 1.
        zeros: share of samples that are exactly 0 in all channels.
        flags: sentences, see :func:`asd_core.sound.flags`.
    """

    clip_id: str
    sha256: str
    seconds: float
    sample_rate: int
    channels: int
    level: float
    offset: float
    silent_channels: tuple[int, ...]
    zeros: float
    flags: tuple[str, ...]


def facts_of(clip: Clip, clip_id: str) -> Facts:
    """What one decoded recording holds."""
    offsets = clip.samples.mean(axis=1)
    rms = np.sqrt(np.mean(np.square(clip.samples - offsets[:, None]), axis=1))
    sounding = np.flatnonzero(rms > 0)
    first = int(sounding[0]) if len(sounding) else 0
    return Facts(
        clip_id,
        clip.sha256,
        clip.duration,
        clip.sample_rate,
        clip.n_channels,
        float(20 * np.log10(max(float(rms[first]), 1e-12))),
        float(constant_offsets(clip.samples)[first]),
        tuple(int(channel) + 1 for channel in np.flatnonzero(rms == 0)),
        float((clip.samples == 0).all(axis=0).mean()),
        tuple(flags(clip)),
    )


def examine(dataset: Dataset, progress: Progress = silent) -> "tuple[pd.DataFrame, list[Unused]]":
    """Decode every recording of a dataset, and note which cannot be used.

    Returns:
        The catalogue's rows that can be used, with the columns of :class:`Facts`, and the files that cannot, with the reason.
    """
    import pandas as pd

    facts: list[dict[str, object]] = []
    unusable: list[Unused] = []
    clip_ids = dataset.catalogue["clip_id"].tolist()
    for index, clip_id in enumerate(clip_ids):
        progress(index / len(clip_ids), f"recording {index + 1} of {len(clip_ids)}")
        try:
            facts.append(asdict(facts_of(dataset.read(clip_id), clip_id)))
        except ClipError as error:
            unusable.append(Unused(clip_id, str(error)))
    progress(1.0, "done")
    note_unusable(dataset.root, {one.file: one.reason for one in unusable}, [str(one["clip_id"]) for one in facts])
    columns = list(Facts.__dataclass_fields__)
    catalogue = dataset.catalogue.drop(
        columns=columns[1:], errors="ignore"
    )  # the dataset's own attributes may have the same names
    return catalogue.merge(pd.DataFrame(facts, columns=columns), on="clip_id"), unusable


def findings(clips: "pd.DataFrame") -> list[str]:
    """What may spoil a comparison of detectors on these recordings, and what to do: a sentence each.

    Args:
        clips: rows of :func:`examine`.
    """
    if clips.empty:
        return []
    return [
        *_duplicates(clips),
        *_forms(clips),
        *_sound(clips),
        *_amounts(clips),
        *_easy(clips),
    ]


def _duplicates(clips: "pd.DataFrame") -> Iterable[str]:
    for _, same in clips.groupby("sha256"):
        if len(same) < 2:
            continue
        names = _examples(same["clip_id"].tolist())
        if {"normal", "anomaly"} <= set(same["label"]):
            yield f"The same sound is called normal and anomaly ({names}): correct one of them."
        elif {"train"} < set(same["split"]):
            yield f"The same sound is in training and test ({names}): the test is then too easy; leave one of them out."
        else:
            yield f"The same sound {len(same)} times ({names}): it counts as {len(same)} clips; leave out all but one."


def _forms(clips: "pd.DataFrame") -> Iterable[str]:
    if mixed := mixed_rates(clips["sample_rate"].value_counts().to_dict()):
        yield mixed
    channels = clips["channels"].value_counts()
    if len(channels) > 1:
        described = ", ".join(f"{count} with {n}" for n, count in channels.items())
        yield f"Recordings with different numbers of channels ({described}): make sure that the same microphone is analysed in all."
    if clips["seconds"].max() > 2 * clips["seconds"].min():
        yield (
            f"Recordings last from {clips['seconds'].min():.1f} to {clips['seconds'].max():.1f} s: scores of short ones vary more; "
            "prefer equal lengths."
        )


def _sound(clips: "pd.DataFrame") -> Iterable[str]:
    for few, text in (
        (clips[clips["offset"] != 0], "a constant offset, which is removed: check the recorder"),
        (clips[clips["zeros"] > MUCH_SILENCE], "digital silence in more than a quarter of its length: cut it off"),
        (clips[clips["silent_channels"].str.len() > 0], "a silent channel: choose the channel that holds the machine"),
    ):
        if len(few):
            yield f"{counted(len(few), 'recording')} with {text} ({_examples(few['clip_id'].tolist())})."
    yield from [flag for row in clips["flags"] for flag in row if "constant offset" not in flag][:5]


def _amounts(clips: "pd.DataFrame") -> Iterable[str]:
    for (machine_type, machine_id), rows in clips.groupby(["machine_type", "machine_id"]):
        normal = int(((rows["label"] == "normal") & (rows["split"] == "train")).sum())
        if 0 < normal < FEW_NORMALS:
            yield (
                f"{machine_type} {machine_id} has {counted(normal, 'normal recording')} to learn from: they set thresholds in turn, each "
                "by a fit that has not learned it, and a fifth of them does for detectors that take long to fit. That is rough; record "
                f"{FEW_NORMALS} or more, at different times."
            )
    labels = set(clips["label"])
    if "anomaly" not in labels:
        yield "There is no anomaly: detectors can be trained, and are compared by synthetic anomalies alone."


def _easy(clips: "pd.DataFrame") -> Iterable[str]:
    from sklearn.metrics import roc_auc_score

    for (machine_type, machine_id), rows in clips.groupby(["machine_type", "machine_id"]):
        test = rows[(rows["split"] == "test") & rows["label"].isin(["normal", "anomaly"])]
        if test["label"].nunique() < 2 or test["label"].value_counts().min() < 3:
            continue
        auc = float(roc_auc_score(test["label"] == "anomaly", test["level"]))
        if auc in (0.0, 1.0):
            louder = "louder" if auc else "quieter"
            yield (
                f"Every anomaly of {machine_type} {machine_id} in the test set is {louder} than every normal recording: a level meter "
                "would tell them apart, so a high AUC says little."
            )


def _examples(clip_ids: list[str]) -> str:
    return ", ".join(clip_ids[:3]) + (" …" if len(clip_ids) > 3 else "")
