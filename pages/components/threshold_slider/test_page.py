"""The slider alone, and in words where it is."""

import streamlit as st

from pages.components.threshold_slider import threshold_slider

of = st.radio("Of", ["one", "other"], horizontal=True)
value = threshold_slider(-1.0, 3.0, 0.1234567, of=of, key="slider", sides=(60, 12))
st.text(f"at {value:.2f}")
