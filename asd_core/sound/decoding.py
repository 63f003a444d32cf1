"""Bytes of an audio file -> samples: libsndfile for what it reads, FFmpeg (PyAV) for the rest and for what is damaged.

Nothing is resampled or mixed. A file that stops early is decoded as far as it goes, and the share that is missing is returned.
"""

import io
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from asd_core.lazy import av, soundfile
from asd_core.sound.containers import extent, ogg_is_complete, ogg_links, repaired

FORMATS = "WAV, FLAC, OGG, Opus, MP3, AIFF, CAF, M4A, AAC, WebM or MP4"
SUFFIXES = (
    *(".wav", ".wave", ".bwf", ".rf64", ".w64", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc"),
    *(".caf", ".m4a", ".aac", ".mp4", ".webm"),
)
_BLOCK = 1 << 20  # samples decoded at a time
_UNKNOWN = 1 << 60  # libsndfile's length of a stream whose header tells none
_MAGIC = (b"RIFF", b"riff", b"RF64", b"fLaC", b"OggS", b"FORM", b"caff", b"\x1a\x45\xdf\xa3")  # the last one of WebM
_ID3, _SYNC = b"ID3", b"\xff"  # of MP3 and AAC
_GUESSED = ("aac", "mp3")  # formats whose length FFmpeg only estimates from their bit rate


def begins_like_audio(head: bytes) -> bool:
    """Whether a file's first 16 bytes are those of an audio file. What does not begin so may be one all the same: MP3 with other
    bytes before it."""
    return head[:4] in _MAGIC or head[4:8] == b"ftyp" or head.startswith((_ID3, _SYNC))


class DecodingError(ValueError):
    """The bytes are not audio that can be decoded."""


class DamagedError(DecodingError):
    """The bytes are of an audio file of which nothing can be decoded."""


class TooLongError(ValueError):
    """The sound is longer than allowed. Its argument is the length in s, as far as it is known."""


class TooManyChannelsError(ValueError):
    """The sound has more channels than allowed. Its argument is how many."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """Decoded sound.

    Attributes:
        samples: ``(n_channels, n_samples)`` float32, full scale is 1.
        sample_rate: in Hz.
        expected: seconds that the file promises; ``None`` where it does not say.
        unfinished: the file's header or last page was never written.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    expected: float | None = None
    unfinished: bool = False

    @property
    def seconds(self) -> float:
        return float(self.samples.shape[1] / self.sample_rate)

    @property
    def missing(self) -> float:
        """Share of the promised sound that is not there, from 0 to 1."""
        return max(0.0, 1.0 - self.seconds / self.expected) if self.expected else 0.0


def decode(data: bytes, *, max_seconds: float, max_channels: int) -> Decoded:
    """Decode an audio file.

    Raises:
        DecodingError: for what is not audio.
        TooLongError: for more than ``max_seconds``; where the header tells, before anything is decoded.
        TooManyChannelsError: for more than ``max_channels``.
    """
    found = extent(data)
    unfinished = bool(found and found.unfinished)
    links = [data]
    if data[:4] == b"OggS":
        links, unfinished = ogg_links(data), not ogg_is_complete(data)
    elif found:
        links = [repaired(data, found)]
    try:
        parts = [_soundfile(link, max_seconds, max_channels) for link in links]
    except (soundfile.SoundFileError, DecodingError):
        parts = [_ffmpeg(data, max_seconds, max_channels)]
        if parts[0].expected is None and len(links) == 1:
            parts = [replace(parts[0], expected=_length(links[0]))]
    if len({(part.sample_rate, part.samples.shape[0]) for part in parts}) > 1:
        raise DecodingError("its parts differ in rate or channels")
    samples = parts[0].samples if len(parts) == 1 else np.concatenate([part.samples for part in parts], axis=1)
    rate = parts[0].sample_rate
    if samples.shape[1] > max_seconds * rate:
        raise TooLongError(samples.shape[1] / rate)
    expected = parts[0].expected if len(parts) == 1 else None
    if found and found.declared and samples.shape[1]:
        expected = samples.shape[1] / rate / (1.0 - found.missing) if found.missing < 1.0 else None
    return Decoded(np.ascontiguousarray(samples), rate, expected, unfinished)


def _soundfile(data: bytes, max_seconds: float, max_channels: int) -> Decoded:
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        rate, channels = file.samplerate, file.channels
        expected = None if file.frames >= _UNKNOWN else file.frames / rate
        _check(expected, channels, max_seconds, max_channels)
        if expected == 0.0 and data[:4] == b"OggS":
            raise DecodingError("its length is not known")  # cut off: FFmpeg decodes what is there
        blocks: list[NDArray[np.float32]] = []
        total, limit = 0, max_seconds * rate
        while total <= limit:
            try:
                block = file.read(_BLOCK // channels, dtype="float32", always_2d=True)
            except soundfile.SoundFileError:  # damaged from here on
                if not blocks:
                    raise
                break
            if not len(block):
                break
            blocks.append(block)
            total += len(block)
    samples = np.concatenate(blocks).T if blocks else np.zeros((channels, 0), np.float32)
    return Decoded(samples, rate, expected)


def _length(data: bytes) -> float | None:
    """The length in s that libsndfile finds, also of what it cannot decode to the end; ``None`` where it tells none."""
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            return None if file.frames >= _UNKNOWN else file.frames / file.samplerate
    except soundfile.SoundFileError:
        return None


def _ffmpeg(data: bytes, max_seconds: float, max_channels: int) -> Decoded:
    try:
        container = av.open(io.BytesIO(data), mode="r", metadata_errors="ignore")
    except av.error.FFmpegError as error:
        audio = (
            data[:4] in _MAGIC or data[4:8] == b"ftyp"
        )  # the latter of M4A and MP4, whose index may be what was cut off
        raise (DamagedError if audio else DecodingError)(str(error)) from error
    with container:
        if not container.streams.audio:
            raise DecodingError("it holds no sound")
        stream = container.streams.audio[0]
        rate = int(stream.sample_rate or 0)
        expected = None
        if not set(_GUESSED) & set(container.format.name.split(",")):
            if stream.duration and stream.time_base:
                expected = float(stream.duration * stream.time_base)
            elif container.duration:
                expected = container.duration / 1e6
        _check(expected, stream.channels, max_seconds, max_channels)
        blocks: list[NDArray[np.float32]] = []
        total = 0
        resampler = av.AudioResampler(format="fltp")  # another form of the samples alone: rate and channels stay
        try:
            for frame in container.decode(stream):
                rate = rate or frame.sample_rate
                for part in resampler.resample(frame):
                    blocks.append(part.to_ndarray().astype(np.float32, copy=False))
                    total += blocks[-1].shape[1]
                if total > max_seconds * rate:
                    raise TooLongError(total / rate)
        except (av.error.FFmpegError, EOFError):
            # Damaged from here on: what was decoded counts. The next packets of an MP3 would refer to the lost one, and crack.
            pass
    if not blocks or not rate or len({block.shape[0] for block in blocks}) > 1:
        raise DamagedError("nothing of it could be decoded")
    samples = np.concatenate(blocks, axis=1)
    if expected:  # the last frame of a codec is padded
        samples = samples[:, : max(1, round(expected * rate))]
    return Decoded(samples, rate, expected)


def _check(expected: float | None, channels: int, max_seconds: float, max_channels: int) -> None:
    if channels > max_channels:
        raise TooManyChannelsError(channels)
    if expected is not None and expected > max_seconds:
        raise TooLongError(expected)
