"""From how many normal clips of a machine a detector beats the best control: read off the experiment ``clips``."""

from typing import TYPE_CHECKING, Any

from asd_core.detectors import detector_class, is_control
from asd_core.errors import TrainingError
from asd_core.experiments.store import Stored
from asd_core.experiments.summaries import experiment_summary
from asd_core.experiments.wording import better, first_listed
from asd_core.lazy import pd
from asd_core.markdown import markdown_table
from asd_core.training import MinClips

if TYPE_CHECKING:
    from asd_core.evaluation import Difference


def learning_curve(stored: Stored) -> "pd.DataFrame":
    """A row per detector and number of clips, in the experiment's order.

    Columns: detector, clips, preset, draws, auc (mean over the draws), auc_least, auc_most (of them), auc_low, auc_high (the mean of
    their 95% intervals), and for those that are no controls gain (mean AUC less the best control's of the same draw),
    gain_low (the smallest lower end of the paired 95% intervals) and beats (whether that is above 0: in every draw).
    """
    table = experiment_summary(stored)
    table["clips"] = [int(p.spec["clips"]) for p in stored.header.points]
    table["draw"] = [int(p.spec["draw"]) for p in stored.header.points]
    table = table.dropna(subset="auc")
    controls = table[table["detector"].map(is_control)].sort_values("auc", kind="stable")
    best = controls.groupby(["clips", "draw"])["point"].last()
    rows = []
    for (key, clips), group in table.groupby(["detector", "clips"], sort=False):
        pairs: list[Difference] = []
        if not is_control(str(key)):
            pairs = [
                better(stored, p, best[clips, d])
                for p, d in zip(group["point"], group["draw"], strict=True)
                if (clips, d) in best
            ]
        known = len(pairs) == len(group)
        rows.append(
            {
                "detector": key,
                "clips": clips,
                "preset": group["preset"].iloc[0],
                "draws": len(group),
                "auc": group["auc"].mean(),
                "auc_least": group["auc"].min(),
                "auc_most": group["auc"].max(),
                "auc_low": group["auc_low"].mean(),
                "auc_high": group["auc_high"].mean(),
                "gain": sum(p.difference for p in pairs) / len(pairs) if known else float("nan"),
                "gain_low": min(p.low for p in pairs) if known else float("nan"),
                "beats": known and all(p.low > 0 for p in pairs),
            }
        )
    return pd.DataFrame(rows)


def min_clips_by_detector(curve: "pd.DataFrame") -> dict[str, int | None]:
    """From how many clips each detector beats the best control, with them and with every larger number that was tried; ``None``
    where it does not with the most. Controls are left out."""
    result: dict[str, int | None] = {}
    for key, group in curve.groupby("detector", sort=False):
        if is_control(str(key)):
            continue
        least = None
        for row in group.sort_values("clips", ascending=False).itertuples():
            if not row.beats:
                break
            least = int(row.clips)
        result[str(key)] = least
    return result


def min_clips(stored: Stored) -> MinClips:
    """From how many clips each detector is worth having: what is shown before training.

    Raises:
        TrainingError: when no detector's curve is stored.
    """
    curve = learning_curve(stored)
    least = min_clips_by_detector(curve) if len(curve) else {}
    if not least:
        raise TrainingError(
            f"{stored.header.title} holds no detector's curve: run python -m asd_core experiment clips first."
        )
    quick = curve.loc[curve["preset"] == "quick", "detector"].drop_duplicates()
    return MinClips(
        title=stored.header.dataset_title,
        most=int(curve["clips"].max()),
        least={key: n or 0 for key, n in least.items()},
        quick=tuple(key for key in quick if key in least),
        fewest={key: int(curve.loc[curve["detector"] == key, "clips"].min()) for key in least},
    )


def curve_summary(stored: Stored) -> tuple[str, str]:
    """The answer to the experiment's question in a few words, and the sentences behind it."""
    curve = learning_curve(stored)
    least = min_clips_by_detector(curve)
    by_number: dict[int | None, list[str]] = {}
    for key, n in least.items():
        by_number.setdefault(n, []).append(detector_class(key).info.title)
    most = int(curve["clips"].max())
    numbers = sorted(n for n in by_number if n is not None)
    parts = [f"from {n} clips: {first_listed(by_number[n], most=len(least))}" for n in numbers]
    if None in by_number:
        parts.append(f"not with {most}: {first_listed(by_number[None], most=len(least))}")
    n_better = sum(n is not None for n in least.values())
    answer = (
        f"{n_better} of {len(least)} detectors, from {numbers[0]} to {numbers[-1]} clips."
        if len(numbers) > 1
        else f"{n_better} of {len(least)} detectors{f', from {numbers[0]} clips' if numbers else ''}."
    )
    controls = curve[curve["detector"].map(is_control)]
    best = ", ".join(
        f"{row.auc:.3f} with {row.clips}"
        for row in controls.sort_values("auc").groupby("clips").tail(1).sort_values("clips").itertuples()
    )
    text = (
        "A detector beats the best control where the paired 95% interval of their difference is above 0 in every draw, with "
        f"that number and every larger one. {_first_upper('; '.join(parts))}. "
        f"The best control's mean AUC is {best}."
    )
    return answer, text


def curve_table(stored: Stored) -> str:
    """Mean AUC over the draws by detector and number of clips as Markdown; bold where it beats the best control."""
    curve = learning_curve(stored)
    least, numbers = min_clips_by_detector(curve), sorted(curve["clips"].unique())
    rows = []
    for key, group in curve.groupby("detector", sort=False):
        by_number = {row.clips: row for row in group.itertuples()}
        cells = [_cell(by_number[n]) if n in by_number else "–" for n in numbers]
        from_clips = "" if key not in least else str(least[str(key)] or "–")
        rows.append([detector_class(str(key)).info.title, *cells, from_clips])
    return markdown_table(["detector", *map(str, numbers), "worth having from"], rows)


def _cell(row: Any) -> str:
    figure = f"**{row.auc:.3f}**" if row.beats else f"{row.auc:.3f}"
    return figure if row.draws == 1 else f"{figure} ({row.auc_least:.3f}–{row.auc_most:.3f})"


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
