"""What an audio file's container says of its length, and headers that recorders leave wrong.

libsndfile reads a cut-off file without a word and believes a header whatever follows it, so the container is read here:
RIFF/WAVE and RF64 (EBU Tech 3306), Sony Wave64, AIFF, CAF, OGG (RFC 3533) and FLAC (RFC 9639).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_STREAMED = (0xFFFFFFFF, 0x80000000, 0x7FFFFFFF)  # sizes written where the length is not known beforehand
_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
_PCM, _EXTENSIBLE = 0x0001, 0xFFFE


@dataclass(frozen=True)
class Extent:
    """Where a file's sound lies.

    Attributes:
        start: of the first byte of sound.
        present: bytes of sound that are there.
        declared: bytes that the header promises; ``None`` for a stream, whose length nobody knew.
        unfinished: the header's length was never filled in (a recorder that stopped or lost power).
    """

    start: int
    present: int
    declared: int | None = None
    unfinished: bool = False

    @property
    def missing(self) -> float:
        """Share of the promised sound that is not there, from 0 to 1."""
        return max(0.0, 1.0 - self.present / self.declared) if self.declared else 0.0


def extent(data: bytes) -> Extent | None:
    """Where the sound of a file with uncompressed blocks lies, or ``None`` when its kind cannot tell or it has none."""
    if data[:4] in (b"RIFF", b"RF64", b"BW64") and data[8:12] == b"WAVE":
        return _wav(data)
    if data[:4] == b"riff" and data[24:28] == b"wave":
        return _chunk(data, _wave64_chunks(data), _W64_DATA)
    if data[:4] == b"FORM" and data[8:12] in (b"AIFF", b"AIFC"):
        return _chunk(data, _chunks(data, ">I"), b"SSND", 8)
    if data[:4] == b"caff":
        return _chunk(data, _caf_chunks(data), b"data", 4)
    return None


def _chunks(data: bytes, size_format: str = "<I") -> Iterator[tuple[bytes, int, int]]:
    """Kind, place of the content and declared size of each chunk of a RIFF or AIFF file, also when it is cut off."""
    position = 12
    while position + 8 <= len(data):
        size = struct.unpack_from(size_format, data, position + 4)[0]
        yield data[position : position + 4], position + 8, size
        position += 8 + size + (size & 1)


def _wave64_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    position = 40
    while position + 24 <= len(data):
        size = max(24, struct.unpack_from("<q", data, position + 16)[0])
        yield data[position : position + 16], position + 24, size - 24
        position += (size + 7) // 8 * 8


def _caf_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    position = 8
    while position + 12 <= len(data):
        size = struct.unpack_from(">q", data, position + 4)[0]
        yield data[position : position + 4], position + 12, size
        if size < 0:  # to the end of the file
            return
        position += 12 + size


def _chunk(data: bytes, chunks: Iterator[tuple[bytes, int, int]], kind: bytes, prefix: int = 0) -> Extent | None:
    """The chunk that holds the sound after ``prefix`` bytes of its own."""
    for found, start, size in chunks:
        if found == kind:
            present = max(0, len(data) - start - prefix)
            if size < 0:
                return Extent(start + prefix, present)
            return Extent(start + prefix, min(present, size - prefix), max(0, size - prefix))
    return None


def _wav(data: bytes) -> Extent | None:
    declared_64 = None
    for kind, start, size in _chunks(data):
        present = len(data) - start
        if kind == b"ds64" and present >= 16:
            declared_64 = struct.unpack_from("<Q", data, start + 8)[0]
        if kind == b"data":
            if data[:4] != b"RIFF" and size == 0xFFFFFFFF and declared_64:
                size = declared_64
            elif size in _STREAMED:
                return Extent(start, present)
            if size == 0 and present and not _is_chunk(data, start):
                return Extent(start, present, unfinished=True)
            return Extent(start, min(present, size), size)
    return None


def _is_chunk(data: bytes, position: int) -> bool:
    """Is it another chunk that fits into the file, rather than sound?"""
    if position + 8 > len(data) or not data[position : position + 4].isalnum():
        return False
    return bool(struct.unpack_from("<I", data, position + 4)[0] <= len(data) - position - 8)


def repaired(data: bytes, found: Extent) -> bytes:
    """A WAV file whose header says what follows it: its lengths, and samples of 24 bits in frames of 4 bytes as 32 bits.

    Returns:
        ``data`` itself when nothing is wrong with it.
    """
    if data[:4] != b"RIFF":
        return data
    fmt = next(((start, size) for kind, start, size in _chunks(data) if kind == b"fmt " and size >= 16), None)
    if fmt is None:
        return data
    sound = data[found.start : found.start + found.present]
    wide = _widened(data, fmt[0], sound)
    stated = struct.unpack_from("<I", data, found.start - 4)[0]
    if wide is None and stated == found.present:
        return data
    header = bytearray(data[: found.start])
    if wide is not None:
        sound = wide
        struct.pack_into("<H", header, fmt[0] + 14, 32)
        if fmt[1] >= 20:  # EXTENSIBLE: the valid bits, too
            struct.pack_into("<H", header, fmt[0] + 18, 32)
    struct.pack_into("<I", header, found.start - 4, len(sound))
    struct.pack_into("<I", header, 4, len(header) + len(sound) - 8)
    return bytes(header) + sound


def _widened(data: bytes, fmt: int, sound: bytes) -> bytes | None:
    """24-bit samples in frames of 4 bytes as 32-bit ones; ``None`` for every other kind of sample.

    libsndfile reads them as if they were packed, which is noise. The 24 bits should be the upper ones (Microsoft's
    WAVEFORMATEXTENSIBLE); recorders that write the lower ones sign-extend them, so that no value needs the upper byte.
    """
    tag, channels, _, _, block, bits = struct.unpack_from("<HHIIHH", data, fmt)
    if tag not in (_PCM, _EXTENSIBLE) or bits != 24 or channels == 0 or block != 4 * channels:
        return None
    values = np.frombuffer(sound[: len(sound) // 4 * 4], dtype="<i4")
    if values.size and np.abs(values.astype(np.int64)).max() <= 2**23:
        values = values << 8
    return values.tobytes()


def ogg_links(data: bytes) -> list[bytes]:
    """The links of a chained OGG file (RFC 3533, 4): streams one after the other, of which libsndfile reads the first."""
    starts, position, began = [0], 0, False
    while (page := data.find(b"OggS", position)) >= 0 and page + 27 <= len(data):
        begins = bool(data[page + 5] & 0x02)
        if begins and not began and page:
            starts.append(page)
        began = begins
        n_segments = data[page + 26]
        position = page + 27 + n_segments + sum(data[page + 27 : page + 27 + n_segments])
    return [data[start:end] for start, end in zip(starts, [*starts[1:], len(data)], strict=True)]


def ogg_is_complete(data: bytes) -> bool:
    """Does the last page end the stream, and is it there as a whole?"""
    last = data.rfind(b"OggS")
    if len(data) - last < 27 or not data[last + 5] & 0x04:
        return False
    n_segments = data[last + 26]
    table = data[last + 27 : last + 27 + n_segments]
    return len(table) == n_segments and last + 27 + n_segments + sum(table) <= len(data)
