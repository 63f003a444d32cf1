"""The least that a slider can do: a text that says where it is."""

import streamlit as st

strength = st.slider("Strength", 0.0, 1.0, 1.0, 0.05)
st.text(f"Denoised at {strength:.2f}")
