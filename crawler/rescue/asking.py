"""Asking web archives: one question at a time of each, as far apart as it wants them.

What an archive said of our requests is kept in archive.db with each of them, so that a run that
follows at once keeps the distance, and one that was told to wait is followed by none that was not.
"""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

from crawler.archive import Kept
from crawler.archive.elsewhere.testimony import Pace
from crawler.dates import format_instant, parse_instant
from crawler.errors import BadDate, PayloadDamaged, UrlError
from crawler.fetching.run.pacing import told_rest
from crawler.fetching.run.session import Session
from crawler.fetching.run.visits import Visit
from crawler.fetching.wire.handler import HostRests
from crawler.mementos.limits import Kind, after_answer, distance
from crawler.mementos.registry import WebArchive
from crawler.mementos.replies import Answer, Result

# What may be wrong with the data of one source: it is told of that source, and others go on.
DATA_FAULTS = (PayloadDamaged, UrlError, BadDate)


class Ask(Protocol):
    """Sends one request through the downloader; what came of it is in the visit's hops."""

    async def __call__(
        self, visit: Visit, archive: WebArchive, headers: Mapping[str, str], form: bytes | None
    ) -> None:
        """Fill the visit; ``form`` is posted. What is not sent leaves it without hops."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request to an archive."""

    url: str
    kind: Kind  # which of the archive's paces it keeps to
    source: int | None = None  # what it asks for is a memento of it; None: it is none
    purpose: Literal["rescue", "push"] = "rescue"
    headers: Mapping[str, str] = field(default_factory=dict)  # besides those of every request
    form: bytes | None = None  # what is posted; None: it is a GET
    unpack: Callable[[Visit], None] | None = None  # takes the page out of what came, to be kept


@dataclass(frozen=True, slots=True)
class Reply:
    """An archive's answer, with the rows that it left."""

    answer: Answer
    visit: Visit
    kept: Kept
    at: datetime


class NotAsked(Exception):
    """A question was not put, because the archive is to be left alone."""

    def __init__(self, archive: WebArchive, until: datetime | None, reason: str) -> None:
        super().__init__(f"{archive.id}: {reason}")
        self.archive = archive
        self.until = until  # when it may be asked; None: not known
        self.reason = reason

    @property
    def result(self) -> Result:
        """What it rests for."""
        return "rate-limited" if self.reason.startswith("rate-limited") else "archive-down"


class Interrupted(Exception):
    """A question was not put, or not heard: the run ends, or we are offline ourselves.

    Nothing follows from it, neither for the archive nor for what was asked for.
    """


class Archives:
    """The archives that a run asks, in order, and the pace of each."""

    def __init__(
        self, archives: Sequence[WebArchive], session: Session, ask: Ask, *, patience_s: float
    ) -> None:
        self.known = tuple(archives)
        self._session = session
        self._ask = ask
        self._patience = timedelta(seconds=patience_s)
        self._paces: dict[str, Pace] = {}
        self._turns: dict[tuple[str, Kind], datetime] = {}  # when the next request may be made
        self._doors: dict[tuple[str, Kind], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._lists: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._rested_at: dict[str, datetime] = {}  # when each was last told to be left alone
        self.asked = 0  # requests so far

    def by_id(self, name: str) -> WebArchive | None:
        """Return an archive that may be asked; None: it is not among them."""
        return next((archive for archive in self.known if archive.id == name), None)

    async def answer(self, archive: WebArchive, question: Question) -> Reply:
        """Return what an archive answers, when its turn has come. Raises NotAsked, Interrupted."""
        await self._turn(archive, question.kind)
        visit = Visit(question.purpose, question.url)
        began = self._now()
        await self._ask(visit, archive, question.headers, question.form)
        if visit.last is None:
            if isinstance(visit.put_off, HostRests):
                raise NotAsked(archive, visit.put_off.until, "its host asked for rest")
            raise Interrupted("the run is over")
        self.asked += 1
        if question.unpack is not None:
            question.unpack(visit)
        if visit.outcome == "local-fault":
            self._session.keep_from_archive(visit)
            raise Interrupted("we are offline ourselves")
        source = question.source
        origin = {"source": source, "origin": archive.id} if source is not None else {}
        kept = self._session.keep_from_archive(visit, **origin)  # type: ignore[arg-type]
        if kept is None:
            raise NotAsked(archive, None, "the archive.db cannot be written")
        last = visit.last
        failure = last.reason if last.status is None else None
        answer = Answer(last.url, last.status, last.response_headers, failure)
        return Reply(answer, visit, kept, began)

    def one_at_a_time(self, address: str) -> asyncio.Lock:
        """Return what is held while a list is asked for that many sources need."""
        return self._lists[address]

    def note(self, archive: WebArchive, result: Result | None, reason: str, reply: Reply) -> None:
        """Draw the consequences of an answer for the archive's pace. None: it did answer."""
        pace, now = self._pace(archive), self._now()
        rested = self._rested_at.get(archive.id)
        if result is not None and rested is not None and reply.at < rested:
            return  # it was under way when the archive began to rest: no second refusal
        asked = told_rest(reply.answer.headers, now)
        state = after_answer(pace.state, result or "none-found", reason, now, asked_rest=asked)
        if state.resting_until is not None:
            self._rested_at[archive.id] = now
        if state != pace.state:
            self._save(archive, replace(pace, state=state))

    def rests(self, archive: WebArchive) -> NotAsked | None:
        """Return why an archive is not asked for longer than we wait; None: it may be."""
        pace, now = self._pace(archive), self._now()
        left = pace.state.rest_left(now)
        patience = min(self._patience, timedelta(seconds=_finite(self._session)))
        if left <= patience:
            return None
        return NotAsked(archive, now + left, pace.state.reason or "rests")

    def rests_until(self, archive: WebArchive) -> datetime | None:
        """Return until when an archive is to be left alone; None: it may be asked."""
        pace, now = self._pace(archive), self._now()
        return now + pace.state.rest_left(now) if pace.state.rests(now) else None

    async def _turn(self, archive: WebArchive, kind: Kind) -> None:
        """Wait for the archive's rest to end, and for the distance to the request before.

        One after the other: moments that were handed out in advance would fall together where this
        process was busy meanwhile.
        """
        async with self._doors[archive.id, kind]:
            while True:
                refusal = self.rests(archive)
                if refusal is not None:
                    raise refusal
                now = self._now()
                following = self._turns.get((archive.id, kind)) or self._next_of(archive, kind)
                rest = self._pace(archive).state.rest_left(now)
                # A turn that is farther away was taken by a clock that ran ahead.
                turn = min((following or now) - now, distance(archive, kind))
                wait = max(rest, turn)
                if wait <= timedelta():
                    break
                await asyncio.sleep(wait.total_seconds())
            self._take_turn(archive, kind)

    def _take_turn(self, archive: WebArchive, kind: Kind) -> None:
        """Note that a request of a kind is made now, for those that follow, in later runs too."""
        pace = self._pace(archive)
        following = self._turns[archive.id, kind] = self._now() + distance(archive, kind)
        # instants are whole seconds: rounded up, a run that follows waits no less
        at = format_instant(following + timedelta(microseconds=999_999))
        if kind == "index":
            pace = replace(pace, index_next_at=at)
        elif kind == "replay":
            pace = replace(pace, replay_next_at=at)
        self._save(archive, replace(pace, requests=pace.requests + 1))

    def _next_of(self, archive: WebArchive, kind: Kind) -> datetime | None:
        """Return when the archive may be asked, by what earlier runs have left; None: at once."""
        pace = self._pace(archive)
        if kind == "push":
            last = self._session.archive.pushing.last_submitted_at(archive.id)
            return last + distance(archive, kind) if last else None
        kept = pace.index_next_at if kind == "index" else pace.replay_next_at
        return parse_instant(kept) if kept else None

    def _pace(self, archive: WebArchive) -> Pace:
        if archive.id not in self._paces:
            self._paces[archive.id] = self._session.archive.testimony.pace(archive.id)
        return self._paces[archive.id]

    def _save(self, archive: WebArchive, pace: Pace) -> None:
        self._paces[archive.id] = pace
        testimony = self._session.archive.testimony
        self._session.write(lambda: testimony.save_pace(archive.id, pace, self._now()))

    def _now(self) -> datetime:
        return self._session.clock.now()


def _finite(session: Session) -> float:
    left = session.budget.seconds_left
    return max(left, 0.0) if math.isfinite(left) else 1e9
