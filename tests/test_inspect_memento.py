"""Memento (RFC 7089) in inspect: TimeGate, TimeMap, mementos, and that nothing archived can act."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from crawler.inspect.harmless import CONTENT_SECURITY_POLICY
from tests import inspecting
from tests.archive_kit import (
    GOOD,
    NOW,
    URL,
    at,
    begin,
    gone,
    hop,
    new_archive,
    not_modified,
    rows,
    source,
    visit,
)

QUERY = "https://e.example/a%2Fb?id=1&lang=de"
EVIL = b"<script>alert(1)</script><link rel=preconnect href=//evil.example><p>Evil</p>"
SERVER = "http://localhost"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with new_archive(tmp_path_factory.mktemp("memento")) as archive:
        run, number = begin(archive), source(archive)
        moved = hop(URL, b"", status=302, outcome="redirect", reason="http-302")
        visit(archive, run, number, moved, hop(URL + "?final", hop=1))
        visit(archive, run, number, hop(body=GOOD + b"2", fetched_at=at(days=2)))
        visit(archive, run, number, not_modified(fetched_at=at(days=4)))
        visit(archive, run, number, gone(fetched_at=at(days=6)))
        visit(archive, run, source(archive, QUERY), hop(QUERY, EVIL))
    return archive.path


def ask(path: Path, *addresses: str, **headers: str) -> list[Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    places = [address.removeprefix(SERVER) for address in addresses]
    return inspecting.ask(path, *places, headers=named, follow=False)


def one(path: Path, address: str, **headers: str) -> Any:
    return ask(path, address, **headers)[0]


def links(text: str) -> dict[str, str]:
    """The targets of a Link header or a TimeMap, by relation."""
    return {rel: target for target, rel in re.findall(r'<([^>]*)>;rel="([^"]*)"', text)}


def gate(url: str = URL) -> str:
    return f"/-/timegate/archive/{url}"


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("Sun, 01 Mar 2026 12:00:00 GMT", "Sun, 01 Mar 2026 12:00:00 GMT"),
        ("Thu, 01 Jan 1970 00:00:00 GMT", "Sun, 01 Mar 2026 12:00:00 GMT"),
        ("Mon, 02 Mar 2026 12:00:00 GMT", "Sun, 01 Mar 2026 12:00:00 GMT"),  # of two the earlier
        ("Mon, 02 Mar 2026 12:00:01 GMT", "Tue, 03 Mar 2026 12:00:00 GMT"),
        ("Tue, 01 Jan 2030 00:00:00 GMT", "Thu, 05 Mar 2026 12:00:00 GMT"),  # not the 404 after it
    ],
)
def test_the_timegate_leads_to_the_nearest_good_memento(
    filled: Path, asked: str, shown: str
) -> None:
    answer = one(filled, gate(), Accept_Datetime=asked)
    assert answer.status_code == 302
    assert "accept-datetime" in answer.headers["vary"]
    assert "memento-datetime" not in answer.headers
    assert links(answer.headers["link"])["original"] == URL
    memento = one(filled, answer.headers["location"])
    assert memento.headers["memento-datetime"] == shown


def test_without_a_date_the_latest_good_one_is_shown(filled: Path) -> None:
    memento = one(filled, one(filled, gate()).headers["location"])
    assert memento.headers["memento-datetime"] == "Thu, 05 Mar 2026 12:00:00 GMT"
    assert memento.status_code == 200  # the 304 confirmed a page


@pytest.mark.parametrize("asked", ["yesterday", "2026-03-01", "Sun, 99 Foo 2026 12:00:00 GMT"])
def test_a_date_that_is_none_is_a_bad_request(filled: Path, asked: str) -> None:
    assert one(filled, gate(), Accept_Datetime=asked).status_code == 400


def test_the_timemap_lists_every_memento(filled: Path) -> None:
    timemap = links(one(filled, gate()).headers["link"])["timemap"]
    answer = one(filled, timemap)
    assert answer.headers["content-type"] == "application/link-format"
    assert re.findall(r'datetime="([^"]*)"', answer.text) == [
        f"{day}, {number:02} Mar 2026 12:00:00 GMT"
        for day, number in (("Sun", 1), ("Tue", 3), ("Thu", 5), ("Sat", 7))
    ]
    told = links(answer.text)
    assert told["original"] == URL
    assert told["self"] == timemap
    assert told["timegate"] == SERVER + gate()
    for address in re.findall(r"<([^>]*/-/memento/[^>]*)>", answer.text):
        assert "memento-datetime" in one(filled, address).headers


def test_a_memento_is_answered_as_it_was_with_its_neighbours(filled: Path) -> None:
    listed = re.findall(r"<([^>]*/-/memento/[^>]*)>", one(filled, f"/-/timemap/archive/{URL}").text)
    first, second, third, last = ask(filled, *listed)
    assert [a.status_code for a in (first, second, third, last)] == [200, 200, 200, 404]
    assert first.content == GOOD
    assert second.content == third.content == GOOD + b"2"
    told = links(second.headers["link"])
    assert {rel: told[rel] for rel in told if "memento" in rel} == {
        "first prev memento": listed[0], "memento": listed[1], "next memento": listed[2],
        "last memento": listed[3],
    }  # fmt: skip
    assert told["timegate"] == SERVER + gate()


def test_an_archived_page_can_do_nothing(filled: Path) -> None:
    memento = one(filled, one(filled, gate(QUERY)).headers["location"])
    assert memento.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert memento.headers["x-content-type-options"] == "nosniff"
    assert b"<link" not in memento.content


@pytest.mark.parametrize(
    "spelled",
    [
        QUERY,
        "https%3A%2F%2Fe.example%2Fa%252Fb%3Fid%3D1%26lang%3Dde",
        "HTTPS://E.Example:443/a%2Fb?id=1&lang=de#part",
    ],
)
def test_a_source_is_found_by_any_spelling(filled: Path, spelled: str) -> None:
    answer = one(filled, gate(spelled))
    assert answer.status_code == 302
    assert links(answer.headers["link"])["original"] == QUERY


@pytest.mark.parametrize(
    "address",
    [gate("https://nobody.example"), gate("https://nobody.example/"), gate("nowhere"),
     "/-/timemap/archive/https://nobody.example/", "/-/timemap/archive/https://nobody.example",
     "/-/memento/archive/999", "/-/timegate/other/" + URL],
)  # fmt: skip
def test_what_is_not_held_is_not_found(filled: Path, address: str) -> None:
    assert one(filled, address).status_code == 404


def test_a_hop_of_a_redirect_is_no_memento(filled: Path) -> None:
    assert one(filled, "/-/memento/archive/1").status_code == 404


def test_a_source_that_is_withheld_is_not_shown(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        visit(archive, begin(archive), source(archive), hop())
        archive.withholding.withhold(source(archive), reason="asked by its author", now=NOW)
        assert rows(archive, "SELECT withheld FROM sources")[0]["withheld"]
    addresses = (gate(), f"/-/timemap/archive/{URL}", "/-/memento/archive/1")
    for answer in ask(archive.path, *addresses):
        assert answer.status_code == 403
        assert GOOD not in answer.content
