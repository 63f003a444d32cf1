"""The detectors' cards as a page of documentation: ``docs/detectors.md`` is written from the classes, not beside them."""

from asd_core.detectors import Detector, detector_class, detector_keys
from asd_core.features import to_config

_ORIGINS = {
    "report": "From the report",
    "beyond": "Beyond the report",
    "control": "Controls: what a detector must beat to be worth anything",
}


def cards_markdown() -> str:
    """The whole page."""
    classes = [detector_class(key) for key in detector_keys()]
    parts = [
        "# Detectors",
        "Written by `python -m asd_core cards --out docs/detectors.md` from the detectors' own cards; do not edit. How they "
        "do on the demo data: [results.md](results.md).",
        "All learn from normal clips alone. **Higher score = more anomalous.** A raw score means nothing beside another "
        "detector's; on screen it becomes the percentile among held-out normal clips of the same machine id, and the "
        "threshold is the conformal quantile of these. *Scope* says what is fitted: a model for each machine id, or one "
        "for the machine type (calibration is always per machine id).",
    ]
    for origin, heading in _ORIGINS.items():
        parts.append(f"## {heading}")
        parts += [card(cls) for cls in classes if cls.info.origin == origin]
    return "\n\n".join(parts) + "\n"


def card(cls: type[Detector]) -> str:
    """One detector: what it is, how it scores, when not to use it, its parameters and presets."""
    info = cls.info
    representation = {k: v for k, v in to_config(info.representation).items() if k not in ("kind", "sample_rate")}
    detail = ", ".join(f"{name} {value}" for name, value in representation.items())
    lines = [
        f"### {info.title} (`{info.key}`)",
        "",
        f"{_first_paragraph(cls)}",
        "",
        f"- **Score:** {info.how_it_scores}",
        f"- **When not to use it:** {info.when_not_to_use}",
        f"- **Scope:** {info.scope} · **hears:** {info.representation.kind}" + (f" ({detail})" if detail else ""),
        f"- **Reference:** {info.paper}",
    ]
    table = cls.parameter_table()
    if table:
        presets = [name for name in ("quick", "paper") if info.presets.get(name)]
        lines += ["", "| parameter | default | range | " + " | ".join([*presets, "meaning"]) + " |"]
        lines.append("|---|---|---|" + "---|" * (len(presets) + 1))
        for row in table:
            values = [str(info.presets[name].get(row.name, "")) for name in presets]
            lines.append(
                f"| `{row.name}` | {row.default} | {row.low} to {row.high} | " + " | ".join([*values, row.help]) + " |"
            )
    return "\n".join(lines)


def _first_paragraph(cls: type[Detector]) -> str:
    return " ".join((cls.__doc__ or "").split("\n\n")[0].split())
