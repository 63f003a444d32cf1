"""One value says which clip is played, scored and explained, and at what strength of its denoising."""

import re

import numpy as np
import pytest

from asd_core.sound import Clip, DenoiseMix, Signal, strength_within

CLIP = Clip(np.ones((1, 4), np.float32), 16000, "ab" * 32, "a.wav")
MIX = DenoiseMix(CLIP.samples[0], np.full(4, 0.5, np.float32), np.zeros(4, np.float32))


def test_the_output_is_the_clip_at_the_strength() -> None:
    signal = Signal(CLIP, mix=MIX, strength=0.5)
    np.testing.assert_allclose(signal.output.samples, 0.25)
    assert signal.dry.output is CLIP
    assert Signal(CLIP, strength=0.5).output is CLIP  # nothing is denoised without the mix
    assert (signal.description, signal.dry.description) == ("denoised at 0.50", "as recorded")
    assert Signal(CLIP, strength=0.5).description == "as recorded"


def test_a_key_differs_where_the_sound_does_and_only_there() -> None:
    signal = Signal(CLIP, mix=MIX, strength=0.5)
    others = [
        Signal(CLIP, 1, MIX, strength=0.5),
        Signal(CLIP, mix=MIX, kind="non-stationary", strength=0.5),
        Signal(CLIP, mix=MIX, noise=(0.0, 1.0), strength=0.5),
        signal.at(0.4),
        signal.dry,
    ]
    assert len({one.key() for one in [signal, *others]}) == 6
    assert signal.key() == Signal(CLIP, mix=MIX, strength=0.5).key()
    assert signal.dry.key() == others[1].dry.key() == others[2].dry.key()  # as recorded, no denoising counts
    assert signal.denoising_key() == signal.at(0.1).denoising_key() != others[2].denoising_key()


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.3, 0.3), (1, 1.0), (-2, 0.0), (7.5, 1.0), (True, 0.6), ("0.3", 0.6), (None, 0.6), (float("nan"), 0.6)],
)
def test_a_strength_from_outside_is_within_the_range_or_the_default(value: object, expected: float) -> None:
    assert strength_within(value, 0.6) == expected


def test_the_default_strength_is_written_once() -> None:
    from tests.conftest import ROOT

    written = [
        str(path.relative_to(ROOT))
        for folder in ("asd_core/sound", "pages")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "strength" in (source := path.read_text("utf-8")) and re.search(r"= 0\.6\b", source)
    ]
    assert written == ["asd_core/sound/denoise.py"]
