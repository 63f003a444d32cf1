"""What a reader must know before believing the figures, in sentences."""

from collections.abc import Mapping

from asd_core.counting import counted, listed, percent
from asd_core.datasets import Dataset
from asd_core.evaluation import POOLED, enough_held_out, held_out_needed
from asd_core.lazy import pd
from asd_core.report.best_member import fusion_gain
from asd_core.report.figures import LABELS, Comparison
from asd_core.report.wording import listed_or_counted, name

FEW_CLIPS = 10  # of a class: figures of fewer say very little, and the takeaways tell counts instead of rates
FOREIGN_NAMED = 5  # clips that do not belong, by name: the export lists all


def warnings(c: Comparison, dataset: Dataset | None) -> list[str]:
    """What a reader must know before believing the figures."""
    results = []
    for machine_id, (normal, anomaly) in c.draws.clips.items():
        if not normal or not anomaly:
            results.append(f"Machine id {machine_id} has clips of one label only: its AUC is not computable.")
        elif min(normal, anomaly) < FEW_CLIPS:
            results.append(
                f"Machine id {machine_id} has fewer than ten clips of a label ({normal} normal, {anomaly} anomalous): its "
                "figures can say very little."
            )
    for key, known in c.draws.coverage().items():
        results.append(
            f"{name(key)} knows {known}: its mean is of these alone, so it is ranked after those that know all, and never "
            "called the best."
        )
    left_out = sum(c.draws.left_out.values())
    if left_out:
        results.append(
            f"{counted(left_out, 'labelled clip')} that some detector has no score for {'is' if left_out == 1 else 'are'} left out of paired comparisons."
        )
    if dataset is not None:
        rows = dataset.rows(split=c.split)
        rows = rows[rows["label"].isin(LABELS)]
        used = c.clips[c.clips["label"].isin(LABELS)]["clip_id"].nunique()
        if used < len(rows):
            results.append(
                f"{used} of the {len(rows)} labelled clips of the {c.split} split {'is' if used == 1 else 'are'} in this report."
            )
    if foreign := _foreign(c):
        results.append(foreign)
    if c.denoise > 0:
        results.append(
            f"Clips were denoised ({c.denoising}) before scoring; the detectors learned from recordings as they are."
        )
    rate = c.assumptions.rate
    held_out = {
        key: {i: (of.n(i), of.threshold(i, rate).rate) for i in of.scores}
        for key, of in ((key, manifest.calibrated()) for key, manifest in c.manifests.items())
    }
    if few := too_few_held_out(held_out, rate):
        results.append(few)
    results += breaches(c)
    if gain := fusion_gain(c.draws, c.manifests):
        results.append(gain)
    if all(reasons := [m.too_few_to_tell() for m in c.manifests.values()]):
        who = "a detector without an alarm" if any(m.alarms for m in c.manifests.values()) else "a detector"
        results.append(reasons[0].replace("it has", f"{who} has"))
    if len({m.data_fingerprint for m in c.manifests.values()}) > 1:
        results.append("The detectors were not all trained on the same clips (their data fingerprints differ).")
    return results


def _foreign(c: Comparison) -> str:
    """Clips that do not belong to the machine that they are listed under."""
    if "applicable" not in c.clips:
        return ""
    clips = c.clips.drop_duplicates(["clip_id", "machine_id"])
    return not_of_their_machine(clips[~clips["applicable"].fillna(True).astype(bool)], c.split)


def not_of_their_machine(clips: "pd.DataFrame", split: str) -> str:
    """A sentence on clips that do not belong to the machine that they are listed under; empty without any.

    Args:
        clips: a row each, with columns ``clip_id`` (what it is called), ``label`` and ``applicability_reason``.
    """
    if clips.empty:
        return ""
    rows = clips.head(FOREIGN_NAMED)
    named = [f"{r.clip_id} ({r.applicability_reason})" for r in rows.itertuples()]
    rest = f" and {len(clips) - len(rows)} more" if len(clips) > len(rows) else ""
    one = len(clips) == 1
    anomalies = int((clips["label"] == "anomaly").sum())
    of_them = f"{'All' if anomalies == len(clips) else anomalies} of them {'is' if anomalies == 1 else 'are'}"
    labelled = (
        "It is labelled as an anomaly"
        if one
        else f"{of_them} labelled as {'an anomaly' if anomalies == 1 else 'anomalies'}"
    )
    fault = f"{labelled}: the fault itself can be what differs. " if anomalies else ""
    return (
        f"{counted(len(clips), 'clip')} of the {split} split {'is' if one else 'are'} not like any recording of "
        f"{'its' if one else 'their'} machine: check machine id, microphone and rate; {'its' if one else 'their'} scores "
        f"mean little. {fault}{'; '.join(named)}{rest}."
    )


def too_few_held_out(held_out: Mapping[str, Mapping[str, tuple[int, float]]], rate: float) -> str:
    """Whose thresholds too few held-out clips set to decide at a false-alarm rate, and how few; empty where they are enough.

    Args:
        held_out: by detector and machine id, how many clips set the threshold, and which share of normal clips lies above it
            on average.
        rate: asked for.
    """
    fewest = {key: min((n, i) for i, (n, _) in by_id.items()) for key, by_id in held_out.items() if by_id}
    few = {key: least for key, least in fewest.items() if not enough_held_out(least[0], rate)}
    if not few:
        return ""
    n, machine_id = min(few.values())
    alike = [key for key in few if held_out[key].get(machine_id, (0, 0.0))[0] == n]
    others = sorted(least[0] for key, least in few.items() if key not in alike)
    average = held_out[alike[0]][machine_id][1]
    sentence = (
        f"Too few normal clips to decide: {held_out_needed(rate)} are needed for {percent(rate)}, and {n} of machine id {machine_id} "
        f"set{'s' if n == 1 else ''} the threshold of {listed_or_counted([name(key) for key in alike], 'detectors')}. The highest "
        f"of their scores is taken as it; on average {average:.1%} of normal clips lie above it."
    )
    if others:
        range_ = f"{others[0]}" if others[0] == others[-1] else f"{others[0]} to {others[-1]}"
        sentence += f" {counted(len(others), 'other detector')} {'has' if len(others) == 1 else 'have'} too few as well, {range_} of a machine id."
    return sentence


def breaches(c: Comparison) -> list[str]:
    """Which thresholds raise more false alarms than was promised, and why; nothing where none does."""
    rows = c.thresholds[(c.thresholds["machine_id"] != POOLED) & (c.thresholds["breach"] != "")]
    results = []
    for machine_id, subset in rows.groupby("machine_id", sort=True):
        n = int((c.thresholds["machine_id"] == machine_id).sum())
        beyond = [name(key) for key in subset.loc[subset["breach"] == "beyond", "detector"]]
        within = len(subset) - len(beyond)
        parts = [
            f"On machine id {machine_id}, {len(subset)} of {counted(n, 'detector')} clearly {'raises' if len(subset) == 1 else 'raise'} more "
            f"false alarms than promised at {percent(c.assumptions.rate)}. The promise holds on average over draws of the held-out clips, not for each draw."
        ]
        if within:
            parts.append(f"For {within} of them so few held-out clips explain it.")
        if beyond:
            parts.append(f"For {listed(beyond)} they do not: these normal clips differ from the held-out ones.")
        results.append(" ".join(parts))
    return results
