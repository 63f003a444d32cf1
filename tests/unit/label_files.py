"""Labels of every kind in files: written, read into an empty store, and read a second time."""

import json
from pathlib import Path

from asd_core.labels import LabelStore, Plan, plan_import
from tests.unit.label_helpers import DATASET, clips

NOTE = '=says "knock", twice;\nthen\tstops – naïve \\n\r\n| end'
CLIPS = clips(12)


def state(store: LabelStore, *, times: bool = True) -> list[list[object]]:
    """All that holds, in an order of its own; without where it came from."""
    found = []
    for table in (store.current(DATASET), store.regions(DATASET), store.adjudications(DATASET)):
        kept = table.drop(
            columns=["event_id", "source", "uid", *([] if times else ["at", "blind", "queue"])], errors="ignore"
        )
        rows = json.loads(kept.to_json(orient="values", date_format="iso", date_unit="us", double_precision=15))
        found.append(sorted(rows, key=str))
    return found


def copy(content: bytes, filename: str, tmp_path: Path, **more: str) -> tuple[LabelStore, Plan]:
    """Import a file into an empty store."""
    store = LabelStore.open(f"sqlite:///{tmp_path / 'copy.sqlite3'}")
    plan = plan_import(store, DATASET, filename, content, clips=CLIPS, **more)
    assert (plan.problems, plan.conflicts) == ([], [])
    assert plan.apply(store) == len(plan.new)
    assert store.check() == []
    return store, plan


def again(store: LabelStore, filename: str, content: bytes, **more: str) -> None:
    """The same file a second time changes nothing, and neither does it under another name."""
    before = store.last_id()
    for named in (filename, f"copy of {filename}"):
        plan = plan_import(store, DATASET, named, content, clips=CLIPS, **more)
        assert (plan.new, plan.conflicts, plan.problems) == ([], [], [])
        assert plan.apply(store, conflicts="take") == 0
    assert store.last_id() == before


def annotation(label: str | None = None, *more: dict[str, object], **about: object) -> dict[str, object]:
    """One of Label Studio's, by Eve."""
    result = [{"from_name": "label", "type": "choices", "value": {"choices": [label]}}] if label else []
    return {"completed_by": {"email": "eve@example.org"}, "result": [*result, *more], **about}
