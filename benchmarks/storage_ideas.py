"""What further ideas would save of an archive that is packed, none of them built.

Each is tried on the archive that `storage.py --ideas` has just crawled and packed: payloads encoded
in other ways, each whole, of a sample; the search index made anew with less in it; and rows, by
counting the bytes that would not be there. docs/storage.md says why each was left.
PPMd is tried where `pyppmd` is installed; it is no dependency of the project.
"""

from __future__ import annotations

import lzma
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import brotli  # type: ignore[import-untyped]
from measuring import print_table

from crawler.archive import Archive
from crawler.archive.payloads import zstd

try:
    import pyppmd
except ImportError:
    pyppmd = None

SAMPLE = 5  # every fifth page
Codec = Callable[[bytes, bytes], int]  # body, its own readable text -> bytes
_XZ = {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 3, "lp": 0, "pb": 0}


def print_ideas(archive: Path, warc: int, *, single: bool) -> None:
    """Print what each idea would save of the WARC.gz.

    ``single``: no page has a later capture, so that payloads may be tried each by itself.
    """
    with closing(sqlite3.connect(archive)) as sql:
        (payloads,) = sql.execute("SELECT sum(length(bytes)) FROM payloads").fetchone()
        rows = [*_rows(sql)]
    found = [*(_payloads(archive, payloads) if single else ()), *_indexes(archive), *rows]
    print(f"\nwhat further ideas would save of {archive.stem!r}, in parts of its WARC.gz\n")
    print_table(
        ["", "saves", "ms a page, to encode"],
        [(name, f"{saved / warc:.3f}", ms) for name, saved, ms in found],
    )


def _payloads(archive: Path, held: int) -> Iterator[tuple[str, float, str]]:
    """Yield what all payloads would shrink by, from those of a sample."""
    pages = []
    with Archive.open_for_reading(archive) as opened:
        for row in opened.connection.sql.execute(
            "SELECT payload, text FROM articles ORDER BY id"
        ).fetchall()[::SAMPLE]:
            body = opened.payloads.get(row["payload"])
            pages.append((body, (row["text"] or "").encode(), row["payload"]))
        stored = sum(len(opened.payloads.stored(digest)) for *_, digest in pages)
    for name, codec in _codecs().items():
        began = time.process_time()
        size = sum(codec(body, text) for body, text, _ in pages)
        ms = (time.process_time() - began) * 1000 / len(pages)
        yield f"payloads: {name}", held * (1 - size / stored), f"{ms:.0f}"


def _codecs() -> dict[str, Codec]:
    codecs: dict[str, Codec] = {
        "brotli 11, each whole": lambda body, _: _brotli(body),
        "xz, tuned": lambda body, _: len(lzma.compress(body, lzma.FORMAT_RAW, filters=[_XZ])),
        "zstd 22 after the page's own text": _zstd_after,
        "brotli 11 after the page's own text (no binding can)": (
            lambda body, text: _brotli(text + body) - _brotli(text)
        ),
    }
    if pyppmd is not None:
        codecs["PPMd of order 16"] = lambda body, _: _ppmd(body, 16)
        codecs["PPMd of order 64"] = lambda body, _: _ppmd(body, 64)
        codecs["PPMd of order 24 after the page's own text"] = lambda body, text: (
            _ppmd(text + body, 24) - _ppmd(text, 24)
        )
    return codecs


def _brotli(body: bytes) -> int:
    return len(brotli.compress(body, quality=11))


def _zstd_after(body: bytes, text: bytes) -> int:
    before = zstd.ZstdDict(text, is_raw=True).as_digested_dict if len(text) > 8 else None
    return len(zstd.compress(body, level=22, zstd_dict=before))


def _ppmd(body: bytes, order: int) -> int:
    encoder = pyppmd.Ppmd7Encoder(order, 1 << 26)
    return len(encoder.encode(body) + encoder.flush())


def _indexes(archive: Path) -> Iterator[tuple[str, float, str]]:
    """Yield what the search index would shrink by, had it less to tell."""
    copy = archive.with_name("ideas.db")
    shutil.copy(archive, copy)
    with closing(sqlite3.connect(copy)) as sql:
        now = _size(sql, "texts_fts")
        for detail, lost in (("column", "no phrases"), ("none", "no phrases, no columns")):
            sql.execute(
                f"CREATE VIRTUAL TABLE leaner_{detail} USING fts5(title, text, content=texts,"
                f" detail={detail}, tokenize='porter unicode61 remove_diacritics 2')"
            )
            for command in ("rebuild", "optimize"):
                sql.execute(f"INSERT INTO leaner_{detail}(leaner_{detail}) VALUES (?)", (command,))
            sql.commit()
            yield f"search index: {lost}", now - _size(sql, f"leaner_{detail}"), ""
    copy.unlink()


def _rows(sql: sqlite3.Connection) -> Iterator[tuple[str, float, str]]:
    """Yield what rows and their indexes would shrink by."""
    digests, urls = _repeated(sql)
    yield "numbers in place of all digests but each one's first", digests, ""
    yield "numbers in place of all URLs but each one's first", urls, ""
    yield "request headers once", _saved(sql, "request_headers"), ""
    yield "response headers compressed", _compressed_headers(sql), ""
    yield "seals of half the length", _size(sql, "seals") / 2, ""
    for table in ("payloads", "stored_texts"):
        query = "SELECT sum(unused) FROM dbstat WHERE name = ?"
        yield f"no gaps within pages of {table}", sql.execute(query, (table,)).fetchone()[0], ""


def _repeated(sql: sqlite3.Connection) -> tuple[int, int]:
    """Return the bytes of digests and of URLs, indexes included, less those of one of each."""
    digests = urls = 0
    seen: set[str] = set()
    for table, column in sql.execute(
        "SELECT t.name, c.name FROM pragma_table_list t, pragma_table_info(t.name) c"
        " WHERE t.schema = 'main' AND t.type = 'table' AND c.type = 'TEXT'"
    ).fetchall():
        (indexes,) = sql.execute(
            "SELECT count(*) FROM pragma_index_list(?) l, pragma_index_info(l.name) i"
            " WHERE i.name = ?",
            (table, column),
        ).fetchone()
        values = [row[0] for row in sql.execute(f'SELECT "{column}" FROM "{table}"') if row[0]]
        is_url = all(value.startswith(("http://", "https://")) for value in values)
        is_digest = all(value.startswith("sha256:") and len(value) == 71 for value in values)
        for value in values if is_url or is_digest else ():
            saved = (len(value) - 3) * (1 + indexes - (value not in seen))
            seen.add(value)
            digests, urls = digests + is_digest * saved, urls + is_url * saved
    return digests, urls


def _saved(sql: sqlite3.Connection, column: str) -> int:
    query = (
        f"SELECT (SELECT sum(length({column})) FROM fetches)"
        f" - (SELECT sum(length(c)) FROM (SELECT DISTINCT {column} AS c FROM fetches))"
    )
    return int(sql.execute(query).fetchone()[0])


def _compressed_headers(sql: sqlite3.Connection) -> int:
    """With a dictionary of the first hundred; nobody could read them then."""
    headers = [row[0].encode() for row in sql.execute("SELECT response_headers FROM fetches")]
    dictionary = zstd.ZstdDict(b"".join(headers[:100]), is_raw=True).as_digested_dict
    packed = sum(len(zstd.compress(each, level=19, zstd_dict=dictionary)) for each in headers)
    return sum(map(len, headers)) - packed - len(b"".join(headers[:100]))


def _size(sql: sqlite3.Connection, begin: str) -> int:
    query = "SELECT sum(pgsize) FROM dbstat WHERE substr(name, 1, ?) = ?"
    return int(sql.execute(query, (len(begin), begin)).fetchone()[0] or 0)
