"""Streamlit programs that the browser benchmarks serve."""
