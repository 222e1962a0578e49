"""Every parse and print of time; the only room that imports dateutil."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime

from dateutil import parser as dateutil_parser

from crawler.errors import BadDate

_DAY = re.compile(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})\s*")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)  # as we print it
# The whole day must be there: dateutil fills a missing month or day from today's date.
_BEGINS_WITH_DAY = re.compile(r"\s*\d{4}-(?:\d{1,2}|[A-Za-z]{3,9})-\d{1,2}(?!\d)")
# People mean three hours ahead by GMT+3, POSIX and dateutil three hours behind.
_SIGNED_NAME = re.compile(r"(?:UTC|GMT|Z)\s*[+-]", re.IGNORECASE)
_DAY_IN_PATH = re.compile(r"(?:^|/)(\d{4})/(\d{1,2})/(\d{1,2})(?=/|$)")
_STAMP = re.compile(r"\d{4}(?:\d\d){0,5}")
_MONTHS = {  # as people write them in English, German, French and Spanish; January first
    name: number
    for number, names in enumerate(
        (
            "january jan januar jänner janvier janv enero ene",
            "february feb februar feber février fevrier févr fevr febrero",
            "march mar märz maerz mär mrz mars marzo",
            "april apr avril avr abril abr",
            "may mai mayo",
            "june jun juni juin junio",
            "july jul juli juillet juil julio",
            "august aug août aout agosto ago",
            "september sep sept septembre septiembre setiembre",
            "october oct oktober okt octobre octubre",
            "november nov novembre noviembre",
            "december dec dezember dez décembre decembre déc diciembre dic",
        ),
        start=1,
    )
    for name in names.split()
}
_LETTERS = r"[^\W\d_]{3,10}"
_WRITTEN_DAY = re.compile(
    r"(?<!\d)(?:"
    r"(?P<y1>\d{4})(?:-|/|\.|\s?年\s?)(?P<m1>\d{1,2})(?:-|/|\.|\s?月\s?)(?P<d1>\d{1,2})"
    r"|(?P<d2>\d{1,2})\.\s?(?P<m2>\d{1,2})\.\s?(?P<y2>\d{4})"
    rf"|(?P<d3>\d{{1,2}})(?:\.|er|º|st|nd|rd|th)?[\s|]{{1,3}}(?:de\s|of\s)?(?P<m3>{_LETTERS})\.?,?"
    r"[\s|]{1,3}(?:de\s|del\s)?(?P<y3>\d{4})"
    rf"|(?P<m4>{_LETTERS})\.?\s(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?,?\s{{1,3}}(?P<y4>\d{{4}})"
    r")(?!\d)",
    re.IGNORECASE,
)


def utc_now() -> datetime:
    """Return the current instant in UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def format_instant(moment: datetime) -> str:
    """Return ``YYYY-MM-DDTHH:MM:SSZ``. A naive moment is taken as UTC."""
    if moment.tzinfo not in (None, UTC):
        moment = moment.astimezone(UTC)
    # strftime would not pad years before 1000 on Linux, and such texts would not sort.
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def parse_instant(text: str) -> datetime:
    """Return the UTC instant that a text names; a bare day means its beginning. Raises BadDate.

    Without a zone UTC is meant. A zone is an offset, Z, UTC or GMT: other names are ambiguous (CST
    is Chicago or Beijing). Only year-first forms are accepted: dateutil reads 04/03 as April.
    """
    try:
        return _parse(text).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError) as exc:  # an offset that leads out of the years 1 to 9999
        raise BadDate(text) from exc


def parse_day(text: str) -> str:
    """Return ``YYYY-MM-DD`` for a year-first date, unpadded ones (2017-03-4) too. Raises BadDate.

    Of an instant with a zone it is the day as written there, not the day that it was in UTC.
    """
    return _parse(text).date().isoformat()


def parse_feed_day(text: str) -> str | None:
    """Return the day that a feed names, as its author wrote it, whatever the zone; None: no date.

    RSS writes dates as mails do (RFC 822, ``Sun, 01 Mar 2026 23:30:00 +0100``), Atom and JSON Feed
    as RFC 3339 has it.
    """
    try:
        return parse_day(text.strip())
    except BadDate:
        pass
    try:
        return parsedate_to_datetime(text.strip()).date().isoformat()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def written_day(text: str) -> str | None:
    """Return the first day that a text names in words or figures; None: it names none.

    ``4 March 2017``, ``March 4, 2017``, ``4. März 2017``, ``1er mars 2017``,
    ``4 de marzo de 2017``, ``2017年3月4日``, ``04.03.2017`` and year-first forms. Not
    ``04/03/2017``, which is March or April, and no month without its day.
    """
    for match in _WRITTEN_DAY.finditer(text):
        found = {name[0]: part for name, part in match.groupdict().items() if part}
        month = found["m"]
        number = int(month) if month.isdecimal() else _MONTHS.get(month.casefold())
        if number is None:
            continue
        try:
            return date(int(found["y"]), number, int(found["d"])).isoformat()
        except ValueError:
            continue  # the 31st of a shorter month
    return None


def _parse(text: str) -> datetime:
    if _INSTANT.fullmatch(text):  # most of what is parsed is from the archive; dateutil takes 90 µs
        try:
            return datetime.fromisoformat(text)
        except ValueError as exc:
            raise BadDate(text) from exc
    if not _BEGINS_WITH_DAY.match(text) or _SIGNED_NAME.search(text):
        raise BadDate(text)
    day = _DAY.fullmatch(text)
    try:
        if day:
            year, month, number = (int(part) for part in day.groups())
            return datetime(year, month, number, tzinfo=UTC)
        moment = dateutil_parser.parse(text, tzinfos=_zone)
    except (ValueError, OverflowError) as exc:
        raise BadDate(text) from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _zone(name: str | None, offset_seconds: int | None) -> tzinfo | None:
    """Return the zone that dateutil found; None for none. Raises ValueError for a name alone."""
    if name is not None and name.upper() not in ("UTC", "GMT", "Z"):
        raise ValueError(f"ambiguous zone {name}")
    if name is None and offset_seconds is None:
        return None
    return timezone(timedelta(seconds=offset_seconds or 0))


def day_in_path(path: str) -> str | None:
    """Return the date in a path such as ``/news/2017/03/4/slug.md``; None when there is none."""
    for match in _DAY_IN_PATH.finditer(path):
        try:
            return date(*(int(part) for part in match.groups())).isoformat()
        except ValueError:
            continue  # numbers that only look like a date, as /1234/56/78/
    return None


def parse_stamp(digits: str) -> str | None:
    """Return the instant of a web archive's 4 to 14 digits (missing parts are first of their kind).

    None when the digits name no moment, as ``20171399``.
    """
    if not _STAMP.fullmatch(digits):
        return None
    padded = digits + "00000101000000"[len(digits) :]
    try:
        month, day, hour, minute, second = (int(padded[at : at + 2]) for at in range(4, 14, 2))
        return format_instant(datetime(int(padded[:4]), month, day, hour, minute, second))
    except ValueError:
        return None
