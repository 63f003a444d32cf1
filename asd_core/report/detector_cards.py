"""The detectors' cards as a page of documentation: ``docs/detectors.md`` is written from the classes, not beside them."""

from typing import Any

from asd_core.detectors import OPTIONAL, Detector, detector_class, detector_keys
from asd_core.features import PretrainedEmbedding, to_config
from asd_core.markdown import markdown_table
from asd_core.report.rendering import render

_ORIGINS = {
    "report": "From the report",
    "beyond": "Beyond the report",
    "control": "Controls: what a detector must beat to be worth anything",
}


def cards_markdown() -> str:
    """The whole page."""
    cards = [_card(detector_class(key)) for key in detector_keys(optional=True)]
    return render("detectors.md.j2", origins=_ORIGINS, cards=cards)


def _card(cls: type[Detector]) -> dict[str, Any]:
    """One detector: what it is, how it scores, when not to use it, its parameters and presets."""
    info = cls.info
    representation = {
        k: v for k, v in to_config(info.representation).items() if k not in ("kind", "sample_rate", "sha256")
    }
    presets = [name for name in ("quick", "standard", "paper") if info.presets.get(name)]
    rows = [
        [f"`{row.name}`", str(row.default), f"{row.low} to {row.high}"]
        + [str(info.presets[name].get(row.name, "")) for name in presets]
        + [row.help]
        for row in cls.parameter_table()
    ]
    return {
        "info": info,
        "optional": info.key in OPTIONAL,
        "pretrained": isinstance(info.representation, PretrainedEmbedding),
        "about": " ".join((cls.__doc__ or "").split("\n\n")[0].split()),
        "detail": ", ".join(f"{name} {value}" for name, value in representation.items()),
        "table": markdown_table(["parameter", "default", "range", *presets, "meaning"], rows) if rows else "",
    }
