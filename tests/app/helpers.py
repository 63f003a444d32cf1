"""The app in process, as a link opens it, and what it shows."""

import io

import numpy as np
import soundfile
from streamlit.testing.v1 import AppTest

from asd_core.sound import wav_bytes
from tests.conftest import ROOT

FEW = ["PCA + KDE", "GWRP + Gaussian", "Control: clip level"]  # detectors, as the address has them: by title


def app_at(page: str = "clip", **address: str | list[str]) -> AppTest:
    """The app, before its first run."""
    app = AppTest.from_file(str(ROOT / "pages" / "main.py"), default_timeout=120)
    if page != "clip":
        app.switch_page(f"{page}.py")
    for name, value in address.items():
        app.query_params[name] = value
    return app


def opened(page: str, annotator: str = "", **address: str | list[str]) -> AppTest:
    """A page after its first run."""
    app = app_at(page, **address)
    if annotator:
        app.session_state["annotator"] = annotator
    app.run()
    assert not app.exception
    return app


def text(app: AppTest) -> str:
    """All that a page says in words."""
    parts = [*app.caption, *app.info, *app.warning, *app.error, *app.markdown]
    return "\n".join(str(part.value) for part in parts)


def wav(samples: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, 16000, format="WAV")
    return buffer.getvalue()


def sound(seed: int) -> bytes:
    return wav_bytes(np.random.default_rng(seed).normal(0, 0.1, 32000).astype(np.float32), 16000)


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
