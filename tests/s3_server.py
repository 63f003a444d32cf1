"""A server of the S3 protocol on this machine, and a proxy before it that fails as storages do."""

import http.client
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from unittest.mock import patch

from asd_core.addresses import Address

Fails = Callable[[str, str], str]  # method, path -> "500", "cut" or "" (all is well)


@contextmanager
def s3_server() -> Iterator[str]:
    """A server with the empty bucket ``plant``, for which the environment has endpoint and credentials. Gives its endpoint."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        with reached_at(f"http://{host}:{port}"):
            connection = http.client.HTTPConnection(host, port)
            connection.request("PUT", "/plant")
            assert connection.getresponse().status == 200
            yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def reached_at(endpoint: str) -> Iterator[None]:
    """The environment that names an endpoint and credentials; connections of before are forgotten."""
    import s3fs

    names = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with patch.dict(os.environ, names):
        s3fs.S3FileSystem.clear_instance_cache()
        yield
    s3fs.S3FileSystem.clear_instance_cache()


@contextmanager
def unsteady(endpoint: str, fails: Fails) -> Iterator[str]:
    """A proxy before a server. Gives its endpoint."""

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            failure = fails(self.command, self.path)
            if failure == "500":
                self.send_response(500)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            connection = http.client.HTTPConnection(endpoint.removeprefix("http://"))
            connection.request(self.command, self.path, body, dict(self.headers))
            response = connection.getresponse()
            content = response.read()
            self.send_response(response.status)
            for name, value in response.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection", "server", "date"):
                    self.send_header(name, value)
            length = response.getheader("Content-Length") if self.command == "HEAD" else len(content)
            self.send_header("Content-Length", str(length or 0))
            self.end_headers()
            if failure == "cut":
                content, self.close_connection = content[: len(content) // 2], True
            self.wfile.write(content)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

        def log_message(self, *_: object) -> None: ...

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    proxy.daemon_threads = True
    Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}"
    finally:
        proxy.shutdown()
        proxy.server_close()


def put_folder(folder: Path, url: str) -> str:
    """A folder's files at an address."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            (Address(url) / file.relative_to(folder).as_posix()).write_bytes(file.read_bytes())
    return url
