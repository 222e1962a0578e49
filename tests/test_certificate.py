"""A certificate says what was fetched, and can be checked by anybody who has SHA-256."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.archive import Archive
from crawler.errors import UsageError
from crawler.exports.certificates import certificate_page
from tests.archive_kit import NOW, URL, begin, fill, hop, new_archive, one, source, visit
from tests.crawling import sourcekeep
from tests.test_flips import dense_archive

PAGE = Path(__file__).resolve().parent.parent / "docs" / "integrity.md"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def check() -> Callable[[dict[str, Any]], None]:
    """The check as docs/integrity.md prints it."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    found: Callable[[dict[str, Any]], None] = names["check"]
    return found


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dense_archive(tmp_path_factory.mktemp("certificate"), 3)


def test_every_capture_has_a_certificate_that_the_printed_check_accepts(
    sealed: Path, check: Callable[[dict[str, Any]], None]
) -> None:
    with Archive.open_for_reading(sealed) as archive:
        captures = one(archive, "SELECT count(*) FROM captures")
        for capture in range(1, captures + 1):
            certificate = json.loads(json.dumps(archive.certifying.certificate(capture)))
            check(certificate)
            [row] = json.loads(certificate["rows"][0]["entry"])["rows"]
            assert row["payload"] == certificate["facts"]["payload"]


def test_a_certificate_in_which_anything_is_changed_is_refused(
    sealed: Path, check: Callable[[dict[str, Any]], None]
) -> None:
    with Archive.open_for_reading(sealed) as archive:
        certificate = archive.certifying.certificate(4)
    for number in range(2):
        for change in ("entry", "path", "tables_path", "table"):
            forged = copy.deepcopy(certificate)
            row = forged["rows"][number]
            if change == "entry":
                row["entry"] = row["entry"].replace("2026-03", "2019-03")
            elif change == "table":
                row["table"] = "robots"
            else:
                row[change][0][1] = "00" * 32
            with pytest.raises(AssertionError):
                check(forged)
    forged = copy.deepcopy(certificate)
    forged["manifest"]["body"] = forged["manifest"]["body"].replace('"number":', '"number":1')
    with pytest.raises(AssertionError):
        check(forged)


def test_proofs_hold_in_trees_of_several_levels(
    archive: Archive, check: Callable[[dict[str, Any]], None]
) -> None:
    number, run = source(archive), begin(archive)
    with archive.writing():
        for count in range(300):
            visit(archive, run, number, hop(URL, b"page %d" % count))
    archive.seal(NOW)
    for capture in (1, 256, 257, 300):
        check(archive.certifying.certificate(capture))


def test_what_is_not_sealed_or_was_edited_gets_no_certificate(archive: Archive) -> None:
    kept = visit(archive, begin(archive), source(archive), hop())
    capture = int(kept.captures[0] or 0)
    with pytest.raises(UsageError, match="sealed"):
        archive.certifying.certificate(capture)
    archive.seal(NOW)
    archive.certifying.certificate(capture)
    archive.connection.sql.execute("DROP TRIGGER captures_stay")
    archive.connection.sql.execute("UPDATE captures SET url = 'https://evil.example/'")
    with pytest.raises(UsageError, match="not as it was sealed"):
        archive.certifying.certificate(capture)


def test_the_page_can_do_nothing_and_holds_the_whole_certificate(archive: Archive) -> None:
    headers = (("Server", HOSTILE), ("Content-Type", "text/html"))
    kept = visit(archive, begin(archive), source(archive), hop(response_headers=headers))
    archive.seal(NOW)
    certificate = archive.certifying.certificate(int(kept.captures[0] or 0))
    page = certificate_page(certificate)
    assert HOSTILE not in page and "&lt;script&gt;" in page
    assert "default-src 'none'" in page and "http-equiv" in page
    assert certificate["facts"]["payload"] in page
    assert certificate["manifest"]["digest"] in page


def test_the_command_names_a_capture_by_source_date_or_uid(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        fill(archive)
        uid = one(archive, "SELECT uid FROM captures WHERE id = 2")
    path = tmp_path / "archive.db"
    latest = sourcekeep("certificate", URL, "--archive", path, "--json").json
    at = sourcekeep("certificate", uid, "--archive", path, "--json").json
    assert at["facts"]["uid"] == uid != latest["facts"]["uid"]
    page = sourcekeep("certificate", URL, "--html", "--archive", path)
    assert page.code == 0 and page.out.startswith("<!doctype html>")
    assert sourcekeep("certificate", "https://gone.example/a", "--archive", path).code == 2


def test_a_date_beside_the_uid_of_a_capture_is_refused(sealed: Path) -> None:
    with Archive.open_for_reading(sealed) as archive:
        uid = one(archive, "SELECT uid FROM captures WHERE id = 2")
    outcome = sourcekeep("certificate", uid, "--at", "2026-03-01", "--archive", sealed)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        f"sourcekeep: {uid} is one capture, of its own date: leave out --at, or name a source\n"
    )
    assert sourcekeep("certificate", uid, "--archive", sealed).code == 0
