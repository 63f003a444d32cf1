"""Figures (plotly). Every axis has a unit; colours mean the same thing on every page."""
