"""What processes of :mod:`tests.forked` have imported, and done once."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # threads do not outlive a fork

import librosa
import noisereduce
import plotly.graph_objects
import sklearn.decomposition
import streamlit.web.cli
import torch

from tests.unit import killed_work, label_writer

__all__ = ["killed_work", "label_writer", "librosa", "noisereduce", "plotly", "sklearn", "streamlit", "torch"]

killed_work.warm_up()
