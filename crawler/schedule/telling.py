"""In words: why a source is due, or not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from crawler.dates import format_instant
from crawler.schedule.plans import ADAPTIVE, GROUNDS, NEWS, NextVisit, Past, Policy, describe


def explain_due(planned: NextVisit, past: Past, now: datetime, policy: Policy = ADAPTIVE) -> str:
    """Return one paragraph for a person: whether it is due, why then, and what could change it."""
    return " ".join(_sentences(planned, past, now, policy))


def _sentences(planned: NextVisit, past: Past, now: datetime, policy: Policy) -> Iterator[str]:
    yield f"{_when(planned.due_at, now)} because {GROUNDS[planned.grounds]} ({planned.reason})."
    if past.last_visited_at is None:
        return
    yield (
        f"It was last visited {_minute(past.last_visited_at)},"
        f" {describe(max(now - past.last_visited_at, now - now))} ago."
    )
    if planned.grounds in ("change", "tail") and past.first_captured_at is not None:
        yield _weighing(past, NEWS if "ladder" in planned.reason else policy)


def _when(due: datetime, now: datetime) -> str:
    if due <= now:
        late = now - due
        since = f" since {_minute(due)} ({describe(late)})" if late else " now"
        return f"Due{since},"
    return f"Due {_minute(due)}, in {describe(due - now)},"


def _weighing(past: Past, policy: Policy) -> str:
    if past.verdict.state not in ("live", "drifted"):
        return "What is concluded is looked at again in long steps, because pages come back."
    if policy.name == "news":
        return "Visits follow the fixed ladder, by the age of the source."
    return (
        f"It is taken for a source of the kind {past.kind}, and visited when"
        f" {policy.theta:.2f} further changes are expected, or sooner while it is young."
    )


def _minute(moment: datetime) -> str:
    return format_instant(moment)[:16].replace("T", " ") + " UTC"
