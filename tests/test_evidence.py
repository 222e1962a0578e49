"""Evidence: one row for each attempt, and what of it was kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crawler.archive import Archive
from crawler.digests import digest_of
from crawler.errors import EvidenceLost
from crawler.items import IMPORTED, Hop
from tests.archive_kit import (
    GOOD,
    NOW,
    URL,
    article,
    at,
    gone,
    headers_of,
    hop,
    not_modified,
    one,
    rows,
    source,
    visit,
)

CHANGED = GOOD.replace(b"legal help", b"no help")


def captures(archive: Archive) -> list[tuple[object, ...]]:
    """(source, record type, payload, number of the capture that it refers to), oldest first."""
    found = rows(
        archive,
        "SELECT c.source, c.record_type, c.payload, r.id AS refers_to"
        " FROM captures c LEFT JOIN captures r ON r.uid = c.refers_to ORDER BY c.id",
    )
    return [tuple(row.values()) for row in found]


# Fetches


def test_an_attempt_is_written_as_it_was(archive: Archive, run: int) -> None:
    number = source(archive)
    seen = hop(
        ip_address="192.0.2.1", tls_verified=False, certificate_digest="sha256:c", protocol="h1",
        elapsed_ms=12, robots="allow", flags=("length-unverified",), truncated="length",
        response_headers=(("Set-Cookie", "a=REDACTED"), ("Set-Cookie", "b=REDACTED")),
    )  # fmt: skip
    kept = archive.evidence.record(run, number, [seen])
    [row] = rows(archive, "SELECT * FROM fetches")
    for name in ("uid", "url", "hop", "purpose", "fetched_at", "outcome", "reason", "status",
                 "protocol", "ip_address", "certificate_digest", "elapsed_ms", "wire_digest",
                 "wire_size_bytes", "robots", "error"):  # fmt: skip
        assert row[name] == getattr(seen, name), name
    assert (row["run"], row["source"], row["visit"], row["tls_verified"]) == (1, 1, seen.uid, 0)
    assert headers_of(archive) == [["Set-Cookie", "a=REDACTED"], ["Set-Cookie", "b=REDACTED"]]
    [capture] = rows(archive, "SELECT * FROM captures")
    assert capture["id"] == kept.final_capture and capture["fetch"] == row["id"]
    assert (capture["captured_at"], capture["url"]) == (seen.fetched_at, URL)
    assert (capture["truncated"], capture["flags"]) == ("length", '["length-unverified"]')
    assert (capture["mime_declared"], capture["mime_sniffed"]) == ("text/html", "text/html")
    assert capture["origin"] == "own" and len(capture["uid"]) == 36


def test_every_hop_of_a_visit_is_a_row_and_the_last_is_its_end(archive: Archive, run: int) -> None:
    number = source(archive)
    hops = [
        hop("https://a.example/1", b"", status=302, outcome="redirect", reason="http-302"),
        hop(
            "https://a.example/2", None, status=None, outcome="server-error", reason="reset", hop=1
        ),
        hop("https://a.example/2", hop=1),
    ]
    kept = archive.evidence.record(run, number, hops)
    found = rows(archive, "SELECT url, hop, visit FROM fetches ORDER BY id")
    assert [(row["url"], row["hop"]) for row in found] == [(each.url, each.hop) for each in hops]
    assert {row["visit"] for row in found} == {hops[0].uid}
    assert kept.captures[1] is None and None not in (kept.captures[0], kept.captures[2])
    assert kept.final_capture == kept.captures[2]
    assert kept.final_payload == digest_of(GOOD) == captures(archive)[-1][2]
    assert captures(archive)[-1][1] == "response"


@pytest.mark.parametrize("body", [None, b""])
def test_a_failure_without_a_body_is_a_fetch_and_no_capture_and_an_empty_body_is_one(
    archive: Archive, run: int, body: bytes | None
) -> None:
    number = source(archive)
    kept = archive.evidence.record(run, number, [hop(body=body, outcome="server-error")])
    assert one(archive, "SELECT count(*) FROM fetches") == 1
    assert one(archive, "SELECT count(*) FROM captures") == (body is not None)
    assert [capture[1] for capture in captures(archive)] == ["response"] * (body is not None)
    assert kept.final_payload == (None if body is None else digest_of(b""))


def test_a_visit_that_cannot_be_written_whole_leaves_nothing(archive: Archive, run: int) -> None:
    number = source(archive)
    hops = [hop(), hop(hop=1, purpose="fun")]
    with pytest.raises(EvidenceLost):
        archive.evidence.record(run, number, hops)
    for table in ("fetches", "captures"):
        assert one(archive, f"SELECT count(*) FROM {table}") == 0
    assert one(archive, "SELECT count(*) FROM payloads WHERE digest = ?", digest_of(GOOD)) == 0


def test_the_same_attempt_is_never_written_twice(archive: Archive, run: int) -> None:
    number, seen = source(archive), hop()
    archive.evidence.record(run, number, [seen])
    with pytest.raises(EvidenceLost, match="never replaced"):
        archive.evidence.record(run, number, [seen])


# Responses and revisits


def test_an_identical_payload_is_a_revisit_of_the_first_response(
    archive: Archive, run: int
) -> None:
    number, digest = source(archive), digest_of(GOOD)
    for _ in range(3):
        visit(archive, run, number, hop())
    assert captures(archive) == [
        (1, "response", digest, None), (1, "revisit", digest, 1), (1, "revisit", digest, 1)
    ]  # fmt: skip
    assert one(archive, "SELECT count(*) FROM payloads WHERE digest = ?", digest) == 1


def test_of_what_is_imported_only_what_was_there_by_then_is_the_first(
    archive: Archive, run: int
) -> None:
    """A visit of our own refers to the first that is held, whatever its clock said."""
    number, digest = source(archive), digest_of(GOOD)
    visit(archive, run, number, hop(fetched_at=at(days=5)))
    for day in (1, 3, 9):
        archive.evidence.record(run, number, [hop(fetched_at=at(days=day))], origin=IMPORTED)
    visit(archive, run, number, hop(fetched_at=at()))
    assert captures(archive) == [
        (1, "response", digest, None), (1, "response", digest, None), (1, "revisit", digest, 2),
        (1, "revisit", digest, 1), (1, "revisit", digest, 1),
    ]  # fmt: skip


def test_two_looks_in_one_second_are_two_rows_in_the_order_of_their_writing(
    archive: Archive, run: int
) -> None:
    """Equal in everything but their uid: the second is the revisit, never the first."""
    number = source(archive)
    first, second = hop(body=GOOD), hop(body=GOOD)
    assert (first.fetched_at, first.url) == (second.fetched_at, second.url)
    archive.evidence.record(run, number, [first])
    archive.evidence.record(run, number, [second])
    third = hop(body=CHANGED)
    archive.evidence.record(run, number, [third])
    found = rows(archive, "SELECT f.uid, c.record_type, r.uid AS refers_to FROM fetches f"
                 " JOIN captures c ON c.fetch = f.id LEFT JOIN captures r ON r.uid = c.refers_to"
                 " ORDER BY c.id")  # fmt: skip
    assert [row["uid"] for row in found] == [first.uid, second.uid, third.uid]
    assert [row["record_type"] for row in found] == ["response", "revisit", "response"]
    assert found[1]["refers_to"] is not None and found[2]["refers_to"] is None


def test_a_text_that_comes_back_is_a_revisit_of_its_first_capture(
    archive: Archive, run: int
) -> None:
    number = source(archive)
    for body in (GOOD, CHANGED, GOOD):
        visit(archive, run, number, hop(body=body))
    assert [each[1:] for each in captures(archive)] == [
        ("response", digest_of(GOOD), None), ("response", digest_of(CHANGED), None),
        ("revisit", digest_of(GOOD), 1),
    ]  # fmt: skip
    assert one(archive, "SELECT good_capture FROM sources") == 3


def test_a_304_refers_to_the_response_behind_the_good_capture(archive: Archive, run: int) -> None:
    number = source(archive)
    for seen in (hop(), hop(body=CHANGED), hop(body=CHANGED), gone(), not_modified()):
        kept = visit(archive, run, number, seen)
    assert captures(archive)[-1] == (1, "revisit", digest_of(CHANGED), 2)
    assert kept.final_payload == digest_of(CHANGED)
    assert one(archive, "SELECT count(*) FROM payloads") == 4  # the entry's page among them


def test_a_304_that_nobody_asked_for_refers_to_nothing(archive: Archive, run: int) -> None:
    kept = archive.evidence.record(run, source(archive), [not_modified()])
    assert (kept.final_capture, kept.final_payload) == (None, None)
    assert one(archive, "SELECT count(*) FROM fetches") == 1


def test_the_same_payload_of_another_source_shares_the_bytes_but_is_a_response(
    archive: Archive, run: int
) -> None:
    one_source, other = source(archive), source(archive, "https://syndicated.example/")
    for number in (one_source, other, other):
        visit(archive, run, number, hop())
    assert [each[:2] + each[3:] for each in captures(archive)] == [
        (1, "response", None), (2, "response", None), (2, "revisit", 2)
    ]  # fmt: skip
    assert one(archive, "SELECT count(*) FROM payloads WHERE digest = ?", digest_of(GOOD)) == 1


def test_a_good_copy_is_never_lost_to_a_worse_one(archive: Archive, run: int) -> None:
    """Good, 404, the same 404, a damaged answer, good and changed: five fetches, two versions."""
    number = source(archive)
    half = hop(body=GOOD[:99], outcome="server-error", reason="truncated", truncated="disconnect")
    for hours, (seen, held) in enumerate(
        ((hop(), GOOD), (gone(), GOOD), (gone(), GOOD), (half, GOOD), (hop(body=CHANGED), CHANGED))
    ):
        visit(archive, run, number, seen, finished_at=NOW + timedelta(hours=hours))
        snapshot = archive.reading.snapshot(number)
        assert snapshot is not None and archive.payloads.get(snapshot["payload"]) == held
    assert one(archive, "SELECT count(*) FROM fetches") == 5
    assert [each[1] for each in captures(archive)] == [
        "response", "response", "revisit", "response", "response"
    ]  # fmt: skip


# How they are stored


def stored(archive: Archive, body: bytes) -> tuple[str, str | None]:
    [row] = rows(archive, "SELECT stored_as, base_digest FROM payloads WHERE digest = ?",
                 digest_of(body))  # fmt: skip
    return row["stored_as"], row["base_digest"]


def test_later_payloads_are_deltas_of_the_good_one_and_never_of_a_delta(
    archive: Archive, run: int
) -> None:
    number, bodies = source(archive), [GOOD * 3 + b"%d" % n for n in range(4)]
    for body in bodies:
        visit(archive, run, number, hop(body=body))
    assert [stored(archive, body) for body in bodies] == [
        ("zstd", None), *[("zstd-delta", digest_of(bodies[0]))] * 3
    ]  # fmt: skip
    assert [archive.payloads.get(digest_of(body)) for body in bodies] == bodies


def test_an_error_page_is_never_the_base(archive: Archive, run: int) -> None:
    number = source(archive)
    visit(archive, run, number, gone(body=GOOD * 3))
    visit(archive, run, number, hop(body=GOOD * 3 + b"!"))
    assert stored(archive, GOOD * 3 + b"!") == ("zstd", None)


# Pages and robots.txt, which belong to no source


PAGE = "https://news.example/2017/03/4/index.md"


def page(body: bytes | None = GOOD, **more: Any) -> Hop:
    return hop(PAGE, body, purpose="entry", **more)


def test_pages_are_captures_without_a_source_told_apart_by_their_url(
    archive: Archive, run: int
) -> None:
    record = archive.evidence.record
    for url in (PAGE, "https://news.example/other", PAGE):
        record(run, None, [hop(url, purpose="entry")])
    assert captures(archive) == [
        (None, "response", digest_of(GOOD), None), (None, "response", digest_of(GOOD), None),
        (None, "revisit", digest_of(GOOD), 1),
    ]  # fmt: skip
    assert one(archive, "SELECT count(*) FROM snapshots") == 0


def test_a_page_is_asked_for_with_the_validators_of_its_last_good_capture(
    archive: Archive, run: int
) -> None:
    assert archive.evidence.page(PAGE) is None
    headers = (("ETag", '"2"'), ("Last-Modified", "Sun, 01 Mar 2026 12:00:00 GMT"))
    archive.evidence.record(run, None, [page(CHANGED)])
    archive.evidence.record(run, None, [page(response_headers=headers)])
    missing = gone(PAGE, purpose="entry", response_headers=(("ETag", '"404"'),))
    archive.evidence.record(run, None, [missing])
    archive.evidence.record(run, None, [hop(PAGE, b"robots", purpose="robots")])
    found = archive.evidence.page(PAGE)
    assert found is not None and (found.capture, found.payload) == (2, digest_of(GOOD))
    assert (found.etag, found.last_modified) == ('"2"', "Sun, 01 Mar 2026 12:00:00 GMT")

    kept = archive.evidence.record(run, None, [not_modified(PAGE, purpose="entry")])
    assert kept.final_payload == digest_of(GOOD)  # not the error page that came in between
    assert captures(archive)[-1] == (None, "revisit", digest_of(GOOD), 2)
    again = archive.evidence.page(PAGE)
    assert again is not None and again.etag == '"2"'


def test_it_is_known_when_a_page_was_captured_first_and_last(archive: Archive, run: int) -> None:
    for hours, seen in enumerate((page, page, not_modified)):
        one_hop = replace(seen(), url=PAGE, purpose="entry", fetched_at=at(hours=hours))
        archive.evidence.record(run, None, [one_hop])
    found = archive.evidence.page(PAGE)
    assert found is not None and found.capture == 2
    assert (found.first_captured_at, found.captured_at) == (at(), at(hours=2))


def test_versions_of_a_page_are_deltas_of_its_first_capture(archive: Archive, run: int) -> None:
    for number in range(3):
        archive.evidence.record(run, None, [page(GOOD * 3 + b"%d" % number)])
    assert stored(archive, GOOD * 3 + b"2") == ("zstd-delta", digest_of(GOOD * 3 + b"0"))


def test_equal_robots_files_of_two_hosts_are_two_responses(archive: Archive, run: int) -> None:
    for host in "abab":
        seen = hop(f"https://{host}.example/robots.txt", b"", purpose="robots", outcome="robots")
        archive.evidence.record(run, None, [seen])
    assert [each[1:] for each in captures(archive)] == [
        ("response", digest_of(b""), None), ("response", digest_of(b""), None),
        ("revisit", digest_of(b""), 1), ("revisit", digest_of(b""), 2),
    ]  # fmt: skip


def test_an_article_never_makes_a_robots_file_or_page_a_snapshot(
    archive: Archive, run: int
) -> None:
    archive.evidence.record(run, None, [page()])
    archive.articles.save(digest_of(GOOD), article(), now=at())
    assert archive.reading.snapshots(9) == []
