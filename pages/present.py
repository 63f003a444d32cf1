"""A dataset, a clip and its detectors in five steps, for a projector or a link."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from pages.components.page_keys import page_keys
from pages.present_page import cost, detectors, normal, quality, slide, this_clip
from pages.present_page.leaving import leave
from pages.present_page.story import Story, story_of
from pages.shared.choice import choice
from pages.shared.error_messages import show_errors
from pages.shared.warm_up import is_warm, until_warm

STEP = "step"  # in the address, from 1
STEPS: dict[str, Callable[[Story], None]] = {
    "What normal sounds like": normal.draw,
    "This clip": this_clip.draw,
    "What the detectors say": detectors.draw,
    "How good they are": quality.draw,
    "What to expect of alarms": cost.draw,
}


def step_now() -> int:
    """The step that the address asks for; the first one where it asks for none of them."""
    in_address = st.query_params.get(STEP)
    return next((step for step in range(1, len(STEPS) + 1) if str(step) == in_address), 1)


def go(by: int) -> None:
    """To another step. For callbacks."""
    st.query_params[STEP] = str(min(max(step_now() + by, 1), len(STEPS)))


def name_clip(story: Story) -> None:
    """Have the address name the clip: whoever copies it means the one that is shown. For callbacks."""
    name, value = story.address
    st.query_params[name] = value


def controls(story: Story, step: int, title: str) -> None:
    """Buttons and keys."""
    out = partial(leave, story)
    with st.container(key=slide.CONTROLS, horizontal=True, vertical_alignment="center"):
        st.button("Back", key="step_back", icon=":material/arrow_back:", on_click=go, args=(-1,), disabled=step == 1)
        st.markdown(f"**{step} of {len(STEPS)}** · {title}", width="content")
        last = step == len(STEPS)
        st.button(
            "Next",
            key="step_on",
            type="primary",
            icon=":material/arrow_forward:",
            icon_position="right",
            on_click=go,
            args=(1,),
            disabled=last,
        )
        st.space("stretch")
        st.button(
            "Leave",
            key="step_leave",
            type="tertiary",
            icon=":material/close:",
            on_click=out,
            help="Escape",
        )
    name, value = story.address
    acts = {"on": partial(go, 1), "back": partial(go, -1), "leave": out, "arrived": partial(name_clip, story)}
    page_keys(acts, key="page_keys", arrived=bool(value) and name not in st.query_params)


@st.fragment
@show_errors()
def draw(story: Story) -> None:
    """One step. The buttons come first, so that whatever goes wrong in a step leaves the way on."""
    step, warm = step_now(), is_warm()
    title = list(STEPS)[step - 1]
    shown = st.container(key=slide.SLIDE)
    controls(story, step, title)
    with shown:
        STEPS[title](story)
    if warm and step == 1:
        this_clip.prepare_ahead(story)  # while the first step is looked at
    if not warm:  # a fresh server: what needs neither denoiser nor networks is there already
        until_warm()
        st.rerun()


st.html(slide.STYLE)
with show_errors():
    draw(story_of(choice()))
