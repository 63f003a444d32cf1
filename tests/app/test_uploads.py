"""Uploads are told apart by what is in them: names repeat (raw MIMII has a 00000000.wav in every folder)."""

import numpy as np
from streamlit.testing.v1 import AppTest

from tests.app.helpers import FEW, app_at, text, wav


def noise(seed: int) -> bytes:
    return wav(np.random.default_rng(seed).normal(0, 0.05, 32000))


def dropped(*files: tuple[str, bytes]) -> AppTest:
    """The Clip page after these files were dropped at once."""
    app = app_at(detectors=FEW, **{"from": "Upload"}).run()
    app.file_uploader(key="files").set_value([(name, data, "audio/wav") for name, data in files]).run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    """Hash of the clip that the player shows."""
    clip = app.session_state["open_clip"]
    return str(clip.sha256)


def test_next_reaches_every_upload_of_one_name() -> None:
    app = dropped(*(("00000000.wav", noise(seed)) for seed in range(3)))
    assert len(set(app.selectbox(key="uploaded").options)) == 3
    seen = [shown(app)]
    for _ in range(3):
        app.button(key="next_uploaded").click().run()
        seen.append(shown(app))
    assert len(set(seen)) == 3
    assert seen[3] == seen[0]


def test_each_of_one_name_opens_by_its_line() -> None:
    app = dropped(("00000000.wav", noise(0)), ("00000000.wav", noise(1)))
    opened = {}
    for line in app.selectbox(key="uploaded").options:
        app.selectbox(key="uploaded").select(line).run()
        opened[line] = shown(app)
        assert f"**{line}**" in text(app)
    assert sorted(opened) == ["00000000.wav", "00000000.wav (2)"]
    assert len(set(opened.values())) == 2


def test_one_content_is_one_clip_under_all_its_names() -> None:
    app = dropped(("a.wav", noise(0)), ("b.wav", noise(0)), ("a.wav", noise(0)))
    assert app.selectbox(key="uploaded").options == ["a.wav = b.wav"]
    assert app.button(key="next_uploaded").disabled
