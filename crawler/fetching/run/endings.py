"""What the end of a visit tells besides its outcome: the rows to judge, and the host's clock."""

from __future__ import annotations

from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

from crawler.archive import EndedVisit, Kept
from crawler.dates import parse_instant
from crawler.fetching.run.visits import Visit, let_go_of_bodies
from crawler.items import Hop


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
