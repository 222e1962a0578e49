"""A public copy of an archive: what is in it, what is not, and that it is whole or not there."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from crawler import cli
from crawler.archive import Archive
from crawler.archive.selection.public_copy import PUBLIC, count_rows, write_public_copy
from crawler.errors import ExportNotWritten, PayloadDamaged, UsageError
from crawler.inspect.publishing import MARK, Published, publish
from tests.archive_kit import (
    NOW,
    URL,
    article,
    at,
    begin,
    cite,
    entry,
    fill,
    hop,
    judge_by_hand,
    new_archive,
    one,
    rows,
    visit,
)
from tests.conftest import Demonstrated
from tests.oracles import program
from tests.test_crash import in_own_mounts
from tests.test_crash_sweep import traced, was_hit, why_no_strace

# What belongs to the machine that crawled; "secret-" marks it wherever it was put.
PLACE = "/home/secret-user/news"
CONTACT = "secret-contact@example.org"
PRIVATE = "10.77.88.99"
HIDDEN = "https://secret-source.example/private"
FORBIDDING = b'<html><meta name="robots" content="noarchive"><p>Zanzibar forbids.</p></html>' * 9


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with a little of everything, with secrets, and with what may not be shown."""
    with new_archive(tmp_path_factory.mktemp("filled")) as archive:
        fill(archive)
        _add_secrets(archive)
        _add_withheld(archive)
        _add_forbidding(archive)
        return archive.path


def cited(archive: Archive, url: str) -> int:
    """The id of a source that is cited by an entry of which the words do not tell its address."""
    headline = f"Entry {one(archive, 'SELECT count(*) FROM entries')}"
    archive.ledger.record(
        entry(cite(url), locator=f"{PLACE}/{headline}", url=None, headline=headline), [],
        input_id=None, now=at(),
    )  # fmt: skip
    return int(one(archive, "SELECT source FROM source_spellings WHERE url = ?", url))


def _add_secrets(archive: Archive) -> None:
    ledger, inputs = archive.ledger, archive.inputs
    known = inputs.add("folder", PLACE, now=at())
    local = entry(cite(URL, "here"), locator=f"{PLACE}/a.md", url=None, headline=None, date=None)
    ledger.record(local, [], input_id=known, now=at())
    inputs.problem(f"{PLACE}/broken.md", "no headline found in it", input_id=known, now=at())
    run = archive.runs.begin(
        "crawl", software={"sourcekeep": "1"}, now=at(),
        settings={"USER_AGENT": f"sourcekeep/1 (+{CONTACT})", "SOURCEKEEP_CA_FILE": PLACE},
    )  # fmt: skip
    url = "https://open.example/a?token=secret-token"
    kept = hop(
        url, b"<p>An open page.</p>" * 30, ip_address=PRIVATE, error=f"{PLACE}: secret-error",
        request_headers=(("User-Agent", f"sourcekeep/1 (+{CONTACT})"), ("From", CONTACT)),
        response_headers=(
            ("Content-Type", "text/html"), ("X-Client-Ip", PRIVATE), ("Set-Cookie", "secret-a=1"),
            ("Location", "https://open.example/?session=secret-session"),
        ),
    )  # fmt: skip
    visit(archive, run, cited(archive, url), kept)
    asked = hop(f"http://{PRIVATE}/control", b"control", purpose="control", ip_address=PRIVATE)
    archive.evidence.record(run, None, [asked])


def _add_withheld(archive: Archive) -> None:
    run, private = begin(archive), cited(archive, HIDDEN)
    base = visit(archive, run, private, hop(HIDDEN, b"<p>Wyvern words of a secret</p>" * 300))
    visit(archive, run, private, hop(HIDDEN, b"<p>Wyvern again</p>" * 9, fetched_at=at(hours=1)))
    archive.articles.save(
        str(base.final_payload), article("Wyvern words.", title="Wyvern"), now=at()
    )
    archive.connection.sql.execute("UPDATE sources SET title = 'Wyvern' WHERE id = ?", (private,))
    judge_by_hand(archive, run, private, private)
    # Another page is stored as a delta of the one that is withheld.
    like = hop("https://like.example/", b"<p>Wyvern words of a secret</p>" * 299 + b"<p>mine</p>")
    with archive.writing():
        archive.payloads.put(like.body or b"", base_digest=base.final_payload)
    visit(archive, run, cited(archive, like.url), like)
    assert one(archive, "SELECT count(*) FROM payloads WHERE base_digest = ?", base.final_payload)
    archive.withholding.withhold(private, "asked for", now=NOW)


def _add_forbidding(archive: Archive) -> None:
    run = begin(archive)
    by_meta = visit(archive, run, cited(archive, "https://meta.example/"),
                    hop("https://meta.example/", FORBIDDING))  # fmt: skip
    by_header = visit(
        archive, run, cited(archive, "https://header.example/"),
        hop("https://header.example/", b"<p>Yggdrasil forbids.</p>" * 9,
            response_headers=(("X-Robots-Tag", "googlebot: noarchive"),)),
    )  # fmt: skip
    for kept, word in ((by_meta, "Zanzibar"), (by_header, "Yggdrasil")):
        found = article(f"{word} forbids.", title="A headline", author=f"{word} author")
        archive.articles.save(str(kept.final_payload), found, now=at())
    cut = visit(archive, run, cited(archive, "https://cut.example/"),
                hop("https://cut.example/", FORBIDDING + b"Xanadu"))  # fmt: skip
    archive.connection.sql.execute(
        "INSERT INTO page_facts (payload, facts, read_at) VALUES (?, ?, ?)",
        (by_meta.final_payload, json.dumps({"robots": ["noindex", "noarchive"]}), at()),
    )
    assert cut.final_payload and not one(
        archive, "SELECT count(*) FROM page_facts WHERE payload = ?", cut.final_payload
    )


def ticked(_: int) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def published(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    return publish(filled, tmp_path_factory.mktemp("public") / "site", now=NOW, tick=ticked)


@pytest.fixture
def copy(published: Published) -> Iterator[Archive]:
    with Archive.open_for_reading(published.archive) as archive:
        yield archive


def everything_in(published: Published) -> str:
    """All that a curious person could read out of the folder: files, rows, payloads, words."""
    found = [
        each.read_bytes().decode("latin-1")
        for each in published.folder.rglob("*")
        if each.is_file()
    ]
    with Archive.open_for_reading(published.archive) as archive:
        found += [
            archive.payloads.get(row["digest"]).decode("latin-1")
            for row in rows(archive, "SELECT digest FROM payloads")
        ]
    return "\n".join(found)


# What stays behind


def test_nothing_of_the_machine_that_crawled_is_in_it(published: Published, filled: Path) -> None:
    found = everything_in(published)
    assert "secret-" in filled.read_bytes().decode("latin-1"), "the secrets are in the archive"
    for secret in ("secret-", CONTACT, PRIVATE, PLACE, str(filled.parent), socket.gethostname()):
        assert secret not in found


def test_a_withheld_source_is_left_out_entirely(published: Published, copy: Archive) -> None:
    assert published.left_out.sources == 1
    assert "secret-source" not in everything_in(published)
    words = rows(copy, "SELECT rowid FROM texts_fts WHERE texts_fts MATCH 'wyvern'")
    assert words == []
    assert not rows(copy, "SELECT title FROM sources WHERE title = 'Wyvern'")
    for table in (
        "captures",
        "fetches",
        "citations",
        "versions",
        "verdicts",
        "outcomes",
        "changes",
    ):
        orphans = f"SELECT count(*) FROM {table} WHERE source NOT IN (SELECT id FROM sources)"
        assert one(copy, orphans) == 0


@pytest.mark.parametrize(
    ("host", "word"), [("meta", "Zanzibar"), ("header", "Yggdrasil"), ("cut", "Xanadu")]
)
def test_a_page_that_forbids_copies_keeps_its_digest_and_verdict_alone(
    published: Published, copy: Archive, host: str, word: str
) -> None:
    assert published.left_out.payloads == 3
    assert word not in everything_in(published)
    found = f"SELECT * FROM snapshots WHERE source_url = 'https://{host}.example/'"
    (snapshot,) = rows(copy, found)
    assert snapshot["payload"].startswith("sha256:")
    assert (snapshot["outcome"], snapshot["text"]) == ("live-unverified", None)
    held = "SELECT count(*) FROM payloads WHERE digest = ?"
    assert one(copy, held, snapshot["payload"]) == 0
    stated = f"SELECT verdict FROM sources_now WHERE url = 'https://{host}.example/'"
    assert one(copy, stated) == "unknown"


def test_a_column_that_is_not_listed_stays_behind(filled: Path, tmp_path: Path) -> None:
    """A later release may keep what this one does not know of: it must not be published by that."""
    changed = tmp_path / "changed.db"
    with closing(sqlite3.connect(filled)) as old, closing(sqlite3.connect(changed)) as new:
        old.backup(new)
        new.execute("ALTER TABLE entries ADD COLUMN mood TEXT DEFAULT 'secret-mood'")
    write_public_copy(changed, tmp_path / "copy.db", tmp_path / "scratch.db", ticked)
    assert b"secret-mood" not in (tmp_path / "copy.db").read_bytes()
    with Archive.open_for_reading(filled) as archive:
        for table, public in PUBLIC.items():
            there = {row["name"] for row in rows(archive, f"PRAGMA table_info({table})")}
            assert {*re.findall(r"\w+", public.columns), *public.instead} <= there


# What is there


def test_the_copy_is_whole_compact_and_fit_to_be_opened_as_immutable(
    published: Published, copy: Archive
) -> None:
    sql = copy.connection.sql
    assert sql.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert sql.execute("PRAGMA foreign_key_check").fetchall() == []
    assert sql.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
    assert sql.execute("PRAGMA freelist_count").fetchone()[0] == 0
    assert not list(published.folder.glob("*-wal")) and not list(published.folder.glob(".p*"))
    assert one(copy, "SELECT uid FROM archive")
    assert cli.main(["verify", "--quiet", "--archive", str(published.archive)]) == 0


def test_what_is_public_is_as_it_was(copy: Archive, filled: Path) -> None:
    with Archive.open_for_reading(filled) as before:
        for view in ("vanished", "changed"):
            known = f"SELECT * FROM {view} WHERE url IN ('https://gone.example/a', '{URL}')"
            assert rows(copy, known) == rows(before, known) != []
        assert one(copy, "SELECT standing FROM passages") == "supported-verbatim"
        shown = (
            "SELECT id, captured_at, title, words, text, payload FROM snapshots WHERE source = 1"
        )
        assert rows(copy, shown) == rows(before, shown) != []
        for row in rows(copy, "SELECT digest FROM payloads"):
            assert copy.payloads.get(row["digest"]) == before.payloads.get(row["digest"])
    found = "SELECT rowid FROM texts_fts WHERE texts_fts MATCH 'consulate'"
    assert len(rows(copy, found)) == 1


def test_a_payload_whose_base_stays_behind_is_stored_anew(copy: Archive) -> None:
    kept = one(copy, "SELECT payload FROM snapshots WHERE source_url = 'https://like.example/'")
    assert copy.payloads.get(kept).endswith(b"<p>mine</p>")
    assert one(copy, "SELECT stored_as FROM payloads WHERE digest = ?", kept) == "zstd"


def test_the_whole_demo_is_published(demonstrated: Demonstrated, tmp_path: Path) -> None:
    counted: list[int] = []
    done = publish(demonstrated.archive, tmp_path / "site", now=NOW, tick=counted.append)
    assert 0 < sum(counted) <= count_rows(demonstrated.archive)
    with (
        Archive.open_for_reading(done.archive) as copy,
        Archive.open_for_reading(demonstrated.archive) as before,
    ):
        for view in ("sources_now", "snapshots", "changed", "vanished", "coverage_by_entry",
                     "never_captured", "passages", "timemaps"):  # fmt: skip
            count = f"SELECT count(*) FROM {view}"
            assert one(copy, count) == one(before, count)
        assert copy.reading.lost(9) == before.reading.lost(9) != []


def test_an_empty_archive_is_published(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        path = archive.path
    done = publish(path, tmp_path / "site", now=NOW, tick=ticked)
    with Archive.open_for_reading(done.archive) as copy:
        assert copy.reading.coverage().entries == 0


def test_what_a_crawl_writes_meanwhile_is_not_in_the_way(filled: Path, tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    with closing(sqlite3.connect(filled)) as old, closing(sqlite3.connect(path)) as new:
        old.backup(new)
    with Archive.open(path) as archive:
        run = begin(archive)
        archive.connection.begin_group()  # not committed while the copy is made
        visit(archive, run, 1, hop(body=b"<p>new</p>" * 99, fetched_at=at(days=1)))
        done = publish(path, tmp_path / "site", now=NOW, tick=ticked)
        archive.connection.commit()
    with Archive.open_for_reading(done.archive) as copy:
        assert one(copy, "SELECT count(*) FROM captures WHERE captured_at = ?", at(days=1)) == 0


# Whole or not there


def test_an_earlier_publication_is_replaced(filled: Path, tmp_path: Path) -> None:
    first = publish(filled, tmp_path / "site", now=NOW, tick=ticked)
    (first.folder / ".partial").mkdir()  # of one that was killed
    (first.folder / ".partial" / "scratch").write_bytes(b"x")
    first.archive.write_bytes(b"old")
    again = publish(filled, tmp_path / "site", now=NOW, tick=ticked)
    assert again.archive.stat().st_size == again.size_bytes > 3
    assert not (first.folder / ".partial").exists()


@pytest.mark.filterwarnings("ignore:Exception ignored in")
def test_a_publication_that_fails_leaves_the_one_before_it(filled: Path, tmp_path: Path) -> None:
    before = publish(filled, tmp_path / "site", now=NOW, tick=ticked)
    content = before.archive.read_bytes()
    damaged = tmp_path / filled.name
    with closing(sqlite3.connect(filled)) as old, closing(sqlite3.connect(damaged)) as new:
        old.backup(new)
        new.execute("UPDATE payloads SET bytes = x'00' WHERE base_digest IS NOT NULL")
        new.commit()
    with pytest.raises(PayloadDamaged):
        publish(damaged, before.folder, now=NOW, tick=ticked)
    assert before.archive.read_bytes() == content
    assert not (before.folder / ".partial").exists()


def test_a_folder_may_be_named_as_it_lies_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_archive(tmp_path):
        pass
    monkeypatch.chdir(tmp_path)
    assert cli.main(["inspect", "--publish", "public/"]) == 0
    assert publish(Path("archive.db"), Path("public"), now=NOW, tick=ticked).archive.is_file()


def test_an_archive_on_a_disk_that_nobody_can_write_to_is_published(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    with new_archive(kept):
        pass  # its file says that it has a log beside it, which SQLite cannot make there
    words = ["-m", "crawler", "inspect", "--archive", kept / "archive.db", "--publish"]
    publishing = " ".join(map(str, [sys.executable, *words, tmp_path / "site"]))
    mounting = f"mount --bind {kept} {kept}; mount -o remount,bind,ro {kept}"
    done = in_own_mounts(f"{mounting}; {publishing}")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "archive.db").is_file()


def test_a_place_that_cannot_be_written_is_said(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportNotWritten, match="Not a directory"):
        publish(filled, tmp_path / "file" / "site", now=NOW, tick=ticked)


def test_a_folder_that_holds_other_things_is_refused(filled: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "holiday.jpg").write_text("")
    with pytest.raises(UsageError, match=r"holds other things \(holiday.jpg\)"):
        publish(filled, site, now=NOW, tick=ticked)
    (site / "holiday.jpg").rename(site / "metadata.yml")  # somebody else's
    with pytest.raises(UsageError, match="was not published"):
        publish(filled, site, now=NOW, tick=ticked)
    assert (site / "metadata.yml").read_text() == ""
    with pytest.raises(UsageError, match="is no folder"):
        publish(filled, site / "metadata.yml", now=NOW, tick=ticked)


def test_plugins_of_others_are_not_taken_for_ours(filled: Path, tmp_path: Path) -> None:
    done = publish(filled, tmp_path / "site", now=NOW, tick=ticked)
    (done.folder / "plugins" / "mine.py").write_text("")
    with pytest.raises(UsageError, match=r"plugins/mine\.py"):
        publish(filled, done.folder, now=NOW, tick=ticked)


def test_the_archive_itself_is_never_replaced(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        fill(archive)
        path = archive.path
    content = path.read_bytes()
    (tmp_path / "datasette.yml").write_text(MARK)
    with pytest.raises(UsageError, match="the archive itself lies there"):
        publish(path, tmp_path, now=NOW, tick=ticked)
    assert path.read_bytes() == content


def test_two_do_not_publish_into_one_folder_at_a_time(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    handle = os.open(tmp_path / "site", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        with pytest.raises(UsageError, match="another process publishes there"):
            publish(filled, tmp_path / "site", now=NOW, tick=ticked)
    finally:
        os.close(handle)


# The command


def test_the_command_tells_what_it_wrote_and_left_out(
    filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["inspect", "--archive", str(filled), "--publish", str(tmp_path / "site"),
             "--now", "2026-03-01"]  # fmt: skip
    assert cli.main(words) == 0
    told = capsys.readouterr()
    assert "1 source withheld, 3 pages that forbid copies" in told.out
    assert f"datasette {tmp_path / 'site'}" in told.out
    assert cli.main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["sources_left_out"], found["payloads_left_out"]) == (1, 3)
    assert "2026-03-01T00:00:00Z" in (tmp_path / "site" / "README.md").read_text()
    assert cli.main([*words, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


# Served elsewhere, by both lines of Datasette


def _datasette(line: str) -> Path:
    return (
        program("datasette-1", "datasette")
        if line == "1.0"
        else Path(sys.executable).with_name("datasette")
    )


@contextmanager
def served(line: str, *words: str, cwd: Path) -> Iterator[str]:
    """Serve with the program itself, as somebody would elsewhere; give the URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(_datasette(line)), *words, "--port", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=cwd, stdout=quiet, stderr=quiet) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(server, url)
            yield url
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=30)


def _wait_for(server: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert server.poll() is None, "datasette ended"
        try:
            urllib.request.urlopen(url, timeout=30).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("datasette does not answer")


def status_of(url: str, **headers: str) -> tuple[int, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=named), timeout=30) as got:
            return got.status, got.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, exc.read().decode("utf-8", "replace")


@pytest.mark.parametrize("line", ["0.65", "1.0"])
def test_datasette_serves_the_folder_with_our_pages(
    published: Published, copy: Archive, line: str
) -> None:
    snapshot = one(copy, "SELECT max(id) FROM snapshots WHERE source = 1")
    forbidden = one(copy, "SELECT id FROM snapshots WHERE source_url LIKE '%meta.example%'")
    with served(line, ".", cwd=published.folder) as url:
        for page in ("", "/archive", "/archive/snapshots", "/archive/vanished",
                     "/archive/texts?_search=consulate", f"/-/snapshot/archive/{snapshot}",
                     f"/-/snapshot/archive/{forbidden}", f"/-/snapshot/archive/{snapshot}/raw",
                     "/archive/lost", "/archive/attention", "/archive/search?words=legal",
                     "/archive/said?source=toledoblade&date="):  # fmt: skip
            status, body = status_of(url + page, Host="archive.example.org")
            assert status == 200, (page, body[:500])
        assert (
            "The consulates offer legal help."
            in status_of(f"{url}/-/snapshot/archive/{snapshot}")[1]
        )
        assert status_of(f"{url}/-/snapshot/archive/{forbidden}/raw")[0] == 404
        assert status_of(f"{url}/archive.json?sql=select+1")[0] == 403
        shown = status_of(f"{url}/-/databases.json")[1]
        assert '"is_mutable": false' in json.dumps(json.loads(shown))


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("0.65", ["--metadata", "metadata.yml"]),
        ("1.0", ["-m", "metadata.yml", "-c", "datasette.yml"]),
    ],
)
def test_datasette_serves_the_file_as_immutable_without_our_pages(
    published: Published, line: str, options: list[str]
) -> None:
    with served(line, "-i", published.archive.name, *options, cwd=published.folder) as url:
        status, body = status_of(f"{url}/archive/lost.json?_shape=array")
        assert status == 200 and json.loads(body)[0]["url"] == "https://gone.example/a"
        assert status_of(f"{url}/-/snapshot/archive/1")[0] == 404
        assert status_of(f"{url}/archive.json?sql=select+1")[0] == 403


@pytest.mark.skipif(why_no_strace() is not None, reason="strace may not trace here")
def test_one_killed_before_anything_has_its_name_is_replaced_by_the_next(
    filled: Path, tmp_path: Path
) -> None:
    words = ("inspect", "--publish", tmp_path / "site", "--archive", filled)
    log = tmp_path / "trace"
    killed = traced(log, "fsync", "signal=KILL", 1, "-m", "crawler", *words)
    assert was_hit(log, "signal=KILL", killed.returncode)
    assert [path.name for path in (tmp_path / "site").iterdir()] == [".partial"]
    assert cli.main([*map(str, words), "--quiet"]) == 0
    assert (tmp_path / "site" / "datasette.yml").is_file()
