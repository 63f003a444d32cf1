"""The browser's history: a page or another address of the app is gone to as one step of it, which Back undoes.

``st.switch_page`` takes more steps: it writes the new page's parameters to the old page's address, then the page, then once for
each linked widget that has a value. What the browser itself comes to, Streamlit takes as it stands: so the browser goes there.
"""

from pathlib import Path
from uuid import uuid4

from pages.components.common import component

_COMPONENT = component("asd_history", Path(__file__).with_name("history.js"))


def history(to: str = "") -> None:
    """Tell :mod:`pages.shared.address` of Back and Forward, and go to an address.

    Args:
        to: relative to the page's; none: stay.
    """
    _COMPONENT(key="history", data={"to": to, "visit": str(uuid4()) if to else ""})
