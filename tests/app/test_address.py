"""What of the Clip page is in its address, in process."""

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from asd_core.datasets import import_recordings
from tests.app.helpers import FEW, opened, sound, text

CLIP = "test/anomaly_id_02_00000003.wav"
STATE = {"version": "denoised", "strength": "0.25", "overlay": "none", "region": "1_2.5_500_2000", "noise": "0.5_1"}


def player(app: AppTest) -> dict[str, Any]:
    """The state that the player is given."""
    (sent,) = (e.proto.json for e in app.get("bidi_component") if e.proto.component_name == "asd_player")
    return dict(json.loads(sent)["state"])


def written(app: AppTest) -> dict[str, str]:
    """The parameters of the address, but for the detectors."""
    values = {name: [value] if isinstance(value, str) else value for name, value in app.query_params.items()}
    return {name: value[-1] for name, value in values.items() if value and name != "detectors"}


def test_a_link_gives_the_player_its_state_and_stays_as_it_is() -> None:
    app = opened("clip", machine="02", clip=CLIP, detectors=FEW, **STATE)
    state = player(app)
    assert (state["version"], state["strength"], state["overlay"]) == ("denoised", 0.25, None)
    assert state["region"] == {"t0": 1.0, "t1": 2.5, "f0": 500.0, "f1": 2000.0}
    assert state["noise"] == [0.5, 1.0]
    assert written(app) == {"machine": "02", "clip": CLIP, **STATE}
    chosen = opened("clip", detectors=FEW, overlay="gwrp_gaussian")
    assert written(chosen) == {}  # it is the first one


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("overlay", "none_such"),
        ("overlay", "pca_kde"),  # says no where
        ("region", "50_60_500_2000"),  # after the clip's end
        ("region", "2_1_500_2000"),
        ("region", "1_2_500"),
        ("region", "nan_2_500_2000"),
        ("strength", "1.5"),
        ("strength", "-0.5"),
        ("strength", "nan"),
        ("strength", "many"),
        ("version", "louder"),
        ("kind", "none"),
        ("noise", "50_60"),
        ("noise", "inf_inf"),
        ("clip", "/etc/passwd"),
    ],
)
def test_what_cannot_be_is_ignored_and_leaves_the_address(name: str, value: str) -> None:
    clean = opened("clip", detectors=FEW)
    assert written(clean) == {}
    app = opened("clip", detectors=FEW, **{name: value})
    assert not app.error
    assert player(app) == player(clean)
    assert written(app) == {}


def test_the_clip_in_the_address_counts_more_than_machine_and_filters() -> None:
    app = opened("clip", detectors=FEW, machine="04", label="normal", clip=CLIP)
    assert app.selectbox(key="clip").value == CLIP
    assert app.selectbox(key="machine").value == "02"


def test_what_the_browser_says_is_written_and_a_page_that_is_left_comes_back_so() -> None:
    app = opened("clip", detectors=FEW)
    said = {"clip": player(app)["clip"], "version": "denoised", "strength": 0.5, "overlay": None, "turn": 3}
    app.session_state["player"] = {"state": {**said, "region": {"t0": 1, "t1": 2, "f0": 0, "f1": 8000}}}
    app.run()
    assert written(app) == {"version": "denoised", "strength": "0.5", "overlay": "none", "region": "1_2_0_8000"}
    app.selectbox(key="clip").select_index(4).run()
    clip = app.selectbox(key="clip").value
    named = {"clip": clip, "version": "denoised", "strength": "0.5", "overlay": "none"}  # the region was another clip's
    assert written(app) == named
    app.switch_page("experiments.py").run()
    app.switch_page("clip.py").run()
    assert app.selectbox(key="clip").value == clip
    assert written(app) == named


def test_a_dataset_that_is_gone_is_named_until_another_page_is_opened() -> None:
    app = opened("compare", dataset="Press *line* 3", detectors=FEW)
    said = "The dataset `Press *line* 3` is not here (any more): this is Simulated slide rail (demo)."
    assert text(app).count(said) == 1
    app.run()
    assert text(app).count(said) == 1
    app.switch_page("experiments.py").run()
    assert said not in text(app)
    assert "is not here" not in text(opened("compare", detectors=FEW))


def test_a_dataset_without_detectors_is_told_from_one_that_is_gone(
    settings: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings.setenv("ASD_DATA_DIR", str(tmp_path))
    import_recordings("Rig", [("normal/1.wav", lambda: sound(1))])
    app = opened("clip", dataset="Rig", detectors=FEW)
    assert "The dataset `Rig` has no trained detectors yet: this is Simulated slide rail (demo)." in text(app)
    assert [link.label for link in app.get("page_link")] == ["Train it"]
    assert "is not here (any more)" not in text(app)


def test_a_machine_that_no_detector_knows_is_named_until_one_is_chosen() -> None:
    app = opened("clip", machine="77", detectors=FEW)
    assert "knows the machine id in this address, `77`: this is 00." in text(app)
    app.selectbox(key="machine").select("02").run()
    assert "in this address" not in text(app)


def test_a_clip_that_is_gone_is_named_until_another_one_is_opened() -> None:
    said = "The clip in this address, `test/gone.wav`, is not in Simulated slide rail (demo) (any more): this is id 00"
    app = opened("clip", clip="test/gone.wav", detectors=FEW)
    assert said in text(app)
    app.button(key="next_clip").click().run()
    assert "in this address" not in text(app)
    both = opened("clip", dataset="Gone", clip="test/gone.wav", detectors=FEW)
    assert text(both).count("(any more)") == 1


def test_the_data_page_says_that_the_dataset_of_a_link_is_gone() -> None:
    app = opened("data", data="Gone")
    said = "The dataset `Gone` is not here (any more): below, recordings can be added."
    assert said in text(app)
    app.selectbox(key="data").select_index(1).run()
    assert said not in text(app)
