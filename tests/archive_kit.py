"""What the tests of the archive share: how an archive, an entry, a hop and a visit are made."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crawler.archive import Accepted, Archive, HostLease, Kept, Page, Plan, Recorded
from crawler.comparison.change import Change, Edit, Measures
from crawler.dates import format_instant
from crawler.digests import digest_of, new_uid
from crawler.items import Article, Citation, Entry, Hop, Relation, Revision
from crawler.robotstxt import RobotsRecord
from crawler.verdicts import LIVE
from crawler.verdicts.observation import Judgement
from crawler.verdicts.state import Verdict

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
URL = "https://toledoblade.example/2017/03/03/mexico.html"
GOOD = b"<html><h1>Mexico opens centers</h1>" + b"<p>The consulates offer legal help.</p>" * 40


def at(**later: float) -> str:
    """An instant as text: NOW, or so much later."""
    return format_instant(NOW + timedelta(**later))


@cache
def _fresh() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "archive.db"
        Archive.open(path, create=True).close()
        return path.read_bytes()


def new_archive(folder: Path, name: str = "archive.db") -> Archive:
    """A fresh archive, open for writing; a copy of one that was laid out once."""
    (folder / name).write_bytes(_fresh())
    return Archive.open(folder / name)


def rows(archive: Archive, query: str, *values: object) -> list[dict[str, Any]]:
    return [dict(row) for row in archive.connection.sql.execute(query, values)]


def one(archive: Archive, query: str, *values: object) -> Any:
    """The only value of the only row."""
    [row] = rows(archive, query, *values)
    [value] = row.values()
    return value


def cite(url: str | None, label: str = "BBC", **more: Any) -> Citation:
    values: dict[str, Any] = {
        "position": 1, "url_as_cited": url or "nowhere", "url": url, "role": "source",
        "label_raw": label, "label": label, "cited_on": "2017-03-04", "cited_on_basis": "entry",
    }  # fmt: skip
    return Citation(**{**values, **more})


def entry(*citations: Citation, **more: Any) -> Entry:
    values: dict[str, Any] = {
        "locator": "news/2017/03/4/mexico.md", "reader": "news-markdown", "date": "2017-03-04",
        "headline": "Mexico opens centers", "url": "/news/2017/03/4/mexico.html",
        "citations": tuple(replace(c, position=n) for n, c in enumerate(citations, 1)),
    }  # fmt: skip
    return Entry(**{**values, **more})


def record(archive: Archive, read: Entry, content: bytes = b"page", now: str = at()) -> Recorded:
    page = Page(read.locator, content, read.reader)
    return archive.ledger.record(read, [page], input_id=None, now=now)


def source(archive: Archive, url: str = URL) -> int:
    """The id of a source that some entry cites."""
    record(archive, entry(cite(url), locator=f"cites/{url}", url=None, headline=f"cites {url}"))
    return int(one(archive, "SELECT source FROM source_spellings WHERE url = ?", url))


def hop(url: str = URL, body: bytes | None = GOOD, **more: Any) -> Hop:
    values: dict[str, Any] = {
        "uid": new_uid(), "url": url, "purpose": "source", "hop": 0, "fetched_at": at(),
        "outcome": "live-unverified", "reason": "http-200", "status": 200,
        "request_headers": (("User-Agent", "test"),),
        "response_headers": (("Content-Type", "text/html"), ("Etag", '"1"')),
        "wire_digest": digest_of(body or b""), "wire_size_bytes": len(body or b""), "body": body,
        "mime_declared": "text/html", "mime_sniffed": "text/html",
    }  # fmt: skip
    return Hop(**{**values, **more})


def not_modified(url: str = URL, **more: Any) -> Hop:
    given = {"status": 304, "outcome": "live", "reason": "not-modified"}
    return hop(url, None, **{**given, **more})


def gone(url: str = URL, body: bytes = b"<h1>Not found</h1>" * 9, **more: Any) -> Hop:
    return hop(url, body, **{"status": 404, "outcome": "gone", "reason": "http-404", **more})


def begin(archive: Archive) -> int:
    return archive.runs.begin("crawl", software={"sourcekeep": "1"}, settings={}, now=at())


def visit(
    archive: Archive,
    run: int,
    source_id: int,
    *hops: Hop,
    lease: HostLease | None = None,
    **finish: Any,
) -> Kept:
    """Keep a visit and its end in one block, as a session does."""
    last = hops[-1]
    with archive.writing():
        kept = archive.evidence.record(run, source_id, hops)
        values: dict[str, Any] = {
            "source": source_id, "outcome": last.outcome, "finished_at": NOW,
            "due_at": NOW + timedelta(hours=1), "due_reason": "1 h rung of the ladder",
            "good_capture": kept.final_capture if last.outcome == "live-unverified" else None,
        }  # fmt: skip
        if last.outcome in LIVE:
            values["etag"] = '"1"'
        end(archive, lease, Finish(**{**values, **finish}))
    return kept


@dataclass(frozen=True)
class Finish:
    """How a visit ends, and what judging it comes to."""

    source: int
    outcome: str
    finished_at: datetime
    due_at: datetime
    due_reason: str
    good_capture: int | None = None
    etag: str | None = None
    last_modified: str | None = None


def end(archive: Archive, lease: HostLease | None, done: Finish) -> bool:
    """End a visit and write what its judgement would; False when fenced."""
    frontier, ended = archive.frontier, format_instant(done.finished_at)
    if not frontier.finish(lease, done.source, done.finished_at, began_at=ended):
        return False
    if done.outcome in LIVE and done.good_capture is not None:
        frontier.accept(
            Accepted(done.source, done.good_capture, ended, done.etag, done.last_modified)
        )
    frontier.plan(Plan(done.source, done.outcome, done.due_at, done.due_reason))
    return True


def article(text: str | None = "The consulates offer legal help.", **more: Any) -> Article:
    values: dict[str, Any] = {
        "extractor": "test 1", "status": "text" if text else "empty", "mime": "text/html",
        "title": "Mexico opens centers", "text": text, "tried": ("fast",),
    }  # fmt: skip
    return Article(**{**values, **more})


def fill(archive: Archive) -> None:
    """Put a little of everything into an archive."""
    ledger, inputs = archive.ledger, archive.inputs
    input_id = inputs.add("folder", "/news", base_url="https://news.example/", now=at())
    related = (Relation(1, "Earlier", "/news/2017/03/3/earlier.md", "Mexico"),)
    changes = (Revision(1, "Mexico: opens", "/news/2017/03/4/old.md", at(), "First version"),)
    first = entry(
        cite(URL, "AP via The Toledo Blade", agency="AP", publisher="The Toledo Blade"),
        cite("https://news.example/image.jpg", "Cover Image", role="cover"),
        cite("https://gone.example/a", "Gone"),
        revisions=changes, relations=related, topic="Mexico", summary="Fifty consulates.",
    )  # fmt: skip
    ledger.record(first, [Page(first.locator, b"# page", first.reader)],
                  input_id=input_id, now=at())  # fmt: skip
    nameless = entry(cite(URL, "again"), locator="list.txt", headline=None, date=None, url=None)
    ledger.record(nameless, [Page("list.txt", b"x", "url-list", (("no-date", "No date."),))],
                  input_id=input_id, now=at())  # fmt: skip
    inputs.problem("/news/broken.md", "no headline found in it", input_id=input_id, now=at())
    run = begin(archive)
    good, lost = source(archive), source(archive, "https://gone.example/a")
    moved = hop(body=b"", status=302, outcome="redirect", reason="http-302")
    kept = visit(archive, run, good, moved, hop(URL + "?final", hop=1))
    visit(archive, run, good, hop(URL + "?final", fetched_at=at(hours=1)))
    visit(archive, run, good, not_modified(fetched_at=at(hours=3)))
    visit(archive, run, lost, gone("https://gone.example/a"))
    archive.articles.save(str(kept.final_payload), article(), now=at())
    judge_by_hand(archive, run, good, lost)
    archive.rescuing.ask_for([lost], NOW)
    robots = b"User-agent: *\nDisallow: /private\n" * 4
    address = "https://toledoblade.example/robots.txt"
    archive.evidence.record(run, None, [hop(address, robots, purpose="robots", outcome="robots")])
    archive.robots.save(
        RobotsRecord("https://toledoblade.example", 200, robots, digest_of(robots), at())
    )
    archive.runs.finish(run, reason="finished", counts={"visits": 4}, now=at(hours=4))


def judge_by_hand(archive: Archive, run: int, held: int, lost: int) -> None:
    """Write what judging comes to: one source has changed, another has vanished."""
    judgements, versions, sql = archive.judgements, archive.versions, archive.connection.sql
    for number in (held, lost):
        for seen in archive.observing.visits_of(number):
            judged = Judgement(seen.last.outcome, (seen.last.reason,))
            judgements.save_outcome(seen, judged, incident=None, now=NOW)
    first, second, *_ = archive.observing.visits_of(held)
    version = versions.show(first, article(), 1)
    versions.make_current(held, version.id)
    measures = Measures(0.8, 0.9, 0.9, 5, 6)
    change = Change("material", measures, (Edit("number", "50", "5"),))
    versions.save_change(second, int(first.capture or 0), change)
    verdict = Verdict("vanished", NOW, 1.0, ("http-404",), (4,), 1, NOW, NOW)
    judgements.save_verdict(lost, verdict, run=run, now=NOW)
    quoted = "offer legal help"
    sql.execute(
        "INSERT INTO anchors (citation, kind, exact, prefix, suffix, digest, version, made_at)"
        " SELECT min(id), 'excerpt', ?, '', '', 'sha256:00', ?, ? FROM citations WHERE source = ?",
        (quoted, version.id, at(), held),
    )
    sql.execute(
        "INSERT INTO standings (anchor, version, standing, score, checked_at)"
        " VALUES (1, ?, 'supported-verbatim', 1.0, ?)",
        (version.id, at()),
    )


def headers_of(archive: Archive, fetch: int = 1) -> list[list[str]]:
    found: list[list[str]] = json.loads(
        one(archive, "SELECT response_headers FROM fetches WHERE id = ?", fetch)
    )
    return found
