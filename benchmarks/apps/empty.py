"""The least that a page can show: a title."""

import streamlit as st

st.title("Empty")
