"""Labelling under a login: Streamlit's OpenID Connect against a provider of our own on this machine."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from asd_core.labels import LabelStore
from benchmarks.browser import free_port, serve
from tests.conftest import ROOT
from tests.e2e.helpers import wait_idle
from tests.e2e.label_page import NAME, READY, press

pytestmark = pytest.mark.long  # servers of its own

CLIENT, ADDRESS = "the dashboard", "ada@example.org"


class Provider(BaseHTTPRequestHandler):
    """Everybody who comes is Ada: the four addresses of OpenID Connect's authorization code flow."""

    key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
    nonces: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        at, query = urlsplit(self.path), parse_qs(urlsplit(self.path).query)
        if at.path == "/.well-known/openid-configuration":
            places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            self._json({"issuer": self._issuer(), **{k: f"{self._issuer()}/{v}" for k, v in places.items()}})
        elif at.path == "/keys":
            self._json({"keys": [self.key.as_dict(private=False)]})
        elif at.path == "/authorize":
            code = f"code {len(self.nonces)}"
            self.nonces[code] = query["nonce"][0]
            self.send_response(302)
            back = urlencode({"code": code, "state": query["state"][0]})
            self.send_header("Location", f"{query['redirect_uri'][0]}?{back}")
            self.end_headers()

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        now = int(time.time())
        claims = {"iss": self._issuer(), "aud": CLIENT, "sub": "1", "email": ADDRESS, "iat": now, "exp": now + 600}
        claims["nonce"] = self.nonces[sent["code"][0]]
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)
        self._json({"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": token})

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""

    def _issuer(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def _json(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def provider() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_label_carries_the_login_and_a_role_goes_with_it(page: Any, provider: str, tmp_path: Path) -> None:
    port, secrets, database = free_port(), tmp_path / "secrets.toml", f"sqlite:///{tmp_path / 'labels.sqlite3'}"
    secrets.write_text(
        f"""
        [auth]
        redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
        cookie_secret = "only of this test"
        client_id = "{CLIENT}"
        client_secret = "another"
        server_metadata_url = "{provider}/.well-known/openid-configuration"
        """
    )
    more = {"ASD_DATABASE_URL": database, "ASD_ROLES": json.dumps({"label": ["@example.org"]})}
    with serve(ROOT / "app.py", port, f"--secrets.files={secrets}", **more) as address:
        page.goto(f"{address}/label")
        page.get_by_role("button", name="Log in to label").wait_for()
        assert page.locator(NAME).count() == 0, "nobody types a name where there is a login"
        page.get_by_text("Labelling needs the role label: log in, or ask an administrator").wait_for()
        assert page.locator(READY).count() == 0
        page.get_by_role("button", name="Log in to label").click()
        page.wait_for_url(f"{address}/")  # Streamlit comes back to the first page
        page.locator(".asd-player").wait_for()
        page.goto(f"{address}/label")
        page.get_by_text(f"Labelling as {ADDRESS}").wait_for()
        page.locator(READY).wait_for()
        wait_idle(page)
        page.locator("h1").click()
        press(page, "n", 2)
        page.goto(f"{address}/experiments")
        page.get_by_text("Your role: label").wait_for()
        assert page.get_by_role("button", name="Run again what is missing or changed").is_disabled()
        page.goto(f"{address}/label?label_view=Import and export&blind=false")
        with page.expect_download() as taken:
            page.get_by_test_id("stDownloadButton").get_by_role("button").click()
        assert ADDRESS in Path(taken.value.path()).read_text()
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url(f"{address}/")
        page.goto(f"{address}/label")
        page.get_by_role("button", name="Log in to label").wait_for()
    store = LabelStore.open(database)
    assert store.current("demo")[["annotator", "label"]].to_numpy().tolist() == [[ADDRESS, "normal"]]
    assert [(e.who, e.act, e.dataset) for e in store.audit.entries()] == [(ADDRESS, "exported labels", "demo")]
    store.close()
