"""What archives list and answer, read from small texts of our own and from recorded replies."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.errors import UsageError
from crawler.mementos.choosing import (
    Cited,
    Looked,
    bracket_by_digest,
    candidates,
    next_to_fetch,
    spellings,
)
from crawler.mementos.limits import LimitState, after_answer, distance
from crawler.mementos.listing import Listed, parse_cdx, parse_timemap
from crawler.mementos.registry import KNOWN, archives_of, stamp_of, take_apart
from crawler.mementos.replies import Answer, read_index, read_replay

WAYBACK = KNOWN["web.archive.org"]
SHA = "B2RKOLH7OEPRC5ZLUE7T3TGB7DRLGZ7J"
OTHER = "X2TRC5YOLWHW7YKTFSLAEELR3IZAQUSB"


# Lists


def test_a_cdx_answer_of_arrays_is_read_by_its_first_row() -> None:
    text = (
        '[["timestamp","original","statuscode","digest","mimetype"],'
        f'["20170304101112","http://a.example/x","200","{SHA}","text/html"],'
        f'["20170305101112","http://a.example/x","-","{SHA}","warc/revisit"]]'
    )
    first, second = parse_cdx(text).mementos
    assert (first.memento_datetime, first.status, first.digest, first.mime) == (
        "2017-03-04T10:11:12Z", 200, f"sha1:{SHA}", "text/html",
    )  # fmt: skip
    assert second.status is None and second.is_revisit


def test_what_stands_behind_an_empty_row_is_no_row() -> None:
    """It is the key with which the list goes on."""
    text = '[["timestamp","original"],["20170304101112","http://a.example/"],[],["key+1"]]'
    found = parse_cdx(text)
    assert (len(found.mementos), found.malformed) == (1, 0)
    lines = f"com,a)/ 20170304101112 http://a.example/ text/html 200 {SHA} 12\n\nkey+2\n"
    listed = parse_cdx(lines)
    assert (len(listed.mementos), listed.malformed) == (1, 0)


@pytest.mark.parametrize("last", ["5", "null", '{"key": 1}', '"key"'])
def test_what_is_no_row_behind_an_empty_one_is_a_row_that_cannot_be_read(last: str) -> None:
    text = f'[["timestamp","original"],["20170304101112","http://a.example/"],[],{last}]'
    assert len(parse_cdx(text).mementos) == 1


def test_one_object_a_line_is_read_as_pywb_writes_it() -> None:
    line = (
        '{"urlkey": "com,a)/", "timestamp": "20170304101112", "url": "http://a.example/",'
        f' "mime": "text/html", "status": "200", "digest": "sha1:{SHA}", "offset": "1"}}'
    )
    found = parse_cdx(f"{line}\n{{broken\n{line}\n")
    assert [m.digest for m in found.mementos] == [f"sha1:{SHA}"] * 2
    assert found.malformed == 1


@pytest.mark.parametrize("text", ["", " \n", "[]"])
def test_an_empty_answer_is_an_empty_list(text: str) -> None:
    assert parse_cdx(text).is_list and not parse_cdx(text).mementos


@pytest.mark.parametrize("text", ["<html>busy</html>", '{"error": "x"}', "[1, 2]", "sorry"])
def test_what_is_no_list_is_told_apart_from_an_empty_one(text: str) -> None:
    found = parse_cdx(text)
    assert not found.mementos
    assert not found.is_list or found.malformed


def test_a_timemap_is_read_in_link_format_and_in_json() -> None:
    link = (
        '<http://a.example/?q=1,2>; rel="original",\n'
        '<http://arch.example/tm/http://a.example/>; rel="self"; type="application/link-format"'
        '; from="Sat, 04 Mar 2017 10:11:12 GMT",\n'
        '<http://arch.example/20170304101112/http://a.example/?q=1,2>; rel="first memento"'
        '; datetime="Sat, 04 Mar 2017 10:11:12 GMT",\n'
        '<http://arch.example/x/http://a.example/>; rel="memento"; datetime="never"'
    )
    found = parse_timemap(link)
    assert [m.memento_datetime for m in found.mementos] == ["2017-03-04T10:11:12Z"]
    assert found.mementos[0].original == "http://a.example/?q=1,2"
    assert found.malformed == 1
    json = (
        '{"original_uri": "http://a.example/", "mementos": {"list": ['
        '{"datetime": "2017-03-04T10:11:12Z", "uri": "http://arch.example/1"}]}}'
    )
    [memento] = parse_timemap(json).mementos
    assert (memento.uri_m, memento.memento_datetime) == (
        "http://arch.example/1", "2017-03-04T10:11:12Z",
    )  # fmt: skip


# Archives


def test_one_line_adds_a_pywb_and_its_limits() -> None:
    line = "mine=pywb+http://127.0.0.1:8080/news/;trust=own;index=60;replay=120;robots=no"
    wayback, mine = archives_of(["web.archive.org", line])
    assert wayback is WAYBACK
    assert mine.raw_url("http://a.example/?x=1", "20170304101112") == (
        "http://127.0.0.1:8080/news/20170304101112id_/http://a.example/?x=1"
    )
    assert (mine.trust, mine.obeys_robots, distance(mine, "index")) == (
        "own", False, timedelta(seconds=1),
    )  # fmt: skip
    asked = mine.cdx_url("http://a.example/?x=1&y", since="2016", until="2018", limit=9)
    assert asked == (
        "http://127.0.0.1:8080/news/cdx?url=http%3A%2F%2Fa.example%2F%3Fx%3D1%26y&output=json"
        "&limit=9&from=2016&to=2018"
    )


@pytest.mark.parametrize(
    "line",
    ["archive.today", "nowhere.example", "x=ftp+http://a/", "archive.today=pywb+http://a.b/",
     "x=pywb+file:///c", "x=pywb+http://a.b/;trust=much", "x=pywb+http://a.b/;index=0"],
)  # fmt: skip
def test_an_archive_that_cannot_be_or_must_not_be_asked_is_refused(line: str) -> None:
    with pytest.raises(UsageError):
        archives_of([line])


def test_a_mementos_address_is_taken_apart() -> None:
    address = "https://web.archive.org/web/20170304101112id_/http:/a.example/x?y=http://b.example/"
    found = take_apart(WAYBACK, address)
    assert found is not None
    assert (found.original, found.memento_datetime) == (
        "http://a.example/x?y=http://b.example/", "2017-03-04T10:11:12Z",
    )  # fmt: skip
    assert take_apart(WAYBACK, "https://web.archive.org/about") is None
    assert take_apart(WAYBACK, "https://b.example/web/20170304101112/http://a.example/") is None


# Answers


def answer(status: int | None, headers: dict[str, str] | None = None, **more: Any) -> Answer:
    url = more.pop("url", "https://web.archive.org/web/20170304101112id_/http://a.example/")
    return Answer(url, status, tuple((headers or {}).items()), **more)


LISTED = '[["timestamp","original"],["20170304101112","http://a.example/"]]'
ERROR = {"X-Archive-Wayback-Runtime-Error": "AdministrativeAccessControlException: Blocked Site"}


@pytest.mark.parametrize(
    ("found", "text", "result", "reason"),
    [
        (answer(200), LISTED, "found", "listed"),
        (answer(200), "[]", "none-found", "empty"),
        (answer(404), "", "none-found", "http-404"),
        (answer(403, ERROR), "", "none-found", "excluded"),
        (answer(200), "<html>maintenance</html>", "archive-down", "no-list"),
        (answer(403), "", "archive-down", "http-403"),
        (answer(503), "", "archive-down", "http-503"),
        (answer(None, failure="refused"), "", "archive-down", "refused"),
        (answer(429), "", "rate-limited", "http-429"),
    ],
)
def test_nothing_found_down_and_rate_limited_are_three_results(
    found: Answer, text: str, result: str, reason: str
) -> None:
    read = read_index(found, text)
    assert (read.result, read.reason) == (result, reason)


DATED = {"Memento-Datetime": "Sat, 04 Mar 2017 10:11:12 GMT"}
TO = "https://web.archive.org/web/{}id_/http://a.example/b"


@pytest.mark.parametrize(
    ("found", "kind", "reason"),
    [
        (answer(200, DATED), "memento", ""),
        (answer(429, DATED), "memento", ""),
        (answer(200, {"Memento-Datetime": "Wed, 04 Mar 2020 10:11:12 GMT"}), "rejected",
         "far-date"),
        (answer(200), "rejected", "not-a-memento"),
        (answer(404), "rejected", "no-memento"),
        (answer(503, ERROR), "rejected", "excluded"),
        (answer(429), "rate-limited", "http-429"),
        (answer(502), "archive-down", "http-502"),
        (answer(None, failure="timeout"), "archive-down", "timeout"),
        (answer(302, {"Location": TO.format("20170304180000")}), "redirect", ""),
        (answer(302, {"Location": "/web/20170304180000id_/http://a.example/"}), "redirect", ""),
        (answer(302, {"Location": TO.format("20190304180000")}), "rejected", "far-date"),
        (answer(301, DATED | {"Location": "http://a.example/b"}), "rejected", "leaves-archive"),
    ],
)  # fmt: skip
def test_what_replay_answers_is_told_apart(found: Answer, kind: str, reason: str) -> None:
    read = read_replay(WAYBACK, "2017-03-04T10:11:12Z", found)
    assert (read.kind, read.reason) == (kind, reason)


# Recorded answers


def cassette(corpus: Path, name: str) -> list[tuple[str, Answer, str]]:
    """The recorded exchanges of a file: URL asked, answer, text."""
    yaml = pytest.importorskip("yaml")
    path = corpus / "archive-api/wayback-client/cassettes" / f"{name}.yaml"
    if not path.exists():
        pytest.skip("the recorded answers of web archives are not present")
    taken = []
    for exchange in yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"]:
        reply, url = exchange["response"], exchange["request"]["uri"]
        headers = tuple((key, value) for key, values in reply["headers"].items()
                        for value in values)  # fmt: skip
        taken.append((url, Answer(url, reply["status"]["code"], headers), _text(reply, headers)))
    return taken


def _text(reply: dict[str, Any], headers: tuple[tuple[str, str], ...]) -> str:
    from crawler.codings import decode_body

    body = reply["body"]["string"]
    body = body.encode() if isinstance(body, str) else body
    coding = next((value for key, value in headers if key.lower() == "content-encoding"), None)
    return decode_body(body, coding, limit=2**24).body.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("test_get_memento", ["memento"]),
        ("test_get_memento_target_window", ["rejected far-date", "memento"]),
        ("test_get_memento_raises_when_memento_is_outside_target_window", ["rejected far-date"]),
        ("test_get_memento_should_fail_for_non_playbackable_mementos", ["rejected far-date"]),
        ("test_get_memento_works_on_archived_rate_limit_responses", ["memento"]),
        ("test_get_memento_raises_blocked_error", ["rejected not-a-memento"]),
        ("test_get_memento_raises_no_memento_error", ["rejected no-memento"]),
        ("test_get_memento_follows_historical_redirects",
         ["redirect", "redirect", "redirect", "memento"]),
        ("test_get_memento_with_schemeless_redirects", ["redirect", "redirect", "memento"]),
        ("test_get_memento_with_path_based_redirects", ["redirect", "redirect", "memento"]),
        ("test_get_memento_raises_for_mementos_that_redirect_in_a_loop", ["redirect"] * 4),
    ],
)  # fmt: skip
def test_recorded_replay_is_read_as_what_it_was(corpus: Path, name: str, kinds: list[str]) -> None:
    said = []
    for url, found, _ in cassette(corpus, name):
        address = take_apart(WAYBACK, url)
        assert address is not None and address.memento_datetime is not None
        read = read_replay(WAYBACK, address.memento_datetime, found)
        said.append(f"{read.kind} {read.reason}".strip())
    assert said[: len(kinds)] == kinds


def test_a_recorded_refusal_of_a_site_is_no_absence_of_the_archive(corpus: Path) -> None:
    [(_, found, text)] = cassette(corpus, "test_search_raises_for_blocked_urls")
    assert (read_index(found, text).result, read_index(found, text).reason) == (
        "none-found", "excluded",
    )  # fmt: skip


def test_recorded_lists_are_read_whole(corpus: Path) -> None:
    for name in ("test_search", "test_search_multipage", "test_search_with_date",
                 "test_search_with_filter", "test_search_rate_limits"):  # fmt: skip
        for _, found, text in cassette(corpus, name):
            read = read_index(found, text)
            lines = [line for line in text.split("\n\n")[0].splitlines() if line.strip()]
            assert read.result == ("found" if lines else "none-found"), name
            assert len(read.listing.mementos) + read.listing.malformed == len(lines)
            assert read.listing.malformed <= len(lines) // 100


def test_damaged_rows_of_real_lists_cost_only_themselves(corpus: Path) -> None:
    folder = corpus / "archive-api/wayback-client/test_files"
    if not folder.exists():
        pytest.skip("the recorded answers of web archives are not present")
    counts = {
        path.stem: parse_cdx(path.read_text(encoding="utf-8", errors="replace"))
        for path in folder.glob("*_cdx.txt")
    }
    # an original that is no URL; a month and a day of 00, hours of 24
    assert {name: (len(read.mementos), read.malformed) for name, read in counts.items()} == {
        "malformed_cdx": (4, 1), "bad_timestamp_cdx": (3, 2), "zero_length_cdx": (5, 0),
    }  # fmt: skip


# Limits


def test_an_archive_that_asks_to_wait_is_left_alone_for_what_it_asks(now: Any) -> None:
    state = after_answer(LimitState(), "rate-limited", "http-429", now)
    assert state.rest_left(now) == timedelta(seconds=60) and state.strikes == 1
    told = after_answer(
        LimitState(), "rate-limited", "http-429", now, asked_rest=timedelta(minutes=7)
    )
    assert told.rest_left(now) == timedelta(minutes=7)
    state = after_answer(state, "rate-limited", "http-429", now)
    assert state.rest_left(now) == timedelta(hours=1)
    state = after_answer(state, "rate-limited", "http-429", now)
    assert state.rest_left(now) == timedelta(hours=2)
    for _ in range(9):
        state = after_answer(state, "rate-limited", "http-429", now)
    assert state.rest_left(now) == timedelta(hours=24)
    assert not after_answer(state, "answered", "", now).rests(now)


def test_an_archive_that_nobody_answers_at_rests_as_behind_a_firewall(now: Any) -> None:
    shut = after_answer(LimitState(), "archive-down", "refused", now)
    assert shut.rest_left(now) == timedelta(hours=1)
    busy = after_answer(LimitState(), "archive-down", "http-503", now)
    assert busy.rest_left(now) == timedelta(seconds=60)
    assert after_answer(busy, "archive-down", "http-503", now).rest_left(now) == timedelta(hours=1)


# Choosing


def listed(day: str, digest: str | None = None, **more: Any) -> Listed:
    digest = f"sha1:{digest}" if digest else None
    return Listed(f"{day}T12:00:00Z", "http://a.example/", digest=digest, **more)


CITED = Cited.on("2017-03-04")
BEFORE, AFTER = listed("2017-03-01"), listed("2017-03-09")


def test_the_nearest_before_goes_first_and_then_the_nearest_after() -> None:
    ordered = candidates(
        [AFTER, listed("2012-01-01"), BEFORE, listed("2017-03-02", status=404),
         listed("2017-03-03", mime="image/png")], CITED,
    )  # fmt: skip
    assert ordered[0] == BEFORE
    assert next_to_fetch(ordered, [], CITED) == BEFORE
    assert next_to_fetch(ordered, [Looked(BEFORE, True)], CITED) == AFTER
    both = [Looked(BEFORE, True), Looked(AFTER, True)]
    assert next_to_fetch(ordered, both, CITED) is None


def test_a_bad_one_sends_us_farther_but_never_beyond_the_cap() -> None:
    ordered = candidates([listed(f"2016-01-{day:02d}") for day in range(1, 29)], CITED)
    looked: list[Looked] = []
    while (following := next_to_fetch(ordered, looked, CITED)) is not None:
        looked.append(Looked(following, False))
    assert len(looked) == 8


def test_equal_bytes_are_not_fetched_again_good_or_bad() -> None:
    same = listed("2017-03-20", SHA)
    ordered = candidates([listed("2017-03-01", SHA), same, listed("2017-03-10", OTHER)], CITED)
    first = next_to_fetch(ordered, [], CITED)
    assert first is not None and first.digest == f"sha1:{SHA}"
    # its bytes stand on the other side as well: nothing more is needed
    assert next_to_fetch(ordered, [Looked(first, True)], CITED) is None
    assert bracket_by_digest(first, ordered, CITED) == same
    # a bad one is not tried a second time by another date
    following = next_to_fetch(ordered, [Looked(first, False)], CITED)
    assert following is not None and following.digest == f"sha1:{OTHER}"


def test_one_memento_of_the_very_day_is_one_witness_not_two() -> None:
    same_day = listed("2017-03-04")
    ordered = candidates([same_day, AFTER], CITED)
    assert next_to_fetch(ordered, [], CITED) == same_day
    assert next_to_fetch(ordered, [Looked(same_day, True)], CITED) == AFTER


def test_spellings_are_those_that_an_index_does_not_fold_by_itself() -> None:
    url = "http://www.a.example/x/?utm_source=y"
    assert spellings(url) == (url, "http://www.a.example/x/")
    every = spellings(url, folds=False)
    assert {"https://www.a.example/x/", "http://a.example/x/", "http://www.a.example/x"} <= set(
        every
    )
    assert spellings("http://a.example/", aliases=["http://b.example/"], canonical="not a URL") == (
        "http://a.example/", "http://b.example/",
    )  # fmt: skip


def test_a_stamp_is_an_instant_without_its_marks() -> None:
    assert stamp_of("2017-03-04T10:11:12Z") == "20170304101112"


@pytest.mark.parametrize(
    "text",
    [
        "<" * 200_000,
        "<a>" + ";a=" * 60_000,
        '<http://a.example/>; rel="memento' + "x" * 200_000,
        "[" * 2_000,
        "[" + '["timestamp"],' * 60_000 + "[]]",
        '{"mementos": {"list": [' + "{}," * 60_000 + "{}]}}",
        "a b c d e f g\n" * 30_000,
        "{" * 100_000,
    ],
)
def test_a_hostile_list_costs_little_time_and_no_exception(text: str) -> None:
    began = time.process_time()
    for parse in (parse_cdx, parse_timemap):
        assert not parse(text).mementos
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a", "http://10.1.2.3:8080/", "http://[::1]/", "http://[fd00::1]/",
        "http://wiki/a", "https://localhost/", "https://wiki.internal/a", "http://nas.local.",
        "http://router.home.arpa/", "http://build.corp/log",
    ],
)  # fmt: skip
def test_a_public_archive_is_not_told_of_a_private_network(url: str) -> None:
    public = KNOWN["web.archive.org"]
    own = replace(public, raw="http://127.0.0.1:8080/all/{stamp}id_/{url}")
    assert not public.may_hear_of(url)
    assert own.may_hear_of(url)


@pytest.mark.parametrize(
    "url", ["https://example.org/", "http://8.8.8.8/a", "http://corp.example/"]
)
def test_every_archive_may_hear_of_what_is_public(url: str) -> None:
    assert all(archive.may_hear_of(url) for archive in KNOWN.values())
