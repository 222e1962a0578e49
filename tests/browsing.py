"""A real Chromium for tests, and a recorder of whatever it tries to reach.

The browser cannot leave loopback: host names lead nowhere (--host-resolver-rules), and what is not
for loopback goes to a proxy, which is the recorder. So each attempt is refused, and known.
"""

from __future__ import annotations

import http.server
import json
import re
import shutil
import signal
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.crawling import environment

# What Chromium asks of its maker by itself, whatever is shown. It is told not to (below); should a
# release ask for more, the proxy refuses that as well, and no page is blamed for it.
VENDOR = re.compile(r"^(http://)?[\w.-]+\.(google|googleapis|gvt1)\.com[:/]")
# Where the distributions put it
PLACES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


class Recorder:
    """A server on loopback, and a proxy for all else, that notes each connection and request."""

    def __init__(self) -> None:
        self.requests: list[str] = []  # addresses, in order
        self.connections = 0  # those that asked for nothing among them
        self.foreign: set[str] = set()  # of all that was ever asked for, what is not on loopback
        self.pages: dict[str, str] = {}  # HTML by path, for what is to be shown unprotected
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def setup(self) -> None:
                recorder.connections += 1
                super().setup()

            def do_GET(self) -> None:
                if VENDOR.match(self.path):
                    recorder.connections -= 1
                    self.close_connection = True
                    return
                if not self.path.startswith("/"):
                    recorder.foreign.add(self.path)
                page = recorder.pages.get(self.path)
                if page is None:
                    recorder.requests.append(self.path)
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(page.encode())

            do_POST = do_HEAD = do_PUT = do_OPTIONS = do_CONNECT = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Recorder:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def forget(self) -> None:
        """Begin to count anew."""
        self.requests.clear()
        self.connections = 0


@contextmanager
def chromium(recorder: Recorder) -> Iterator[Any]:
    """Give Playwright's Browser, of Debian's Chromium with a profile that is thrown away."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed (make .venv/installed)"
    )
    program = next(filter(None, map(shutil.which, PLACES)), None)
    if program is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    arguments = [
        "--no-sandbox",  # tests may run as root, in a container
        "--disable-gpu", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--no-first-run", "--gaia-url=http://127.0.0.1:9",
        "--component-updater=url-source=http://127.0.0.1:9/",
        "--disable-features=NetworkTimeServiceQuerying,OptimizationHints,Translate,"
        "AutofillServerCommunication,MediaRouter",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        f"--proxy-server=127.0.0.1:{recorder.port}",  # loopback itself never goes by a proxy
    ]  # fmt: skip
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def inspected(archive: Path) -> Iterator[str]:
    """Run ``sourcekeep inspect`` on an archive; give the URL of its front page."""
    command = [sys.executable, "-m", "crawler", "inspect", "--port", "0", "--json",
               "--archive", str(archive)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as server:
        try:
            assert server.stdout is not None
            yield str(json.loads("".join(iter(server.stdout.readline, "}\n")) + "}")["url"])
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=30)
