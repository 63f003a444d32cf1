"""Label Studio tasks: annotations by people, one prediction per detector, and back.

Follows https://labelstud.io/guide/task_format and the labelling configuration in ``CONFIG``. An annotation is one annotator's
label, note and regions. Who that was stands in a text result, because Label Studio gives imported annotations to whoever
imports them. What it has no field for (frequencies, blind, queue) is in a result's ``meta``, which it keeps. An adjudication is an
annotation marked as ground truth.
"""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core.counting import counted
from asd_core.errors import LabelError
from asd_core.labels.events import LABELS
from asd_core.labels.flat import Fields, Numbered, moment

if TYPE_CHECKING:
    import pandas as pd

VERDICT = "label"  # name of the choices whose values are normal and anomaly
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
CONFIG = """<View>
  <Audio name="audio" value="$audio"/>
  <Choices name="label" toName="audio" choice="single">
    <Choice value="normal"/><Choice value="anomaly"/><Choice value="unsure"/>
  </Choices>
  <Labels name="region" toName="audio">{classes}</Labels>
  <TextArea name="note" toName="audio"/>
  <TextArea name="annotator" toName="audio" maxSubmissions="1"/>
</View>
"""


def config(classes: Iterable[str]) -> str:
    """The labelling configuration to paste into Label Studio."""
    from xml.sax.saxutils import quoteattr

    return CONFIG.format(classes="".join(f"<Label value={quoteattr(name)}/>" for name in classes))


def tasks(
    rows: Iterable[Fields],
    dataset: str,
    clips: "pd.DataFrame | None" = None,
    scores: "pd.DataFrame | None" = None,
) -> bytes:
    """A dataset's rows (see :func:`asd_core.labels.flat.rows`) as Label Studio tasks; parameters as in ``exchange.export``."""
    of: dict[str, list[Fields]] = {}
    for row in rows:
        of.setdefault(row["clip_sha256"], []).append(row)
    about = {sha256: (subset[-1]["clip_id"] or "", subset[-1]["machine_id"] or "") for sha256, subset in of.items()}
    if clips is not None:
        named = {clip_id for clip_id, _ in about.values()}
        for sha256, clip_id, machine_id in zip(clips["sha256"], clips["clip_id"], clips["machine_id"], strict=True):
            if sha256 or clip_id not in named:
                about.setdefault(str(sha256) or str(clip_id), (str(clip_id), str(machine_id)))
    guard = _guard(scores)
    by_hash, by_name = ({}, {}) if scores is None else _predictions(scores)
    made = []
    for number, (key, (clip_id, machine_id)) in enumerate(about.items(), start=1):
        sha256 = "" if key == clip_id else key
        names = {"audio": clip_id, "clip_id": clip_id, "clip_sha256": sha256, "machine_id": machine_id}
        predictions = list((by_hash.get(sha256) or by_name.get(clip_id, {})).values())
        data = {**names, "dataset": dataset, **guard.get(sha256, {})}
        task = {"id": number, "data": data, "annotations": _annotations(of.get(key, []))}
        made.append({**task, "predictions": predictions})
    return (json.dumps(made, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _annotations(rows: list[Fields]) -> list[dict[str, Any]]:
    opinions: dict[tuple[str, bool], list[Fields]] = {}
    for row in rows:
        opinions.setdefault((row["annotator"], row["kind"] == "adjudicate"), []).append(row)
    made = []
    for (annotator, decides), subset in opinions.items():
        result: list[dict[str, Any]] = [_item("annotator", "textarea", {"text": [annotator]}, "annotator")]
        for number, row in enumerate(subset):
            meta = {"kind": row["kind"], "at": row["at"].isoformat(), "blind": row["blind"], "queue": row["queue"]}
            if row["kind"] == "region":
                value = {"start": row["t0"], "end": row["t1"], "channel": 0, "labels": [row["region_class"]]}
                meta |= {"low_hz": row["f0"], "high_hz": row["f1"], "text": [row["note"]] if row["note"] else []}
                result.append(_item("region", "labels", value, f"region-{number}", meta))
                continue
            if row["label"] is not None:
                result.append(_item("label", "choices", {"choices": [row["label"]]}, f"label-{number}", meta))
            if row["note"]:
                result.append(_item("note", "textarea", {"text": [row["note"]]}, f"note-{number}", meta))
            if row["kind"] == "skip":
                result[0]["meta"] = meta
        made.append(
            {
                "result": result,
                "was_cancelled": any(row["kind"] == "skip" for row in subset),
                "ground_truth": decides,
                "created_at": subset[0]["at"].isoformat(),
            }
        )
    return made


def _item(
    name: str, kind: str, value: dict[str, Any], item_id: str, meta: dict[str, Any] | None = None
) -> dict[str, Any]:
    item = {"id": item_id, "from_name": name, "to_name": "audio", "type": kind, "value": value}
    return item | ({"meta": meta} if meta else {})


def _guard(scores: "pd.DataFrame | None") -> dict[str, dict[str, Any]]:
    """By sha256, whether a clip belongs to its machine, and why not; of clips of which nothing is known there is nothing."""
    if scores is None or "applicable" not in scores:
        return {}
    clips = scores.drop_duplicates("sha256").dropna(subset="applicable")
    rows = zip(clips["sha256"], clips["applicable"], clips["applicability_reason"], strict=True)
    return {sha256: {"applicable": bool(fits), "applicability_reason": reason} for sha256, fits, reason in rows}


Predictions = dict[str, dict[str, dict[str, Any]]]  # of a clip, of a detector


def _predictions(scores: "pd.DataFrame") -> tuple[Predictions, Predictions]:
    """Predictions of each clip by its sha256 and, where that is unknown, by its name. Their score is the margin over the
    threshold, which sorts tasks also where every percentile is 100."""
    by_hash: Predictions = {}
    by_name: Predictions = {}
    nothing = [""] * len(scores)
    hashes, versions = (scores.get(n, nothing) for n in ("sha256", "model_version"))
    figures = (scores["margin"], scores["calibrated"])
    named = zip(scores["clip_id"], hashes, scores["detector"], versions, *figures, strict=True)
    for clip_id, sha256, detector, version, margin, percentile in named:
        if not np.isfinite(margin):
            continue
        call = "anomaly" if margin > 0.0 else "normal"
        meta = {"percentile": round(float(percentile), 3)}
        prediction = {
            "model_version": f"{detector} {version}".strip(),
            "score": round(float(margin), 6),
            "result": [_item("label", "choices", {"choices": [call]}, "call", meta)],
        }
        by_name.setdefault(clip_id, {}).setdefault(detector, prediction)
        if sha256:
            by_hash.setdefault(sha256, {}).setdefault(detector, prediction)
    return by_hash, by_name


def from_tasks(content: bytes) -> tuple[list[Numbered], list[str], list[str]]:
    """Annotations of Label Studio tasks as what a Draft takes (numbers are the tasks', in their order), sentences on those
    that cannot be read, and on what was left out. Predictions are not labels and are left out without a word.

    Of several annotations of a task by one person the newest counts, one that was skipped only where there is no other.

    Raises:
        LabelError: when it is not a list of tasks, or it is not clear which of its choices is the label.
    """
    try:
        read = json.loads(content)
    except ValueError as error:
        raise LabelError("The file is not JSON: export the project from Label Studio as JSON.") from error
    if not isinstance(read, list) or not all(isinstance(t, dict) and isinstance(t.get("data"), dict) for t in read):
        raise LabelError("The file is not a list of Label Studio tasks: export the project as JSON (not JSON-MIN).")
    verdict, others = _verdict_control(read)
    results: list[Numbered] = []
    problems: list[str] = []
    notes = (
        [f"Choices of {', '.join(others)} are not labels and are left out: {verdict} is the verdict."] if others else []
    )
    for number, task in enumerate(read, start=1):
        data = task["data"]
        name = data.get("clip_id") or next((str(v) for k, v in data.items() if k in ("audio", "url", "file")), "")
        clip = {"clip_sha256": str(data.get("clip_sha256") or data.get("sha256") or ""), "clip_id": str(name)}
        newest: dict[tuple[str, bool], tuple[tuple[bool, datetime], list[Fields]]] = {}
        older: Counter[str] = Counter()
        for annotation in task.get("annotations") or []:
            try:
                made = _moment_of(annotation)
                who, rows = _annotator(annotation), _rows(annotation, verdict, made)
            except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
                problems.append(f"Task {number}: an annotation cannot be read ({type(error).__name__}: {error}).")
                continue
            key = who, any(row["kind"] == "adjudicate" for row in rows)
            age = not annotation.get("was_cancelled"), made or _LONG_AGO
            if key in newest:
                older[who] += 1
            if key not in newest or age >= newest[key][0]:
                newest[key] = age, rows
        results += [(number, clip | row) for _, rows in newest.values() for row in rows]
        notes += [
            f"Task {number}: of {counted(n + 1, 'annotation')} by {who or 'one person'} the newest counts."
            for who, n in older.items()
        ]
    return results, problems, notes


def _verdict_control(read: list[dict[str, Any]]) -> tuple[str, list[str]]:
    """Name of the choices that say normal or anomaly, and of those that say something else (how loud it is): ours, the only
    ones, or the only ones that say nothing but labels."""
    values: dict[str, set[str]] = {}
    for task in read:
        for annotation in task.get("annotations") or []:
            for item in _items(annotation):
                if item.get("type") == "choices" and "from_name" in item and isinstance(item.get("value"), dict):
                    choices = {str(choice).strip().lower() for choice in item["value"].get("choices") or []}
                    values.setdefault(str(item["from_name"]), set()).update(choices)
    candidates = (
        [name for name, choices in values.items() if choices <= set(LABELS)] if len(values) > 1 else list(values)
    )
    if VERDICT in values or not values:
        candidates = [VERDICT]
    if len(candidates) != 1:
        raise LabelError(
            f"The tasks have several choices ({', '.join(sorted(values))}), and nothing says which of them is the verdict: "
            f"call it {VERDICT} in Label Studio."
        )
    return candidates[0], sorted(set(values) - set(candidates))


def _items(annotation: Any) -> list[dict[str, Any]]:
    results = annotation.get("result") if isinstance(annotation, dict) else None
    return [item for item in results if isinstance(item, dict)] if isinstance(results, list) else []


def _texts(annotation: dict[str, Any]) -> dict[str, Any]:
    return {item["from_name"]: item["value"]["text"] for item in _items(annotation) if item.get("type") == "textarea"}


def _annotator(annotation: dict[str, Any]) -> str:
    return _one(_texts(annotation).get("annotator")) or _completed_by(annotation.get("completed_by"))


def _moment_of(annotation: dict[str, Any]) -> datetime | None:
    """When an annotation was last changed."""
    written = annotation.get("updated_at") or annotation.get("created_at")
    return moment(str(written)) if written else None


def _rows(annotation: dict[str, Any], verdict: str, made: datetime | None) -> list[Fields]:
    annotator = _annotator(annotation)
    common: Fields = {"annotator": annotator} if annotator else {}
    if made:
        common["at"] = made
    opinion: Fields | None = None
    rows: list[Fields] = []
    for item in _items(annotation):
        meta = item.get("meta") or {}
        subset = common | {"blind": meta.get("blind"), "queue": meta.get("queue")}
        if meta.get("at"):
            subset["at"] = moment(meta["at"])
        if item.get("type") == "labels":
            rows += [subset | region for region in _regions(item["value"], meta)]
        elif item.get("type") == "choices" and item["from_name"] == verdict:
            kind = "adjudicate" if meta.get("kind") == "adjudicate" else "label"
            label = str(item["value"]["choices"][0]).strip().lower()
            opinion = subset | {"kind": kind, "label": label if label in LABELS else str(item["value"]["choices"][0])}
        elif meta.get("kind") in ("skip", "note"):
            opinion = opinion or subset | {"kind": meta["kind"]}
    note = _one(_texts(annotation).get("note"))
    if opinion is None and (annotation.get("was_cancelled") or note):
        opinion = common | {"kind": "skip" if annotation.get("was_cancelled") else "note"}
    return ([opinion | ({"note": note} if note else {})] if opinion else []) + rows


def _regions(value: dict[str, Any], meta: dict[str, Any]) -> list[Fields]:
    """A region for each of its classes."""
    row: Fields = {"kind": "region", "t0": float(value["start"]), "t1": float(value["end"])}
    for name, subset in (("f0", "low_hz"), ("f1", "high_hz")):
        row[name] = None if meta.get(subset) is None else float(meta[subset])
    text = _one(meta.get("text"))
    row |= {"note": text} if text else {}
    return [row | {"region_class": name} for name in dict.fromkeys(map(str, value["labels"]))]


def _one(text: Any) -> str:
    return "\n".join(map(str, text)) if isinstance(text, list) else str(text or "")


def _completed_by(who: Any) -> str:
    if isinstance(who, dict):
        full = f"{who.get('first_name', '')} {who.get('last_name', '')}".strip()
        return str(who.get("email") or full or who.get("id") or "")
    return f"Label Studio user {who}" if who else ""
