"""Clips whose files cannot be read: they are counted by themselves, and an address that names one says why and leads on."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from asd_core.datasets import Dataset, import_recordings, note_unusable, open_dataset, unusable_clips
from asd_core.settings import get_settings
from asd_core.training import train
from pages.label_page.queue import QUEUE
from tests.app.helpers import opened, sound, text

BROKEN = "ng/2.wav"


@pytest.fixture
def rig(folders: Path) -> Dataset:
    """A dataset with trained detectors, of which a test clip and a training clip are no sound."""
    files = {f"ok/{n}.wav": sound(n) for n in range(25)} | {f"ng/{n}.wav": sound(50 + n) for n in range(4)}
    files |= {BROKEN: b"no sound", "ok/3.wav": b""}
    dataset = open_dataset(import_recordings("Rig", [(name, lambda d=data: d) for name, data in files.items()]).place)
    train(dataset, get_settings().models_dir / "rig", detectors=["control_rms"])
    return dataset


def picker(app: AppTest) -> str:
    return app.selectbox(key="clip").label


def test_what_a_training_could_not_read_is_known_until_it_is_replaced(rig: Dataset) -> None:
    assert sorted(unusable_clips(rig)) == [BROKEN, "ok/3.wav"]
    assert "0 bytes" in unusable_clips(rig)["ok/3.wav"]
    (Path(str(rig.root)) / BROKEN).write_bytes(sound(1))
    assert sorted(unusable_clips(rig)) == ["ok/3.wav"]
    note_unusable(rig.root, {}, ["ok/3.wav"])
    assert unusable_clips(rig) == {}


def test_the_data_page_counts_them_by_themselves_once_it_has_read_them(rig: Dataset, tmp_path: Path) -> None:
    note_unusable(rig.root, {}, list(rig.names))
    app = opened("data", data="Rig")
    row = next(frame.value for frame in app.dataframe if "Dataset" in frame.value).iloc[0]
    assert (row["Training"] + row["Test, normal"], row["Test, anomalies"], row["Cannot be read"]) == (24, 3, 2)
    np.testing.assert_allclose(row["Hours"], 27 * 2 / 3600, atol=0.01)


def test_the_picker_and_the_queue_count_what_can_be_played(rig: Dataset) -> None:
    app = opened("clip", label="anomaly")
    assert picker(app) == "Clip (3 to choose from, 1 cannot be read)"
    assert len(app.selectbox(key="clip").options) == 3
    app = opened("label", annotator="Ada")
    tested = int((rig.catalogue["split"] == "test").sum())
    assert len(app.session_state[QUEUE]) == tested - sum(
        rig.catalogue.set_index("clip_id")["split"][list(unusable_clips(rig))] == "test"
    )
    assert "cannot be read and" in text(app)


@pytest.mark.parametrize("noted", [True, False])
@pytest.mark.parametrize("press", ["next_clip", "previous_clip"])
def test_an_address_of_one_says_why_and_leads_on(rig: Dataset, noted: bool, press: str) -> None:
    if not noted:
        note_unusable(rig.root, {}, list(rig.names))
    app = opened("clip", clip=BROKEN)
    assert [error.value for error in app.error] == [
        "ng/2.wav is not audio that can be read: use WAV, FLAC, OGG, Opus, MP3, AIFF, CAF, M4A, AAC, WebM or MP4."
    ]
    app.button(key=press).click().run()
    assert not app.error
    assert app.selectbox(key="clip").value != BROKEN
    app.selectbox(key="label").select("normal").run()
    assert not app.error
    assert app.selectbox(key="label").value == "normal"
