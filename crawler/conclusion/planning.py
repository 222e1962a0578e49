"""What a judged visit means for the source's row: when to look again, and by which validators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from crawler.archive import Archive
from crawler.archive.writing.judgements import SourceState
from crawler.dates import parse_instant
from crawler.items import Hop
from crawler.schedule import (
    ADAPTIVE,
    POLICIES,
    NextVisit,
    Past,
    Policy,
    kind_of,
    next_visit,
    priority,
    wants_full_read,
)
from crawler.verdicts.concluding import conclude
from crawler.verdicts.state import Seen, Verdict


@dataclass(frozen=True, slots=True)
class Planned:
    """When to look again, why, and how urgent it is among what is due."""

    due_at: datetime
    reason: str
    priority: int


def plan_next_visit(
    state: SourceState,
    past: Past,
    *,
    rest: timedelta | None,
    now: datetime,
    policy: Policy = ADAPTIVE,
) -> Planned:
    """Plan the next visit. A first request to wait is a date; only repeated ones are a refusal."""
    planned = next_visit(past, policy, now)
    if rest is not None and state.failures == 0:
        planned = NextVisit(now + rest, "the host asked to wait", "again")
    urgency = priority(
        planned,
        captured=state.first_captured_at is not None,
        cited_on=date.fromisoformat(state.first_cited_on) if state.first_cited_on else None,
        citing_entries=state.entries,
    )
    return Planned(planned.due_at, planned.reason, urgency)


def policy_of(archive: Archive) -> Policy:
    """Return the schedule of the last crawl: what is judged between two is planned as in them."""
    name = archive.runs.latest_setting("SOURCEKEEP_SCHEDULE")
    return POLICIES.get(name or ADAPTIVE.name, ADAPTIVE)


def verdict_on(archive: Archive, source: int) -> tuple[tuple[Seen, ...], Verdict]:
    """Return the judged visits to a source, and the verdict that they and a person's word give."""
    history = archive.judgements.history(source)
    return history, conclude(history, override=archive.judgements.override(source))


def past_of(state: SourceState, history: Sequence[Seen], verdict: Verdict) -> Past:
    """Return what the schedule must know of a source."""
    return Past(
        url=state.url,
        verdict=verdict,
        kind=kind_of(state.url, state.mime, state.canonical),
        last_visited_at=history[-1].at if history else None,
        visited_before_at=history[-2].at if len(history) > 1 else None,
        first_captured_at=_instant(state.first_captured_at),
        published_on=_instant(state.published_on),
        first_cited_on=_instant(state.first_cited_on),
        changes=max(state.versions - 1, 0),
        last_changed_at=_instant(state.version_since) if state.versions > 1 else None,
        edited_at=_instant(state.cited_anew_at),
        steady=state.etag is not None and state.payloads == 1,
    )


def _last_full_read(history: Sequence[Seen]) -> datetime | None:
    whole = (seen.at for seen in reversed(history) if "not-modified" not in seen.reasons)
    return next(whole, None)


def may_ask_conditionally(archive: Archive, source: int, now: datetime) -> bool:
    """Tell whether a 304 would do. Now and then the whole page is wanted: some servers always say
    "not modified", and while something is suspected an old confirmation is no answer.
    """
    history, verdict = verdict_on(archive, source)
    return not wants_full_read(verdict, _last_full_read(history), now)


def validators_of(hops: Sequence[Hop]) -> tuple[str | None, str | None]:
    """Return ETag and Last-Modified of the final answer, where a next request may rely on them.

    After a redirect they belong to another URL than the one that will be asked, and a
    Last-Modified may match there by chance: then the page is read in full again.
    """
    last = hops[-1]
    if len({hop.url for hop in hops}) > 1 or last.truncated:
        return None, None
    headers = {name.lower(): value for name, value in last.response_headers}
    return headers.get("etag"), headers.get("last-modified")


def _instant(text: str | None) -> datetime | None:
    return parse_instant(text) if text else None
