"""What an experiment shows: an answer of a few words, and sentences whose figures are computed from what is stored.

Best values are found with test labels, so they are called a best observed one and nothing else is chosen by them. The
intervals are paired over test clips and not corrected for how many values were tried; the variance between seeds is not in them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from asd_core.detectors import detector_class, is_control
from asd_core.experiments.catalogue import BOTH, TEST_ONLY
from asd_core.experiments.curves import curve_summary
from asd_core.experiments.dbscan import dbscan_conclusion
from asd_core.experiments.store import Stored
from asd_core.experiments.summaries import experiment_summary
from asd_core.experiments.wording import better, first_listed, is_tie, signed

if TYPE_CHECKING:
    import pandas as pd

    from asd_core.evaluation import Difference

COMPARED = (0.5, 1.0)  # strengths: the nearest to the report's 0.6, and the whole; fixed beforehand
FEW = 8  # components, the detector's default
DEFAULTS = {"mels": 128.0}  # where the swept value is not a parameter of the detector


UNKNOWN = "Too little is stored to tell."


class Conclusion(NamedTuple):
    """What an experiment shows."""

    answer: str  # under ten words, for a head line
    details: str  # two or three sentences with figures and their intervals


def conclusion(stored: Stored) -> Conclusion:
    """The answer to an experiment's question; it says so where too little is stored."""
    table = experiment_summary(stored)
    if table.empty or table["auc"].isna().all():
        return Conclusion(
            UNKNOWN,
            "No AUC can be computed from what is stored: the test clips have no two labels, or no point was run.",
        )
    if stored.header.kind == "dbscan":
        return Conclusion(*dbscan_conclusion(stored))
    if stored.header.kind == "clips":
        return Conclusion(*curve_summary(stored))
    return _BY_KIND.get(stored.header.kind, _tuning)(stored, table)


def _title(key: str) -> str:
    return detector_class(key).info.title


def _denoising(stored: Stored, table: "pd.DataFrame") -> Conclusion:
    start = table[table["x"] == 0.0].drop_duplicates("point").set_index("detector")["point"]
    texts, answers = [], []
    for series, what in ((BOTH, "training and test clips"), (TEST_ONLY, "test clips alone")):
        results = []
        for strength in COMPARED:
            subset = table[(table["series"] == series) & (table["x"] == strength)].set_index("detector")["point"]
            keys = [k for k in subset.index if k in start.index and not is_control(k)]
            if keys:
                results.append((strength, {k: better(stored, subset[k], start[k]) for k in keys}))
        if not results:
            continue
        counts = [
            (sum(p.low > 0 for p in pairs.values()), sum(p.high < 0 for p in pairs.values())) for _, pairs in results
        ]
        (first, pairs), (up, down) = results[0], counts[0]
        text = f"Denoising {what} at {first:g} raises the AUC of {up} of {len(pairs)} detectors beyond its paired 95% "
        text += f"interval and lowers that of {down}{_extremes(pairs)}"
        for (strength, pairs), (up, down) in zip(results[1:], counts[1:], strict=True):
            text += f"; at {strength:g} it raises {up} and lowers {down}{_extremes(pairs)}"
        if series == TEST_ONLY:
            harm = any(down > up for up, down in counts)
            text += ". Do not denoise for detectors that were trained without it." if harm else "."
            answers.append("harmful on test clips alone" if harm else "")
        elif all(up > down for up, down in counts):
            text += "."
            answers.append("Yes, most detectors")
        elif any(up > down for up, down in counts):
            text += "."
            answers.append("Moderately, for some detectors")
        else:
            text += "."
            answers.append("No")
        texts.append(text)
    if not texts:
        return Conclusion(UNKNOWN, "No detector is stored both undenoised and denoised.")
    answer = "; ".join(filter(None, answers)) or "Not on test clips alone"
    return Conclusion(f"{answer[0].upper()}{answer[1:]}.", " ".join(texts))


def _extremes(pairs: "dict[str, Difference]") -> str:
    """The largest rise and the largest fall, where they are beyond their intervals."""
    most, least = (choose(pairs, key=lambda k: pairs[k].difference) for choose in (max, min))
    texts = [f"most for {_title(most)}, {signed(pairs[most])}"] if pairs[most].low > 0 else []
    texts += [f"worst for {_title(least)}, {signed(pairs[least])}"] if pairs[least].high < 0 else []
    return f" ({'; '.join(texts)})" if texts else ""


def _default(stored: Stored, table: "pd.DataFrame") -> str | None:
    """Name of the point at which the swept parameter has the value that the preset gives it."""
    header, first = stored.header, table.iloc[0]
    value = DEFAULTS.get(header.kind)
    if value is None:
        name = "batch_size" if header.kind == "batch_size" else header.x_title
        result = getattr(detector_class(first["detector"]).create(first["preset"]), name, None)
        value = None if result is None else float(result)
    subset = table[table["x"] == value]["point"]
    return None if subset.empty else str(subset.iloc[0])


def _tuning(stored: Stored, table: "pd.DataFrame") -> Conclusion:
    if len(table) < 2:
        return Conclusion(
            UNKNOWN, f"One value alone is stored ({table['point'].iloc[0]}): there is nothing to compare."
        )
    best, worst = table.loc[table["auc"].idxmax()], table.loc[table["auc"].idxmin()]
    text = f"Mean AUC runs from {worst['auc']:.3f} ({worst['point']}) to {best['auc']:.3f} ({best['point']})"
    default = _default(stored, table)
    reference = default or best["point"]
    what = f"the default, {default}" if default else "the best observed"
    pairs = {p: better(stored, p, reference) for p in table["point"] if p != reference}
    up = [p for p, pair in pairs.items() if not is_tie(pair) and pair.difference > 0]
    down = [p for p, pair in pairs.items() if not is_tie(pair) and pair.difference < 0]
    if default and not up:
        gain = "" if default == best["point"] else f" ({best['point']}: {signed(pairs[best['point']])})"
        text += f"; none is better than {what}, beyond its paired 95% interval{gain}"
    elif up:
        text += f"; better than {what}, beyond the paired 95% interval: {first_listed(up)} (at best {signed(pairs[best['point']])})"
    text += f"; worse than {what}: {first_listed(down)}." if down else f"; none is worse than {what} beyond it."
    if up:
        answer = f"{len(up)} of {len(pairs)} other values {'does' if len(up) == 1 else 'do'} better."
    elif down:
        answer = f"{'The default' if default else 'The best'} beats {len(down)} of {len(pairs)} other values."
    else:
        answer = "It makes no clear difference."
    return Conclusion(answer, text)


def _components(stored: Stored, table: "pd.DataFrame") -> Conclusion:
    texts, rises, falls = [], [], []
    for rule, subset in table.groupby("series", sort=False):
        subset = subset.dropna(subset="auc").sort_values("x")
        few = subset.iloc[(subset["x"] - FEW).abs().argmin()]
        most, peak = subset.iloc[-1], subset.loc[subset["auc"].idxmax()]
        if few["x"] == most["x"]:
            continue
        pair, fall = better(stored, most["point"], few["point"]), better(stored, most["point"], peak["point"])
        rises.append(pair.low > 0)
        falls.append(fall.high < 0)
        ends = f"{few['auc']:.3f} with {few['x']:g} components and {most['auc']:.3f} with {most['x']:g}"
        down = f", below its peak at {peak['x']:g} by {signed(fall)}" if fall.high < 0 else ""
        texts.append(f"{rule}: {ends}, {signed(pair)}{down}")
    if not texts:
        return Conclusion(UNKNOWN, "One number of components alone is stored: there is nothing to compare.")
    text = f"Mean AUC by how the bandwidth is set: {'; '.join(texts)}. "
    if all(rises) and not any(falls):
        return Conclusion(
            "No: more components help.",
            text
            + "More components help as far as the clips allow, so it is not the curse of dimensionality that holds "
            "PCA + KDE back: a few components leave the faults out.",
        )
    if any(falls):
        return Conclusion(
            "Yes: too many components do harm.",
            text + "Too many components do harm: the curse of dimensionality.",
        )
    return Conclusion(
        "Their number makes no clear difference.",
        text + "The number of components makes no difference beyond its paired 95% interval for every rule.",
    )


def _bandwidth(stored: Stored, table: "pd.DataFrame") -> Conclusion:
    texts, ties = [], []
    for series, subset in table.groupby("series", sort=False):
        subset = subset.dropna(subset="auc")
        chosen = subset[subset["x"] == 1.0]
        if chosen.empty or len(subset) < 2:
            continue
        best, worst = subset.loc[subset["auc"].idxmax()], subset.loc[subset["auc"].idxmin()]
        text = (
            f"with {series} AUC runs from {worst['auc']:.3f} (x {worst['x']:g}) to {best['auc']:.3f} (x {best['x']:g})"
        )
        if best["x"] != 1.0:
            pair = better(stored, best["point"], chosen["point"].iloc[0])
            ties.append(is_tie(pair))
            text += f", {signed(pair)} above the likelihood's choice"
        texts.append(text)
    if not texts:
        return Conclusion(
            UNKNOWN, "The likelihood's own bandwidth, or any other, is not stored: there is nothing to compare."
        )
    end = (
        "No other bandwidth is better beyond its paired 95% interval: cross-validated likelihood needs no label."
        if all(ties)
        else "Where the interval is above 0 test labels would choose another bandwidth; normal clips alone cannot."
    )
    answer = (
        "The bandwidth chosen without labels is good enough." if all(ties) else "Test labels would choose another one."
    )
    text = (
        f"From {table['x'].min():g} to {table['x'].max():g} times the likelihood's bandwidth, {'; '.join(texts)}. {end}"
    )
    return Conclusion(answer, text)


def _skips(stored: Stored, table: "pd.DataFrame") -> Conclusion:
    last = table.loc[table.groupby("detector")["x"].idxmax()].set_index("detector")
    texts, answer = [], "See how loss and AUC change."
    if {"cnn_ae", "cnn_ae_skip"} <= set(last.index) and last.at["cnn_ae", "x"] == last.at["cnn_ae_skip", "x"]:
        answer, text = _skip_against_plain(stored, last.loc["cnn_ae"], last.loc["cnn_ae_skip"])
        texts.append(text)
    changes = []
    for key, subset in table.dropna(subset="held_out_loss").groupby("detector", sort=False):
        subset = subset.sort_values("x")
        if len(subset) > 1:
            first, end = subset.iloc[0], subset.iloc[-1]
            changes.append(
                f"{_title(str(key))}, {first['x']:g} to {end['x']:g} epochs: held-out loss {first['held_out_loss']:.3g} to "
                f"{end['held_out_loss']:.3g}, AUC {signed(better(stored, end['point'], first['point']))}"
            )
    texts += [f"{'; '.join(changes)}."] if changes else []
    if not texts:
        return Conclusion(UNKNOWN, "One number of epochs alone is stored: there is nothing to compare.")
    return Conclusion(answer, " ".join(texts))


def _skip_against_plain(stored: Stored, plain: "pd.Series", skip: "pd.Series") -> Conclusion:
    pair = better(stored, skip["point"], plain["point"])
    if not skip["held_out_loss"] < plain["held_out_loss"]:
        answer, meaning = "Skips do not lower the error here.", "here skips do not lower the error"
    elif is_tie(pair):
        answer, meaning = "No: lower error, no better detection.", "the lower error is no better detection"
    else:
        better_or_worse = "better" if pair.difference > 0 else "worse"
        answer = f"{'Yes' if pair.difference > 0 else 'No'}: lower error, {better_or_worse} detection."
        meaning = f"the lower error is the {better_or_worse} detection"
    text = (
        f"After {skip['x']:g} epochs the held-out loss is {skip['held_out_loss']:.3g} with skips and "
        f"{plain['held_out_loss']:.3g} without, the AUC {skip['auc']:.3f} and {plain['auc']:.3f}, {signed(pair)}: {meaning}. "
        + (
            "The network with skips still does better than chance."
            if skip["auc_low"] > 0.5
            else "The network with skips detects nothing beyond chance."
        )
    )
    return Conclusion(answer, text)


_BY_KIND: "dict[str, Callable[[Stored, pd.DataFrame], Conclusion]]" = {
    "denoising": _denoising,
    "components": _components,
    "bandwidth": _bandwidth,
    "skips": _skips,
}
