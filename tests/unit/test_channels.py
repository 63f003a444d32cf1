"""The analysed channel: a chosen one or the mean; a silent one is named, and another one taken."""

import numpy as np
import pytest

from asd_core.errors import ClipError
from asd_core.sound import MEAN, Clip, channel_label, flags, named_channel, prepare, select_channel, usable_channel

NOISE = np.random.default_rng(0).normal(0, 0.1, 32000).astype(np.float32)
SILENT = np.zeros_like(NOISE)


def clip(*channels: np.ndarray) -> Clip:
    return Clip(np.stack(channels), 16000, "hash", "two.wav")


def test_the_mean_is_of_all_channels() -> None:
    found = select_channel(clip(NOISE, 0.5 * NOISE, SILENT), MEAN)
    assert found.samples.shape == (1, len(NOISE))
    assert np.allclose(found.samples[0], 0.5 * NOISE, atol=1e-6)
    assert np.array_equal(prepare(clip(NOISE, SILENT), channel=MEAN).samples[0], 0.5 * NOISE)


def test_the_wanted_channel_is_taken_without_a_word() -> None:
    for wanted in (0, 1, MEAN):
        assert usable_channel(clip(NOISE, 0.5 * NOISE), wanted) == (wanted, "")


@pytest.mark.parametrize(
    ("channels", "wanted", "taken", "said"),
    [
        ((SILENT, NOISE), 0, 1, "Channel 1 of two.wav is silent: channel 2 is analysed instead."),
        ((NOISE, SILENT), 1, 0, "Channel 2 of two.wav is silent: channel 1 is analysed instead."),
        ((NOISE, NOISE), 4, 0, "two.wav has no channel 5: channel 1 is analysed instead."),
        ((NOISE, -NOISE), MEAN, 0, "The mean of all channels of two.wav is silent: channel 1 is analysed instead."),
        ((NOISE,), MEAN, 0, ""),  # the mean of one
        ((NOISE,), 1, 0, "two.wav has no channel 2: channel 1 is analysed instead."),
        ((SILENT + 0.2, NOISE), 0, 1, "Channel 1 of two.wav is silent: channel 2 is analysed instead."),  # an offset
    ],
)
def test_a_silent_or_missing_channel_is_named_and_another_taken(
    channels: tuple[np.ndarray, ...], wanted: int, taken: int, said: str
) -> None:
    assert usable_channel(clip(*channels), wanted) == (taken, said)


def test_only_the_chosen_channel_is_flagged() -> None:
    found = clip(NOISE, np.clip(NOISE * 20, -1, 1) + 0.3)
    assert flags(found, 0) == []
    assert len(flags(found, 1)) == 2  # beyond full scale, and an offset
    assert len(flags(found)) == 2


def test_labels_count_from_one() -> None:
    assert [channel_label(channel) for channel in (0, 7, MEAN)] == ["1", "8", "mean"]
    assert [named_channel(label) for label in ("1", "8", "mean")] == [0, 7, MEAN]
    for wrong in ("0", "-1", "left", "", "1.5"):
        with pytest.raises(ClipError, match="is no channel"):
            named_channel(wrong)
