"""A web server on this computer with public sets of a few clips, and the registry that names it."""

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from asd_core.sound import wav_bytes


def sound(seed: int) -> bytes:
    """20 s of noise, which no ZIP makes smaller."""
    return wav_bytes(np.random.default_rng(seed).normal(0, 0.1, 320000).clip(-1, 1).astype(np.float32), 16000)


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():  # without the time of day: the same archive each time
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def dev_archive() -> bytes:
    """A machine of DCASE 2020: two training clips, one normal and one anomalous test clip, and a table."""
    names = ("train/normal_id_00_00000000", "train/normal_id_00_00000001")
    names += ("test/normal_id_00_00000000", "test/anomaly_id_00_00000000")
    return zipped({f"fan/{name}.wav": sound(k) for k, name in enumerate(names)} | {"fan/readme.txt": b"of the fan"})


def additional_archive() -> bytes:
    return zipped({"fan/train/normal_id_01_00000000.wav": sound(9)})


@dataclass
class PublicServer:
    """What it gives, and what it was asked for.

    Attributes:
        files: by path.
        has_api: a registry of it names where its records list their files.
        ranges: whether it can begin in the middle of a file.
        breaks_after: bytes after which it breaks off once, of an answer that has more; none for ``None``.
        hangs: instead of breaking off it waits until it is closed.
        claims: length of a file that it names, in place of the right one.
        asked: path and ``Range`` of each request.
    """

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    has_api: bool = False
    ranges: bool = True
    breaks_after: int | None = None
    hangs: bool = False
    claims: int | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)

    def publish(self, record: int, files: dict[str, bytes]) -> None:
        """Let a record list files with their checksums, as Zenodo does."""
        listed = [
            {
                "id": str(index),
                "key": name,
                "size": len(content),
                "checksum": f"md5:{md5(content).hexdigest()}",
                "links": {"self": f"{self.address}/elsewhere/{name}"},
            }
            for index, (name, content) in enumerate(files.items())
        ]
        self.files[f"/api/{record}"] = json.dumps({"id": record, "title": "Tiny", "files": listed}).encode()

    def registry(self, path: Path, **parts: bytes | None) -> Path:
        """A registry with the set ``tiny-fan``, an archive a part; ``None`` for a file that has no known checksum."""
        lines = [
            f'address = "{self.address}/{{record}}/{{file}}"',
            f'page = "{self.address}/{{record}}"',
            *([f'record_api = "{self.address}/api/{{record}}"'] * self.has_api),
            "[[releases]]",
        ]
        lines += ['name = "tiny"', 'title = "Tiny"', 'licence = "CC BY 4.0"']
        for record, (part, content) in enumerate(parts.items(), start=1):
            known = f'md5 = "{md5(content).hexdigest()}", megabytes = {len(content) / 1e6}' if content else ""
            lines += [
                "[[releases.parts]]",
                f'name = "{part}"',
                f"record = {record}",
                f'file = "{part}_{{machine}}.zip"',
            ]
            lines += ["[releases.parts.machines]", f"fan = {{ {known} }}"]
        path.write_text("\n".join(lines) + "\n")
        return path


@contextmanager
def serve_public() -> Iterator[PublicServer]:
    """A running server."""
    state = PublicServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            state.asked.append((self.path, asked))
            if self.path not in state.files:
                self.send_error(404)
                return
            data = state.files[self.path]
            first = int(asked.removeprefix("bytes=").rstrip("-")) if asked and state.ranges else 0
            if first >= len(data):
                self.send_error(416)
                return
            self.send_response(206 if first else 200)
            self.send_header("Content-Length", str((state.claims or len(data)) - first))
            self.end_headers()
            limit = None
            if state.breaks_after is not None and len(data) - first > state.breaks_after:
                limit, state.breaks_after = state.breaks_after, None
            with suppress(ConnectionError):  # who asks may hang up before the end
                self.wfile.write(data[first : len(data) if limit is None else first + limit])
            if limit is not None and state.hangs:
                state.closed.wait()
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Tests read what was asked, not a log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.closed.set()
        server.shutdown()
        server.server_close()
