"""How a slide looks: large letters, everything within one window."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from asd_core.plots import enlarge

SLIDE, CONTROLS, _FIGURE = "slide", "slide_controls", "slide_figure"
# A slide is as high as the window leaves beside the buttons; its figure takes what head line and text leave.
STYLE = f"""<style>
.st-key-{SLIDE}.st-key-{SLIDE} {{ flex: none; height: calc(100vh - 146px); overflow: hidden; gap: 0.6rem; }}
.st-key-{SLIDE} h1 {{ font-size: clamp(28px, 2.3vw, 44px); line-height: 1.2; padding: 0; }}
.st-key-{SLIDE} p, .st-key-{SLIDE} li, .st-key-{CONTROLS} p {{ font-size: clamp(20px, 1.45vw, 26px); line-height: 1.35; }}
.st-key-{SLIDE} > :has(> .st-key-{_FIGURE}), .st-key-{_FIGURE} {{ min-height: 0; }}
.st-key-{CONTROLS} button {{ min-height: 44px; }}
</style>"""


def halves(sentence: str, at: str = ": ") -> tuple[str, str]:
    """A long sentence as a head line and the text below it, which is empty where the sentence is not divided."""
    first, _, rest = sentence.partition(at)
    return first.rstrip(".") + ".", rest[:1].upper() + rest[1:]


def head(sentence: str) -> None:
    """The one sentence that a slide says."""
    st.title(sentence, anchor=False)


def text(sentence: str) -> None:
    """The text below the head line."""
    if sentence:
        st.markdown(sentence)


@contextmanager
def figure_place() -> Iterator[None]:
    """Where a figure fills what is left of the slide."""
    with st.container(key=_FIGURE, height="stretch"):
        yield


def figure(drawn: Any, *, key: str) -> None:
    """A figure in large letters, as large as the slide lets it be."""
    with figure_place():
        st.plotly_chart(enlarge(drawn), key=key, height="stretch", config={"displayModeBar": False})
