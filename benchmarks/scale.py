"""Writes what millions of clips cost, from what an hour of sound costs: ``python -m benchmarks.scale --markdown docs/scale.md``."""

import argparse
import platform
from collections.abc import Iterable
from datetime import date
from math import ceil
from pathlib import Path
from typing import NamedTuple

from asd_core.detectors import detector_class
from asd_core.markdown import markdown_table
from benchmarks.scale_costs import Cost, Measured, measure

COMMAND = "python -m benchmarks.scale --markdown docs/scale.md"
MODELS = Path(__file__).resolve().parent.parent / "trained_models" / "demo"
CLIPS, SECONDS = 10_000_000, 10.0  # the plant's, and how long each is
CORES = (2, 16, 128, 1024)
LINES = {"1 Gbit/s": 1e9 / 8, "10 Gbit/s": 1e10 / 8}  # bytes a second
QUICK = "knn_bands"  # a detector to begin with
DEAREST = 3  # detectors that a run may leave out; titles say it in words
WAV, FLAC = "decode WAV, 16 bit, 16 kHz", "decode FLAC, 16 bit, 16 kHz"
PREPARE, RESAMPLE = "one channel, offset (no other rate)", "the same, from 48 kHz to 16 kHz"


class Run(NamedTuple):
    """Something to compute of every clip, and its processor seconds for an hour of sound."""

    title: str
    seconds: float

    @property
    def core_hours(self) -> float:
        """For all clips."""
        return self.seconds * CLIPS * SECONDS / 3600 / 3600


def needed(measured: Measured, keys: Iterable[str]) -> float:
    """Processor seconds for an hour of sound by some detectors: reading it, each representation once, each detector."""
    keys = list(keys)
    kinds = {measured.needs[key] for key in keys} - {""}
    reading = measured.reading[WAV].median + measured.reading[PREPARE].median
    return (
        reading
        + sum(measured.representations[kind].median for kind in kinds)
        + sum(measured.detectors[key].median for key in keys)
    )


def dearest(measured: Measured) -> list[str]:
    """The detectors that cost most."""
    return sorted(measured.detectors, key=lambda key: -measured.detectors[key].median)[:DEAREST]


def runs(measured: Measured) -> list[Run]:
    """What a plant may compute, cheapest first."""
    left_out = dearest(measured)
    others = [key for key in measured.detectors if key not in left_out]
    return [
        Run("reading alone", needed(measured, [])),
        Run(detector_class(QUICK).info.title, needed(measured, [QUICK])),
        Run("all but the three dearest", needed(measured, others)),
        Run(f"all {len(measured.detectors)} with controls", needed(measured, measured.detectors)),
    ]


def figure(value: float) -> str:
    """Three digits, or whole numbers."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def duration(hours: float) -> str:
    """In seconds, minutes, hours or days."""
    if hours < 1 / 30:
        return f"{3600 * hours:.0f} s"
    if hours < 1:
        return f"{60 * hours:.0f} min"
    return f"{hours:.1f} h" if hours < 48 else f"{figure(hours / 24)} days"


def size(n_bytes: float) -> str:
    """In the unit that has one to three digits before the point."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{figure(n_bytes)} {unit}"
        n_bytes /= 1000
    return f"{figure(n_bytes)} TB"


def _costs(costs: dict[str, Cost], heading: str) -> str:
    rows = [[name, *map(figure, one)] for name, one in costs.items()]
    return markdown_table([heading, "s an hour of sound", "least", "most"], rows)


def _detectors(measured: Measured) -> str:
    rows = []
    for key, one in sorted(measured.detectors.items(), key=lambda pair: -pair[1].median):
        rows.append([detector_class(key).info.title, *map(figure, one), measured.needs[key] or "scores of its members"])
    return markdown_table(["detector", "s an hour of sound", "least", "most", "computed from"], rows)


def _plant(measured: Measured) -> str:
    rows = [
        [run.title, figure(run.seconds), figure(run.core_hours), *(duration(run.core_hours / n) for n in CORES)]
        for run in runs(measured)
    ]
    return markdown_table(["computed", "s an hour of sound", "core hours", *(f"{n:,} cores" for n in CORES)], rows)


def transfer(bytes_a_clip: float, line: float) -> float:
    """Hours until all clips have come over a line."""
    return bytes_a_clip * CLIPS / line / 3600


def _lines(measured: Measured) -> str:
    rows = []
    for form, one in ((form, measured.sizes[form]) for form in measured.sizes if form.startswith(("WAV", "FLAC"))):
        for name, line in LINES.items():
            hours = transfer(one, line)
            rows.append(
                [
                    f"{form} over {name}",
                    duration(hours),
                    *(f"{ceil(run.core_hours / hours):,}" for run in runs(measured)),
                ]
            )
    return markdown_table(["clips as", "all have come after", *(f"cores: {run.title}" for run in runs(measured))], rows)


def _sizes(measured: Measured) -> str:
    rows = [[name, size(one), size(one * CLIPS)] for name, one in measured.sizes.items()]
    return markdown_table(["", "a clip", f"{CLIPS:,} clips"], rows)


def processor() -> str:
    """The processor's name, as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def page(measured: Measured, n_clips: int, rounds: int) -> str:
    """The page of the docs."""
    every = runs(measured)[-1]
    in_task = ceil(measured.start / 0.01 / (every.seconds * SECONDS / 3600))
    worth = measured.reading[RESAMPLE].median - measured.reading[PREPARE].median
    return f"""# What many clips cost

Written by `{COMMAND}`; do not edit. Every figure below is of that command or follows from it. It measures processor time
(`time.process_time`), with one thread, on {n_clips} clips of the demo in one batch: the median of {rounds} rounds, with the least and the most. That is
nearly the same on a computer that has other work to do; on another processor it is another. Measured on {date.today():%-d %B %Y}, on {processor()},
Python {platform.python_version()}. The speeds that are promised as ratios are in `make bench`.

## An hour of sound

{_costs(measured.reading, "reading")}

{_costs(measured.representations, "representation")}

Each representation is computed once, whichever detectors share it. A detector's row is its scoring alone, learned
from {measured.training_clips} clips a machine: the nearest-neighbour detectors' grows with that number, the networks' does not. One clip after the
other, as the Clip page scores an upload, all detectors take {figure(measured.one_by_one.median)} s an hour of sound; together, by the rows, {figure(every.seconds)} s.

{_detectors(measured)}

## {CLIPS:,} clips of {SECONDS:.0f} seconds

{CLIPS * SECONDS / 3600:,.0f} hours of sound, read from WAV files at 16 kHz. Core hours, and how long that takes where nothing but the processor is waited for:

{_plant(measured)}

The three dearest are {"; ".join(detector_class(key).info.title for key in dearest(measured))}. Where recordings have 48 kHz, {figure(worth)} s an hour of sound join every row; denoising as {figure(measured.reading["denoise, stationary"].median)} s.
Seeds and experiments multiply the detectors' part.

## Where the bottleneck moves

- **One computer**: the processor. With every core at clips of its own, the disk reads {size(measured.sizes["WAV, 16 bit, 16 kHz"] / (every.seconds * SECONDS / 3600))} a second for each core that computes all
  detectors, and {size(measured.sizes["WAV, 16 bit, 16 kHz"] / (runs(measured)[1].seconds * SECONDS / 3600))} for one that computes {runs(measured)[1].title} alone.
- **A cluster**: the line to the recordings. From how many cores on they wait for it:

{_lines(measured)}

- **Many short tasks**: a process takes {figure(measured.start)} s of processor time until libraries and all detectors are loaded. That is one in a hundred of its work
  from {in_task:,} clips a process on with all detectors, and from {ceil(measured.start / 0.01 / (runs(measured)[1].seconds * SECONDS / 3600)):,} with {runs(measured)[1].title} alone: processes stay, tasks come to them.
- **The database**: not this. Labels are people's, a few a second; scores are files.

## Storage

{_sizes(measured)}

Scores are compressed with the catalogue's columns beside them. Features are as they are computed: a detector set that is
scored needs them for a moment, training and a store of features for as long as they are wanted.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Measure what an hour of sound costs, and what follows for many clips."
    )
    parser.add_argument("--markdown", type=Path, help="write a page of the docs")
    parser.add_argument("--clips", type=int, default=48, help="that are measured")
    parser.add_argument("--rounds", type=int, default=5, help="of which the median counts")
    arguments = parser.parse_args()
    text = page(measure(MODELS, arguments.clips, arguments.rounds), arguments.clips, arguments.rounds)
    if arguments.markdown:
        arguments.markdown.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
