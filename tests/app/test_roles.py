"""Who may do what on the pages: greyed out, and refused where it is done; what read-only leaves alone; who did what."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from asd_core import jobs
from asd_core.audit import AuditEntry, AuditLog
from asd_core.datasets import import_recordings, open_dataset, read_dataset_file
from asd_core.errors import LabelError
from asd_core.labels import LabelStore
from asd_core.settings import get_settings
from pages.components.label_panel import Act
from pages.label_page import acts
from pages.label_page.acts import DrawnClip
from pages.shared import permissions
from pages.shared.tables import download
from tests.app.helpers import app_at, opened, press, sound, text
from tests.unit.label_helpers import label

WHO = {"is_logged_in": True, "email": "ada@example.org"}
TRAIN = "needs the role train: ask an administrator, who sets ASD_ROLES."


@pytest.fixture
def rig(folders: Path, settings: pytest.MonkeyPatch) -> Path:
    """The dataset file of a small dataset; nothing may start a job."""
    settings.setattr(jobs, "start", lambda *_, **__: pytest.fail("a job was started"))
    files = [(f"normal/{n}.wav", lambda n=n: sound(n)) for n in range(6)]
    return import_recordings("Rig", files).place


def as_role(role: str, settings: pytest.MonkeyPatch) -> None:
    settings.setenv("ASD_DEFAULT_ROLE", role)
    get_settings.cache_clear()


def done() -> list[tuple[str, str, str]]:
    """Who did what to which dataset, oldest first."""
    store = LabelStore.open()
    found = [(entry.who, entry.act, entry.dataset) for entry in reversed(store.audit.entries())]
    store.close()
    return found


@pytest.fixture
def old_tab(settings: pytest.MonkeyPatch) -> None:
    """No button is greyed out, as on a page that was drawn when more was allowed: Streamlit takes no press of one that is."""
    draw = streamlit.button
    settings.setattr(streamlit, "button", lambda *args, disabled=False, **more: draw(*args, **more))


def refused(app: AppTest, name: str) -> str:
    """What the page says to a press."""
    press(app, name)
    said = "\n".join(str(error.value) for error in app.error)
    app.run()  # what is refused before the page is drawn ends that run
    return said


def typed(app: AppTest, key: str, value: str) -> None:
    next(field for field in app.text_input if field.key == key).set_value(value).run()


def test_what_somebody_may_not_do_is_greyed_out_and_says_why(rig: Path, settings: pytest.MonkeyPatch) -> None:
    as_role("label", settings)
    app = opened("data", data="Rig")
    typed(app, "rename_rig", "Other")
    typed(app, "delete_rig", "Rig")
    buttons = {button.label: button for button in app.button}
    for name, role in (("Train", "train"), ("Save", "train"), ("Rename", "train"), ("Delete", "administer")):
        assert buttons[name].disabled
        assert f"needs the role {role}: ask an administrator, who sets ASD_ROLES." in (buttons[name].help or "")


@pytest.mark.usefixtures("old_tab")
def test_a_listener_gets_nowhere_with_an_old_tab(rig: Path, settings: pytest.MonkeyPatch) -> None:
    as_role("label", settings)
    app = opened("data", data="Rig")
    assert refused(app, "Train").endswith(TRAIN)
    typed(app, "rename_rig", "Other")
    assert refused(app, "Rename").endswith(TRAIN)
    typed(app, "delete_rig", "Rig")
    assert "needs the role administer" in refused(app, "Delete")
    assert read_dataset_file(rig).title == "Rig"
    assert len(open_dataset(rig).catalogue) == 6
    assert done() == [("no login", "refused", "rig")] * 3
    assert "Your role: **label**" in text(app)
    assert all(one.label != "Activity" for one in app.expander)


@pytest.mark.usefixtures("old_tab")
def test_who_may_train_may_not_delete(rig: Path, settings: pytest.MonkeyPatch) -> None:
    as_role("train", settings)
    app = opened("data", data="Rig")
    typed(app, "delete_rig", "Rig")
    assert "needs the role administer" in refused(app, "Delete")
    typed(app, "rename_rig", "Other")
    press(app, "Rename")
    assert read_dataset_file(rig).title == "Other"
    assert done() == [("no login", "refused", "rig"), ("no login", "renamed", "rig")]


def test_roles_are_of_the_address_that_a_login_has_proved(rig: Path, settings: pytest.MonkeyPatch) -> None:
    settings.setenv("ASD_ROLES", json.dumps({"train": ["@example.org"]}))
    get_settings.cache_clear()
    for user, why in (
        ({"is_logged_in": False}, TRAIN.replace("ask", "log in, or ask")),
        (WHO | {"email_verified": False}, TRAIN),
        ({"is_logged_in": True, "name": "ada@example.org"}, TRAIN),
        (WHO, ""),
    ):
        app = app_at("data", data="Rig")
        app.user = user
        app.run()
        button = next(button for button in app.button if button.label == "Train")
        assert (button.disabled, (button.help or "").endswith(why)) == (bool(why), True), user
    typed(app, "rename_rig", "Other")
    press(app, "Rename")
    assert done() == [("ada@example.org", "renamed", "rig")]


def test_administrators_see_what_was_done(rig: Path) -> None:
    app = opened("data", data="Rig")
    typed(app, "rename_rig", "Other")
    press(app, "Rename")
    app.session_state["activity"] = True
    app.run()
    table = next(frame.value for frame in app.dataframe if "Did" in frame.value)
    assert table[["Who", "Did", "Dataset", "Details"]].to_numpy().tolist() == [
        ["no login", "renamed", "rig", "Rig is Other now"]
    ]
    typed(app, "delete_rig", "Other")
    press(app, "Delete")
    assert not rig.exists()
    assert [act for _, act, _ in done()] == ["renamed", "deleted"]


def test_a_started_job_knows_who_pressed(rig: Path, settings: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    settings.setattr(jobs, "start", lambda *_, **more: started.append(more))
    press(opened("data", data="Rig"), "Train")
    assert started == [{"by": "no login"}]
    assert done() == [("no login", "started", "rig")]


def test_what_cannot_be_logged_is_not_done(rig: Path, settings: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise LabelError("The disk is full.")

    settings.setattr(AuditLog, "add", fail)
    app = opened("data", data="Rig")
    typed(app, "rename_rig", "Other")
    press(app, "Rename")
    assert [error.value for error in app.error] == ["The disk is full."]
    assert read_dataset_file(rig).title == "Rig"


def test_an_act_that_fails_says_so_in_a_second_line(folders: Path) -> None:
    with pytest.raises(LabelError), permissions.acting(permissions.Role.TRAIN, "renamed", "rig"):
        raise LabelError("No space is left.")
    store = LabelStore.open()
    entries = store.audit.entries()
    store.close()
    assert [(entry.act, entry.note) for entry in entries] == [("failed", "renamed: No space is left."), ("renamed", "")]


def label_all_ways() -> list[str]:
    """Press every key of the Label page; the sentences on what was not saved."""
    nowhere: Any = SimpleNamespace(selected=SimpleNamespace(source=SimpleNamespace(name="demo")), annotator="Ada")
    drawn = DrawnClip("demo", "Ada", "a" * 64, "a.wav", "a.wav", "00", False, "random", "shown", None, 8000.0)
    said = []
    for kind, value in (("label", "normal"), ("skip", ""), ("undo", "")):
        acts.do(Act(kind, kind, value, "shown", "", None), nowhere, nowhere, 0, drawn)
        said.append(str(acts.st.session_state.pop(acts.PROBLEM, "")))
    acts.unmark(drawn, "region")
    return [*said, str(acts.st.session_state.pop(acts.PROBLEM, ""))]


@pytest.mark.usefixtures("old_tab")
def test_a_listener_labels_nothing(folders: Path, settings: pytest.MonkeyPatch) -> None:
    settings.delenv("ASD_MODELS_DIR")
    store = LabelStore.open()
    for annotator, given in (("Ada", "normal"), ("Bob", "anomaly")):
        label(store, 0, given, annotator, dataset="demo")
    last = store.last_id()
    as_role("listen", settings)
    assert all("needs the role label" in one for one in label_all_ways())
    app = opened("label", "Ada")
    assert "Labelling needs the role label: ask an administrator" in text(app)
    assert not app.text_input
    app = opened("label", "Ada", label_view="Agreement", blind="false")
    assert "needs the role label" in refused(app, "It is an anomaly")
    app = opened("label", label_view="Import and export", blind="false")
    assert "Labelling needs the role label" in text(app)
    assert not next(button for button in app.get("download_button")).proto.disabled, "exports stay possible"
    assert store.last_id() == last
    store.close()


def test_whoever_takes_peoples_labels_is_logged(folders: Path, settings: pytest.MonkeyPatch) -> None:
    contents: list[Callable[[], str]] = []
    settings.setattr("streamlit.download_button", lambda _, content, *__, **___: contents.append(content))
    download("Take", "a,b", "x.csv")
    download("Take", "a,b", "labels.csv", labels_of="demo")
    assert contents[0] == "a,b"
    assert done() == []
    assert [contents[1](), contents[1]()] == ["a,b", "a,b"]
    assert done() == [("no login", "exported labels", "demo")] * 2


def trees(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.usefixtures("old_tab")
@pytest.mark.parametrize("labelled", [False, True])
def test_read_only_writes_nothing(rig: Path, settings: pytest.MonkeyPatch, labelled: bool) -> None:
    root = rig.parents[4]
    settings.setenv("ASD_CACHE_DIR", str(root / "cache"))
    store = LabelStore.open() if labelled else None
    if store:
        label(store, 0, "normal", dataset="demo")
        store.audit.add(AuditEntry("trained", "ada@example.org"))
    held = (store.current(), store.audit.entries()) if store else None
    if store:
        store.close()
    settings.setenv("ASD_READ_ONLY", "true")
    settings.setenv("ASD_ROLES", '{"administer": ["*"]}')
    get_settings.cache_clear()
    before = trees(root)
    app = opened("data", data="Rig")
    assert "Read-only: nothing is stored here." in text(app)
    assert "read-only (ASD_READ_ONLY)" in refused(app, "Train")
    typed(app, "rename_rig", "Other")
    assert "read-only (ASD_READ_ONLY)" in refused(app, "Rename")
    typed(app, "delete_rig", "Rig")
    assert "read-only (ASD_READ_ONLY)" in refused(app, "Delete")
    assert all("read-only" in one for one in label_all_ways())
    settings.delenv("ASD_MODELS_DIR")  # the demo's detectors: those pages that have something to show
    get_settings.cache_clear()
    for page, view in (("label", "Agreement"), ("label", "Import and export"), ("compare", ""), ("experiments", "")):
        opened(page, "Ada", **({"label_view": view, "blind": "false"} if view else {}))
    after = trees(root)
    ours = [name for name in after if not name.startswith("cache/") and not name.endswith(("-wal", "-shm"))]
    assert {name: after[name] for name in ours} == before
    if held:
        store = LabelStore.open()
        assert store.current().equals(held[0])
        assert store.audit.entries() == held[1]
        store.close()


def test_a_bad_setting_is_named_on_every_page(folders: Path, settings: pytest.MonkeyPatch) -> None:
    settings.setenv("ASD_ROLES", '{"trian": ["ada@example.org"]}')
    get_settings.cache_clear()
    for page in ("clip", "data", "present"):
        app = opened(page)
        (error,) = app.error
        assert error.value.startswith("ASD_ROLES, trian: "), page
