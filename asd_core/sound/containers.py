"""Is an audio file complete? libsndfile reads a cut-off file without a word, so its container is checked here."""

import struct

_STREAMED = (0, 0xFFFFFFFF)  # sizes that programs write when they do not know the length beforehand


def truncation(data: bytes) -> str | None:
    """Why the file ends too early, or ``None`` when it does not (or its kind cannot tell).

    WAV: the size of the data chunk (RIFF specification); OGG: the end-of-stream flag of the last page (RFC 3533).
    """
    if data[:4] in (b"RIFF", b"RF64") and data[8:12] == b"WAVE":
        return _wav(data)
    if data[:4] == b"OggS":
        return _ogg(data)
    return None


def _wav(data: bytes) -> str | None:
    position = 12
    while position + 8 <= len(data):
        kind, size = data[position : position + 4], struct.unpack_from("<I", data, position + 4)[0]
        present = len(data) - position - 8
        if kind == b"data":
            if size in _STREAMED or size <= present:
                return None
            return f"{present:,} of {size:,} bytes of sound are there"
        position += 8 + size + (size & 1)
    return "it has no sound data"


def _ogg(data: bytes) -> str | None:
    last = data.rfind(b"OggS")
    if len(data) - last < 27 or not data[last + 5] & 0x04:
        return "its last page is missing"
    n_segments = data[last + 26]
    table = data[last + 27 : last + 27 + n_segments]
    complete = len(table) == n_segments and last + 27 + n_segments + sum(table) <= len(data)
    return None if complete else "its last page is incomplete"
