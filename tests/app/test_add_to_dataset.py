"""Uploads are kept in a dataset that was added in the browser, and the page says where they went."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from asd_core.datasets import import_recordings, open_dataset
from asd_core.datasets.stored_datasets import user_datasets
from tests.app.helpers import FEW, app_at, text, wav


def noise(seed: int) -> bytes:
    return wav(np.random.default_rng(seed).normal(0, 0.05, 32000))


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, settings: pytest.MonkeyPatch) -> None:
    """The demo's detectors, and no dataset of the user's yet."""
    settings.setenv("ASD_DATA_DIR", str(tmp_path / "data"))


def dropped(*files: tuple[str, bytes]) -> AppTest:
    """The Clip page after these files were dropped at once, ready to keep them."""
    app = app_at(detectors=FEW, **{"from": "Upload"}).run()
    app.file_uploader(key="files").set_value([(name, data, "audio/wav") for name, data in files]).run()
    app.session_state["keep"] = True  # the popover is open
    app.run()
    assert not app.exception
    return app


def keep(app: AppTest, label: str) -> str:
    """All that the page says afterwards."""
    app.segmented_control(key="keep_label").set_value(label).run()
    app.button(key="keep_do").click().run()
    assert not app.exception
    return "\n".join([text(app), *(str(one.value) for one in app.success)])


def test_uploads_begin_a_dataset_and_the_next_ones_join_it() -> None:
    app = dropped(("RUN.wav", noise(0)), ("RUN.wav", noise(1)))
    assert app.button(key="keep_do").disabled
    app.toggle(key="keep_all").set_value(True).run()
    app.text_input(key="keep_title").set_value("Press line 3").run()
    assert "Kept in Press line 3 as `kept/RUN.wav` and 1 more." in keep(app, "normal")
    app.button(key="keep_do").click().run()  # once more: nothing is stored twice, nor in another dataset
    assert "Press line 3 holds the same sound already (`kept/RUN.wav`, `kept/RUN-2.wav`)" in text(app)
    (place,) = user_datasets()
    rows = open_dataset(place).catalogue[["clip_id", "machine_type", "label"]].to_numpy().tolist()
    assert rows == [["kept/RUN-2.wav", "Press line 3", "normal"], ["kept/RUN.wav", "Press line 3", "normal"]]

    app = dropped(("other.wav", noise(1)))
    assert app.selectbox(key="keep_where").options == ["Press line 3", "A new one …"]
    assert "holds the same sound already (`kept/RUN-2.wav`)" in keep(app, "anomaly")
    app = dropped(("fault.wav", noise(2)))
    assert "Kept in Press line 3 as `kept/fault.wav`." in keep(app, "anomaly")
    assert open_dataset(place).catalogue["label"].tolist() == ["normal", "normal", "anomaly"]


def test_of_several_machines_one_is_chosen() -> None:
    files = {f"motor_{n}/normal/1.wav": noise(n) for n in (1, 2)}
    place = import_recordings("Plant", [(path, lambda data=data: data) for path, data in files.items()]).place
    app = dropped(("x.wav", noise(3)))
    app.selectbox(key="keep_machine").select_index(1).run()
    keep(app, "unlabelled")
    kept = open_dataset(place).catalogue.set_index("clip_id").loc["kept/x.wav"]
    assert kept[["machine_type", "machine_id", "label", "split"]].tolist() == ["motor", "2", "unlabelled", "eval"]


def test_what_cannot_be_kept_is_said_in_a_sentence() -> None:
    app = dropped(("x.txt", noise(0)))
    app.text_input(key="keep_title").set_value("Press").run()
    assert "x.txt has no ending of a sound file" in keep(app, "normal")
    assert user_datasets() == []
