"""ReplayWeb.page in Chromium over an exported WACZ: the page is shown, and nobody else is asked."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from crawler.archive import Archive, Selection
from crawler.exports import wacz
from crawler.exports.destination import new_file
from crawler.exports.order import Order
from crawler.exports.signing import Signer
from tests.archive_kit import NOW, at, begin, hop, new_archive, source, visit
from tests.oracles import program

URL = "https://toledoblade.example/2017/mexico.html"
TEXT = "Fifty consulates offer legal help."
# What it would load from its host and from others; nothing of it is in the archive.
PAGE = f"""<html><head><title>Mexico opens centers</title>
<link rel="stylesheet" href="/style.css"><link rel="preconnect" href="https://cdn.example">
<script src="https://cdn.example/script.js"></script></head><body><h1>Mexico opens centers</h1>
<p>{TEXT}</p><img src="https://pictures.example/a.png"><img src="http://toledoblade.example/b.png">
<iframe src="https://frames.example/"></iframe></body></html>""".encode()
# What Chromium asks of its maker by itself, whatever it shows; the proxy refuses that, too.
VENDOR = re.compile(
    r"\b((update|content-autofill|optimizationguide-pa)\.googleapis|(accounts|clients\d)\.google)\.com\b"
)
SHOWN_WITHIN_S = 60.0
SIGNER = Signer(ec.generate_private_key(ec.SECP384R1()))

# Looks through all frames and shadow trees, and says so when one shows the text.
EMBEDDING = """<!doctype html><meta charset="utf-8"><script src="/replay/ui.js"></script>
<replay-web-page source="/export.wacz" url="%s" ts="%s" replayBase="/replay/"></replay-web-page>
<script>
function* documents(root) {
  for (const element of root.querySelectorAll("*")) {
    if (element.shadowRoot) yield* documents(element.shadowRoot);
    if (element.tagName === "IFRAME" && element.contentDocument) {
      yield element.contentDocument;
      yield* documents(element.contentDocument);
    }
  }
}
const answered = (asked) => new Promise((done) => asked.onsuccess = () => done(asked.result));
// What ReplayWeb.page found of signatures: it keeps that, and counts it by no number of its own.
async function signatures({indexedDB}) {
  const found = [];
  for (const {name} of await indexedDB.databases()) {
    const database = await answered(indexedDB.open(name));
    if (database.objectStoreNames.contains("verification")) {
      const kept = database.transaction("verification").objectStore("verification");
      found.push(...await answered(kept.getAll()));
    }
  }
  return found.filter(({id}) => id === "signature" || id === "publicKey");
}
const wanted = %s;
const looking = setInterval(() => {
  for (const found of documents(document)) {
    const text = found.body ? found.body.innerText : "";
    if (text.includes(wanted)) {
      clearInterval(looking);
      const told = {text, title: found.title, url: found.location.href};
      signatures(found.defaultView.parent).then((signed) =>
        fetch("/shown", {method: "POST", body: JSON.stringify({...told, signed})}));
    }
  }
}, 100);
setTimeout(() => location.reload(), 15000);  // its service worker may come later than its frame
</script>"""


@dataclass
class Seen:
    """What came to the server and to the proxy while the browser ran."""

    shown: Queue[dict[str, Any]] = field(default_factory=Queue)
    elsewhere: list[str] = field(
        default_factory=list
    )  # hosts that were asked for through the proxy


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _site(folder: Path, seen: Seen) -> type[_Quiet]:
    class Site(_Quiet):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def do_GET(self) -> None:
            asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
            if self.path != "/export.wacz" or asked is None:
                super().do_GET()
                return
            data = (folder / "export.wacz").read_bytes()
            first, last = asked.groups()
            start = int(first) if first else max(0, len(data) - int(last))
            end = min(int(last) + 1 if first and last else len(data), len(data))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
            self.send_header("Content-Length", str(end - start))
            self.end_headers()
            self.wfile.write(data[start:end])

        def do_POST(self) -> None:
            seen.shown.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

    return Site


def _proxy(seen: Seen) -> type[_Quiet]:
    class Proxy(_Quiet):
        def refuse(self) -> None:
            seen.elsewhere.append(self.path)
            self.send_error(502)

        do_GET = do_POST = do_CONNECT = do_HEAD = refuse

    return Proxy


def _serving(handler: type[_Quiet]) -> http.server.ThreadingHTTPServer:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("Chromium is not installed")
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is served: ReplayWeb.page, an export, and the page that shows it."""
    there = program("replaywebpage", "ui.js").parent.parent
    made = tmp_path / "served"
    (made / "replay").mkdir(parents=True)
    for name in ("ui.js", "sw.js"):
        shutil.copy(there / name, made / "replay")
    with new_archive(tmp_path) as archive:
        run, number = begin(archive), source(archive, URL)
        visit(archive, run, number, hop(URL, PAGE))
        visit(archive, run, number, hop(URL, PAGE, fetched_at=at(days=1)))  # a revisit
    with (
        Archive.open_for_reading(archive.path) as opened,
        opened.selecting.select(Selection()) as selected,
        new_file(made / "export.wacz", force=False) as out,
    ):
        wacz.write(selected, out, Order(NOW, signer=SIGNER))
    return made


@pytest.fixture
def servers(folder: Path) -> Iterator[tuple[Seen, int, int]]:
    seen = Seen()
    site, proxy = _serving(_site(folder, seen)), _serving(_proxy(seen))
    yield seen, site.server_port, proxy.server_port
    for server in (site, proxy):
        server.shutdown()
        server.server_close()


@contextmanager
def running(chromium: str, site: int, proxy: int, folder: Path) -> Iterator[None]:
    """A browser at the site, for which all the rest of the world is the proxy."""
    browser = subprocess.Popen(
        [
            chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-default-apps", "--disable-extensions", "--disable-domain-reliability",
            f"--user-data-dir={folder / 'profile'}", f"--proxy-server=http://127.0.0.1:{proxy}",
            "--proxy-bypass-list=127.0.0.1", f"http://127.0.0.1:{site}/",
        ],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        browser.terminate()
        browser.wait()


RESPONSE = pytest.param("20260301120000", id="response", marks=pytest.mark.slow)
REVISIT = pytest.param("20260302120000", id="revisit")


@pytest.mark.parametrize("stamp", [RESPONSE, REVISIT])
def test_an_exported_page_is_shown_and_nobody_else_is_asked(
    chromium: str, folder: Path, servers: tuple[Seen, int, int], tmp_path: Path, stamp: str
) -> None:
    seen, site, proxy = servers
    (folder / "index.html").write_text(EMBEDDING % (URL, stamp, json.dumps(TEXT)), "utf-8")
    with running(chromium, site, proxy, tmp_path):
        try:
            shown = seen.shown.get(timeout=SHOWN_WITHIN_S)
        except Empty:
            pytest.fail("ReplayWeb.page did not show the page")
    assert shown["title"] == "Mexico opens centers"
    assert f"/{stamp}mp_/{URL}" in shown["url"]
    by_name = {each["id"]: each for each in shown["signed"]}
    assert by_name["signature"]["matched"] is True
    assert by_name["publicKey"]["expected"] == SIGNER.sign("", "")["publicKey"]
    assert [asked for asked in seen.elsewhere if not VENDOR.search(asked)] == []


@pytest.mark.slow
def test_the_same_page_without_replay_asks_others(
    chromium: str, folder: Path, servers: tuple[Seen, int, int], tmp_path: Path
) -> None:
    seen, site, proxy = servers
    (folder / "index.html").write_bytes(PAGE)
    wanted = {"cdn.example", "pictures.example", "frames.example"}
    until = time.monotonic() + SHOWN_WITHIN_S
    with running(chromium, site, proxy, tmp_path):
        while time.monotonic() < until:
            if all(any(host in asked for asked in seen.elsewhere) for host in wanted):
                return
            time.sleep(0.1)
    pytest.fail(f"the proxy saw only {seen.elsewhere}")
