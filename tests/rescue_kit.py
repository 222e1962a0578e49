"""What the tests of rescue share: dead sources, articles of our own, archives that hold them."""

from __future__ import annotations

import json
import random
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawler.archive import Archive
from crawler.dates import format_instant, parse_instant
from crawler.demo.behaviours import Answer, Request, Response, format_http_date
from crawler.digests import sha1_of
from tests.archive_kit import cite, entry, gone, record, visit
from tests.oracles import program

ROOT = Path(__file__).resolve().parent.parent
CITED = "2017-03-04"

_PLACES = "Harwick Dunmore Ostley Pellham Rothbeck Sandholt Tilmouth Ulverby Wexcombe Yarrowfield"
_THINGS = "harbour reservoir viaduct granary lighthouse tannery quarry orchard ferry weir"
_VERBS = "reopened surveyed flooded auctioned repaired mapped drained fortified leased restored"
# The made-up words of a made-up town: three of them in a row never come about twice.
_SYLLABLES = tuple(
    "bar cor den fal gim hol jas kel lom mir nor pel qua rin sul tav ulm vex wid yar".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Story:
    """An article of our own, the same for the same number."""

    number: int

    @property
    def place(self) -> str:
        return _PLACES.split()[self.number % 10]

    @property
    def title(self) -> str:
        thing, verb = self._thing
        return f"{self.place} {thing} {verb} after council ballot number {self.number}"

    @property
    def _thing(self) -> tuple[str, str]:
        return _THINGS.split()[self.number // 10 % 10], _VERBS.split()[self.number // 3 % 10]

    def sentences(self, seed: int = 0) -> list[str]:
        """Its sentences; another seed makes another article on the same topic."""
        chance = random.Random(self.number * 1000 + seed)
        thing, verb = self._thing

        def word() -> str:
            return chance.choice(_SYLLABLES) + chance.choice(_SYLLABLES)

        return [
            f"The {word()} {word()} of {self.place} {word()} the {thing} {word()} and was"
            f" {word()} {verb} by {word()} {word()} {chance.randrange(2, 90)} {word()} {word()}."
            for _ in range(10)
        ]

    def summary(self) -> str:
        """What the entry quotes of it: more than forty words."""
        return " ".join(self.sentences()[:3])

    def page(
        self, *, seed: int = 0, sidebar: str = "", change: Mapping[str, str] | None = None,
        more: str = "", title: str | None = None,
    ) -> bytes:  # fmt: skip
        """Its page; ``sidebar`` is another dress, ``change`` replaces words, ``more`` adds."""
        text = "".join(f"<p>{sentence}</p>" for sentence in self.sentences(seed))
        for before, after in (change or {}).items():
            assert before in text, before
            text = text.replace(before, after)
        title = title or self.title
        return (
            f"<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>{title}</title></head>"
            f"<body><nav><a href=/>Home</a></nav><article><h1>{title}</h1>{text}{more}</article>"
            f"<aside>{sidebar}</aside><footer>The {self.place} Herald</footer></body></html>"
        ).encode()


SOFT_404 = (
    b"<!DOCTYPE html><html lang=en><head><title>Page not found</title></head><body>"
    b"<h1>Sorry, this page could not be found</h1><p>The page that you were looking for does not"
    b" exist any more. It may have been moved or deleted, or you may have mistyped its address."
    b" Please go to our home page, use the search, or read the latest headlines of the day from"
    b" politics, business, sport and culture that our editors have chosen for you below.</p>"
    b"</body></html>"
)
CHALLENGE = (
    b"<!DOCTYPE html><html lang=en><head><title>Just a moment...</title></head><body>"
    b"<h1>Checking your browser before accessing the site</h1><p>Please enable JavaScript and"
    b" cookies to continue.</p><script src=/cdn-cgi/challenge-platform/h/b/orchestrate/jsch/v1>"
    b"</script></body></html>"
)


@dataclass(frozen=True)
class Kept:
    """A capture that an archive holds."""

    at: str  # 14 digits
    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/html; charset=utf-8"),)
    digest: str | None = None  # another one than that of the body
    url: str | None = None  # another one than the source's
    about: tuple[tuple[str, str], ...] = ()  # further headers of its WARC record
    is_revisit: bool = False  # only its digest is recorded


def entry_page(title: str, summary: str, url: str, *, day: str = CITED, label: str = "") -> str:
    """An entry that cites one source."""
    year, month, number = day.split("-")
    return (
        f"### [{day}](/news/{year}/{month}/{int(number)}/index.md)\n\n##### Topic\n# {title}\n\n"
        f"{summary}\n\n### Sources:\n\n1. [{label or 'The Herald'}]({url})\n"
    )


def dead_archive(path: Path, stories: Mapping[str, Story], seen_at: datetime) -> Path:
    """An archive in which each URL is cited by an entry, and was found gone by one visit."""
    with Archive.open(path, create=True) as archive:
        run = archive.runs.begin("crawl", software={}, settings={}, now=format_instant(seen_at))
        for url, story in stories.items():
            read = entry(
                cite(url, "The Herald"),
                locator=f"{story.number}.md",
                date=CITED,
                url=f"/{story.number}",
                headline=story.title,
                summary=story.summary(),
            )
            record(archive, read)
            source = archive.reading.source(url)["id"]
            hop = gone(url, fetched_at=format_instant(seen_at))
            visit(archive, run, source, hop, finished_at=seen_at)
        archive.runs.finish(run, reason="finished", counts={}, now=format_instant(seen_at))
    return path


def write_entries(folder: Path, pages: Mapping[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return folder


# --- a WARC, and the pywb that serves it ---------------------------------------------------------


def write_warc(path: Path, captures: Sequence[tuple[str, Kept]]) -> None:
    """Write captures as response records."""
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        for url, kept in captures:
            about = {"WARC-Date": _warc_date(kept.at), **dict(kept.about)}
            head = StatusAndHeaders(f"{kept.status} X", list(kept.headers), protocol="HTTP/1.1")
            if kept.is_revisit:
                writer.write_record(
                    writer.create_revisit_record(
                        kept.url or url, digest=sha1_of(kept.body), refers_to_uri=url,
                        refers_to_date="2017-01-01T00:00:00Z", http_headers=head,
                        warc_headers_dict=about,
                    )
                )  # fmt: skip
                continue
            writer.write_record(
                writer.create_warc_record(
                    kept.url or url, "response", payload=BytesIO(kept.body), http_headers=head,
                    warc_headers_dict=about,
                )
            )  # fmt: skip


def _warc_date(stamp: str) -> str:
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}T{stamp[8:10]}:{stamp[10:12]}:{stamp[12:]}Z"


@dataclass
class Pywb:
    """A pywb on loopback with one collection."""

    base: str
    log: Path

    def line(self, name: str = "mine", **options: object) -> str:
        return f"{name}=pywb+{self.base}" + "".join(f";{k}={v}" for k, v in options.items())

    def requests(self) -> list[str]:
        """The lines of its log that tell of requests."""
        return [
            line for line in self.log.read_text(errors="replace").splitlines()
            if '"GET ' in line or '"POST ' in line
        ]  # fmt: skip


@contextmanager
def pywb(
    folder: Path,
    warcs: Sequence[Path],
    lies: Mapping[tuple[str, str], str] | None = None,
    *,
    crawls: Mapping[str, Sequence[Path]] | None = None,
) -> Iterator[Pywb]:
    """Run pywb with a collection of these files; skip the test where it is absent.

    ``lies`` are digests that its index names in place of the right ones, by URL and stamp;
    ``crawls`` are further collections of some of the files.
    """
    manager, wayback = program("pywb", "wb-manager"), program("pywb", "wayback")
    folder.mkdir(exist_ok=True)
    subprocess.run([manager, "init", "c"], cwd=folder, check=True, capture_output=True)
    subprocess.run(
        [manager, "add", "c", *map(str, warcs)], cwd=folder, check=True, capture_output=True
    )
    index = next((folder / "collections/c/indexes").glob("*.cdxj"))
    lines = [_lied(line, lies or {}) for line in index.open()]
    index.write_text("".join(lines))
    for name, files in (crawls or {}).items():
        named = {file.name for file in files}
        own = folder / f"collections/{name}/indexes/index.cdxj"
        own.parent.mkdir(parents=True)
        own.write_text("".join(
            line for line in lines if json.loads(line.split(" ", 2)[2])["filename"] in named
        ))  # fmt: skip
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "pywb.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [wayback, "-b", "127.0.0.1", "-p", str(port)], cwd=folder, stdout=out, stderr=out
        )
    try:
        _wait_for(port, server)
        yield Pywb(f"http://127.0.0.1:{port}/c", log)
    finally:
        server.terminate()
        server.wait(20)


def _lied(line: str, lies: Mapping[tuple[str, str], str]) -> str:
    key, stamp, rest = line.split(" ", 2)
    about = json.loads(rest)
    digest = lies.get((about["url"], stamp))
    if digest is None:
        return line
    return f"{key} {stamp} {json.dumps(about | {'digest': digest.removeprefix('sha1:')})}\n"


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, "pywb ended at once"
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("pywb does not listen")


@dataclass
class Files:
    """A file server that knows ranges; ``fail`` may answer in its place, or return None."""

    folder: Path
    fail: object = None

    def __call__(self, request: Request) -> Answer:
        failing = self.fail(request) if callable(self.fail) else None
        if failing is not None:
            return failing
        file = self.folder / request.path.rpartition("/")[2]
        if not file.is_file():
            return Response(404, (("Content-Type", "text/plain"),), b"no such file")
        data = file.read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", request.header("Range") or "")
        if asked is None:
            return Response(200, (("Content-Type", "application/gzip"),), data)
        first, last = int(asked[1]), min(int(asked[2]), len(data) - 1)
        if first >= len(data):
            return Response(416, (("Content-Range", f"bytes */{len(data)}"),), b"")
        return part_of(data, first, last)


def part_of(data: bytes, first: int, last: int) -> Response:
    told = (("Content-Type", "application/gzip"),
            ("Content-Range", f"bytes {first}-{last}/{len(data)}"))  # fmt: skip
    return Response(206, told, data[first : last + 1])


# --- a Wayback of our own, which can fail as the real one does -----------------------------------


@dataclass
class Wayback:
    """Answers like web.archive.org: CDX as arrays, raw replay, the nearest by redirect.

    ``fail`` may answer in its place; it is told the request, and may return None to let it be.
    """

    captures: dict[str, list[Kept]] = field(default_factory=dict)
    fail: object = None
    saved: dict[str, Kept] = field(default_factory=dict)

    def __call__(self, request: Request) -> Answer:
        failing = self.fail(request) if callable(self.fail) else None
        if failing is not None:
            return failing
        if request.path.startswith("/cdx/search/cdx"):
            return self._cdx(request)
        match = re.match(r"/web/(\d{14})id_/(.+)", request.target)
        if match:
            return self._replay(request, match[1], unquote(match[2]))
        return Response(404, (("Content-Type", "text/html"),), b"<html>Not here</html>")

    def _cdx(self, request: Request) -> Answer:
        asked = {k: v[0] for k, v in parse_qs(urlsplit(request.target).query).items()}
        rows = [["timestamp", "original", "statuscode", "digest", "mimetype"]]
        for kept in self.captures.get(asked["url"], []):
            if asked.get("from", "0") <= kept.at <= asked.get("to", "9"):
                digest = (kept.digest or sha1_of(kept.body)).removeprefix("sha1:")
                rows.append([kept.at, asked["url"], str(kept.status), digest, "text/html"])
        body = json.dumps(rows if len(rows) > 1 else []).encode()
        return Response(200, (("Content-Type", "application/json"),), body)

    def _replay(self, request: Request, stamp: str, url: str) -> Answer:
        held = self.captures.get(url, [])
        exact = next((kept for kept in held if kept.at == stamp), None)
        if exact is None and held:
            nearest = min(held, key=lambda kept: abs(int(kept.at) - int(stamp)))
            target = f"{request.base_url}/web/{nearest.at}id_/{url}"
            return Response(302, (("Location", target), ("X-Archive-Redirect-Reason", "found")))
        if exact is None:
            return Response(404, (("Content-Type", "text/html"),), b"<html>no capture</html>")
        at = parse_instant(_warc_date(exact.at))
        dated = (("Memento-Datetime", format_http_date(at)),)
        return Response(exact.status, (*exact.headers, *dated), exact.body)


def now_at(text: str) -> datetime:
    return parse_instant(text).astimezone(UTC)


def most_in_a_window(times: Sequence[float], window_s: float) -> int:
    """The greatest number of moments that lie within a window."""
    ordered = sorted(times)
    return max(
        (sum(first <= t < first + window_s for t in ordered) for first in ordered), default=0
    )
