"""Columns and names that say what a file of the Clip page is about."""

from collections.abc import Sequence
from typing import Any

from asd_core.sound import Signal
from pages.clip_page.signal_scores import applicable
from pages.shared.choice import Choice
from pages.shared.tables import file_name


def provenance(selected: Choice, signal: Signal) -> dict[str, Any]:
    """Columns that say which clip and version of it a row is of, and whether the clip belongs to the machine (empty where
    nothing is known of that)."""
    # Without the libraries nothing is computed.
    applicability = applicable(selected, signal.dry) if signal.mix else None
    return {
        "dataset": selected.source.name,
        "clip": signal.clip.name,
        "sha256": signal.clip.sha256,
        "machine_id": selected.machine_id,
        "sample_rate": signal.clip.sample_rate,
        "version": signal.version,
        "denoise": signal.strength if signal.is_denoised else 0.0,
        "kind": signal.kind if signal.is_denoised else "",
        "false_alarm_rate": selected.rate,
        "applicable": applicability.applicable if applicability else None,
        "applicability_reason": applicability.reason if applicability else "",
    }


def clip_file(what: str, about: dict[str, Any], more: Sequence[object] = (), *, of: object, ending: str = "csv") -> str:
    """Name of a file whose rows are of a clip (see :func:`provenance`)."""
    strength = f"{about['denoise']:g}" if about["denoise"] else ""
    return file_name(
        what,
        about["clip"].rsplit(".", 1)[0],
        f"id {about['machine_id']}",
        f"{about['sample_rate']} Hz",
        f"{about['version']} {strength}",
        "not applicable" if about["applicable"] is False else "",
        *more,
        of=(about, of),
        ending=ending,
    )
