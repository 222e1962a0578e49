"""What is private does not leave the archive, and what must go is gone from the file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from crawler.archive import Archive
from crawler.archive.functions import add_functions
from crawler.archive.payloads import encode
from crawler.conclusion import Conclusion
from crawler.errors import ArchiveError, UsageError
from crawler.items import Article
from tests.archive_kit import (
    NOW,
    URL,
    at,
    begin,
    fill,
    hop,
    new_archive,
    one,
    rows,
    source,
    visit,
)
from tests.crawling import begin as begin_command
from tests.crawling import rows as rows_of
from tests.crawling import sourcekeep

OTHER = "https://other.example/same"
SECRET = "The harbourmaster Quillon Vantreight counted fourteen herons."
SECRET += " Behind the reeds a second flock kept to the shallows until the tide turned." * 12
PAGE = f"<html><h1>Herons</h1><p>{SECRET}</p>".encode() + b"<p>Mist and reeds.</p>" * 40


def told(archive: Archive, url: str, body: bytes, text: str) -> int:
    """A source with one good copy whose text is held, searched and versioned."""
    number = source(archive, url)
    run = begin(archive)
    kept = visit(archive, run, number, hop(url, body))
    read = Article("test 1", "text", "text/html", title=text[:20], text=text, author="Ada Quill")
    archive.articles.save(str(kept.final_payload), read, now=at())
    archive.runs.finish(run, reason="finished", counts={}, now=at())
    Conclusion(archive).conclude_again(number, now=NOW)
    return number


def everything_in(archive: Archive) -> bytes:
    """All bytes of the file and of its log."""
    log = archive.path.with_name(archive.path.name + "-wal")
    return archive.path.read_bytes() + (log.read_bytes() if log.exists() else b"")


def searched(archive: Archive, word: str) -> int:
    return int(one(archive, "SELECT count(*) FROM texts_fts WHERE texts_fts MATCH ?", word))


def test_what_is_withheld_shows_its_words_in_no_view(archive: Archive) -> None:
    number = told(archive, URL, PAGE, SECRET)
    archive.withholding.withhold(number, "asked by its author", now=NOW)
    [snapshot] = rows(archive, "SELECT * FROM snapshots WHERE source = ?", number)
    assert (snapshot["withheld"], snapshot["text"]) == ("withheld", None)
    assert snapshot["author"] is None
    add_functions(archive.connection.sql)
    assert one(archive, "SELECT payload(?)", snapshot["payload"]) is None
    assert archive.payloads.get(snapshot["payload"]) == PAGE  # the evidence is there
    archive.withholding.release(number, "she changed her mind", now=NOW)
    [snapshot] = rows(archive, "SELECT * FROM snapshots WHERE source = ?", number)
    assert (snapshot["withheld"], snapshot["text"]) == (None, SECRET)
    assert snapshot["author"] == "Ada Quill"
    assert one(archive, "SELECT payload(?)", snapshot["payload"]) == PAGE
    assert [row["decision"] for row in archive.withholding.decisions(number)] == [
        "withheld", "released",
    ]  # fmt: skip


def test_a_decision_cannot_be_taken_twice_or_taken_back_unmade(archive: Archive) -> None:
    number = told(archive, URL, PAGE, SECRET)
    with pytest.raises(UsageError, match="not withheld"):
        archive.withholding.release(number, "?", now=NOW)
    archive.withholding.withhold(number, "private", now=NOW)
    with pytest.raises(UsageError, match="withheld already"):
        archive.withholding.withhold(number, "private", now=NOW)
    archive.withholding.forget(number, "now gone", now=NOW)
    for decide in (archive.withholding.withhold, archive.withholding.forget):
        with pytest.raises(UsageError, match="forgotten already"):
            decide(number, "again", now=NOW)


def test_a_withheld_source_is_in_no_report(archive: Archive) -> None:
    fill(archive)
    held = source(archive)
    assert held in {item.source for item in archive.reports.of_run(1).items}
    archive.withholding.withhold(held, "private", now=NOW)
    report = archive.reports.of_run(1)
    assert report.items and held not in {item.source for item in report.items}


def test_nothing_of_a_forgotten_source_is_left_in_the_file(archive: Archive) -> None:
    number = told(archive, URL, PAGE, SECRET)
    digest = one(archive, "SELECT payload FROM captures WHERE source = ?", number)
    [stored] = rows(archive, "SELECT size_bytes, bytes FROM payloads WHERE digest = ?", digest)
    frame, text = stored["bytes"][20:60], SECRET[10:40].encode()
    archive.connection.sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert frame in everything_in(archive) and text in everything_in(archive)
    assert searched(archive, "vantreight") == 1

    gone = archive.withholding.forget(number, "ordered by a court", now=NOW)
    archive.withholding.overwrite()

    assert (gone.payloads, gone.size_bytes, gone.shared) == (1, len(PAGE), ())
    left = everything_in(archive)
    assert frame not in left and text not in left and b"vantreight" not in left
    assert searched(archive, "vantreight") == 0
    assert one(archive, "PRAGMA integrity_check") == "ok"
    [grave] = rows(
        archive, "SELECT t.*, w.reason, w.decided_at FROM tombstones t"
        " JOIN withheld w ON w.id = t.withheld",
    )  # fmt: skip
    assert (grave["digest"], grave["size_bytes"]) == (digest, len(PAGE))
    assert (grave["reason"], grave["decided_at"]) == ("ordered by a court", at())
    kept = "SELECT count(*) FROM captures c JOIN fetches f ON f.id = c.fetch WHERE c.payload = ?"
    assert one(archive, kept, digest) == 1


def test_a_forgotten_source_is_neither_due_nor_judged_until_it_is_released(
    archive: Archive,
) -> None:
    number = told(archive, URL, PAGE, SECRET)
    verdict = one(archive, "SELECT verdict FROM sources WHERE id = ?", number)
    archive.withholding.forget(number, "taken down", now=NOW)
    [row] = rows(archive, "SELECT * FROM sources_now WHERE id = ?", number)
    assert (row["due_at"], row["due_reason"]) == (None, "forgotten: taken down")
    assert (row["held"], row["verdict"], row["withheld"]) == (0, verdict, "forgotten")
    assert Conclusion(archive).conclude_again(number, now=NOW) == 0
    assert not list(archive.articles.all_jobs())
    assert number not in {row["id"] for row in archive.reading.never_captured(9)}
    archive.withholding.release(number, "allowed again", now=NOW)
    [row] = rows(archive, "SELECT due_at, withheld FROM sources WHERE id = ?", number)
    assert dict(row) == {"due_at": at(), "withheld": None}


def test_a_payload_that_others_have_shown_too_stays_and_is_named(archive: Archive) -> None:
    first = told(archive, URL, PAGE, SECRET)
    second = told(archive, OTHER, PAGE, SECRET)
    gone = archive.withholding.forget(first, "private", now=NOW)
    [shared] = gone.shared
    assert (gone.payloads, shared.by) == (0, (OTHER,))
    assert archive.payloads.get(shared.digest) == PAGE
    gone = archive.withholding.forget(second, "private", now=NOW)  # nobody else is left
    assert (gone.payloads, gone.shared) == (1, ())
    with pytest.raises(KeyError):
        archive.payloads.get(shared.digest)


def test_payloads_that_lean_on_one_that_goes_can_be_read_afterwards(archive: Archive) -> None:
    noise = Random(7).randbytes(6000)
    first = told(archive, URL, noise, SECRET)
    told(archive, OTHER, noise + b"one more paragraph", "Another text, quite another.")
    digests = [row["payload"] for row in rows(archive, "SELECT payload FROM captures ORDER BY id")]
    with archive.writing():
        archive.payloads.recode(
            digests[1], encode(noise + b"one more paragraph", noise), digests[0]
        )
    gone = archive.withholding.forget(first, "private", now=NOW)
    assert gone.released == 1
    assert archive.payloads.get(digests[1]) == noise + b"one more paragraph"


def test_bytes_go_only_where_a_tombstone_stands(archive: Archive) -> None:
    told(archive, URL, PAGE, SECRET)
    with pytest.raises(sqlite3.IntegrityError, match="never deleted"):
        archive.connection.sql.execute("DELETE FROM payloads")


def test_the_commands_say_what_is_withheld_and_what_is_gone(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        told(archive, URL, PAGE, SECRET)
        path = archive.path
    told_so = sourcekeep("withhold", URL, "--reason", "a private letter", "--archive", path)
    assert told_so.code == 0, told_so.err
    shown = sourcekeep("show", URL, "--archive", path)
    assert shown.code == 0 and "a private letter" in shown.out and "Vantreight" not in shown.out
    assert sourcekeep("show", URL, "--raw", "--archive", path).out.encode() == PAGE
    gone = sourcekeep("forget", URL, "--reason", "ordered by a court", "--archive", path)
    assert gone.code == 0 and "1 payload destroyed" in gone.out, gone.err
    for command in ("show", "history"):
        outcome = sourcekeep(command, URL, "--archive", path)
        assert outcome.code == 0 and "ordered by a court" in outcome.out, command
    raw = sourcekeep("show", URL, "--raw", "--archive", path)
    assert raw.code == 2 and "does not hold sha256:" in raw.err
    assert "1 forgotten" in sourcekeep("status", "--archive", path).out
    assert rows_of(path, "SELECT count(*) AS n FROM payloads WHERE size_bytes > 100")[0]["n"] == 0


def test_while_somebody_reads_what_was_there_nothing_is_called_forgotten(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        number, path = told(archive, URL, PAGE, SECRET), archive.path
    with closing(sqlite3.connect(path, isolation_level=None)) as shell, Archive.open(path) as held:
        held.connection.sql.execute("PRAGMA busy_timeout = 0")
        shell.execute("BEGIN")
        shell.execute("SELECT count(*) FROM texts").fetchone()
        held.withholding.forget(number, "ordered by a court", now=NOW)
        with pytest.raises(ArchiveError, match="still lie in the file, because another"):
            held.withholding.overwrite()
        assert SECRET[10:40].encode() in path.read_bytes()
    again = sourcekeep("forget", URL, "--reason", "ordered by a court", "--archive", path)
    assert again.code == 0 and "forgotten already; the file was written anew" in again.out
    assert SECRET[10:40].encode() not in path.read_bytes()
    assert sourcekeep("verify", "--archive", path).code == 0


def test_what_a_full_disk_left_of_a_forgotten_source_goes_with_the_next_try(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        told(archive, URL, PAGE, SECRET)
        path = archive.path
    words = ("forget", URL, "--reason", "ordered by a court", "--archive", path)
    # The log has room for the deletions, and not for the whole file anew.
    full = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000));"
        " from crawler.cli import main; sys.exit(main())"
    )
    broken = begin_command(*words, source=full).ended(60)
    assert broken.code == 1 and "in no table, but its words may still lie" in broken.err, broken.err
    assert sourcekeep(*words).code == 0
    assert b"vantreight" not in path.read_bytes().lower()
    assert sourcekeep("verify", "--archive", path).code == 0
