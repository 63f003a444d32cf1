"""What of the Clip page is in its address, in process."""

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.helpers import FEW, opened

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
