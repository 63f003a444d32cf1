"""Figures on the test clips, and the documents made of them."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from asd_core.cli.domains import print_domains
from asd_core.cli.options import Data, Detectors, EngineName, Models, RayAddress, Workers, comma_separated
from asd_core.cli.output import AsJson, notify, print_json, print_table, progress_bar, write_output
from asd_core.counting import counted
from asd_core.csv_text import csv_of


def evaluate(
    data: Data,
    models: Models,
    official: Annotated[
        Literal["2022", "2021"],
        typer.Option("--official", help="The year whose official score is given for two domains."),
    ] = "2022",
    workers: Workers = None,
    engine: EngineName = None,
    address: RayAddress = None,
    as_json: AsJson = False,
) -> None:
    """AUC and pAUC on the test clips, per machine id and their mean, with 95% intervals; where there are a source and a target
    domain, also by domain, with DCASE's official score."""
    from asd_core.artifacts import ModelSet, learned_rows
    from asd_core.datasets import open_for
    from asd_core.evaluation import domain_figures, has_domains, other_machine_type, untrained_domains
    from asd_core.evaluation import evaluate as tabulate
    from asd_core.scoring import current_scores, level_meter

    dataset = open_for(data, models)
    with progress_bar() as progress:
        scores, unknown, skipped = current_scores(dataset, ModelSet(models), progress=progress)
    for description in skipped:
        notify(description)
    for machine_id, count in unknown.items():
        notify(
            f"{counted(count, 'clip')} of machine id {machine_id} {'was' if count == 1 else 'were'} not scored: no detector was trained on it."
        )
    rows = [asdict(result) for result in tabulate(scores)]
    figures = domain_figures(scores, official) if has_domains(scores) else None
    if as_json:
        by_domain = figures.sections.to_dict("records") if figures else []
        scored = figures.official.to_dict("records") if figures else []
        print_json({"rows": rows, "unknown_machine_ids": unknown, "domains": by_domain, "official": scored})
    else:
        print_table("AUC and pAUC on the test clips, with 95% intervals", [_shown(row) for row in rows])
        if figures:
            print_domains(figures, official)
    learned = learned_rows(models)
    for sentence in (other_machine_type(learned, scores), level_meter(scores), untrained_domains(learned, scores)):
        if sentence:
            notify(sentence)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """The figures that a terminal has room for."""
    ids = f"mean of {row['n_ids']}" if row["machine_id"] == "mean" else row["machine_id"]
    figures = {name: row[name] for name in row if name.startswith(("auc", "pauc"))}
    clips = f"{row['n_normal']}+{row['n_anomaly']}"
    return {"detector": row["detector"], "machine_id": ids, **figures, "normal_+_anomaly": clips}


def overlap(data: Data, models: Models) -> None:
    """Measure how well anomaly maps point at the simulator's strong faults, for the results table."""
    from asd_core.artifacts import ModelSet
    from asd_core.datasets import open_for
    from asd_core.explain import OVERLAP, store_overlap

    with progress_bar() as progress:
        store_overlap(open_for(data, models), ModelSet(models), progress=progress)
    notify(f"{models / OVERLAP} written.")


def results(models: Models, out: Annotated[Path, typer.Option("--out", help="Markdown file to write.")]) -> None:
    """Write the table of results (docs/results.md)."""
    from asd_core.report import write_results

    write_results(models, out)
    notify(f"{out} written.")


def report(
    models: Models,
    out: Annotated[str, typer.Option(help="HTML file to write; this and the others also at an address.")],
    data: Annotated[
        str | None, typer.Option(help="Where the recordings are; where they were in training by default.")
    ] = None,
    detectors: Detectors = None,
    rate: Annotated[float, typer.Option(min=0.001, max=0.5, help="False-alarm rate of thresholds.")] = 0.05,
    prevalence: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of anomalous clips at the plant.")] = 0.01,
    per_day: Annotated[int, typer.Option(min=1, help="Clips a day at the plant.")] = 1000,
    csv: Annotated[str | None, typer.Option(help="Also write the results table to this file.")] = None,
    all_tables: Annotated[
        str | None, typer.Option("--json", help="Also write all tables as JSON to this file.")
    ] = None,
) -> None:
    """Write one HTML file, sounds included, that says which detector to trust to a reader without the app."""
    from asd_core.artifacts import detector_in_use
    from asd_core.report import Assumptions, not_in_report, report_content, report_html, report_json, report_protocol

    with progress_bar() as progress:
        comparison, dataset, reason = report_content(
            models,
            data=data,
            detectors=comma_separated(detectors),
            assumptions=Assumptions(rate, prevalence, per_day),
            in_use=detector_in_use(models),
        )
        left_out = "" if detectors else not_in_report(models, comparison)
        page = report_html(comparison, dataset, reason, left_out=left_out, progress=progress)
    written = {out: page}
    if csv:
        written[csv] = csv_of(comparison.ranking)
    if all_tables:
        written[all_tables] = report_json(comparison, [*report_protocol(comparison), *filter(None, [left_out])])
    for path, text in written.items():
        write_output(text.encode(), path)
    if left_out:
        notify(left_out)
    if reason:
        notify(f"The report is without sounds: {reason}")
    notify(f"{', '.join(written)} written.")
