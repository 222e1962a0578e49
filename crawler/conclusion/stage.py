"""Judging the visits of one run, one transaction a visit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType

from crawler.archive import Accepted, Archive, EndedVisit, ExtractionJob, GoodCopy, Plan
from crawler.archive.writing.observing import is_home
from crawler.comparison.change import Change
from crawler.comparison.comparing import compare
from crawler.comparison.measures import measure
from crawler.conclusion.planning import past_of, plan_next_visit, validators_of, verdict_on
from crawler.dates import parse_instant
from crawler.extraction.extractors import extractor_for
from crawler.items import BY_HAND, OWN, Article
from crawler.passages import anchors_of, can_be_found, standings_of
from crawler.schedule import ADAPTIVE, Policy
from crawler.urls import host_key
from crawler.verdicts import LIVE
from crawler.verdicts.concluding import conclude
from crawler.verdicts.hysteresis import SIMILAR_FROM, is_incident
from crawler.verdicts.judging import judge
from crawler.verdicts.observation import Judgement, Observation
from crawler.verdicts.state import Override, Seen, Verdict

# A host that fails as a whole is left alone for so long.
INCIDENT_REST = timedelta(hours=6)
# These say something of the host, whatever was at the address; others only of what we once held.
_HOST_FAILURES = frozenset({"dead-host", "server-error", "blocked"})

# When a visit was judged, and how long its host asked to be left alone then; None: it did not ask.
Asked = tuple[datetime, timedelta | None]
_NOTHING_ASKED: Mapping[int, Asked] = MappingProxyType({})


@dataclass(slots=True)
class _HostRecord:
    """Which sources of a host were visited in a run, and which of them failed."""

    visited: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    incident: int | None = None


class Conclusion:
    """Judges the visits of one run."""

    def __init__(
        self,
        archive: Archive,
        run: int | None = None,
        *,
        policy: Policy = ADAPTIVE,
        on_incident: Callable[[str, datetime], object] = lambda host, until: None,
    ) -> None:
        self._archive = archive
        self._run = run  # None: no visits are made, so no incidents can begin
        self._policy = policy
        self._on_incident = on_incident  # told of a host that fails, and how long it should rest
        self._hosts: dict[str, _HostRecord] = defaultdict(_HostRecord)

    def wanting(self, visit: EndedVisit) -> list[ExtractionJob]:
        """Return what must be read before a visit can be judged.

        Its own payload; and the good copy's again where an older extractor read it: two extractors
        find two texts in one page, and that is no change of the source.
        """
        jobs = self._archive.articles.job_of(visit)
        if visit.last.outcome not in LIVE:
            return jobs
        good = self._archive.observing.good_copy(visit.source, visit)
        if good is None or good.payload == visit.payload:
            return jobs
        if good.article and good.article.extractor != extractor_for(good.article.mime):
            jobs += self._archive.articles.job_of_capture(good.capture)
        return jobs

    def conclude(
        self,
        visit: EndedVisit,
        *,
        now: datetime,
        rest: timedelta | None = None,
        final: bool = False,
    ) -> Judgement | None:
        """Judge a visit and write all that follows from it, in one transaction.

        Returns the judgement. ``rest`` is what the host asked for at the visit's end; None when it
        did not. None comes back where a page beside it should be asked for first, and nothing is
        written; never when ``final``. A visit that is judged out of its turn has all visits to its
        source judged anew.
        """
        if self._is_out_of_turn(visit):
            anew = self._conclude_anew(visit.source, now)
            if visit.fetch in anew:  # it is not where the source was forgotten
                return anew[visit.fetch]
        with self._archive.writing():
            good = self._archive.observing.good_copy(visit.source, visit)
            seen = self._archive.observing.observation(visit, good, now)
            judgement = judge(seen)
            if judgement.wants_probe and not final:
                return None
            incident = self._note_host(visit, judgement, now)
            self._write(visit, judgement, seen, good, incident, now)
            history, verdict = self._conclude(visit.source)
            self._archive.judgements.save_verdict(visit.source, verdict, run=self._run, now=now)
            self._plan(visit, judgement, history, verdict, now, rest)
        return judgement

    def _is_out_of_turn(self, visit: EndedVisit) -> bool:
        if visit.origin != OWN:
            return True
        return visit.run != self._run and self._archive.observing.was_overtaken(visit)

    def conclude_again(self, source: int, *, now: datetime) -> int:
        """Judge all visits to a source anew, by today's rules; return how many there were.

        What was derived is taken back first. The verdict is concluded once, at the end, so that its
        history is not written a second time. Incidents stay as they were seen. A source that was
        forgotten keeps its judgements: what they rested on is gone.
        """
        return len(self._conclude_anew(source, now))

    def conclude_by_others(self, source: int, asked: Mapping[int, Asked], *, now: datetime) -> None:
        """Judge a source anew because of what this run found at other sources after it was judged.

        The verdict is one of this run, and the schedule keeps to what the host asked for at the end
        of this run's visits (by their last fetches).
        """
        self._conclude_anew(source, now, run=self._run, asked=asked)

    def _conclude_anew(
        self,
        source: int,
        now: datetime,
        *,
        run: int | None = None,
        asked: Mapping[int, Asked] = _NOTHING_ASKED,
    ) -> dict[int, Judgement]:
        """Judge all visits to a source, and return the judgements by the visits' last fetches."""
        judgements: dict[int, Judgement] = {}
        visits = self._archive.observing.visits_of(source)
        if not visits or self._archive.withholding.state(source) == "forgotten":
            return judgements
        with self._archive.writing():
            incidents = self._archive.judgements.forget(source)
            for visit in visits:
                good = self._archive.observing.good_copy(source, visit)
                then = parse_instant(visit.last.fetched_at)
                seen = self._archive.observing.observation(visit, good, then)
                judgement = judgements[visit.fetch] = judge(seen)
                self._write(visit, judgement, seen, good, incidents.get(visit.fetch), then)
                history, verdict = self._conclude(source)
                if visit.origin == OWN:  # the schedule is that of our own visits
                    at, rest = asked.get(visit.fetch, (then, None))
                    self._plan(visit, judgement, history, verdict, at, rest)
            self._archive.judgements.save_verdict(source, verdict, run=run, now=now)
            self._archive.frontier.judged(source)
        return judgements

    def override(self, source: int, said: Override | None, *, now: datetime) -> Verdict:
        """Write what a person says of a source, or withdraw it (None), and return the verdict."""
        with self._archive.writing():
            verdict = conclude(self._archive.judgements.history(source), override=said)
            self._archive.judgements.save_verdict(source, verdict, run=None, now=now)
        return verdict

    def _write(
        self,
        visit: EndedVisit,
        judgement: Judgement,
        seen: Observation,
        good: GoodCopy | None,
        incident: int | None,
        now: datetime,
    ) -> None:
        """Write an outcome and what it does to the copy, the versions and the host's titles."""
        self._archive.judgements.save_outcome(
            visit, judgement, incident=incident, now=now,
            to_cited=self._to_cited(visit.source, judgement, seen),
        )  # fmt: skip
        if visit.origin == OWN:
            self._learn_titles(visit, seen, now)
        self._keep(visit, judgement, seen, good)

    def _to_cited(self, source: int, judgement: Judgement, seen: Observation) -> float | None:
        """Return how alike a text is to the one that was cited; None where the copy is like it.

        A text that drifted away becomes the copy that later ones are measured by: only this tells
        that the first one came back.
        """
        measures, article = judgement.measures, seen.article
        if measures is None or measures.similarity >= SIMILAR_FROM or article is None:
            return None
        cited = self._archive.judgements.cited_text(source)
        return measure(cited, article.text).share_that_stands if cited and article.text else None

    # What is held

    def _keep(
        self, visit: EndedVisit, judgement: Judgement, seen: Observation, good: GoodCopy | None
    ) -> None:
        """Take over a good answer: as copy, as version, as change. A bad one touches nothing.

        One from elsewhere that a better copy stands above is a version beside it.
        """
        if judgement.outcome not in LIVE or visit.capture is None:
            return
        rank = _rank(visit.origin) - (_rank(good.origin) if good else 0)
        change = None
        if good is None or good.payload != visit.payload:
            change = self._compare(visit, seen, good)
        if good is not None and rank < 0:
            self._note_version(visit, seen.article, change)
            return
        if good is not None and change is not None:
            self._archive.judgements.save_change(visit, good.capture, change)
        if good is None or good.payload != visit.payload or rank > 0:
            self._accept(visit)
        if good is not None and good.came_again(visit):
            self._show_again(visit, good)
        else:
            self._show(visit, seen.article, change)

    def _accept(self, visit: EndedVisit) -> None:
        assert visit.capture is not None
        # a "not modified" must confirm an answer that we had ourselves
        etag, last_modified = validators_of(visit.hops) if visit.origin == OWN else (None, None)
        self._archive.frontier.accept(
            Accepted(visit.source, visit.capture, visit.last.fetched_at, etag, last_modified)
        )

    def _compare(
        self, visit: EndedVisit, seen: Observation, good: GoodCopy | None
    ) -> Change | None:
        """Return what differs from the good copy; None: nothing, or not comparable."""
        before, after = seen.good, seen.article
        if good is None or before is None or after is None or not (before.text and after.text):
            return None
        change = compare(before, after, shared_lines=frozenset())
        if change.told or change.change_class == "extended":  # else they are not worth reading
            lines = self._archive.observing.lines_elsewhere(visit.source)
            change = compare(before, after, shared_lines=lines) if lines else change
        return None if change.change_class in ("same-text", "extractor-change") else change

    def _note_version(
        self, visit: EndedVisit, article: Article | None, change: Change | None
    ) -> None:
        """Keep the text of a capture that does not become the copy as a version, where it is one.

        The version that the source shows stays what it is.
        """
        if change is None or article is None or change.change_class in _NO_NEW_VERSION:
            return
        row = self._archive.observing.article_row(visit.payload) if visit.payload else None
        if row is not None:
            self._archive.judgements.show_version(visit, article, row)

    def _show(self, visit: EndedVisit, article: Article | None, change: Change | None) -> None:
        """Bring the source's version up to date."""
        if article is None or not article.text or visit.payload is None:
            return
        judgements = self._archive.judgements
        row = self._archive.observing.article_row(visit.payload)
        assert row is not None
        current = judgements.version(visit.source)
        if current is not None and (change is None or change.change_class in _NO_NEW_VERSION):
            judgements.touch_version(current.id, visit.last.fetched_at)
            if current.article != row:
                judgements.refresh_version(current.id, article, row)
            version = current.id
        else:
            version = judgements.show_version(visit, article, row).id
            judgements.set_version(visit.source, version)
        text = article.text
        self._check_passages(visit, lambda: text, version)

    def _show_again(self, visit: EndedVisit, good: GoodCopy) -> None:
        """Note that the version was seen again; its text is read only where somebody wants it."""
        version = self._archive.judgements.version_of(visit.source, good.payload)
        if version is None:
            self._show(visit, self._archive.observing.article(good.payload), None)
            return
        self._archive.judgements.touch_version(version, visit.last.fetched_at)
        if self._archive.passages.wait(visit.source, version):
            self._check_passages(visit, cache(lambda: self._text_of(good.payload)), version)

    def _text_of(self, payload: str) -> str:
        article = self._archive.observing.article(payload)
        return (article and article.text) or ""

    def _check_passages(self, visit: EndedVisit, text: Callable[[], str], version: int) -> None:
        """Find what new citations rest on, and see whether all of it stands in a version.

        Of a version of which nobody wants anything the ``text`` is not read.
        """
        passages, seen_at = self._archive.passages, visit.last.fetched_at
        for citation, claim in passages.without_anchors(visit.source):
            if can_be_found(claim):
                passages.save_anchors(citation, anchors_of(claim, text()), version, now=seen_at)
        unchecked = passages.unchecked(visit.source, version)
        standings = standings_of((anchor for _, anchor in unchecked), text()) if unchecked else ()
        for (anchor, _), standing in zip(unchecked, standings, strict=True):
            passages.save_standing(anchor, version, standing, now=seen_at)

    # What is concluded

    def _conclude(self, source: int) -> tuple[tuple[Seen, ...], Verdict]:
        return verdict_on(self._archive, source)

    def _plan(
        self,
        visit: EndedVisit,
        judgement: Judgement,
        history: Sequence[Seen],
        verdict: Verdict,
        now: datetime,
        rest: timedelta | None,
    ) -> None:
        if judgement.outcome == "local-fault":
            return  # the source's row stays as it was; its host was left alone
        state = self._archive.judgements.source(visit.source)
        past = past_of(state, history, verdict)
        planned = plan_next_visit(state, past, rest=rest, now=now, policy=self._policy)
        self._archive.frontier.plan(
            Plan(
                source=visit.source,
                outcome=judgement.outcome,
                due_at=planned.due_at,
                due_reason=planned.reason,
                priority=planned.priority,
            )
        )

    # Hosts

    def _note_host(self, visit: EndedVisit, judgement: Judgement, now: datetime) -> int | None:
        """Return the incident of which a failure is part; None when it stands for itself."""
        host = host_key(visit.hops[0].url)
        record = self._hosts[host]
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
        missing = outcome not in LIVE and outcome in ("gone", "soft-404", "parked", "usurped")
        return missing and self._archive.judgements.source(source).verdict == "live"

    def _begin_incident(self, host: str, run: int, record: _HostRecord, now: datetime) -> None:
        judgements = self._archive.judgements
        began = record.incident is None
        record.incident = judgements.begin_incident(
            host, run, visited=len(record.visited), failed=len(record.failed), now=now
        )
        if began:
            judgements.join_incident(record.incident, run, host)
            self._on_incident(host, now + INCIDENT_REST)

    def _learn_titles(self, visit: EndedVisit, seen: Observation, now: datetime) -> None:
        """Keep the titles of error pages and of home pages: others are known by them."""
        title = seen.facts.title if seen.facts else None
        if not title:
            return
        url, status = visit.last.url, visit.last.status
        if status in (404, 410):
            self._archive.judgements.save_title(host_key(url), "error", title, now=now)
        elif status == 200 and is_home(url):
            self._archive.judgements.save_title(host_key(url), "home", title, now=now)


def _rank(origin: str) -> int:
    """Return whose capture is preferred as the copy: ours, another program's, a person's."""
    return 2 if origin == OWN else 0 if origin == BY_HAND else 1


_NO_NEW_VERSION = frozenset({"same-text", "links", "boilerplate", "extractor-change"})
