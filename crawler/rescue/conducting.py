"""One source from the wish to have another's copy of it to the end of the attempt."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from crawler.archive import Archive
from crawler.archive.elsewhere.rescuing import Ending
from crawler.archive.elsewhere.wanting import CitedMemento
from crawler.digests import sha1_of
from crawler.errors import PayloadDamaged
from crawler.fetching.run.session import Session
from crawler.mementos.choosing import Cited, Looked, candidates, next_to_fetch
from crawler.mementos.grading import Graded, Witness, grade
from crawler.mementos.listing import Listed
from crawler.mementos.registry import WebArchive
from crawler.mementos.replies import Result
from crawler.rescue.asking import DATA_FAULTS, Archives, NotAsked
from crawler.rescue.attempts import Attempt, Homecoming, told
from crawler.rescue.fetching import Look, named_by
from crawler.rescue.searching import Located, Search, locate
from crawler.schedule.kinds import kind_of

T = TypeVar("T")
_log = logging.getLogger(__name__)

KNOWN_MAX: Final = 16  # mementos of a source that are noted without being fetched
LATER: Final = timedelta(hours=1)
KEPT_BACK: Final = 2  # fetches for another address, where a memento names one
PUT_OFF: Final = timedelta(days=1)


class Conductor:
    """Rescues the sources of one run, each by itself."""

    def __init__(self, session: Session, archives: Archives, *, fetches_max: int) -> None:
        self._session = session
        self._archives = archives
        self._fetches_max = fetches_max

    @property
    def _archive(self) -> Archive:
        return self._session.archive

    async def bring_home(self, source: int) -> Homecoming:
        """Ask the archives for one source, and keep what they have of it.

        Where its own data cannot be worked with, it is put off for a day, and says why.
        """
        try:
            return await self._bring_home(self._begin(source))
        except DATA_FAULTS as fault:
            return self._put_off(source, str(fault))

    def _put_off(self, source: int, why: str) -> Homecoming:
        _log.error("source %d: %s", source, why)
        rescuing, now = self._archive.rescuing, self._now()
        self._session.write(
            lambda: rescuing.settle(source, "none-good", now, again_at=now + PUT_OFF)
        )
        url = self._archive.reading.source(str(source))["url"]
        return Homecoming(source, url, "none-good", why=why)

    async def _bring_home(self, state: Attempt) -> Homecoming:
        for cited in state.wanted.cited_mementos:
            await self._try(self._cited_first, state, cited)
        for step in (self._from_archive, self._from_elsewhere):
            for archive in self._archives.known:
                if self._session.lost is not None:
                    break
                if archive.may_hear_of(state.wanted.url):
                    await self._try(step, state, archive)
                if self._is_enough(state):
                    return self._end(state)
        return self._end(state)

    def _is_enough(self, state: Attempt) -> bool:
        return bool(state.fetched) or state.ours is not None

    def _begin(self, source: int) -> Attempt:
        expected = self._archive.observing.expectation(source)
        wanted = self._archive.wanting.wanted(source, expected)
        own = self._archive.articles.of(wanted.good_payload)
        state = Attempt(wanted, Cited.on(wanted.cited_on), own)
        for row in self._archive.testimony.mementos(source):
            if row["state"] == "rejected" and row["memento_datetime"] and not row["claimed"]:
                memento = _listed(row["memento_datetime"], row["digest"], row["uri_m"])
                state.looked.append(Looked(memento, good=False))
                state.named += named_by(self._archive.articles.facts_of(row["payload"]))
        return state

    async def _try(
        self, step: Callable[[Attempt, T], Awaitable[None]], state: Attempt, what: T
    ) -> None:
        """Take one step; an archive that must rest ends it, and is remembered."""
        try:
            await step(state, what)
        except NotAsked as refusal:
            state.refusals.append(refusal)

    async def _cited_first(self, state: Attempt, cited: CitedMemento) -> None:
        """Fetch the memento that an entry cites, where its archive may be asked."""
        at = cited.memento_datetime
        memento = Listed(at or "", cited.original, uri_m=cited.uri_m)
        archive = self._archives.by_id(cited.archive)
        located = None
        if archive is not None and cited.original is not None and at is not None:
            located = locate(archive, cited.uri_m, memento)
        if located is None:
            self._know(state, cited.archive, memento, "citation")
            return
        state.located[located.memento] = located
        self._know(state, located.archive.id, located.memento, "citation")
        await self._look_at(state, located.memento)

    async def _from_archive(self, state: Attempt, archive: WebArchive) -> None:
        """Search one archive and fetch what it lists, until enough is known."""
        refusal = self._archives.rests(archive)
        if refusal is not None:
            raise refusal
        found, located = await self._search(state, archive).ask()
        state.results[archive.id] = found.result
        for each in located:
            state.located.setdefault(each.memento, each)
        self._note_our_bytes(state)
        if state.ours is not None:
            return
        while (following := self._next(state)) is not None:
            await self._look_at(state, following)
        self._note_the_nearest(state)

    async def _from_elsewhere(self, state: Attempt, archive: WebArchive) -> None:
        """Search one archive under other addresses of the page; only what is proved is taken."""
        for each in state.further:
            if self._session.lost is not None or state.fetched:
                return
            refusal = self._archives.rests(archive)
            if refusal is not None:
                raise refusal
            found, located = await self._search(state, archive).ask(each)
            if found.result not in ("found", "none-found"):
                state.results[archive.id] = found.result
                return
            fresh = {at.memento: at for at in located if at.memento not in state.located}
            state.located |= fresh
            ordered = candidates(fresh, state.cited)
            while (following := self._next(state, ordered)) is not None:
                await self._look_at(state, following)
            self._note_the_nearest(state)

    def _search(self, state: Attempt, archive: WebArchive) -> Search:
        return Search(state.wanted, state.cited, archive, self._archives, self._session)

    def _next(self, state: Attempt, ordered: tuple[Listed, ...] | None = None) -> Listed | None:
        """Return what to fetch next: of all that is located, or of some of it."""
        if self._session.lost is not None:
            return None
        spent = len(state.looked) - state.fetches  # what an earlier run rejected costs nothing now
        kept_back = KEPT_BACK if ordered is None and state.is_named_elsewhere else 0
        at_most = self._fetches_max + spent - kept_back
        if ordered is None:
            ordered = state.ordered
        return next_to_fetch(ordered, state.looked, state.cited, at_most=at_most)

    async def _look_at(self, state: Attempt, memento: Listed) -> None:
        located = state.located[memento]
        state.fetches += 1
        look = Look(state.wanted, state.own, self._archives, self._session)
        fetched = await look.at(located)
        state.looked.append(Looked(memento, good=fetched.examined.good))
        state.named += fetched.named
        row = self._know(state, located.archive.id, memento, "index")
        if fetched.examined.good and fetched.capture is not None:
            state.fetched[located.uri_m] = fetched
            self._write_home(state)
            return
        examined, now = fetched.examined, self._now()
        self._session.write(
            lambda: self._archive.testimony.reject(
                row, examined.outcome, examined.reasons, fetched.capture, now
            )
        )

    # What is written

    def _know(
        self, state: Attempt, archive: str, memento: Listed, known_from: str,
        same_bytes_as: int | None = None,
    ) -> int:  # fmt: skip
        """Keep that a memento is known, once, and return its row; 0: it could not be written."""
        uri_m = str(memento.uri_m)
        if uri_m not in state.rows:
            now, source = self._now(), state.wanted.source
            row = self._session.write(
                lambda: self._archive.testimony.know(
                    source, archive, memento,
                    known_from=known_from, same_bytes_as=same_bytes_as, now=now,
                )
            )  # fmt: skip
            state.rows[uri_m] = row or 0
        return state.rows[uri_m]

    def _note_the_nearest(self, state: Attempt) -> None:
        """Note what else lies near the citation: it can be fetched later, by a person or by us."""
        for memento in state.ordered[:KNOWN_MAX]:
            self._know(state, state.located[memento].archive.id, memento, "index")

    def _grades(self, state: Attempt) -> tuple[Graded, ...]:
        witnesses = [
            Witness(
                replace(each.located.memento, memento_datetime=each.memento_datetime),
                each.article, each.examined.proof, each.payload or "",
                stands_for_another=_stands_for_another(each.located),
            )
            for each in state.fetched.values()
            if each.article is not None and each.examined.proof is not None
        ]  # fmt: skip
        kind = kind_of(state.wanted.url, witnesses[0].article.mime if witnesses else None)
        return grade(witnesses, state.ordered, state.cited, kind=kind, claims=state.wanted.claims)

    def _write_home(self, state: Attempt) -> None:
        """Write every good memento with the class that it has by what is known now."""
        grades, now = self._grades(state), self._now()

        def write() -> None:
            with self._archive.writing():
                for graded in grades:
                    fetched = state.fetched_as(graded)
                    graded.evidence["cited_on"] = str(state.wanted.cited_on)
                    graded.evidence["basis"] = state.wanted.basis
                    if fetched.located.further is not None:
                        graded.evidence["found_by"] = fetched.located.further.found_by
                        graded.evidence["found_under"] = fetched.located.further.url
                    self._archive.testimony.bring_home(
                        state.rows[fetched.located.uri_m], fetched.examined, graded,
                        fetched.capture or 0, now,
                    )  # fmt: skip

        self._session.write(write)

    # Our own bytes

    def _note_our_bytes(self, state: Attempt) -> None:
        """Note mementos that have the very bytes of our own copy, told by the index alone.

        One from before the citation is enough: the page stood unchanged from then to our capture.
        """
        capture, payload = state.wanted.good_capture, state.wanted.good_payload
        if capture is None or payload is None:
            return
        try:
            own = sha1_of(self._archive.payloads.get(payload))
        except (PayloadDamaged, KeyError):  # rotten, or in another archive
            return
        for memento in state.ordered:
            if memento.digest == own:
                archive = state.located[memento].archive.id
                row = self._know(state, archive, memento, "index", capture)
                if row and "before" in state.cited.sides_of(memento.memento_datetime):
                    state.ours = row

    # The end

    def _end(self, state: Attempt) -> Homecoming:
        grades = self._grades(state) if state.fetched else ()
        best = grades[0] if grades else None
        ending = self._ending(state, best)
        memento = state.ours
        if best is not None:
            memento = state.rows[state.fetched_as(best).located.uri_m]
        again_at = self._again_at(state) if memento is None else None
        now = self._now()
        self._session.write(
            lambda: self._archive.rescuing.settle(
                state.wanted.source, ending, now, memento=memento, again_at=again_at
            )
        )
        return told(state, best, ending)

    def _ending(self, state: Attempt, best: Graded | None) -> Ending:
        if best is not None or state.ours is not None:
            return "found"
        if state.refusals:
            return state.refusals[-1].result
        trouble: tuple[Result, ...] = ("rate-limited", "archive-down")
        for result in trouble:
            if result in state.results.values():
                return result
        some = state.looked or "found" in state.results.values()
        return "none-good" if some else "none-found"

    def _again_at(self, state: Attempt) -> datetime | None:
        """Return when to go on with a source for which an archive could not be asked; None: done.

        A single archive that fails must not make of "not asked" a "none found".
        """
        now = self._now()
        ends = [refusal.until or now for refusal in state.refusals]
        for archive in self._archives.known:
            if state.results.get(archive.id) in ("rate-limited", "archive-down"):
                ends.append(self._archives.rests_until(archive) or now + LATER)
        return max(ends) if ends else None

    def _now(self) -> datetime:
        return self._session.clock.now()


def _listed(at: str, digest: str | None, uri_m: str) -> Listed:
    return Listed(at, None, digest=digest, uri_m=uri_m)


def _stands_for_another(located: Located) -> bool:
    return located.further is not None and located.further.is_another_page
