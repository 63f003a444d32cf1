"""The Label panel alone, and in words every act that Python received."""

import streamlit as st

from pages.components.label_panel import Act, OfClip, panel

LABELS = [("normal", "N"), ("anomaly", "A"), ("unsure", "U")]


def act(pressed: Act) -> None:
    st.session_state.setdefault("acts", []).append(pressed)


acts: list[Act] = st.session_state.get("acts", [])
at = sum(pressed.kind in ("label", "skip") for pressed in acts)
clip = OfClip(f"clip {at}", f"clip_{at}.wav", "slider 00", "", "", LABELS, None, [])
panel("somebody", "queue", at, 3, clip if at < 3 else None, act)
for pressed in acts:
    st.text(f"{pressed.kind} ({pressed.value or '-'}), {pressed.showing}, note: {pressed.note or '-'}")
