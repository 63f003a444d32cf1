"""What detectors are trained, calibrated and checked on: read once for all of them."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from asd_core import artifacts
from asd_core.artifacts import ModelSet, raw_scores
from asd_core.counting import counted
from asd_core.datasets import (
    Conditions,
    Dataset,
    Extracted,
    extract_dataset,
    held_out,
    mixed_rates,
    together,
)
from asd_core.detectors import MIN_TRAINING_CLIPS, DensityPerId, Detector, is_control
from asd_core.detectors.fusion import Fusion, choose_members
from asd_core.errors import TrainingError
from asd_core.features import (
    LogMel,
    MemberScores,
    Representation,
    WelchSpectrum,
    from_config,
    of_denoised,
)
from asd_core.on_disk import shapes
from asd_core.progress import Progress, stage
from asd_core.settings import get_settings
from asd_core.sound import Kind
from asd_core.training.synthetic_anomalies import GRADES, GradedAnomalies, SyntheticAnomalies, kinds_in_turn

FEW = 25  # normal clips of a machine: with fewer, a note says how they are divided
SOURCES = 24  # held-out clips that anomalies of every strength are made of
FEWEST_SOURCES = 2  # of a machine id


@dataclass(frozen=True)
class Material:
    """Everything detectors are trained, calibrated, checked and tested on."""

    dataset: Dataset
    fit: Extracted
    calibration: Extracted  # normal clips that are never fitted on
    synthetic: Extracted  # synthetic anomalies made of the same clips, one each, with a column kind
    test: Extracted
    fingerprint: str  # of all training clips
    graded: Extracted  # more of them, of some of these clips: each kind at several strengths, with columns kind and db
    denoise: float = 0.0  # strength at which detectors get the clips
    kind: Kind = "stationary"  # of that denoising
    conditions: Mapping[str, Mapping[str, Conditions]] = field(default_factory=dict)  # by split and machine id
    refused: Mapping[Representation, str] = field(
        default_factory=dict
    )  # for want of a pretrained model, with the reason

    def input(self, detector: Detector) -> Representation:
        """What a detector gets of every clip: its representation, of the clip denoised at the strength."""
        return detector_input(detector.info.representation, self.denoise, self.kind)

    @property
    def machine_ids(self) -> list[str]:
        """Of the training clips."""
        return sorted({*self.fit.machine_ids, *self.calibration.machine_ids})

    @property
    def clips(self) -> dict[str, int]:
        """How many normal clips each machine id has, those held out included."""
        return dict(sorted(Counter([*self.fit.machine_ids, *self.calibration.machine_ids]).items()))

    @cached_property
    def learned_from(self) -> str:
        """A hash of the training clips with their machines, domains and attributes, and of the channel that is analysed."""
        clips = [
            "\t".join(row)
            for part in (self.fit, self.calibration)
            for row in zip(part.rows["sha256"], part.machine_ids, part.domains, part.attributes, strict=True)
        ]
        return artifacts.fingerprint([f"channel {get_settings().channel}", *clips])[:16]

    def taught(self, manifest: artifacts.Manifest) -> bool:
        """Whether a detector learned from these very clips; of an older one the clips' bytes alone are known."""
        same = manifest.learned_from in ("", self.learned_from)
        return same and manifest.data_fingerprint == self.fingerprint

    @property
    def fit_amount(self) -> float:
        """How many clips of 10 s there are to fit on, by their log-mels: a longer one is several, a shorter one takes about as long.
        A detector of others' scores takes each clip as one."""
        mel = LogMel()
        if mel not in self.fit.features:
            return float(len(self.fit.rows))
        tens = mel.hop_length / mel.sample_rate / 10.0
        return float(sum(max(1.0, n_frames * tens) for _, n_frames in shapes(self.fit.features[mel])))

    def of_machines(self, machine_ids: Collection[str]) -> "Material":
        """The clips of these machines alone."""
        if set(machine_ids) >= {*self.machine_ids, *self.test.machine_ids}:
            return self
        parts = {name: getattr(self, name) for name in ("fit", "calibration", "synthetic", "graded", "test")}
        return replace(self, **{name: part.of_machines(machine_ids) for name, part in parts.items()})


def detector_input(representation: Representation, denoise: float, kind: Kind) -> Representation:
    """A detector's representation of clips denoised at a strength; a fusion takes what its members score."""
    return representation if isinstance(representation, MemberScores) else of_denoised(representation, denoise, kind)


def gather(
    dataset: Dataset,
    representations: Sequence[Representation],
    progress: Progress,
    notify: Callable[[str], None],
    *,
    denoise: float = 0.0,
    kind: Kind = "stationary",
) -> Material:
    """Read a dataset once for all detectors.

    Args:
        denoise, kind: see :class:`Material`; ``representations`` are of denoised sound already.

    Raises:
        TrainingError: when there is nothing to learn from.
    """
    train_rows, test_rows = dataset.rows(split="train", label="normal"), dataset.rows(split="test")
    if train_rows.empty:
        raise TrainingError(f"{dataset.title} has no normal clips for training: add them under train/ or normal/.")
    inputs = [*representations, WelchSpectrum()]  # for the reference of normal sound; no detector takes it
    conditions: dict[str, dict[str, Conditions]] = {"train": {}, "test": {}}
    reading = stage(progress, 0.0, 0.6, "training set"), stage(progress, 0.6, 0.9, "test set")
    train = extract_dataset(dataset, train_rows, inputs, reading[0], conditions=conditions["train"])
    representations = [r for r in representations if r not in train.refused]
    test = extract_dataset(dataset, test_rows, representations, reading[1], conditions=conditions["test"])
    representations = [r for r in representations if r not in test.refused]
    for description in train.skipped + test.skipped:
        notify(description)
    if train.rows.empty:
        raise TrainingError(f"No training clip of {dataset.title} could be read.")
    if (every := together(conditions["train"].values())) and (mixed := mixed_rates(every.sample_rates)):
        notify(mixed)
    hashes = train.rows["sha256"].tolist()
    mask = held_out(hashes, train.rows["machine_id"].tolist())
    calibration = train.subset(mask)
    kinds = kinds_in_turn(calibration)
    synthetic = extract_dataset(
        dataset,
        calibration.rows.drop(columns="sha256"),
        representations,
        stage(progress, 0.9, 0.95, "synthetic anomalies"),
        change=SyntheticAnomalies(kinds),
    )
    synthetic = replace(synthetic, rows=synthetic.rows.assign(kind=synthetic.rows["sha256"].map(kinds)))
    graded = graded_clips(dataset, calibration, representations, stage(progress, 0.95, 1.0, "synthetic anomalies"))
    return Material(
        dataset,
        train.subset(~mask),
        calibration,
        synthetic,
        test,
        artifacts.fingerprint(hashes),
        graded,
        denoise,
        kind,
        conditions,
        {**train.refused, **test.refused, **synthetic.refused, **graded.refused},
    )


def graded_clips(
    dataset: Dataset, clips: Extracted, representations: Sequence[Representation], progress: Progress
) -> Extracted:
    """Synthetic anomalies of every kind and strength, made of :data:`SOURCES` of some normal clips, spread over the machine
    ids and chosen by hash: each is decoded once. Rows carry the clip it was made of, with columns ``kind`` and ``db``."""
    most = min(SOURCES, len(clips.rows) // 2)  # of a small dataset fewer: they must not take longer than its training
    each = max(FEWEST_SOURCES, most // max(1, len(set(clips.machine_ids))))
    # The highest hashes: a fusion learns from the clips of the lowest.
    sources = clips.rows.sort_values("sha256", kind="stable").groupby("machine_id").tail(each)
    # What could be read a moment ago and cannot now is left out without a word.
    made = extract_dataset(dataset, sources, representations, progress, change=GradedAnomalies())
    kinds, strengths = zip(*GRADES * (len(made.rows) // len(GRADES)), strict=True) if len(made.rows) else ((), ())
    rows = made.rows.assign(kind=kinds, db=strengths)
    return Extracted(rows[[*clips.rows, "kind", "db"]], made.features, [], made.refused)


def few_clips(material: Material) -> list[str]:
    """How the normal clips of each machine with fewer than :data:`FEW` were divided, a sentence each."""
    fit, held, test = (
        Counter(part.rows.loc[part.rows["label"] == "normal", "machine_id"])
        for part in (material.fit, material.calibration, material.test)
    )
    return [
        f"Machine id {machine_id} has {counted(n, 'normal recording')} that can be read: {test[machine_id]} for testing, "
        f"{held[machine_id]} to set thresholds, {fit[machine_id]} to learn from"
        + (
            f"; where learning is quick, all {fit[machine_id] + held[machine_id]} set thresholds in turn. Record more for results to "
            "rely on."
            if fit[machine_id]
            else ": record ten or more, or it stays without detectors."
        )
        for machine_id in material.machine_ids
        if (n := fit[machine_id] + held[machine_id] + test[machine_id]) < FEW
    ]


def learnable(machine_ids: Sequence[str], detector: Detector) -> list[str]:
    """The machine ids of the training clips with enough clips for a detector: one with a model per machine refuses them
    all where a single one has too few. Where none has enough, all of them, so that the detector itself refuses."""
    clips = Counter(machine_ids)
    least = MIN_TRAINING_CLIPS if isinstance(detector, DensityPerId) else 1
    return [i for i in clips if clips[i] >= least] or list(clips)


# Takes a fusion, the clips that teach it, and synthetic anomalies made of these.
Learn = Callable[[Fusion, Extracted, Extracted], None]


def member_material(fusion: Fusion, material: Material, out: Path, learn: Learn | None = None) -> Material:
    """The material as a fusion sees it: its members' scores in place of sound.

    Half of the held-out clips (by hash) teach it how the members score normal sound, the other half calibrates it.

    Args:
        learn: called when the members are chosen, if the fusion learns weights or a rule.

    Raises:
        TrainingError: when fewer than two trained detectors could be members.
    """
    candidates = _candidates(fusion, material, out)
    # A mean over easy machines alone says nothing of the others: a detector that knows fewer is no member where two
    # know all.
    known = {key: set(ModelSet(out, [key]).machine_ids_of(key)) for key in candidates}
    widest = {key: auc for key, auc in candidates.items() if known[key] == set().union(*known.values())}
    fusion.members_ = choose_members(widest if len(widest) > 1 else candidates)
    if len(fusion.members_) < 2:
        raise TrainingError(
            "it needs two or more detectors without an alarm, controls aside, that are trained on the same clips: train "
            "some with it."
        )
    return scored_by_members(fusion, material, out, learn)


def scored_by_members(fusion: Fusion, material: Material, out: Path, learn: Learn | None = None) -> Material:
    """The material with the scores of a fusion's members in place of sound, see :func:`member_material`.

    Raises:
        TrainingError: when there is no machine id that all its members know.
    """
    models = ModelSet(out, fusion.members_)
    material = material.of_machines(set.intersection(*(set(models.machine_ids_of(key)) for key in models)))
    if material.calibration.rows.empty:
        raise TrainingError("there is no machine id that all its members know.")

    def combined(part: Extracted) -> Extracted:
        if part.rows.empty:
            return Extracted(part.rows, {MemberScores(): []}, part.skipped)
        scores = raw_scores(models, part.features, part.machine_ids)
        vectors = np.stack([scores[m] for m in fusion.members_], axis=1)
        return Extracted(part.rows, {MemberScores(): list(vectors)}, part.skipped)

    calibration = combined(material.calibration)
    teach = held_out(calibration.rows["sha256"].tolist(), calibration.machine_ids, 0.5)
    taught = calibration.subset(teach)
    if learn and (fusion.weigh or fusion.choose):  # a plain mean learns nothing of synthetic anomalies
        learn(fusion, taught, combined(_made_of(material.synthetic, taught)))
    return replace(
        material,
        fit=taught,
        calibration=calibration.subset(~teach),
        synthetic=combined(_made_of(material.synthetic, calibration.subset(~teach))),
        graded=combined(_made_of(material.graded, calibration.subset(~teach))),
        test=combined(material.test),
    )


def _made_of(synthetic: Extracted, clips: Extracted) -> Extracted:
    """The synthetic anomalies that were made of some clips, known by their clip id: one may have been skipped."""
    return synthetic.subset(synthetic.rows["clip_id"].isin(clips.rows["clip_id"]).to_numpy())


def _candidates(fusion: Fusion, material: Material, out: Path) -> dict[str, float]:
    """Trained detectors that may be members, with their AUC on synthetic anomalies.

    Figures of bursts alone, which artifacts of an earlier version hold, cannot be compared with those of all kinds:
    they count only where fewer than two detectors have the new ones.
    """
    result: dict[str, dict[str, float]] = {"synthetic_auc": {}, "planted_auc": {}}
    for key, manifest in artifacts.readable(out).items():
        if is_control(key) or key == fusion.info.key or manifest.alarms:
            continue
        if from_config(manifest.representation) in material.refused:
            continue
        if material.taught(manifest):
            for name, figures in result.items():
                if name in manifest.diagnostics:
                    figures[key] = float(manifest.diagnostics[name])
    return result["synthetic_auc"] if len(result["synthetic_auc"]) > 1 else result["planted_auc"]
