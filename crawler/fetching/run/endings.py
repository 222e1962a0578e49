"""What the end of a visit tells besides its outcome: the rows to judge, and the host's clock."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from crawler.archive import Archive, EndedVisit, Kept, Row
from crawler.dates import parse_instant
from crawler.fetching.run.visits import Visit, let_go_of_bodies
from crawler.items import Header, Hop

# Servers' clocks are a few seconds off; one of ours that is off by more dates evidence wrongly.
SKEW_NOTED = timedelta(minutes=5)
ANSWERS_ASKED = 100  # of a run, for the time that hosts told it


def ended_visit(visit: Visit, kept: Kept, run: int) -> EndedVisit:
    """Return a visit to a source that was written, as it will be judged: without its bodies."""
    assert visit.source is not None  # visits to entry pages are not judged
    let_go_of_bodies(visit)
    return EndedVisit(
        source=visit.source.id,
        run=run,
        hops=tuple(visit.hops),
        fetch=kept.fetches[-1],
        capture=kept.final_capture,
        payload=kept.final_payload,
    )


def skew_of(hop: Hop) -> timedelta | None:
    """Return how far a host's clock was before ours when it answered; None when it did not say."""
    return skew_in(hop.response_headers, hop.fetched_at, hop.elapsed_ms)


def skew_in(
    answered: Iterable[Header], fetched_at: str, elapsed_ms: int | None
) -> timedelta | None:
    """Return the same of the headers of an answer, and when by our clock it was asked for.

    An answer from a cache tells the time at which it went in.
    """
    headers = {name.lower(): value for name, value in answered}
    if "date" not in headers or "age" in headers:
        return None
    try:
        theirs = parsedate_to_datetime(headers["date"])
    except (ValueError, OverflowError, IndexError, TypeError):  # a header may hold anything
        return None
    ours = parse_instant(fetched_at) + timedelta(milliseconds=elapsed_ms or 0)
    return (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)) - ours


def true_beginning(archive: Archive) -> datetime | None:
    """Return when the first run of an archive began; None: there was none.

    By the clocks of the hosts that answered it, where these agree on another time than its own: a
    machine that is set up anew may not have been told the time yet.
    """
    told = archive.runs.first_began_at()
    if told is None:
        return None
    skews = [
        skew
        for row in archive.runs.first_answers(ANSWERS_ASKED)
        if (skew := _skew_of_row(row)) is not None
    ]
    skew = statistics.median_low(skews) if skews else timedelta()
    return parse_instant(told) + (skew if abs(skew) > SKEW_NOTED else timedelta())


def _skew_of_row(row: Row) -> timedelta | None:
    headers = json.loads(row["response_headers"] or "[]")
    return skew_in(headers, row["fetched_at"], row["elapsed_ms"])
