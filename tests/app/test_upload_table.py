"""Several uploads get a row each: scored beside the page, once, told apart by what is in them, and none is held as sound."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd
import pytest
from streamlit.runtime.caching import clear_session_resource_cache
from streamlit.testing.v1 import AppTest

from asd_core.datasets import open_dataset
from asd_core.scoring import score_prepared
from asd_core.sound import Clip, read_clip, wav_bytes
from pages.clip_page import signal_scores
from pages.shared import caching, uploads
from pages.shared.signals import signal_of
from tests.app.helpers import FEW, app_at, text, wav
from tests.app.test_background_work import SESSION


@pytest.fixture(autouse=True)
def scored(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How often each clip was scored; every test begins with empty caches."""
    counts: Counter[str] = Counter()

    def counted(clip: Clip, *rest: object) -> dict[str, float]:
        counts[clip.sha256] += 1
        return score_prepared(clip, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(signal_scores, "score_prepared", counted)
    signal_scores._raw_scores.clear()
    caching._store.clear()
    yield counts
    clear_session_resource_cache(SESSION)


@pytest.fixture(scope="module")
def recordings() -> dict[str, np.ndarray]:
    """Of the demo's machine id 00: a normal clip and a plain fault; and white noise."""
    demo = open_dataset("demo")
    rows = demo.rows(machine_id="00", split="test").groupby("label")["clip_id"]
    found = {
        label: demo.read(rows.get_group(label).iloc[place]).samples[0]
        for label, place in (("normal", 3), ("anomaly", -1))
    }
    return {**found, "noise": np.random.default_rng(0).normal(0, 0.1, 160000).astype(np.float32)}


def finish() -> None:
    """Until no uploads are being scored."""
    for thread in threading.enumerate():
        if thread.name == "work-uploads":
            thread.join(60)


def dropped(*files: tuple[str, bytes], **address: str) -> AppTest:
    """The Clip page after these files were dropped at once and scored."""
    app = app_at(detectors=FEW, **{"from": "Upload"}, **address).run()
    app.file_uploader(key="files").set_value([(name, data, "audio/wav") for name, data in files]).run()
    finish()
    app.run()
    assert not app.exception
    return app


def uploads_of(app: AppTest) -> dict[str, object]:
    """The session's uploads by hash, in the order of the table."""
    known: dict[str, object] = app.session_state["uploads"]
    return known


def rows(app: AppTest) -> pd.DataFrame:
    (table,) = (frame.value for frame in app.dataframe if "Of this machine" in str(frame.proto.columns))
    return table


def test_a_row_an_upload_and_equal_names_are_told_apart(recordings: dict[str, np.ndarray]) -> None:
    app = dropped(*(("press.wav", wav(recordings[name])) for name in ("normal", "anomaly", "noise")))
    shown = rows(app)
    assert list(shown["Name"]) == ["press.wav", "press.wav (2)", "press.wav (3)"]
    assert list(shown["Verdict"]) == ["· normal", "▲ anomaly", "✕ not this machine"]
    assert list(shown["Belongs"])[:2] == ["yes", "yes"]
    assert shown["Belongs"].iloc[2].startswith("no: ")
    assert shown["Margin"].iloc[1] > 2 > 0 > shown["Margin"].iloc[0]
    assert shown["From"].isna().tolist() == [True, False, True]  # a fault alone has a place
    assert shown["Agree"].isna().tolist() == [False, False, True]  # nobody agrees on "not this machine"
    assert "Channel" not in shown
    # What is open is the last one; its card says what its row says.
    assert "**Not this machine**" in text(app)
    app.selectbox(key="uploaded").select_index(1).run()
    assert "**Anomaly**" in text(app)


def test_a_row_says_that_a_recording_was_recorded_otherwise(recordings: dict[str, np.ndarray]) -> None:
    """Its verdict may come from that: what differs is below the open recording."""
    app = dropped(("a.wav", wav(recordings["normal"])), ("b.wav", wav(recordings["normal"] + 0.05)))
    assert list(rows(app)["Belongs"]) == ["yes", "yes, recorded otherwise"]


def test_card_and_row_of_an_upload_say_the_same(recordings: dict[str, np.ndarray]) -> None:
    """Words and figures: a recording of another machine was "Not this machine" on its card and "? not sure" in its row."""
    app = dropped(*((f"{name}.wav", wav(recordings[name])) for name in ("normal", "anomaly", "noise")))
    for sha256, (_, row) in zip(list(uploads_of(app)), rows(app).iterrows(), strict=True):
        app.selectbox(key="uploaded").set_value(sha256).run()
        (card,) = (m for m in app.markdown if ":material/" in m.value and " · " in m.value)
        assert row["Verdict"].split(" ", 1)[1] == card.value.split("**")[1].lower()
        side = "above" if row["Margin"] >= 0 else "below"
        assert f"{abs(row['Margin']):.1f} normal spreads {side} its threshold" in card.proto.help


def test_one_upload_has_no_table(recordings: dict[str, np.ndarray]) -> None:
    app = dropped(("press.wav", wav(recordings["normal"])))
    assert not [frame for frame in app.dataframe if "Of this machine" in str(frame.proto.columns)]


def test_nothing_is_scored_twice(recordings: dict[str, np.ndarray], scored: Counter[str]) -> None:
    app = dropped(*(("press.wav", wav(recordings[name])) for name in ("normal", "anomaly", "noise")))
    before = rows(app)
    for _ in range(3):  # every one of them is opened
        app.button(key="next_uploaded").click().run()
    app.switch_page("compare.py").run()
    app.switch_page("clip.py").run()
    finish()
    app.run()
    assert rows(app).equals(before)  # they survive the way to another page, where the uploader forgets its files
    assert len(scored) == 3
    assert set(scored.values()) == {1}


def test_another_rate_takes_no_new_score(recordings: dict[str, np.ndarray], scored: Counter[str]) -> None:
    app = dropped(*((name, wav(recordings[name])) for name in ("normal", "anomaly")))
    before = rows(app)
    app.select_slider(key="rate").set_value(0.2).run()
    assert (rows(app)["Margin"] > before["Margin"]).all()
    assert set(scored.values()) == {1}


def test_files_are_kept_and_one_recording_is_decoded(recordings: dict[str, np.ndarray]) -> None:
    files = [(f"{level}.wav", wav(recordings["normal"] * level)) for level in np.linspace(0.9, 1.1, 6)]
    app = dropped(*files)
    assert rows(app)["Margin"].notna().all()
    held = [key for key in caching._store if key[1] in ("_decoded", "_prepared")]
    assert len({key[2] for key in held}) == 1, "the open one"


def test_what_has_no_room_goes_and_is_said(recordings: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "drop_oldest", partial(caching.drop_oldest, limit=1e6))  # three files of 320 kB
    app = dropped(*((f"{level}.wav", wav(recordings["normal"] * level)) for level in (0.8, 0.9, 1.0, 1.1)))
    assert list(rows(app)["Name"]) == ["0.9.wav", "1.0.wav", "1.1.wav"]
    assert "The oldest uploads were dropped (1)" in text(app)


def test_stop_stops_and_keeps_what_is_done(recordings: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    second, go_on = threading.Event(), threading.Event()
    turn: list[str] = []

    def slow(clip: Clip, *rest: object) -> dict[str, float]:
        if threading.current_thread().name == "work-uploads":
            turn.append(clip.sha256)
            if len(turn) == 2:
                second.set()
                assert go_on.wait(20)
        return score_prepared(clip, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(signal_scores, "score_prepared", slow)
    app = app_at(detectors=FEW, **{"from": "Upload"}).run()
    files = [(f"{level}.wav", wav(recordings["normal"] * level), "audio/wav") for level in np.linspace(0.9, 1.1, 5)]
    app.file_uploader(key="files").set_value(files).run()
    assert second.wait(20)
    app.run()
    assert rows(app)["Margin"].notna().tolist() == [True, False, False, False, False]  # a row as soon as it is done
    assert "**1.1.wav**" in text(app), "an open clip is not held up"
    app.button(key="stop_uploads").click().run()
    go_on.set()
    finish()
    app.run()
    assert "Scoring the uploads was stopped." in text(app)
    assert rows(app)["Margin"].notna().sum() in (1, 2)
    app.button(key="again_uploads").click().run()
    finish()
    app.run()
    assert rows(app)["Margin"].notna().all()


def stereo(left: np.ndarray, right: np.ndarray) -> bytes:
    return wav_bytes(np.stack([left, right]), 16000)


def test_a_silent_left_channel_is_named_and_the_other_one_analysed(recordings: dict[str, np.ndarray]) -> None:
    fault = recordings["anomaly"]
    app = dropped(("mono.wav", wav(fault)), ("stereo.wav", stereo(np.zeros_like(fault), fault)))
    assert "Channel 1 of stereo.wav is silent: channel 2 is analysed instead." in text(app)
    assert app.selectbox(key="channel").options == ["1", "2", "mean"]
    shown = rows(app)
    assert list(shown["Channel"]) == ["1", "2"]
    assert shown["Margin"].nunique() == 1
    assert list(shown["Verdict"]) == ["▲ anomaly"] * 2


def test_on_other_pages_a_silent_channel_gives_way_too(recordings: dict[str, np.ndarray]) -> None:
    fault = recordings["anomaly"]
    found = signal_of(read_clip(stereo(np.zeros_like(fault), fault)))
    assert found.channel == 1
    assert np.abs(found.clip.samples[0] - fault).max() < 1e-3


def test_card_and_rows_follow_the_chosen_channel(recordings: dict[str, np.ndarray], scored: Counter[str]) -> None:
    both = stereo(recordings["normal"], recordings["anomaly"])
    app = dropped(("normal.wav", wav(recordings["normal"])), ("both.wav", both))
    assert "**Normal**" in text(app)
    assert list(rows(app)["Verdict"]) == ["· normal", "· normal"]
    app.selectbox(key="channel").select("2").run()
    finish()
    app.run()
    assert "**Anomaly**" in text(app)
    assert list(rows(app)["Verdict"]) == ["· normal", "▲ anomaly"]  # one channel: that one
    app.selectbox(key="channel").select("mean").run()
    finish()
    app.run()
    assert list(rows(app)["Channel"]) == ["1", "mean"]
    assert sorted(scored.values()) == [1, 3]


def test_a_link_names_the_channel(recordings: dict[str, np.ndarray]) -> None:
    both = stereo(recordings["normal"], recordings["anomaly"])
    app = dropped(("both.wav", both), channel="2")
    assert "**Anomaly**" in text(app)
    assert app.query_params["channel"] == "2"


def test_the_channel_of_the_address_is_presented_and_labelled(recordings: dict[str, np.ndarray]) -> None:
    both = stereo(recordings["normal"], recordings["anomaly"])
    app = dropped(("both.wav", both), channel="2")
    app.switch_page("present.py")
    for name, value in {"uploaded": read_clip(both).sha256, "of_channel": "2", "step": "3"}.items():
        app.query_params[name] = value
    app.run()
    assert "**Anomaly**" in app.title[0].value
    app.query_params["of_channel"] = "1"
    app.run()
    assert "**Normal**" in app.title[0].value
    app.switch_page("label.py")
    app.session_state["annotator"], app.session_state["label_where"] = "Ada", "Uploads"
    app.query_params["channel"] = "2"
    app.run()
    assert not app.exception
    assert app.selectbox(key="channel").value == "2"
    (player,) = (json.loads(e.proto.json) for e in app.get("bidi_component") if e.proto.component_name == "asd_player")
    right = signal_of(read_clip(both), channel=1).clip.samples[0]
    assert player["peak"] == pytest.approx(float(np.abs(right).max()), rel=1e-3)


@pytest.mark.parametrize("channel", ["7", "left", ""])
def test_a_link_with_a_wrong_channel_opens_the_first(recordings: dict[str, np.ndarray], channel: str) -> None:
    app = dropped(("both.wav", stereo(recordings["normal"], recordings["anomaly"])), channel=channel)
    assert app.selectbox(key="channel").value == "1"
    assert "**Normal**" in text(app)
