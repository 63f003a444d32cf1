"""The dashboard as deploy/nginx.conf serves it: a real nginx with TLS, under a base path and another host's name."""

import http.client
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from asd_core.sound import wav_bytes
from benchmarks.browser import free_port
from tests.conftest import ROOT
from tests.e2e.helpers import new_context, wait_idle
from tests.e2e.label_page import NAME
from tests.e2e.server import serve

pytestmark = pytest.mark.long  # a server of its own behind a proxy

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
HOST = "sound.localhost"  # browsers know that it is this computer; the dashboard does not know the name
ALONE = """
daemon off; {user} pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log {folder}/access.log;
    {paths}
    include {folder}/asd.conf;
}}
"""
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Site(NamedTuple):
    """Where it is, and what nginx wrote about it."""

    port: int
    folder: Path

    @property
    def address(self) -> str:
        return f"https://{HOST}:{self.port}/sound"

    def log(self) -> str:
        return (self.folder / "access.log").read_text()


def _replaced(text: str, **other: str) -> str:
    for old, new in other.items():
        assert old in text, f"deploy/nginx.conf has no {old} any more"
        text = text.replace(old, new)
    return text


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if NGINX is None:
        reason = "no nginx here"
        pytest.fail(reason) if os.environ.get("REQUIRE_NGINX") else pytest.skip(reason)
    folder, plain, port = tmp_path_factory.mktemp("nginx"), free_port(), free_port()
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={HOST}"]
    subprocess.run([*command, "-keyout", folder / "key", "-out", folder / "pem"], check=True, capture_output=True)
    app = serve(
        ROOT / "app.py",
        0,
        "--server.baseUrlPath=sound",
        ASD_DATABASE_URL=f"sqlite:///{folder / 'labels.sqlite3'}",
        ASD_DATA_DIR=str(folder / "data"),
    )
    conf = _replaced(
        (ROOT / "deploy" / "nginx.conf").read_text("utf-8"),
        **{
            "sound.example.org;": f"{HOST};",
            "/etc/ssl/certs/sound.example.org.pem": f"{folder}/pem",
            "/etc/ssl/private/sound.example.org.key": f"{folder}/key",
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "127.0.0.1:8501": f"127.0.0.1:{app.port}",
        },
    )
    (folder / "asd.conf").write_text(conf)
    paths = " ".join(f"{name}_temp_path {folder}/{name};" for name in TEMPORARY)
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(ALONE.format(folder=folder, user=user, paths=paths))
    begin = [NGINX, "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]
    checked = subprocess.run([*begin, "-t"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    with app:
        nginx = subprocess.Popen(begin)
        try:
            while not _listens(port):  # its file with the process id says nothing: the check has written one, too
                assert nginx.poll() is None, (folder / "error.log").read_text()
                time.sleep(0.01)
            yield Site(port, folder)
        finally:
            nginx.terminate()
            nginx.wait()


@pytest.fixture
def tab(browser: Any, site: Site) -> Iterator[Any]:
    """A tab of a browser that takes the certificate; whatever a page asks for must come from the site, below its path."""
    context = new_context(browser, ignore_https_errors=True)
    opened = context.new_page()
    elsewhere: list[str] = []
    here = (
        site.address + "/",
        site.address.replace("https", "wss") + "/",
        "data:",
        f"blob:https://{HOST}:{site.port}/",
    )
    opened.on("request", lambda request: request.url.startswith(here) or elsewhere.append(request.url))
    yield opened
    context.close()
    assert elsewhere == []


def ask(site: Site, method: str, path: str, **headers: str) -> tuple[int, str]:
    """A request that says of itself what the headers say, and its answer."""
    nobody = ssl.create_default_context()
    nobody.check_hostname, nobody.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", site.port, context=nobody, timeout=20)
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"Host": f"{HOST}:{site.port}", **headers}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    status, text = answer.status, answer.read().decode()
    connection.close()
    return status, text


def test_pages_sound_and_socket(tab: Any, site: Site) -> None:
    sockets: list[Any] = []
    tab.on("websocket", lambda socket: sockets.append(socket))
    tab.goto(f"{site.address}/")
    tab.locator(".asd-player").wait_for()
    wait_idle(tab)
    (socket,) = sockets
    assert socket.url == f"wss://{HOST}:{site.port}/sound/_stcore/stream"
    assert not socket.is_closed()
    assert "GET /sound/_stcore/stream HTTP/1.1" not in site.log(), "it is open: nginx writes the line when it ends"
    fetched = [line for line in site.log().splitlines() if "/sound/fetched/" in line]
    assert fetched, "the player's sound comes through the proxy"
    assert all('" 200 ' in line for line in fetched)
    tab.get_by_role("link", name="Compare").click()
    tab.get_by_text("What to take away").wait_for()
    assert tab.url.startswith(f"{site.address}/compare")
    tab.reload()  # an address of a page, asked for by itself
    tab.get_by_text("What to take away").wait_for()
    tab.goto(f"{site.address}/label")
    tab.locator(NAME).wait_for()
    assert tab.get_by_role("alert").filter(has_text="Traceback").count() == 0


def test_an_upload_passes(tab: Any, site: Site) -> None:
    tab.goto(f"{site.address}/?from=Upload&detectors=pca_kde")
    tab.get_by_text("Drop one recording or several").wait_for()
    wait_idle(tab)
    minutes = np.random.default_rng(0).normal(0, 0.1, 16000 * 240).clip(-1, 1).astype(np.float32)
    data = wav_bytes(minutes, 16000)
    assert len(data) > 5e6, "more than nginx takes by default"
    dropped = {"name": "press line.wav", "mimeType": "audio/wav", "buffer": data}
    tab.locator("input[type=file]").set_input_files([dropped])
    tab.locator("[data-testid=stMarkdown] strong", has_text="press line.wav").first.wait_for()
    assert any("PUT /sound/_stcore/upload_file/" in line and '" 204 ' in line for line in site.log().splitlines())


def test_what_is_too_large_is_told_so(site: Site) -> None:
    status, text = ask(site, "PUT", "/sound/_stcore/upload_file/a/b", Content_Length=str(211 * 2**20))
    assert status == 413
    assert text == "This file is larger than the 200 MB that this server takes: cut it, or ask who runs the server.\n"
    page_limit = int((ROOT / ".streamlit" / "config.toml").read_text().partition("maxUploadSize = ")[2].split()[0])
    assert page_limit < 210, "the page says it first, and names the file"


def test_health_and_what_is_beside_it(site: Site) -> None:
    assert ask(site, "GET", "/sound/_stcore/health") == (200, "ok")
    assert ask(site, "GET", "/sound")[0] == 301
    assert ask(site, "GET", "/")[0] == 404, "nothing else of the host is the dashboard's"
