"""Files as recorders, phones and browsers write them: read as far as they go, and what they lack is said."""

import io
import struct
import wave
from fractions import Fraction

import av
import numpy as np
import pytest
import soundfile

from asd_core.errors import ClipError
from asd_core.sound import read_clip

RATE = 16000
_seconds = np.arange(2 * RATE) / RATE
SOUND = (0.3 * np.sin(2 * np.pi * 440 * _seconds) * (1 + np.sin(2 * np.pi * 3 * _seconds)) / 2).astype(np.float32)
SOUND += np.random.default_rng(0).normal(0, 0.02, len(SOUND)).astype(np.float32)
PCM = np.round(SOUND * 32767) / 32768


def encode(format: str = "WAV", subtype: str | None = None, samples: np.ndarray = SOUND) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE, format=format, subtype=subtype)
    return buffer.getvalue()


def ffmpeg(container: str, codec: str, rate: int = RATE) -> bytes:
    """The sound as a phone's or a browser's encoder writes it."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout="mono")
        stream.bit_rate = 64000
        frame = av.AudioFrame.from_ndarray(SOUND[None], format="fltp", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), 0
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=rate, frame_size=stream.frame_size)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return buffer.getvalue()


def with_size(size: int) -> bytes:
    data = bytearray(encode())
    struct.pack_into("<I", data, data.index(b"data") + 4, size)
    return bytes(data)


def similarity(samples: np.ndarray) -> float:
    """The largest correlation with the sound over small shifts: codecs delay."""
    n = min(len(samples), len(SOUND)) - 4096
    one = SOUND[2048 : 2048 + n]
    return max(
        float(np.corrcoef(one, samples[2048 + shift : 2048 + shift + n])[0, 1])
        for shift in range(-2048, 2048)
        if 2048 + shift + n <= len(samples)
    )


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("mp4", "aac", RATE),
        ("adts", "aac", RATE),
        ("webm", "libopus", 48000),
        ("mov", "aac", 44100),
    ],
)
def test_what_phones_and_browsers_record_is_read(container: str, codec: str, rate: int) -> None:
    clip = read_clip(ffmpeg(container, codec, rate), name="phone")
    assert (clip.n_channels, clip.sample_rate) == (1, rate)
    assert clip.duration == pytest.approx(2.0, abs=0.2)
    assert clip.notes == ()
    if rate == RATE:
        assert similarity(clip.samples[0]) > 0.98


@pytest.mark.parametrize("format", ["RF64", "W64", "AIFF", "CAF"])
def test_other_containers_are_read_exactly_and_cut_ones_as_far_as_they_go(format: str) -> None:
    data = encode(format, "PCM_16")
    whole = read_clip(data, name="whole")
    assert np.abs(whole.samples[0] - PCM).max() <= 2**-15
    assert whole.notes == ()
    half = read_clip(data[: len(data) - 32000], name="half")
    assert half.samples.shape[1] == pytest.approx(RATE, abs=2)
    assert np.array_equal(half.samples[0], whole.samples[0, : half.samples.shape[1]])
    (note,) = half.notes
    assert "half stops early (1.0 of 2.0 s are there, 50% is missing)" in note
    with pytest.raises(ClipError, match=r"half is cut off \(1\.00 of 2\.00 s are there\)"):
        read_clip(data[: len(data) - 32000], name="half", strict=True)


@pytest.mark.parametrize("format", ["MP3", "FLAC", "OGG"])
def test_compressed_files_that_stop_early_are_read_as_far_as_they_go(format: str) -> None:
    samples = np.tile(SOUND, 5)  # an OGG page holds more than a second
    data = encode(format, samples=samples)
    clip = read_clip(data[: len(data) // 2], name="half")
    assert 2.0 < clip.duration < 7.0
    (note,) = clip.notes
    assert "stops early" in note or "never finished" in note
    assert similarity(clip.samples[0]) > 0.9
    with pytest.raises(ClipError, match="half is cut off"):
        read_clip(data[: len(data) // 2], name="half", strict=True)


def test_what_is_damaged_in_the_middle_is_read_as_far_as_it_goes() -> None:
    data = bytearray(encode("MP3", samples=np.tile(SOUND, 5)))
    data[len(data) // 2 : len(data) // 2 + 3000] = bytes(3000)
    clip = read_clip(bytes(data), name="scratched")
    assert 4.0 < clip.duration < 6.0
    (note,) = clip.notes
    assert "of 10.0 s are there" in note
    with pytest.raises(ClipError, match="scratched is cut off"):
        read_clip(bytes(data), name="scratched", strict=True)


def test_a_phones_recording_without_its_index_is_damaged_not_another_kind_of_file() -> None:
    data = ffmpeg("mp4", "aac", RATE)
    with pytest.raises(ClipError) as refused:
        read_clip(data[: len(data) // 2], name="memo.m4a")
    assert "is cut off or damaged" in str(refused.value)


@pytest.mark.parametrize("size", [64000 + 6, 128000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0])
def test_sizes_that_recorders_write_are_not_believed(size: int) -> None:
    clip = read_clip(with_size(size), name="recorder.wav")
    assert np.abs(clip.samples[0] - PCM).max() <= 2**-15
    if size == 0:
        assert clip.notes == ("recorder.wav was never finished by its recorder: the 2.0 s that are there were read.",)
    elif size == 128000:
        assert "50% is missing" in clip.notes[0]
    else:
        assert clip.notes == ()


def test_an_empty_recording_before_another_chunk_is_empty() -> None:
    data = with_size(0)
    head = data[: data.index(b"data") + 8]
    with pytest.raises(ClipError, match="no sound"):
        read_clip(head + b"LIST" + struct.pack("<I", 4) + b"INFO", name="empty.wav")


@pytest.mark.parametrize("shift", [0, 8], ids=["lower bits", "upper bits"])
@pytest.mark.parametrize("extensible", [False, True])
def test_24_bits_in_frames_of_4_bytes(shift: int, extensible: bool) -> None:
    values = np.round(SOUND * (2**23 - 1)).astype("<i4")
    fmt = struct.pack("<HHIIHH", 0xFFFE if extensible else 1, 1, RATE, 4 * RATE, 4, 24)
    if extensible:
        fmt += struct.pack("<HHIH14s", 22, 24, 4, 1, b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71")
    sound = (values << shift).tobytes()
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", len(sound)) + sound
    clip = read_clip(b"RIFF" + struct.pack("<I", len(body)) + body, name="recorder.wav")
    assert np.abs(clip.samples[0] - SOUND).max() < 1e-6


def test_both_links_of_a_chained_ogg_are_read() -> None:
    clip = read_clip(encode("OGG") + encode("OGG"), name="chained.ogg")
    assert clip.duration == pytest.approx(4.0, abs=0.05)
    assert np.abs(clip.samples[0, : 2 * RATE] - clip.samples[0, -2 * RATE :]).max() < 1e-6


def test_a_flac_stream_of_unknown_length() -> None:
    data = bytearray(encode("FLAC"))
    data[21] &= 0xF0  # the total number of samples: 36 bits of the STREAMINFO block
    data[22:26] = bytes(4)
    clip = read_clip(bytes(data), name="stream.flac")
    assert clip.samples.shape == (1, 2 * RATE)
    assert clip.notes == ()


def test_an_8_bit_wave_is_read_whole() -> None:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 1, RATE, 0, "NONE", ""))
        file.writeframes(np.round(SOUND * 127 + 128).astype(np.uint8).tobytes()[:-1])  # an odd number of bytes, padded
    clip = read_clip(buffer.getvalue(), name="old.wav")
    assert clip.samples.shape[1] == 2 * RATE - 1
    assert clip.notes == ()


def test_a_film_without_sound_is_refused_in_a_sentence() -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as file:
        stream = file.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
        file.mux([*stream.encode(frame), *stream.encode(None)])
    with pytest.raises(ClipError, match=r"film\.mp4 is not audio that can be read"):
        read_clip(buffer.getvalue(), name="film.mp4")
