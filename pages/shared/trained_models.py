"""The trained detectors of a dataset, their calibrations and thresholds."""

from collections.abc import Collection, Iterable

import streamlit as st

from asd_core.artifacts import Calibration, Manifest, ModelSet, read_manifest, trained_denoised, trained_keys
from asd_core.errors import UnknownMachineError
from asd_core.features import MemberScores, Representation, from_config, working_rate
from asd_core.scoring import model_versions
from pages.shared.caching import ANSWERS, BY_KEY, FOLDERS, SELECTIONS
from pages.shared.choice import Choice
from pages.shared.sources import Source


@st.cache_resource(max_entries=FOLDERS, show_spinner=False, hash_funcs=BY_KEY)
def models_of(source: Source) -> ModelSet:
    """The trained detectors of a dataset; weights are read when they are first used."""
    return ModelSet(source.folder)


def chosen_models(selected: Choice) -> ModelSet:
    """The detectors that are chosen in the sidebar."""
    every = models_of(selected.source)
    return ModelSet(every.folder, selected.detectors, shared=every)


@st.cache_resource(max_entries=ANSWERS, show_spinner=False, hash_funcs=BY_KEY)
def _manifest(source: Source, key: str) -> Manifest:
    return read_manifest(source.folder / key)


@st.cache_data(max_entries=ANSWERS, show_spinner=False, hash_funcs=BY_KEY)
def _representations(source: Source, keys: tuple[str, ...]) -> list[Representation]:
    results = [from_config(_manifest(source, key).representation) for key in keys]
    if any(isinstance(representation, MemberScores) for representation in results):
        # Its members may be any of the folder's; which ones, only its weights say.
        results = [from_config(_manifest(source, key).representation) for key in models_of(source)]
    return [representation for representation in results if not isinstance(representation, MemberScores)]


def scoring_rate(selected: Choice, recorded: int) -> int:
    """The rate in Hz at which a clip recorded at ``recorded`` is prepared for the chosen detectors; no weights are loaded."""
    keys = selected.detectors or models_of(selected.source)  # none knows the machine: as it is played elsewhere
    return working_rate(_representations(selected.source, tuple(keys)), recorded)


def calibration_of(source: Source, key: str) -> Calibration:
    """A detector's calibration, without loading its weights."""
    return _manifest(source, key).calibrated()


def manifests_of(source: Source, keys: list[str]) -> dict[str, Manifest]:
    """The manifests of some detectors."""
    return {key: _manifest(source, key) for key in keys}


@st.cache_data(max_entries=FOLDERS, show_spinner=False, hash_funcs=BY_KEY)
def versions_of(source: Source) -> dict[str, str]:
    """Short names of the weights of a dataset's detectors."""
    return model_versions(source.folder)


@st.cache_data(max_entries=FOLDERS, show_spinner=False, hash_funcs=BY_KEY)
def trained_denoised_of(source: Source) -> dict[str, str]:
    """By detector that was trained on denoised sound, a clause that says so."""
    strengths = {key: trained_denoised(source.folder, key) for key in trained_keys(source.folder)}
    return {key: f"trained on sound denoised at {strength:g}" for key, strength in strengths.items() if strength}


def thresholds_of(selected: Choice) -> dict[str, dict[str, float | None]]:
    """Of each chosen detector and machine id the threshold on the raw score, at the chosen false-alarm rate."""
    thresholds: dict[str, dict[str, float | None]] = {}
    for key in selected.detectors:
        calibration = calibration_of(selected.source, key)
        thresholds[key] = {i: calibration.threshold(i, selected.rate).value for i in calibration.scores}
    return thresholds


# Every look into a cache costs a millisecond or two: one for all detectors, not one for each.
@st.cache_data(max_entries=ANSWERS, show_spinner=False, hash_funcs=BY_KEY)
def alarms_of(source: Source, keys: list[str]) -> dict[str, list[str]]:
    """For each detector that training marked: why not to trust it."""
    alarms = {key: _manifest(source, key).alarms for key in keys}
    return {key: reasons for key, reasons in alarms.items() if reasons}


@st.cache_data(max_entries=ANSWERS, show_spinner=False, hash_funcs=BY_KEY)
def too_few_to_tell(source: Source, keys: list[str]) -> str:
    """A sentence: too few clips were held out to tell whether detectors have learned; empty where one of them had
    enough."""
    reasons = [_manifest(source, key).too_few_to_tell() for key in keys]
    return reasons[0] if reasons and all(reasons) else ""


def machine_ids_of(source: Source) -> list[str]:
    """Machine ids that at least one of the source's detectors knows."""
    ids = sorted({i for known in _machine_ids(source).values() for i in known})
    if not ids:
        raise UnknownMachineError(f"The detectors of {source.title} know no machine id: train them again.")
    return ids


def known_ids(source: Source, keys: Iterable[str], machine_ids: Collection[str]) -> dict[str, list[str]]:
    """Which of some machine ids each of some detectors knows."""
    known = _machine_ids(source)
    return {key: list(filter(set(known[key]).__contains__, machine_ids)) for key in keys}


@st.cache_data(max_entries=SELECTIONS, show_spinner=False, hash_funcs=BY_KEY)
def _machine_ids(source: Source) -> dict[str, list[str]]:
    every = models_of(source)
    return {key: every.machine_ids_of(key) for key in every}
