"""What the words and figures of the Compare page mean, and what each detector does."""

from collections.abc import Sequence

import streamlit as st

from asd_core.detectors import detector_class

NARROWEST = 330  # pixels of a detector's card

DEFINITIONS = {
    "AUC": "Probability that an anomalous clip scores above a normal one of the same machine id, ties counted half: "
    "1 is perfect, 0.5 is chance.",
    "pAUC": "Area under the ROC curve at false-alarm rates up to p = 0.1, standardised by McClish (1989) so that chance is "
    "0.5 and perfect is 1: ½ (1 + (A − p²/2) / (p − p²/2)). It is scikit-learn's `roc_auc_score(max_fpr=0.1)`.",
    "Mean": "Arithmetic mean of the machine ids' figures, as in DCASE 2020; clips of different machines are never ranked "
    "against each other.",
    "Worst id": "The machine id of lowest figure: the mean can hide a machine on which a detector fails.",
    "95% interval": "The figure plus and minus 1.96 standard errors of a stratified bootstrap (clips drawn with "
    "replacement within each machine id and class) on the logit scale, with a correction for the few normal clips that "
    "decide a pAUC. On simulated classes it holds the truth in 94 to 97% of cases from 60 clips of each class on, and is "
    "too wide with 20 (docs/coverage.md). The luck of a training seed is not in it.",
    "★ best or tied": "Tied: the 95% interval of the paired difference from the best, over the same resampled clips, "
    "includes 0. Many detectors are compared on the same clips, without correction: read ties generously.",
    "In use": "The detector that a person has pinned for this dataset. All pages start with it; it is a choice, which no figure "
    "makes and which changes no figure.",
    "Control": "What every detector must beat: the clip's level, a Gaussian on mean spectra, random numbers. All that are "
    "trained count, chosen or not. ▼ not above a control: the figure is not above the best control's. ▽ near a control: the "
    "interval of the paired difference from it includes 0.",
    "False-alarm rate": "Share of normal clips called anomalies. The chosen one holds on average over draws of the held-out "
    "normal clips, whose conformal quantile is the threshold of a machine id. One draw strays: as the order statistic of n "
    "clips, the threshold's own rate follows a beta distribution (60 clips at 5%: 1.0 to 11.5% in 95% of draws).",
    "▲ more than promised": "The whole 95% interval of the observed rate lies above the average that was promised, though "
    "within what so few held-out clips give. ▲▲: it lies above that, too; the normal clips differ from the held-out ones.",
    "Five-fold": "Of detectors that are quick to fit, every training clip sets the threshold, scored by a detector fitted without "
    "its fifth (cross-conformal). The range of such a threshold is wider than for as many held-out clips.",
    "Pooled over ids": "One conformal quantile of all machine ids' held-out scores, as standard scores within each id: for "
    "detectors whose ids' scores have the same shape (k-sample Anderson-Darling test, 5% level). It strays a little less, and "
    "decides at rates for which one id has too few clips.",
    "Detection rate, recall": "Share of anomalous clips called anomalies.",
    "Precision": "Share of alarms that are true. It depends on how common anomalies are: p d / (p d + (1 − p) f) at "
    "prevalence p, detection rate d and false-alarm rate f.",
    "Prevalence": "Share of anomalous clips among all. Those who made the test set chose its own; enter that of "
    "the plant.",
    "Margin": "How far a score lies above its detector's threshold, in spreads of the machine's held-out normal clips (from "
    "their median to their 84th percentile). It goes on where a percentile stops at 100, so that it ranks anomalies.",
    "Cost of 100": "Expected cost of 100 clips, in false alarms: 100 (c m p + f (1 − p)), if a miss costs c false alarms, at "
    "miss rate m, false-alarm rate f and prevalence p: NIST's detection cost function (Martin and Przybocki, 2000).",
    "Oracle": "Chosen on the very clips it is judged by, as the threshold of least cost or one that is moved by hand: expect "
    "worse on new clips. Calibrated thresholds see held-out normal clips alone.",
    "Percentile": "Share of the detector's held-out normal clips of the same machine id that score lower.",
    "DET curve": "Misses over false alarms on probit axes, on which two Gaussian classes make a straight line (Martin et al., "
    "1997).",
}


def draw() -> None:
    """A button that shows the definitions."""
    with st.popover("Definitions", icon=":material/help:"):
        st.markdown("\n".join(f"- **{term}.** {text}" for term, text in DEFINITIONS.items()))


def detectors(keys: Sequence[str]) -> None:
    """A card per detector: how it decides, and what it catches and misses; the method in its tooltip."""
    grid = st.grid(min_column_width=NARROWEST)
    for key in keys:
        info = detector_class(key).info
        with grid.container(border=True, gap="xxsmall", height="stretch"):
            st.markdown(f"**{info.title}**", help=f"{info.how_it_scores} *{info.paper}*")
            st.caption(f"{info.decides}  \n{info.catches}")
