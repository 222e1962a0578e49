"""Judging the visits of one run, one transaction a visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from crawler.archive import Archive, EndedVisit, ExtractionJob, GoodCopy, Plan
from crawler.comparison.measures import measure
from crawler.conclusion.hosts import Hosts, OnIncident
from crawler.conclusion.keeping import Keeping
from crawler.conclusion.planning import past_of, plan_next_visit, verdict_on
from crawler.dates import parse_instant
from crawler.extraction.extractors import extractor_for
from crawler.items import OWN
from crawler.schedule import ADAPTIVE, Policy
from crawler.verdicts import LIVE
from crawler.verdicts.concluding import conclude
from crawler.verdicts.hysteresis import SIMILAR_FROM
from crawler.verdicts.judging import judge
from crawler.verdicts.observation import Judgement, Observation
from crawler.verdicts.state import Override, Seen, Verdict

# When a visit was judged, and how long its host asked to be left alone then; None: it did not ask.
Asked = tuple[datetime, timedelta | None]
_NOTHING_ASKED: Mapping[int, Asked] = MappingProxyType({})


class Conclusion:
    """Judges the visits of one run."""

    def __init__(
        self,
        archive: Archive,
        run: int | None = None,
        *,
        policy: Policy = ADAPTIVE,
        on_incident: OnIncident = lambda host, until: None,
    ) -> None:
        self._archive = archive
        self._run = run  # None: no visits are made
        self._policy = policy
        self._hosts = Hosts(archive, run, on_incident)
        self._keeping = Keeping(archive)

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
            incident = self._hosts.note(visit, judgement, now)
            self._write(visit, judgement, seen, good, incident=incident, now=now)
            history, verdict = verdict_on(self._archive, visit.source)
            self._archive.judgements.save_verdict(visit.source, verdict, run=self._run, now=now)
            self._plan(visit, judgement, history, verdict, (now, rest))
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
                incident = incidents.get(visit.fetch)
                self._write(visit, judgement, seen, good, incident=incident, now=then)
                history, verdict = verdict_on(self._archive, source)
                if visit.origin == OWN:  # the schedule is that of our own visits
                    said = asked.get(visit.fetch, (then, None))
                    self._plan(visit, judgement, history, verdict, said)
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
        *,
        incident: int | None,
        now: datetime,
    ) -> None:
        """Write an outcome and what it does to the copy, the versions and the host's titles."""
        self._archive.judgements.save_outcome(
            visit, judgement, incident=incident, now=now,
            to_cited=self._to_cited(visit.source, judgement, seen),
        )  # fmt: skip
        if visit.origin == OWN:
            self._hosts.learn_titles(visit, seen, now)
        self._keeping.keep(visit, judgement, seen, good)

    def _to_cited(self, source: int, judgement: Judgement, seen: Observation) -> float | None:
        """Return how alike a text is to the one that was cited; None where the copy is like it.

        A text that drifted away becomes the copy that later ones are measured by: only this tells
        that the first one came back.
        """
        measures, article = judgement.measures, seen.article
        if measures is None or measures.similarity >= SIMILAR_FROM or article is None:
            return None
        cited = self._archive.versions.cited_text(source)
        return measure(cited, article.text).share_that_stands if cited and article.text else None

    def _plan(
        self,
        visit: EndedVisit,
        judgement: Judgement,
        history: Sequence[Seen],
        verdict: Verdict,
        asked: Asked,
    ) -> None:
        if judgement.outcome == "local-fault":
            return  # the source's row stays as it was; its host was left alone
        state = self._archive.judgements.source(visit.source)
        past = past_of(state, history, verdict)
        now, rest = asked
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
