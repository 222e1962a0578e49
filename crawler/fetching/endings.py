"""What the end of a visit means: for the source's row, for its schedule, and for extraction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from crawler.archive import ExtractionJob, Finish, Kept
from crawler.dates import parse_instant
from crawler.fetching.visits import Visit
from crawler.items import Hop
from crawler.schedule import History, NextVisit, next_rung
from crawler.verdicts import LIVE


def finish_of(visit: Visit, kept: Kept, now: datetime, rest: timedelta | None) -> Finish:
    """Return what a visit to a source writes into the source's row.

    ``rest`` is what the host asked for at its end; None when it did not.
    """
    assert visit.source is not None  # visits to entry pages have no row to finish
    planned = _next_visit(visit, now, rest)
    etag, last_modified = validators_of(visit)
    return Finish(
        source=visit.source.id,
        outcome=visit.outcome,
        finished_at=now,
        due_at=planned.due_at,
        due_reason=planned.reason,
        good_capture=kept.final_capture if visit.outcome == "live-unverified" else None,
        etag=etag,
        last_modified=last_modified,
    )


def _next_visit(visit: Visit, now: datetime, rest: timedelta | None) -> NextVisit:
    """Plan the next visit. A first request to wait is a date; only repeated ones are a refusal."""
    source = visit.source
    assert source is not None
    if rest is not None and source.failures == 0:
        return NextVisit(now + rest, "the host asked to wait")
    history = History(
        _instant(source.first_captured_at),
        _instant(source.first_cited_on),
        0 if visit.outcome in LIVE else source.failures + 1,
    )
    return next_rung(history, visit.outcome, now)


def job_of(visit: Visit, kept: Kept) -> ExtractionJob | None:
    """Return the extraction that a visit asks for; None when it brought no good payload."""
    last = visit.last
    if last is None or visit.outcome != "live-unverified" or kept.final_payload is None:
        return None
    return ExtractionJob(
        payload=kept.final_payload,
        url=last.url,
        content_type=last.mime_declared,
        mime=last.mime_sniffed or "application/octet-stream",
        captured_on=last.fetched_at[:10],
    )


def validators_of(visit: Visit) -> tuple[str | None, str | None]:
    """Return ETag and Last-Modified of the final answer, where a next request may rely on them.

    After a redirect they belong to another URL than the one that will be asked, and a
    Last-Modified may match there by chance: then the page is read in full again.
    """
    last = visit.last
    if last is None or len({hop.url for hop in visit.hops}) > 1 or last.truncated:
        return None, None
    headers = {name.lower(): value for name, value in last.response_headers}
    return headers.get("etag"), headers.get("last-modified")


def skew_of(hop: Hop) -> timedelta | None:
    """Return how far a host's clock was before ours when it answered; None when it did not say.

    An answer from a cache tells the time at which it went in.
    """
    headers = {name.lower(): value for name, value in hop.response_headers}
    if "date" not in headers or "age" in headers:
        return None
    try:
        theirs = parsedate_to_datetime(headers["date"])
    except (ValueError, OverflowError, IndexError, TypeError):  # a header may hold anything
        return None
    ours = parse_instant(hop.fetched_at) + timedelta(milliseconds=hop.elapsed_ms or 0)
    return (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)) - ours


def _instant(text: str | None) -> datetime | None:
    return parse_instant(text) if text else None
