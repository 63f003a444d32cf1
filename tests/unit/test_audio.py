import io
import math

import numpy as np
import pytest
import soundfile

from asd_core.errors import ClipError
from asd_core.settings import Settings
from asd_core.sound import Clip, flags, prepare, read_clip, resample, select_channel, shared_gain, wav_bytes

RATE = 16000
TONE = (0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)).astype(np.float32)
NOISE = np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)


def encode(samples: np.ndarray, *, rate: int = RATE, format: str = "WAV", subtype: str | None = None) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=format, subtype=subtype)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("format", "subtype", "tolerance"),
    [
        ("WAV", "PCM_U8", 1e-2),
        ("WAV", "PCM_16", 1e-4),
        ("WAV", "PCM_24", 1e-6),
        ("WAV", "PCM_32", 1e-6),
        ("WAV", "FLOAT", 1e-7),
        ("WAV", "DOUBLE", 1e-7),
        ("FLAC", "PCM_16", 1e-4),
        ("FLAC", "PCM_24", 1e-6),
        ("OGG", "VORBIS", 5e-2),
        ("MP3", None, None),
    ],
)
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_reads_formats(format: str, subtype: str | None, tolerance: float | None, channels: int) -> None:
    if format == "MP3" and channels > 2:
        pytest.skip("MP3 holds at most two channels")
    samples = np.stack([TONE * (1 - 0.1 * c) for c in range(channels)], axis=1)
    clip = read_clip(encode(samples, format=format, subtype=subtype), name="tone")
    assert (clip.n_channels, clip.sample_rate) == (channels, RATE)
    assert clip.samples.dtype == np.float32
    if tolerance is not None:
        assert np.abs(clip.samples - samples.T).max() < tolerance


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_resampling_keeps_a_tone(rate: int) -> None:
    seconds = np.arange(2 * rate) / rate
    clip = read_clip(encode((0.3 * np.sin(2 * np.pi * 440 * seconds)).astype(np.float32), rate=rate), name="tone")
    resampled = resample(clip, RATE)
    assert resampled.sample_rate == RATE
    middle = slice(2000, 28000)
    assert np.abs(resampled.samples[0, middle] - TONE[middle]).max() < 2e-3


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
def test_resampling_keeps_all_that_both_rates_hold(rate: int) -> None:
    """Up and down again is the same sound, also in the last hundred Hz, where a filter would have its transition band."""
    clip = read_clip(encode(NOISE, subtype="FLOAT"), name="noise")
    back = resample(resample(clip, rate), RATE)
    assert back.samples.shape == clip.samples.shape
    assert np.abs(back.samples - clip.samples)[0, 800:-800].max() < 3e-3
    assert np.abs(back.samples - clip.samples).max() < 0.1, "nor do the ends ring"
    alone = resample(clip, rate)
    twice = resample(clip.with_samples(np.concatenate([clip.samples, clip.samples[:, ::-1]])), rate)
    assert np.array_equal(twice.samples[0], alone.samples[0]), "each channel by itself"


@pytest.mark.parametrize("rate", [44100, 44101, 11025])
def test_resampling_keeps_the_length(rate: int) -> None:
    for n in (rate, rate + 1, 3 * rate - 7):
        resampled = resample(Clip(np.ones((1, n), np.float32), rate, "", "ones"), RATE)
        assert resampled.samples.shape == (1, math.ceil(n * RATE / rate))
        assert np.abs(resampled.samples - 1).max() < 1e-3


def _damaged() -> dict[str, tuple[bytes, str]]:
    wav, flac, ogg = encode(NOISE), encode(NOISE, format="FLAC"), encode(NOISE, format="OGG")
    with_nan = NOISE.copy()
    with_nan[5] = np.nan
    return {
        "empty.wav": (b"", "is empty"),
        "text.wav": (b"not a recording at all" * 50, "not audio"),
        "header.wav": (wav[:44], "no sound"),
        "cut.wav": (wav[: len(wav) // 20], "cut off"),
        "cut.flac": (flac[: len(flac) // 20], "cut off"),
        "cut.ogg": (ogg[: len(ogg) // 20], "cut off"),
        "silent.wav": (encode(np.zeros(RATE * 2, np.float32)), "silent"),
        "constant.wav": (encode(np.full(RATE * 2, 0.5, np.float32)), "silent"),
        "nan.wav": (encode(with_nan, subtype="FLOAT"), "not numbers"),
        "loud.wav": (encode(NOISE * 1e5, subtype="FLOAT"), "full scale"),
        "short.wav": (encode(NOISE[:800]), "at least"),
        "many.wav": (encode(np.tile(NOISE[:, None], 9)), "9 channels"),
    }


@pytest.mark.parametrize("name", list(_damaged()))
def test_refuses_by_name_and_reason(name: str) -> None:
    data, reason = _damaged()[name]
    with pytest.raises(ClipError, match=reason) as caught:
        read_clip(data, name=name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_refuses_what_is_too_long_or_too_large() -> None:
    data = encode(NOISE)
    with pytest.raises(ClipError, match="limit is 1 s"):
        read_clip(data, name="x.wav", settings=Settings(max_clip_seconds=1.0))
    with pytest.raises(ClipError, match="limit is 0 MB"):
        read_clip(data, name="x.wav", settings=Settings(max_upload_mb=0.01))


def test_a_declared_rate_that_no_recorder_has_is_refused() -> None:
    with pytest.raises(ClipError, match=r"x\.wav claims 100,000,007 Hz; at most 768,000 Hz are read"):
        read_clip(encode(NOISE, rate=100_000_007), name="x.wav")
    clip = read_clip(encode(NOISE.repeat(12), rate=767_999), name="x.wav")  # which shares no divisor with 16,000
    assert resample(clip, 16000).samples.shape[1] == math.ceil(clip.duration * 16000)


def test_a_streamed_wav_of_unknown_length_is_read() -> None:
    data = bytearray(encode(NOISE))
    position = data.index(b"data") + 4
    data[position : position + 4] = b"\xff\xff\xff\xff"
    assert read_clip(bytes(data), name="pipe.wav").samples.shape == (1, 2 * RATE)


def test_flags_clipping_and_low_rates() -> None:
    clipped = read_clip(encode(np.clip(TONE * 5, -0.99, 0.99)), name="c.wav")
    assert any("clipped" in f for f in flags(clipped))
    assert any("8000 Hz" in f for f in flags(read_clip(encode(NOISE, rate=8000), name="low.wav")))
    assert flags(read_clip(encode(NOISE), name="fine.wav")) == []


def test_channel_is_chosen_not_mixed() -> None:
    clip = read_clip(encode(np.stack([NOISE, TONE], axis=1)), name="two.wav")
    assert np.abs(select_channel(clip, 1).samples[0] - TONE).max() < 1e-4
    assert np.abs(prepare(clip).samples[0] - NOISE).max() < 1e-4
    with pytest.raises(ClipError, match="no channel 2"):
        select_channel(clip, 2)


def test_silent_channel_is_refused_even_if_another_has_sound() -> None:
    clip = read_clip(encode(np.stack([0 * NOISE, NOISE], axis=1)), name="two.wav")
    with pytest.raises(ClipError, match="silent"):
        prepare(clip)


def test_a_constant_offset_is_removed_and_said() -> None:
    shifted = read_clip(encode(NOISE + 0.03), name="offset.wav")
    assert flags(shifted) == [
        "offset.wav has a constant offset (+0.030 of full scale), which is removed: check the recorder."
    ]
    assert np.abs(prepare(shifted).samples[0] - (NOISE - NOISE.mean())).max() < 1e-3
    clean = read_clip(encode(NOISE - NOISE.mean()), name="clean.wav")
    assert np.array_equal(prepare(clean).samples, clean.samples), "a recording without the fault is not touched"


def test_identity_is_the_content() -> None:
    a, b = read_clip(encode(NOISE), name="a"), read_clip(encode(NOISE), name="b")
    assert a.sha256 == b.sha256 != read_clip(encode(TONE), name="a").sha256


def test_wav_bytes_keep_the_shared_gain() -> None:
    gain = shared_gain(TONE, 0.5 * TONE)
    loud, quiet = (read_clip(wav_bytes(s, RATE, gain=gain), name="x").samples[0] for s in (TONE, 0.5 * TONE))
    assert np.abs(loud).max() == pytest.approx(0.9, abs=1e-3)
    assert np.abs(quiet).max() == pytest.approx(0.45, abs=1e-3)
