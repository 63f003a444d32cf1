"""The views below the player, in process: texts, tables, states that are empty (clicks in charts and tables need a browser)."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from asd_core.datasets import demo_dataset
from asd_core.datasets.slide_rail import simulate
from asd_core.scoring import STRENGTHS
from pages.clip_page.over_time_view import heading
from tests.app.helpers import FEW, app_at, text, wav


@pytest.fixture
def app() -> AppTest:
    return app_at(detectors=FEW)


def look(app: AppTest, view: str) -> AppTest:
    """Open a view and wait for what is computed beside the page."""
    app.query_params["look"] = view
    app.run()
    return finish(app)


def finish(app: AppTest) -> AppTest:
    for _ in range(100):
        if not any(button.label == "Stop" for button in app.button):
            break
        time.sleep(0.3)
        app.run()
    assert not app.exception
    return app


def captions(app: AppTest) -> str:
    return "\n".join(c.value for c in app.caption)


def table(app: AppTest, *columns: str) -> "object":
    """The table with these columns."""
    tables = [d.value for d in app.dataframe if set(columns) <= set(d.value.columns)]
    assert len(tables) == 1, [list(d.value.columns) for d in app.dataframe]
    return tables[0]


def charts(app: AppTest) -> list[str]:
    return [chart.proto.id for chart in app.get("plotly_chart")]


def drawn(app: AppTest) -> list[str]:
    """What the last chart shows."""
    return [chart.proto.spec for chart in app.get("plotly_chart")][-1:]


def upload(app: AppTest, *files: tuple[str, np.ndarray]) -> AppTest:
    app.query_params["from"] = "Upload"
    app.run()
    for name, samples in files:
        app.file_uploader(key="files").upload(name, wav(samples))
    return app.run()


def test_why_lists_every_detector_with_the_most_surprised_first(app: AppTest) -> None:
    why = table(look(app, "Why"), "Why", "Map")
    assert sorted(why["Detector"]) == ["Control: clip level", "GWRP + Gaussian", "PCA + KDE"]
    decided = why["Decision"].str.contains("anomaly")
    assert decided.is_monotonic_decreasing
    assert why.set_index("Detector")["Map"].fillna("").to_dict() == {
        "GWRP + Gaussian": "Hide map",
        "PCA + KDE": "",
        "Control: clip level": "",
    }
    assert "what raises the score comes from" in why.set_index("Detector").loc["GWRP + Gaussian", "Why"]
    assert "1 of 3 detectors has a map" in captions(app)
    assert not app.error


def test_why_writes_margins_as_the_score_table_does(app: AppTest) -> None:
    look(app, "Why")
    (why,) = (frame for frame in app.dataframe if {"Why", "Map"} <= set(frame.value.columns))
    written = convert_arrow_bytes_to_pandas_df(why.proto.arrow_data.styler.display_values)
    in_why = dict(zip(written["Detector"], written["Margin"], strict=True))
    (sent,) = (e.proto.json for e in app.get("bidi_component") if e.proto.component_name == "asd_scores")
    rows = [row for group in json.loads(sent)["groups"] for row in group["rows"]]
    assert in_why == {row["detector"]: row["recorded"]["margin_text"] for row in rows}
    margins = {row["detector"]: row["recorded"]["margin"] for row in rows}
    assert why.value.set_index("Detector")["Margin"].to_dict() == pytest.approx(margins), "sorted by its size"


def test_a_margin_of_40_has_a_longer_bar_than_one_of_4(app: AppTest) -> None:
    why = table(look(app, "Why"), "Why", "Map").sort_values("Margin")  # type: ignore[attr-defined]
    above = why[why["Margin"] > 0]
    assert len(above) > 1
    assert above["Margin"].max() > 4
    assert above["Beyond"].is_monotonic_increasing
    assert above["Beyond"].nunique() == len(above)
    assert why["Beyond"].between(0, 1).all()


def test_the_best_map_is_on_until_the_listener_chooses(app: AppTest) -> None:
    look(app, "Why")
    assert "**GWRP + Gaussian**: " in captions(app)  # the sentence under the player
    sent = {"strength": 0.6, "version": "recorded", "region": None, "overlay": None, "turn": 1}
    app.session_state["player"] = {"state": sent}
    app.run()
    assert table(app, "Why", "Map").set_index("Detector").loc["GWRP + Gaussian", "Map"] == "Show map"
    app.session_state["player_asked"] = (1, {**sent, "overlay": "gwrp_gaussian"})  # what the button does
    app.run()
    assert table(app, "Why", "Map").set_index("Detector").loc["GWRP + Gaussian", "Map"] == "Hide map"


def test_the_denoised_sound_is_explained_on_demand(app: AppTest) -> None:
    app.query_params["strength"] = "0.6"
    look(app, "Why")
    before = table(app, "Why", "Map").set_index("Detector")["Why"]
    app.segmented_control(key="of").set_value("denoised").run()
    finish(app)
    after = table(app, "Why", "Map").set_index("Detector")["Why"]
    assert before["GWRP + Gaussian"] != after["GWRP + Gaussian"]
    assert "The clip denoised at 0.60" in captions(app)


def test_spectrum_says_which_frequencies_leave_the_band(app: AppTest) -> None:
    look(app, "Spectrum")
    assert len(charts(app)) == 2
    assert any("of the frequencies lie outside the band of 240 normal clips" in m.value for m in app.markdown)
    assert not app.error


@pytest.mark.parametrize("view", ["Spectrum", "Over time"])
def test_a_view_of_the_denoised_sound_differs(app: AppTest, view: str) -> None:
    """Charts cannot be read here: what is computed from, and the sentence on the spectrum."""
    app.query_params["strength"] = "0.6"
    look(app, view)
    if view == "Over time":
        app.segmented_control(key="window").set_value("5 s every 2.5 s").run()
        finish(app)
    before = {m.value.partition(": ")[2] for m in app.markdown if m.value.startswith("The clip ")}, drawn(app)
    app.segmented_control(key="of").set_value("denoised").run()
    finish(app)
    after = {m.value.partition(": ")[2] for m in app.markdown if m.value.startswith("The clip ")}, drawn(app)
    assert after[1] != before[1]
    assert (after[0] != before[0]) is (view == "Spectrum")


def test_denoising_shows_a_curve_and_the_reference_in_use(app: AppTest) -> None:
    look(app, "Denoising")
    assert len(charts(app)) == 2
    assert f"at {len(STRENGTHS)} strengths" in captions(app)
    assert "the noise is estimated from the whole clip" in captions(app)
    clip = demo_dataset().read(app.selectbox(key="clip").value)
    sent = {"clip": clip.sha256, "strength": 0.6, "version": "denoised", "region": None, "overlay": None, "turn": 1}
    app.session_state["player"] = {"state": {**sent, "kind": "non-stationary", "noise": None}}
    finish(app.run())
    assert "Non-stationary: the noise is estimated" in captions(app)
    app.session_state["player"] = {"state": {**sent, "kind": "stationary", "noise": [1.0, 2.5], "turn": 2}}
    finish(app.run())
    assert "what sounds from 1.00 to 2.50 s" in captions(app)
    app.session_state["player"] = {"state": {**sent, "kind": "nonsense", "noise": ["a", 1], "turn": 3}}
    finish(app.run())
    assert "the noise is estimated from the whole clip" in captions(app)


def test_similar_clips_are_listed_with_their_distance(app: AppTest) -> None:
    look(app, "Similar clips")
    tables = [d.value for d in app.dataframe if "distance" in d.value.columns]
    assert len(tables) == 2
    for rows in tables:
        assert len(rows) == 5
        assert rows["distance"].is_monotonic_increasing
        assert rows["clip"].str.match(r"id 00 · clip \d+$").all()  # not what they are
    assert tables[1]["facts"].str.contains("dB").all()
    assert not charts(app)
    other = app.selectbox(key="beside").options[0]
    app.selectbox(key="beside").set_value(other).run()
    assert len(charts(app)) == 1
    assert any("The open clip:" in m.value for m in app.markdown)
    assert not app.exception


def test_one_window_is_said_and_shorter_ones_are_warned_of(app: AppTest) -> None:
    look(app, "Over time")
    assert any("is one window" in i.value for i in app.info)
    assert not charts(app)
    app.segmented_control(key="window").set_value("5 s every 2.5 s").run()
    finish(app)
    assert any("windows of 5 s are unlike these" in w.value for w in app.warning)
    assert len(charts(app)) == 1


def test_a_long_upload_lists_its_moments(app: AppTest) -> None:
    parts = [simulate("00", seed=60 + n, snr_db=6).samples for n in range(3)]
    parts[1] = simulate("00", seed=99, snr_db=6, fault="no_grease", severity=1.0).samples
    app.query_params["look"] = "Over time"
    upload(app, ("long.wav", np.concatenate(parts)))
    finish(app)
    moments = table(app, "peak_margin", "instant").set_index("detector")
    assert moments.loc["GWRP + Gaussian", "start"] <= 10.0
    assert moments.loc["GWRP + Gaussian", "end"] >= 20.0
    assert 10.0 <= moments.loc["GWRP + Gaussian", "instant"] <= 20.0
    assert moments.loc["GWRP + Gaussian", "normals"] == "beyond all 60 held-out clips"
    assert {b.label for b in app.get("download_button")} == {
        "Windows as CSV",
        "Moments as CSV",
        "Moments as Audacity labels",
    }


def test_a_recording_that_is_anomalous_throughout_is_said_in_a_sentence(app: AppTest) -> None:
    faulty = simulate("00", seed=99, snr_db=6, fault="no_grease", severity=1.0, duration=60.0).samples
    app.query_params["look"] = "Over time"
    upload(app, ("worn.wav", faulty))
    finish(app)
    assert any("detectors are above their threshold from beginning to end" in w.value for w in app.warning)
    rows = [d.value for d in app.dataframe if "peak_margin" in d.value.columns]
    assert not any((moments["end"] - moments["start"] > 50.0).any() for moments in rows)


def test_the_card_of_a_long_recording_says_what_it_is_of(app: AppTest) -> None:
    """A fault of ten seconds in minutes of sound is averaged away: the card sends the listener to the view that finds it."""
    upload(app, ("shift.wav", simulate("00", seed=99, snr_db=6, duration=60.0).samples))
    assert "All 60 s were scored as one clip" in text(app)
    assert "averaged away: *Over time* below scores it window by window." in text(app)
    assert "throughout the clip" not in text(app)
    assert "No time stands out" not in text(app)
    upload(app, ("short.wav", simulate("00", seed=98, duration=10.0).samples))
    assert "scored as one clip" not in text(app)


def test_uploads_are_stepped_through(app: AppTest) -> None:
    upload(app, *((f"{n}.wav", simulate("00", seed=n, duration=2.0).samples) for n in range(3)))

    def place() -> str:
        return app.selectbox(key="uploaded").label

    def row() -> int:
        return int(app.session_state["uploads_table"]["selection"]["rows"][0])

    assert (place(), row()) == ("Uploaded clip (3 of 3)", 2)  # what was dropped last is open
    assert any("2.wav" in m.value for m in app.markdown)
    app.button(key="previous_uploaded").click().run()
    assert (place(), row()) == ("Uploaded clip (2 of 3)", 1)
    assert any("1.wav" in m.value for m in app.markdown)
    app.button(key="next_uploaded").click().run()
    app.button(key="next_uploaded").click().run()
    assert (place(), row()) == ("Uploaded clip (1 of 3)", 0)
    assert any("0.wav" in m.value for m in app.markdown)


@pytest.mark.parametrize(
    "view", ["Why", "Spectrum", "Denoising", "Similar clips", "Over time"]
)  # one detector, no reference, no recordings
def test_views_without_reference_and_recordings_say_so(
    app: AppTest, settings: pytest.MonkeyPatch, small_models: Path, tmp_path: Path, view: str
) -> None:
    shutil.copytree(small_models, tmp_path / "small")
    (tmp_path / "small" / "dataset.json").write_text(json.dumps({"location": str(tmp_path / "gone"), "title": "gone"}))
    (tmp_path / "small" / "reference.safetensors").unlink(missing_ok=True)
    settings.setenv("ASD_MODELS_DIR", str(tmp_path))
    app.query_params["detectors"] = ["Control: clip level"]
    app.query_params["look"] = view
    upload(app, ("mine.wav", simulate("00", seed=5, duration=4.0).samples))
    finish(app)
    notes = "\n".join(i.value for i in app.info)
    assert not app.error
    expected: dict[str, Callable[[], bool]] = {
        "Why": lambda: "does not say where" in table(app, "Why", "Map")["Why"][0],
        "Spectrum": lambda: "no band of normal clips" in notes,
        "Denoising": lambda: len(charts(app)) == 2,
        "Similar clips": lambda: "is not a folder" in notes and "can be listed but not played" in notes,
        "Over time": lambda: "is one window" in notes,
    }
    assert expected[view]()


def test_one_sound_that_several_detectors_flag_is_not_said_to_be_several_moments() -> None:
    moments = pd.DataFrame({"detector": ["pca_kde", "knn_bands", "pca_kde"], "peak_start": [10.0, 10.0, 60.0]})
    assert heading(moments, 35) == (
        "**3 flagged moments** by 2 detectors, each on its own, in 35 windows, the strongest first"
    )
    assert heading(moments[:1], 35) == "**1 flagged moment** in 35 windows, the strongest first"
