"""Dates: what is one, what instant it names, and how it is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.dates import (
    day_in_path,
    format_instant,
    parse_day,
    parse_instant,
    parse_stamp,
    utc_now,
)
from crawler.errors import BadDate, UsageError

INSTANTS = {
    "2017-03-04": "2017-03-04T00:00:00Z",
    "2017-03-4": "2017-03-04T00:00:00Z",  # as the entries write it
    "2017-3-4": "2017-03-04T00:00:00Z",
    " 2017-03-4\n": "2017-03-04T00:00:00Z",
    "2016-02-29": "2016-02-29T00:00:00Z",
    "0099-01-01": "0099-01-01T00:00:00Z",  # four digits of year, or texts would not sort
    "2018-02-06 13:49:30": "2018-02-06T13:49:30Z",  # a stamp in an entry's Changes
    "2018-2-6 3:49": "2018-02-06T03:49:00Z",
    "2018-02-06T13:49:30": "2018-02-06T13:49:30Z",
    "2018-02-06T13:49:30Z": "2018-02-06T13:49:30Z",
    "2018-02-06T13:49:30z": "2018-02-06T13:49:30Z",
    "2018-02-06T13:49:30.999999Z": "2018-02-06T13:49:30Z",
    "2018-02-06T13:49:30.123456789+00:00": "2018-02-06T13:49:30Z",
    "2018-02-06 13:49:30 UTC": "2018-02-06T13:49:30Z",
    "2018-02-06 13:49:30 GMT": "2018-02-06T13:49:30Z",
    "2018-02-06T13:49:30+08:00": "2018-02-06T05:49:30Z",
    "2018-02-06T13:49:30 +0530": "2018-02-06T08:19:30Z",
    "2018-02-06T13:49:30-05": "2018-02-06T18:49:30Z",
    "2018-01-01T00:30:00+01:00": "2017-12-31T23:30:00Z",
    "2017-03-04T10:00:00+00:00": "2017-03-04T10:00:00Z",
}

NO_DATES = [
    "",
    " ",
    "yesterday",
    "04/03/2017",
    "4 March 2017",
    "March 4, 2017",
    "20170304",
    "17-03-04",
    "1520171234",
    # half a date must not be filled up from today's
    "2017-",
    "2017-03",
    "2017-03-",
    "2017-03 10:00",
    "2017-00-10",
    "2017-13-04",
    "2017-13-04T10:00:00Z",  # never the 13th of April
    "2017-02-29",
    "2017-03-32",
    "2017-03-321",
    "0000-01-01",
    "2022-01.26",  # a malformed date of the corpus
    "2017-03-04T25:00:00Z",
    "2017-03-04T10:61:00Z",
    "2017-03-04 10:00 o'clock sharp",
    "2017/03/04",
    # zones that name several places, or a sign that is read both ways
    "2018-02-06 13:49:30 CST",
    "2018-02-06 13:49:30 EST",
    "2018-02-06 13:49:30 UTC+3",
    "2018-02-06 13:49:30 GMT-3",
    "2018-02-06T13:49:30+25:00",
    # out of the calendar once in UTC
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-05:00",
    "2017-03-04T\ud800",
    "2017-" + "9" * 10_000,
]

STAMPS = {
    "2017": "2017-01-01T00:00:00Z",
    "201703": "2017-03-01T00:00:00Z",
    "20170304": "2017-03-04T00:00:00Z",
    "2017030412": "2017-03-04T12:00:00Z",
    "201703041234": "2017-03-04T12:34:00Z",
    "20170304123456": "2017-03-04T12:34:56Z",
    "00990101": "0099-01-01T00:00:00Z",
    "": None,
    "201": None,
    "20171": None,
    "2017030412345": None,
    "201703041234567": None,
    "20171399": None,
    "20170229": None,
    "20170304240000": None,
    "20161231235960": None,
    "00000101": None,
    "2017-03-04": None,
    "2017x3": None,
    " 2017": None,
    "2017\n": None,
}

PATHS = {
    "/news/2017/03/4/slug.md": "2017-03-04",
    "/2017/03/04/": "2017-03-04",
    "2017/3/4": "2017-03-04",
    "https://example.com/a/2017/03/04/b": "2017-03-04",
    "/1234/56/78/2017/03/04/b": "2017-03-04",  # the first only looks like a date
    "/2017/03/04/2018/05/06/b": "2017-03-04",
    "/2017/02/30/b": None,
    "/2017/03/slug": None,
    "/2017/03/041/b": None,
    "/12017/03/04/b": None,
    "/2017-03-04/b": None,
    "": None,
}


@pytest.mark.parametrize(("text", "instant"), INSTANTS.items())
def test_an_instant_is_read_in_utc(text: str, instant: str) -> None:
    moment = parse_instant(text)
    assert moment.tzinfo is UTC
    assert moment.microsecond == 0
    assert format_instant(moment) == instant


@pytest.mark.parametrize("text", NO_DATES, ids=range(len(NO_DATES)))
@pytest.mark.filterwarnings("error")  # dateutil only warns of a zone that it does not know
def test_what_is_no_date(text: str) -> None:
    for parse in (parse_instant, parse_day):
        if parse is parse_day and text.startswith(("0001-", "9999-")):
            continue  # days as written, though no instants in UTC
        with pytest.raises(BadDate) as caught:
            parse(text)
        assert caught.value.text == text


def test_a_bad_date_is_the_callers_mistake() -> None:
    assert issubclass(BadDate, UsageError)
    assert "YYYY-MM-DD" in str(BadDate("tomorrow"))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2017-03-4", "2017-03-04"),
        ("2018-02-06 13:49:30", "2018-02-06"),
        # the day that the author wrote, not the one that it was in Greenwich
        ("2017-03-04T23:30:00-05:00", "2017-03-04"),
        ("2017-03-04T00:30:00+08:00", "2017-03-04"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01"),
    ],
)
def test_a_day_is_as_written(text: str, day: str) -> None:
    assert parse_day(text) == day


@pytest.mark.parametrize(("digits", "instant"), STAMPS.items())
def test_stamps_of_web_archives(digits: str, instant: str | None) -> None:
    assert parse_stamp(digits) == instant


@pytest.mark.parametrize(("path", "day"), PATHS.items())
def test_the_day_in_a_path(path: str, day: str | None) -> None:
    assert day_in_path(path) == day


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2017, 3, 4), "2017-03-04T00:00:00Z"),
        (datetime(2017, 3, 4, 12, 34, 56, 999_999, tzinfo=UTC), "2017-03-04T12:34:56Z"),
        (
            datetime(2017, 3, 4, 1, tzinfo=timezone(timedelta(hours=8))),
            "2017-03-03T17:00:00Z",
        ),
        (datetime(1, 1, 1), "0001-01-01T00:00:00Z"),
    ],
)
def test_instants_have_one_form(moment: datetime, text: str) -> None:
    assert format_instant(moment) == text


def test_now_is_in_utc_and_whole_seconds() -> None:
    now = utc_now()
    assert now.tzinfo is UTC
    assert now.microsecond == 0
    assert abs(datetime.now(UTC) - now) < timedelta(minutes=1)


def test_the_zone_of_the_machine_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "EST5EDT")
    time.tzset()
    try:
        assert format_instant(datetime(2017, 7, 4, 12)) == "2017-07-04T12:00:00Z"
        assert format_instant(parse_instant("2017-07-04 12:00")) == "2017-07-04T12:00:00Z"
        with pytest.raises(BadDate):
            parse_instant("2017-07-04 12:00 EST")  # dateutil would take it for the machine's own
    finally:
        monkeypatch.undo()
        time.tzset()


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_can_be_read(moment: datetime) -> None:
    text = format_instant(moment)
    assert parse_instant(text) == moment.replace(microsecond=0)
    assert parse_day(text) == text[:10]
    assert parse_stamp("".join(filter(str.isdigit, text))) == text


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_instants_sort_as_text(one: datetime, other: datetime) -> None:
    one, other = one.replace(microsecond=0), other.replace(microsecond=0)
    assert (format_instant(one) < format_instant(other)) == (one < other)


@settings(deadline=None)
@given(
    st.one_of(
        st.text(max_size=30),
        st.text("0123456789-:+TZ. GMTUC", max_size=30),
        st.from_regex(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[ T][0-9:]{1,8}[ +-]?.{0,6}", fullmatch=True),
    )
)
def test_any_text_is_a_date_or_bad(text: str) -> None:
    try:
        moment = parse_instant(text)
    except BadDate:
        return
    assert len(format_instant(moment)) == len("2017-03-04T12:34:56Z")
    assert parse_instant(text) == moment
