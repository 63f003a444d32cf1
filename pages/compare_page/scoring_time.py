"""How long each detector takes for one clip: measured beside the page when somebody asks, never made up."""

from collections.abc import Mapping

from pages.compare_page.filters import ComparedScores
from pages.shared.job_panel import job_panel


def draw(compared: ComparedScores, measured: Mapping[str, float]) -> None:
    """A button that measures what is not measured yet of the chosen detectors; nothing where all of them are."""
    source = compared.selected.source
    missing = [key for key in compared.selected.detectors if key not in measured]
    if missing and source.location:
        arguments = ["timing", "--data", source.location, "--models", str(source.folder)]
        arguments += ["--detectors", ",".join(missing)]
        job_panel(
            f"timing-{source.name}".lower(), "Scoring times", arguments, "Measure scoring times", dataset=source.name
        )
