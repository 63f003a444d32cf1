"""The tables of figures by section and domain."""

from typing import TYPE_CHECKING, Any

from asd_core.cli.output import print_line, print_table

if TYPE_CHECKING:
    from asd_core.evaluation import DomainFigures, Rule

NOTES: "dict[Rule, str]" = {
    "2022": "AUC of a domain: its normal clips against all anomalies of the machine id. Official score: harmonic mean of these AUCs "
    "and of the pAUCs of both domains together (DCASE 2022 to 2025). DCASE 2020's mean above is arithmetic.",
    "2021": "AUC and pAUC of a domain: among its own clips. Official score: harmonic mean of all of them (DCASE 2021). DCASE 2020's "
    "mean above is arithmetic.",
}


def print_domains(figures: "DomainFigures", rule: "Rule") -> None:
    """Print the figures by domain and the official score."""
    print_table("By domain, with 95% intervals", [_section(row) for row in figures.sections.to_dict("records")])
    print_table("Official score", [_score(row) for row in figures.official.to_dict("records")])
    print_line(NOTES[rule])
    for row in figures.official.to_dict("records"):
        if row["n_missing"]:
            print_line(
                f"- {row['detector']}: a score of {row['n_figures']} figures, and {row['n_missing']} are missing."
            )


def _section(row: dict[str, Any]) -> dict[str, Any]:
    """The figures that a terminal has room for."""
    clips = f"{row['n_normal']}+{row['n_anomaly']}"
    figures = {name: row[name] for name in row if name.startswith(("auc", "pauc"))}
    return {"detector": row["detector"], "id": row["machine_id"], "domain": row["domain"], **figures, "clips": clips}


def _score(row: dict[str, Any]) -> dict[str, Any]:
    names = ("detector", "official", "official_low", "official_high", "auc_source", "auc_target", "pauc", "arithmetic")
    return {name: row[name] for name in names}
