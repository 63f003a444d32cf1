"""Keys that go through a presentation: Right, Page Down and Space on, Left and Page Up back, Escape out of it.

``st.button(shortcut=...)`` takes one key per button; a presenter's remote, a keyboard and habit need three for one act.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

from pages.components.common import component

_COMPONENT = component("asd_page_keys", Path(__file__).with_name("page_keys.js"))


def page_keys(acts: Mapping[str, Callable[[], None]], *, key: str, arrived: bool = False) -> None:
    """Listen for them while this is drawn; not where something is typed, nor in a player that has use for the key.

    Args:
        acts: what ``on``, ``back`` and ``leave`` do, and ``arrived``; called before the page is drawn again.
        key: of the component's state.
        arrived: act on that once the page is there: what Streamlit allows only when it is done with the page before (an
            address that named that page's widgets, a sidebar that is gone) needs a run of its own.
    """

    def pressed() -> None:
        act = acts.get(str(st.session_state[key].act))
        if act:
            act()

    _COMPONENT(key=key, data={"arrived": arrived}, on_act_change=pressed)
