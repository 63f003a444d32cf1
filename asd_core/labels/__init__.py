"""Labels that people give: an append-only store, the order of listening, agreement, import and export.

``agreement``, ``evaluate``, ``exchange`` and ``queues`` are modules of their own; this is the store.
"""

from asd_core.labels.events import CLASSES, KINDS, LABELS, Draft, Event, Kind, new_uid
from asd_core.labels.on_clip import Marked, OnClip, Said
from asd_core.labels.store import LabelStore, Progress

__all__ = [
    "CLASSES",
    "KINDS",
    "LABELS",
    "Draft",
    "Event",
    "Kind",
    "LabelStore",
    "Marked",
    "OnClip",
    "Progress",
    "Said",
    "new_uid",
]
