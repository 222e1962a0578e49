"""A copy of an archive that may be put before the world.

The copy is a new archive, filled column by column from a list of what is public: a column that is
not named here stays behind, whatever a later release keeps in it. What is left out besides:

- sources that are withheld or forgotten, with all that was ever seen of them;
- payloads whose page or host forbids copies (``noarchive``), and the words that were read from
  them; digest, outcome and verdict stay, as evidence that something was there;
- the ways of the machine that crawled: inputs, pacing, settings, request headers, error messages,
  addresses that are not public, and visits that were not made to a source.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType

from crawler.archive.connection import Connection
from crawler.archive.looking import read_only_uri
from crawler.archive.opening import connect, connect_for_reading
from crawler.archive.payloads import Payloads, encode
from crawler.archive.selection.publishing import DAMAGED, hold_back
from crawler.errors import PayloadDamaged
from crawler.urls import redact_text, redact_url

Tick = Callable[[int], object]  # told how many rows more are copied

# Headers that tell of the page. Others tell of the visitor: cookies, traces, echoes of addresses.
PUBLIC_HEADERS = frozenset({
    "accept-ranges", "age", "cache-control", "content-disposition", "content-encoding",
    "content-language", "content-length", "content-location", "content-type", "date", "etag",
    "expires", "last-modified", "link", "location", "memento-datetime", "retry-after", "server",
    "tdm-policy", "tdm-reservation", "vary", "x-robots-tag",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Public:
    """What of a table is public; ``t`` is the table."""

    columns: str  # those that are copied as they are
    where: str = "1"
    instead: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


_OF_SOURCE = "t.source IN (SELECT id FROM temp.shown)"
_HELD_BACK = "t.payload IN (SELECT payload FROM temp.held_back)"
_OF_HELD_BACK = """EXISTS (SELECT 1 FROM live.captures c JOIN temp.held_back h
    ON h.payload = c.payload WHERE {})"""
_TEXT_STAYS = """NOT EXISTS (SELECT 1 FROM live.versions v JOIN live.extractions a
    ON a.id = v.article JOIN temp.held_back h ON h.payload = a.payload WHERE v.id = t.version)
  AND t.version IN (SELECT id FROM main.versions)"""


def _unless(condition: str, column: str) -> str:
    return f"CASE WHEN {condition} THEN NULL ELSE t.{column} END"


_CHANGE_HELD_BACK = _OF_HELD_BACK.format("c.id IN (t.before, t.after)")

# In an order in which each row finds what it names, but for the circle of sources and captures.
PUBLIC: dict[str, _Public] = {
    "entries": _Public(
        "id, date, topic, summary, context, image_url, first_seen_at, last_seen_at",
        # the key of an entry from a file is its path, and so may be the title of one without any
        instead={
            "title": "public_name(t.title)", "url": "public_url(t.url)",
            "key": "CASE WHEN substr(t.key, 1, 1) = '/' THEN 'entry ' || t.id"
            " ELSE public_url(t.key) END",
        },
    ),
    "entry_aliases": _Public("address, entry", "substr(t.address, 1, 1) <> '/'"),
    "entry_revisions": _Public(
        "id, entry, position, title, url, revised_at, note, first_seen_at, last_seen_at"
    ),
    "entry_relations": _Public(
        "id, entry, position, title, url, context, first_seen_at, last_seen_at"
    ),
    "hosts": _Public(
        "host", "t.host IN (SELECT host FROM live.sources WHERE id IN (SELECT id FROM temp.shown))"
    ),
    "sources": _Public(
        "id, title, host, first_cited_on, first_seen_at, last_fetched_at, last_outcome, failures,"
        " first_captured_at, good_capture, version, changes, changed_at, verdict, verdict_since,"
        " last_proven_alive_at, first_seen_missing_at",
        "t.id IN (SELECT id FROM temp.shown)",
        {"url": "public_url(t.url)",  # two keys must not become one by what is hidden in them
         "urlkey": "CASE public_url(t.urlkey) WHEN t.urlkey THEN t.urlkey"
         " ELSE public_url(t.urlkey) || '#' || t.id END"},
    ),
    "source_spellings": _Public(
        "source, kind, first_seen_at", _OF_SOURCE, {"url": "public_url(t.url)"}
    ),
    "citations": _Public(
        "id, entry, position, source, role, label, agency, publisher, context, archived_at,"
        " cited_on, cited_on_basis, first_seen_at, last_seen_at, removed_at",
        f"t.source IS NULL OR {_OF_SOURCE}",
        {"label_raw": "public_text(t.label_raw)", "url_as_cited": "public_url(t.url_as_cited)",
         "url": "public_url(t.url)"},
    ),
    "runs": _Public(
        "id, uid, archive_uid, command, software, started_at, finished_at, finish_reason, counts",
        instead={"settings": "'{}'"},
    ),
    "fetches": _Public(
        "id, uid, visit, run, source, purpose, hop, fetched_at, outcome, reason, status, protocol,"
        " tls_verified, certificate_digest, elapsed_ms, wire_digest, wire_size_bytes, robots",
        f"t.purpose IN ('source', 'rescue') AND {_OF_SOURCE}",
        {"url": "public_url(t.url)", "request_headers": "'[]'",
         "response_headers": "public_headers(t.response_headers)",
         "ip_address": "public_address(t.ip_address)"},
    ),
    "captures": _Public(
        "id, uid, source, fetch, captured_at, record_type, payload, refers_to, mime_declared,"
        " mime_sniffed, truncated, flags, origin",
        "t.fetch IN (SELECT id FROM main.fetches)",
        {"url": "public_url(t.url)"},
    ),
    "mementos": _Public(
        "id, source, archive, memento_datetime, known_from, status, digest, state, outcome,"
        " reasons, proof, class, capture, same_bytes_as, found_at, retrieved_at",
        f"{_OF_SOURCE} AND (t.capture IS NULL OR t.capture IN (SELECT id FROM main.captures))"
        " AND (t.same_bytes_as IS NULL OR t.same_bytes_as IN (SELECT id FROM main.captures))",
        {"uri_m": "public_url(t.uri_m)", "original": "public_url(t.original)"},
    ),
    "incidents": _Public(
        "id, host, run, began_at, sources_visited, sources_failed",
        "t.host IN (SELECT host FROM main.hosts)",
    ),
    "outcomes": _Public(
        "fetch, source, run, fetched_at, outcome, reasons, similarity, similarity_to_cited,"
        " incident, judged_at",
        _OF_SOURCE,
        {"evidence": _unless(_OF_HELD_BACK.format("c.fetch = t.fetch"), "evidence"),
         "final_url": "public_url(t.final_url)"},
    ),
    "extractions": _Public(
        "id, payload, extractor, mime, language, words, text_digest, charset, extracted_at",
        "t.payload IN (SELECT payload FROM main.captures)",
        {"status": f"CASE WHEN {_HELD_BACK} THEN 'unsupported' ELSE t.status END",
         **{name: _unless(_HELD_BACK, name)
            for name in ("author", "site", "published_on", "text", "links")}},
    ),
    "stored_texts": _Public(  # each whole: what a text was held as edits of may stay behind
        "id, digest, title",
        "t.id IN (SELECT text FROM main.extractions)",
        {"text": "(SELECT x.text FROM live.texts x WHERE x.id = t.id)"},
    ),
    "versions": _Public(
        "id, source, number, text_digest, article, capture, first_seen_at, last_seen_at",
        _OF_SOURCE,
        {"title": "coalesce((SELECT x.title FROM main.extractions e JOIN main.texts x"
         " ON x.id = e.text WHERE e.id = t.article),"
         " (SELECT s.title FROM main.sources s WHERE s.id = t.source))"},
    ),
    "changes": _Public(
        "id, source, run, fetch, before, after, class, told, similarity, old_in_new, new_in_old,"
        " words_before, words_after, found_at",
        _OF_SOURCE,
        {name: _unless(_CHANGE_HELD_BACK, name)
         for name in ("edits", "links_added", "links_removed")},
    ),
    "verdicts": _Public(
        "id, source, run, state, since, confidence, reasons, deciding, fetches,"
        " last_proven_alive_at, first_seen_missing_at, by_hand, note, concluded_at",
        _OF_SOURCE,
    ),
    "anchors": _Public(
        "id, citation, kind, exact, prefix, suffix, digest, version, made_at",
        "t.citation IN (SELECT id FROM main.citations)"
        f" AND (t.version IS NULL OR {_TEXT_STAYS})",
    ),
    "standings": _Public(
        "id, anchor, version, standing, score, wording, checked_at",
        f"t.anchor IN (SELECT id FROM main.anchors) AND {_TEXT_STAYS}",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How much of an archive a public copy lacks on purpose."""

    sources: int  # withheld or forgotten
    payloads: int  # forbidden to be copied, and only those that a shown source has shown


def count_rows(path: Path) -> int:
    """Return how many rows are to be copied, roughly: for a progress bar."""
    with closing(connect_for_reading(path).sql) as sql:
        counts = [sql.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ROWS]
    return sum(counts)


ROWS = ("payloads", "stored_texts", "fetches")  # what takes the time


def write_public_copy(path: Path, destination: Path, scratch: Path, tick: Tick) -> LeftOut:
    """Write a public copy of an archive to a file that does not exist yet.

    ``scratch`` is another such file, for the time of the work. The copy is compact, in journal mode
    ``delete``, and opens as an archive. A crawl may write meanwhile: the copy shows one moment.
    Raises ArchiveError for an archive that cannot be read, PayloadDamaged for a payload that rotted
    and sqlite3.Error when the disk is full.
    """
    with (
        closing(connect_for_reading(path).sql) as live,
        closing(connect(scratch, create=True).sql) as sql,
    ):
        _prepare(sql, path)
        sql.execute("BEGIN")
        left_out = _choose(sql, live)
        for table, public in PUBLIC.items():
            copied = _copy(sql, table, public)
            tick(copied if table in ROWS else 0)
        _copy_payloads(sql, Payloads(Connection(path, live)), tick)
        _finish(sql)
        sql.execute("COMMIT")
        sql.execute("DETACH live")
        _compact(sql, destination)
    return left_out


def _prepare(sql: sqlite3.Connection, path: Path) -> None:
    """Attach the archive, and make a throw-away file of the new one until it is whole."""
    for pragma in ("foreign_keys = OFF", "journal_mode = DELETE", "synchronous = OFF"):
        sql.execute(f"PRAGMA {pragma}").fetchall()
    sql.execute("ATTACH ? AS live", (read_only_uri(path),))
    for name, function in (
        ("public_url", _public_url), ("public_text", redact_text),
        ("public_name", _public_name),
        ("public_headers", _public_headers), ("public_address", _public_address),
    ):  # fmt: skip
        sql.create_function(name, 1, function, deterministic=True)


def _choose(sql: sqlite3.Connection, live: sqlite3.Connection) -> LeftOut:
    """Write down which sources are shown, and which payloads are held back.

    What is copied is the archive at the moment of the first statement; what is held back is asked
    for after it, so that it is known of each payload that is copied.
    """
    sql.execute("CREATE TEMP TABLE shown (id INTEGER PRIMARY KEY)")
    sql.execute("CREATE TEMP TABLE held_back (payload TEXT PRIMARY KEY) WITHOUT ROWID")
    sql.execute("INSERT INTO shown SELECT id FROM live.sources WHERE withheld IS NULL")
    sql.executemany("INSERT INTO held_back VALUES (?)", _held_back(live))
    return LeftOut(
        _count(sql, "SELECT count(*) FROM live.sources WHERE withheld IS NOT NULL"),
        _count(
            sql,
            "SELECT count(*) FROM held_back WHERE payload IN"
            f" (SELECT t.payload FROM live.captures t WHERE {_OF_SOURCE})",
        ),
    )


def _held_back(live: sqlite3.Connection) -> list[tuple[str]]:
    hold_back(live, Payloads(Connection(Path(), live)), public=True)
    for row in live.execute("SELECT digest FROM temp.held_back WHERE reason = ?", (DAMAGED,)):
        raise PayloadDamaged(row["digest"], "nobody can tell whether it may be published")
    return [(row["digest"],) for row in live.execute("SELECT digest FROM temp.held_back")]


def _copy(sql: sqlite3.Connection, table: str, public: _Public) -> int:
    """Copy what is public of a table; return how many rows that were."""
    names = [name.strip() for name in public.columns.split(",")]
    values = [f"t.{name}" for name in names]
    return sql.execute(
        f"INSERT OR {'IGNORE' if table == 'source_spellings' else 'ABORT'} INTO main.{table}"
        f" ({', '.join([*names, *public.instead])})"
        f" SELECT {', '.join([*values, *public.instead.values()])}"
        f" FROM live.{table} t WHERE {public.where}"
    ).rowcount


_PAYLOADS = """
SELECT p.digest, p.size_bytes, p.stored_as, p.base_digest, p.bytes FROM live.payloads p
WHERE p.digest IN (SELECT payload FROM main.captures)
  AND p.digest NOT IN (SELECT payload FROM temp.held_back)
ORDER BY p.rowid
"""


def _copy_payloads(sql: sqlite3.Connection, payloads: Payloads, tick: Tick) -> None:
    """Copy the payloads as they are stored, but for those whose base stays behind."""
    shown = {row["digest"] for row in sql.execute(_PAYLOADS.replace("p.bytes", "0"))}
    for row in sql.execute(_PAYLOADS):
        stored = (row["stored_as"], row["base_digest"], row["bytes"])
        if row["base_digest"] and row["base_digest"] not in shown:
            whole = encode(payloads.get(row["digest"]))
            stored = (whole.stored_as, None, whole.data)
        sql.execute(
            "INSERT INTO main.payloads (digest, size_bytes, stored_as, base_digest, bytes)"
            " VALUES (?, ?, ?, ?, ?)",
            (row["digest"], row["size_bytes"], *stored),
        )
        tick(1)


def _finish(sql: sqlite3.Connection) -> None:
    """Make the copy say of which archive it is, and see that all its references lead somewhere."""
    sql.execute("DELETE FROM main.archive")
    sql.execute("INSERT INTO main.archive SELECT * FROM live.archive")
    sql.execute("INSERT INTO main.texts_fts(texts_fts) VALUES ('optimize')")
    if broken := sql.execute("PRAGMA main.foreign_key_check").fetchmany(3):
        raise sqlite3.IntegrityError(f"references lead nowhere: {[tuple(row) for row in broken]}")


def _compact(sql: sqlite3.Connection, destination: Path) -> None:
    """Write the file anew in the order of its tables, so that nothing of the work is left in it."""
    sql.execute("PRAGMA main.auto_vacuum = NONE").fetchall()
    sql.execute("VACUUM main INTO ?", (str(destination),))


def _count(sql: sqlite3.Connection, query: str) -> int:
    return int(sql.execute(query).fetchone()[0])


def _public_url(url: str | None) -> str | None:
    return redact_url(url) if url is not None else None


def _public_name(name: str) -> str:
    """Return the last part of what is the path of a file; anything else as it is."""
    return name.rpartition("/")[2] if name.startswith("/") else name


def _public_headers(headers: str) -> str:
    """Return the headers of an answer that tell of the page, without secrets in their URLs."""
    pairs = [
        [name, redact_text(value)]
        for name, value in json.loads(headers)
        if name.lower() in PUBLIC_HEADERS
    ]
    return json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))


def _public_address(address: str | None) -> str | None:
    """Return an address of the public network; None for a proxy's, a resolver's or our own."""
    try:
        return address if address and ip_address(address).is_global else None
    except ValueError:
        return None
