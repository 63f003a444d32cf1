"""The Label page in process: queues, people, agreement and what a database that cannot be opened looks like."""

import json
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from streamlit.testing.v1 import AppTest

from asd_core.datasets import demo_dataset
from asd_core.labels import Draft, LabelStore, new_uid, opaque_name
from asd_core.scoring import AS_RECORDED, read_scores
from asd_core.settings import get_settings
from pages.components.label_panel import Act
from pages.label_page import acts
from pages.label_page.acts import DrawnClip
from pages.label_page.queue_settings import DATASET, SELECTION, UPLOADS, QueueSettings
from tests.app import helpers
from tests.app.helpers import text
from tests.unit.label_helpers import label as give_label

SHA = {"a": "a" * 64, "b": "b" * 64}


opened = partial(helpers.opened, "label", "Ada")


@pytest.fixture
def url(settings: pytest.MonkeyPatch, tmp_path: Path) -> str:
    address = f"sqlite:///{tmp_path / 'labels.sqlite3'}"
    settings.setenv("ASD_DATABASE_URL", address)
    return address


def panel(app: AppTest) -> dict[str, Any] | None:
    """What the panel beside the player is given."""
    sent = [e.proto.json for e in app.get("bidi_component") if e.proto.component_name == "asd_label"]
    return dict(json.loads(sent[0])) if sent else None


def names(app: AppTest) -> str:
    shown = panel(app)
    assert shown
    return str(shown["name"])


def test_nobody_is_asked_to_label_before_saying_who_they_are(url: str) -> None:
    app = helpers.opened("label")
    assert "Say who is listening" in text(app)
    assert panel(app) is None


def test_a_press_means_the_clip_that_was_shown_and_is_done_once(url: str) -> None:
    drawn = DrawnClip("demo", "Ada", SHA["a"], "test/a.wav", "a.wav", "00", True, "random", "shown", None, 8000.0)
    nowhere: Any = None  # neither settings nor queue is asked
    acts.do(Act("1", "label", "normal", "another", "", None), nowhere, nowhere, 0, drawn)
    acts.do(Act("2", "label", "perfect", "shown", "", None), nowhere, nowhere, 0, drawn)
    store = LabelStore.open(url)
    assert store.current("demo").empty
    # The third came before, and comes again.
    for number, label in (("3", "anomaly"), ("4", "normal"), ("3", "anomaly")):
        acts.do(Act(number, "label", label, "shown", "squeaks", None), nowhere, nowhere, 0, drawn)
    (row,) = store.current("demo").to_dict("records")
    assert (row["annotator"], row["label"], row["note"], row["blind"]) == ("Ada", "normal", "squeaks", True)
    assert [event.label for event in store.history(SHA["a"])] == ["anomaly", "normal"]


def test_a_clip_has_a_name_while_it_stays() -> None:
    first, other = (cast(Any, SimpleNamespace(uid=name)) for name in ("first", "other"))
    name = acts.showing(first, SHA["a"], 0)
    assert acts.showing(first, SHA["a"], 0) == name
    assert len({name, acts.showing(other, SHA["a"], 0), acts.showing(other, SHA["a"], 1)}) == 3


def test_a_clip_that_cannot_be_prepared_is_passed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASD_CHANNEL", "3")
    get_settings.cache_clear()
    (error,) = (e.value for e in opened(blind="false").error)
    assert "channel" in error
    app = opened()
    (error,) = (e.value for e in app.error)
    assert "switch off Blind to read why" in error, "the reason may name the file"
    shown = panel(app)
    assert shown
    assert (shown["showing"], shown["steps"]) == ("", ["on"])


@pytest.mark.parametrize("order", ["most anomalous", "detectors disagree", "nearest a threshold"])
def test_orders_differ_and_blind_shows_no_reason(url: str, order: str) -> None:
    app = opened(order=order.capitalize())
    assert names(app) != names(opened())
    assert "Dataset:" not in text(app)
    assert "detectors call it" not in text(app)


def test_the_order_of_the_files_is_that_of_the_queue_only_with_open_eyes(url: str) -> None:
    in_order = opened(order="In order", blind="false")
    demo = demo_dataset()
    assert names(in_order) == demo.titles[demo.rows(split="test")["clip_id"].iloc[0]]
    assert names(opened(order="In order")) == names(opened()) == names(opened(order="Random"))
    assert names(opened()) != names(helpers.opened("label", "Grace")), "shuffled for each person"


def test_the_address_names_the_clip_without_saying_what_it_is(url: str) -> None:
    table = read_scores(get_settings().models_dir / "demo", None, AS_RECORDED).drop_duplicates("sha256")
    table = table[table["split"] == "test"] if "split" in table else table
    item = opaque_name("demo", str(table["sha256"].iloc[7]))
    app = opened(item=item)
    assert names(app) == item[:6]
    assert app.query_params["item"] == item


def test_files_wait_until_nobody_is_blind(url: str) -> None:
    assert "switch off Blind" in text(opened(label_view="Import and export"))
    assert "switch off Blind" not in text(opened(label_view="Import and export", blind="false"))


def test_a_goal_and_how_far_it_is(url: str) -> None:
    store = LabelStore.open(url)
    for clip in SHA:
        store.add(
            Draft(kind="label", annotator="Ada", dataset="demo", uid=new_uid(), clip_sha256=SHA[clip], label="unsure")
        )
    app = opened(label_goal="4")
    (bar,) = app.get("progress")
    assert (bar.proto.value, bar.proto.text) == (50, "**2 of 4** labelled")
    (bar,) = opened(label_goal="2").get("progress")
    assert bar.proto.text == "**2 of 2** labelled: goal reached"


def test_a_goal_is_no_more_than_there_is(url: str) -> None:
    there = len(demo_dataset().catalogue)
    (bar,) = opened(label_goal=str(there + 1)).get("progress")
    assert bar.proto.text == f"**0 of {there:,}** labelled"


def test_open_eyes_see_the_label_and_the_decisions(url: str) -> None:
    app = opened(blind="false")
    shown, demo = text(app), demo_dataset()
    labels = {
        demo.titles[i]: label for i, label in zip(demo.catalogue["clip_id"], demo.catalogue["label"], strict=True)
    }
    assert f"Dataset: **{labels[names(app)]}**" in shown
    assert "call it" in shown


def test_a_second_opinion_without_a_first_says_so(url: str) -> None:
    assert "nobody else has labelled anything" in text(opened(order="Second opinion"))


def test_agreement_of_two_people_and_an_adjudication(url: str) -> None:
    store = LabelStore.open(url)
    for who, labels in (("Ada", {"a": "normal", "b": "normal"}), ("Grace", {"a": "anomaly", "b": "normal"})):
        for clip, label in labels.items():
            give_label(store, 0, label, who, dataset="demo", clip_sha256=SHA[clip], clip_id=f"test/{clip}.wav")
    blind = text(opened(label_view="Agreement"))
    assert "Ada: normal" not in blind
    assert "a.wav" not in blind
    app = opened(label_view="Agreement", blind="false")
    shown = {m.label: m.value for m in app.metric}
    assert shown["People"] == "2"
    assert shown["Conflicts"] == "1"
    assert shown["Agreement"] == "0.000"  # by hand: one of two pairs agrees, as often as chance has it
    assert "Ada: normal, Grace: anomaly" in text(app)
    app.button(key=f"adjudicate_anomaly_{SHA['a'][:12]}").click().run()
    assert store.adjudications("demo")["label"].tolist() == ["anomaly"]


def test_a_conflict_opens_on_the_clip_page_with_open_eyes_alone(url: str) -> None:
    store, rows = LabelStore.open(url), demo_dataset().rows(split="test").head(2)
    for who, label in (("Ada", "normal"), ("Grace", "anomaly")):
        for sha, clip_id in zip(SHA.values(), rows["clip_id"], strict=True):
            give_label(store, 0, label, who, dataset="demo", clip_sha256=sha, clip_id=clip_id)

    def opens(app: AppTest) -> bool:
        return "conflict_open" in {button.key for button in app.button}

    blind = opened(label_view="Agreement")
    assert not opens(blind)
    assert ".wav" not in str(blind.query_params)
    assert opens(opened(label_view="Agreement", blind="false"))


def test_a_database_that_cannot_be_opened_is_named_without_its_password(settings: pytest.MonkeyPatch) -> None:
    settings.setenv("ASD_DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/labels")
    (error,) = (e.value for e in opened().error)
    assert "127.0.0.1" in error
    assert "secret" not in error


@pytest.mark.parametrize(
    ("where", "remembered"),
    [(DATASET, "most anomalous"), (SELECTION, "selection"), (UPLOADS, "uploads")],
)
def test_a_label_remembers_where_its_clip_came_from(where: str, remembered: str) -> None:
    nobody: Any = None  # whose choice it is decides nothing here
    settings = QueueSettings(nobody, "Ada", where, "test", None, "most anomalous", "pca_kde", True, True, True, 50)
    assert settings.queue == remembered


def test_beside_the_figures_stands_how_the_labels_were_given(url: str) -> None:
    store = LabelStore.open(url)
    folder = get_settings().models_dir / "demo"
    clips = read_scores(folder, None, AS_RECORDED).drop_duplicates("sha256")
    given = [(0, True, "most anomalous"), (1, True, "random"), (2, False, "random")]
    hashes = {number: str(clips["sha256"].iloc[number]) for number, _, _ in given} | {3: SHA["a"]}  # 3: no test clip
    for number, blind, queue in [*given, (3, True, "random")]:
        store.add(
            Draft(
                kind="label",
                annotator="Ada",
                dataset="demo",
                uid=new_uid(),
                clip_sha256=hashes[number],
                label="anomaly",
                blind=blind,
                queue=queue,
            )
        )

    def compared(**address: str) -> str:
        return text(helpers.opened("compare", against="the majority's labels", **address))

    every, blind = compared(), compared(blind_labels="true")
    assert "Of 3 labels, 2 given blind, 1 with other labels or scores shown" in every
    assert "from the queues random (2), most anomalous (1); clips from most anomalous are no fair sample" in every
    assert "Of 2 labels, 2 given blind, 0 with other labels" in blind
    assert "labels: the majority's labels, blind labels only" in blind
