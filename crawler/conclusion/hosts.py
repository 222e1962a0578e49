"""What the visits of one run show of a host: that it fails as a whole, and how it titles pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crawler.archive import Archive, EndedVisit
from crawler.archive.writing.visits import is_home
from crawler.urls import host_key
from crawler.verdicts.hysteresis import is_incident
from crawler.verdicts.observation import Judgement, Observation

OnIncident = Callable[[str, datetime], object]  # told of a host that fails, and until when it rests

# A host that fails as a whole is left alone for so long.
INCIDENT_REST = timedelta(hours=6)
# These say something of the host, whatever was at the address; others only of what we once held.
_HOST_FAILURES = frozenset({"dead-host", "server-error", "blocked"})
_ABSENCES = frozenset({"gone", "soft-404", "parked", "usurped"})


@dataclass(slots=True)
class _HostRecord:
    """Which sources of a host were visited in a run, and which of them failed."""

    visited: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    incident: int | None = None


class Hosts:
    """The hosts of the sources that one run visits."""

    def __init__(self, archive: Archive, run: int | None, on_incident: OnIncident) -> None:
        self._archive = archive
        self._run = run  # None: no visits are made, so no incidents can begin
        self._on_incident = on_incident
        self._records: dict[str, _HostRecord] = defaultdict(_HostRecord)

    def note(self, visit: EndedVisit, judgement: Judgement, now: datetime) -> int | None:
        """Return the incident of which a failure is part; None when it stands for itself."""
        host = host_key(visit.hops[0].url)
        record = self._records[host]
        if judgement.outcome == "local-fault":
            return None
        record.visited.add(visit.source)
        if not self._tells_of_host(visit.source, judgement.outcome):
            return None
        record.failed.add(visit.source)
        if self._run is not None and is_incident(len(record.visited), len(record.failed)):
            self._begin_incident(host, self._run, record, now)
        return record.incident

    def _tells_of_host(self, source: int, outcome: str) -> bool:
        if outcome in _HOST_FAILURES:
            return True
        return outcome in _ABSENCES and self._archive.judgements.source(source).verdict == "live"

    def _begin_incident(self, host: str, run: int, record: _HostRecord, now: datetime) -> None:
        judgements = self._archive.judgements
        began = record.incident is None
        record.incident = judgements.begin_incident(
            host, run, visited=len(record.visited), failed=len(record.failed), now=now
        )
        if began:
            judgements.join_incident(record.incident, run, host)
            self._on_incident(host, now + INCIDENT_REST)

    def learn_titles(self, visit: EndedVisit, seen: Observation, now: datetime) -> None:
        """Keep the titles of error pages and of home pages: others are known by them."""
        title = seen.facts.title if seen.facts else None
        if not title:
            return
        url, status = visit.last.url, visit.last.status
        if status in (404, 410):
            self._archive.neighbourhood.save_title(host_key(url), "error", title, now=now)
        elif status == 200 and is_home(url):
            self._archive.neighbourhood.save_title(host_key(url), "home", title, now=now)
