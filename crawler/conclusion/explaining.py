"""Why a source is due or not, and why its verdict is what it is: in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from crawler.archive import Archive, Row
from crawler.conclusion.planning import past_of, policy_of, verdict_on
from crawler.dates import parse_instant
from crawler.schedule import Past, Policy, explain_due, next_visit
from crawler.verdicts.telling import explain_verdict, url_status


@dataclass(frozen=True, slots=True)
class Explanation:
    """What ``why`` says of a source."""

    verdict: str  # sentences
    due: str  # sentences
    url_status: str | None  # what Wikipedia's templates call the state; None: no word for it


def explain(archive: Archive, source: int, now: datetime) -> Explanation:
    """Explain a source as the archive knows it, at ``now``."""
    history, verdict = verdict_on(archive, source)
    state = archive.judgements.source(source)
    past = past_of(state, history, verdict)
    row = archive.reading.source(str(source))
    return Explanation(
        verdict=explain_verdict(verdict, history),
        due=_explain_barred(row)
        or _explain_due(row["due_at"], row["due_reason"], past, now, policy_of(archive)),
        url_status=url_status(verdict),
    )


def _explain_barred(row: Row) -> str | None:
    if row["barred_by"] is None:
        return None
    why = f": {row['barred_reason']}" if row["barred_reason"] else ""
    return (
        f"It is never fetched, because {row['barred_by']} is barred since"
        f" {row['barred_since'][:10]}{why}."
    )


def _explain_due(
    due_at: str | None, reason: str | None, past: Past, now: datetime, policy: Policy
) -> str:
    """The date in the archive counts: somebody may have set it, or a host asked to wait."""
    if due_at is None:
        return "It is not visited any more: somebody has taken it out of the schedule."
    planned, due = next_visit(past, policy, now), parse_instant(due_at)
    stored = replace(planned, due_at=due, reason=reason or planned.reason)
    return explain_due(stored, past, now, policy)
