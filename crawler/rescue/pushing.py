"""Having a web archive keep a source, too: asked, told, read back.

Each step is a row before the next is taken, so that a run that ends anywhere is followed by one
that goes on. Nothing here can fail a crawl: what the archive refuses is written down and left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from crawler.archive.elsewhere.pushing import Push
from crawler.dates import parse_instant
from crawler.fetching.run.session import Session
from crawler.mementos.choosing import Cited
from crawler.mementos.grading import Witness, grade
from crawler.mementos.listing import Listed
from crawler.mementos.registry import WebArchive
from crawler.mementos.replies import Result
from crawler.mementos.saving import (
    Said,
    is_permanent,
    read_status,
    read_submission,
    retry_after,
    submission,
)
from crawler.rescue.asking import DATA_FAULTS, Archives, NotAsked, Question, Reply
from crawler.rescue.fetching import Fetched, Look
from crawler.rescue.searching import Located, Search
from crawler.schedule.kinds import kind_of

LOOK_FIRST: Final = timedelta(seconds=30)  # a capture takes about as long
LOOK_AGAIN: Final = timedelta(minutes=1)
# What the archive has captured is not always shown at once (wortlaut#73 lost 157 of 159 silently).
READ_AGAIN: Final = (timedelta(minutes=10), timedelta(hours=24))
KEYS_REFUSED: Final = timedelta(hours=24)
PUT_OFF: Final = timedelta(hours=24)  # where the data of a source cannot be worked with


@dataclass(frozen=True, slots=True)
class Keys:
    """What Save Page Now asks for; never written anywhere."""

    key: str
    secret: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self | None:
        """Return the keys that an environment has; None: it has none."""
        key, secret = (environment.get(f"SOURCEKEEP_PUSH_{part}", "") for part in ("KEY", "SECRET"))
        return cls(key, secret) if key and secret else None

    @property
    def header(self) -> dict[str, str]:
        """The headers of every request about a capture."""
        return {"Authorization": f"LOW {self.key}:{self.secret}", "Accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Pushed:
    """How far one wish came in this run."""

    source: int
    url: str
    state: str
    reason: str | None = None


class Pusher:
    """Works off the push queue of one run."""

    def __init__(
        self, session: Session, archives: Archives, archive: WebArchive, keys: Keys, *, fresh: str
    ) -> None:
        self._session = session
        self._archives = archives
        self._archive = archive
        self._keys = keys
        self._fresh = fresh
        self._refused = False  # the keys; then nothing else is asked in this run

    async def go_on(self, push: Push) -> Pushed:
        """Take a push as far as it goes now, and say how far that was."""
        state, reason = push.state, None
        try:
            if not self._refused:
                state, reason = await self._step(push)
        except NotAsked as refusal:
            reason = str(refusal)
            wait = (refusal.until - self._now()) if refusal.until else timedelta()
            self._later(push, state, refusal.reason, wait)
        except DATA_FAULTS as fault:
            reason = str(fault)
            self._later(push, state, reason, PUT_OFF)
        return Pushed(push.source, push.url, state, reason)

    async def _step(self, push: Push) -> tuple[str, str | None]:
        if push.state == "waiting":
            return await self._submit(push)
        if push.state == "submitted":
            return await self._look(push)
        return await self._read_back(push)

    async def _submit(self, push: Push) -> tuple[str, str | None]:
        """Ask for a capture; after a failure only when there is none after all."""
        if not self._archive.may_hear_of(push.url):
            return self._give_up(push, "of a private network")
        if push.attempts and (found := await self._found_after_all(push)) is not None:
            return await self._told(push, found)
        assert self._archive.save is not None
        headers = self._keys.header | {"Content-Type": "application/x-www-form-urlencoded"}
        reply = await self._archives.answer(
            self._archive,
            Question(
                self._archive.save, "push", purpose="push", headers=headers,
                form=submission(push.url, fresh=self._fresh),
            ),
        )  # fmt: skip
        said = read_submission(reply.answer, _text(reply))
        pushing, now = self._session.archive.pushing, self._now()
        if said.kind == "job":
            self._note(said, reply)
            self._session.write(
                lambda: pushing.submitted(push.id, said.job, now, look_at=now + LOOK_FIRST)
            )
            return "submitted", None
        return self._failed(push, said, reply, asked=True)

    async def _look(self, push: Push) -> tuple[str, str | None]:
        """Ask how a job stands."""
        reply = await self._archives.answer(
            self._archive,
            Question(
                f"{self._archive.save}/status/{push.job}", "index", purpose="push",
                headers=self._keys.header,
            ),
        )  # fmt: skip
        said = read_status(reply.answer, _text(reply))
        if said.kind == "pending":
            self._note(said, reply)
            self._later(push, "submitted", "pending", LOOK_AGAIN)
            return "submitted", "pending"
        if said.kind == "success":
            self._note(said, reply)
            return await self._told(push, said)
        return self._failed(push, said, reply, asked=False)

    async def _told(self, push: Push, said: Said) -> tuple[str, str | None]:
        """Write down what the archive says, and read it back."""
        uri_m = self._archive.raw_url(said.original or push.url, said.stamp or "") or ""
        memento = Listed(said.memento_datetime or "", said.original, uri_m=uri_m)
        testimony, pushing = self._session.archive.testimony, self._session.archive.pushing
        now = self._now()
        row = self._session.write(
            lambda: testimony.know(
                push.source, self._archive.id, memento, known_from="push", now=now
            )
        )
        self._session.write(lambda: pushing.told(push.id, row or 0, now))
        return await self._compare(push, memento, row or 0)

    async def _read_back(self, push: Push) -> tuple[str, str | None]:
        known = next(
            (row for row in self._session.archive.testimony.mementos(push.source)
             if row["id"] == push.memento), None,
        )  # fmt: skip
        if known is None:
            self._later(push, "waiting", "memento-lost", timedelta())
            return "waiting", "memento-lost"
        memento = Listed(
            known["memento_datetime"], known["original"], digest=known["digest"],
            uri_m=known["uri_m"],
        )  # fmt: skip
        return await self._compare(push, memento, known["id"])

    async def _compare(self, push: Push, memento: Listed, row: int) -> tuple[str, str | None]:
        """Fetch what was captured; it counts when it is the page."""
        archive, now = self._session.archive, self._now()
        wanted = archive.wanting.wanted(push.source, archive.observing.expectation(push.source))
        own = archive.articles.of(wanted.good_payload)
        located = Located(self._archive, memento, str(memento.uri_m))
        fetched = await Look(wanted, own, self._archives, self._session).at(located)
        if not fetched.examined.good or fetched.capture is None or fetched.article is None:
            return self._not_there_yet(push, fetched, row)
        graded = grade(
            [Witness(memento, fetched.article, fetched.examined.proof or "nothing-to-prove-by",
                     fetched.payload or "")],
            [memento], Cited.on(wanted.cited_on), kind=kind_of(wanted.url),
        )[0]  # fmt: skip
        capture = fetched.capture

        def confirm() -> None:
            with archive.writing():
                archive.testimony.bring_home(row, fetched.examined, graded, capture, now)
                archive.pushing.confirmed(push.id, now)

        self._session.write(confirm)
        return "confirmed", None

    def _not_there_yet(self, push: Push, fetched: Fetched, row: int) -> tuple[str, str | None]:
        """Read again later; a capture of something else is asked for anew, as often as errors."""
        reason = fetched.examined.reasons[0]
        looks = self._looks(push)
        if reason in ("no-memento", "not-a-memento", "far-date") and looks < len(READ_AGAIN):
            self._later(push, "told", reason, READ_AGAIN[looks])
            return "told", reason
        found, testimony, now = fetched.examined, self._session.archive.testimony, self._now()
        self._session.write(
            lambda: testimony.reject(row, found.outcome, found.reasons, fetched.capture, now)
        )
        return self._again(push, reason)

    def _looks(self, push: Push) -> int:
        """How often it was read back already, told by the time since its submission."""
        if push.submitted_at is None or push.state != "told":
            return 0
        since = self._now() - parse_instant(push.submitted_at)
        return 1 if since < READ_AGAIN[1] else 2

    def _failed(
        self, push: Push, said: Said, reply: Reply, *, asked: bool
    ) -> tuple[str, str | None]:
        """Draw the consequence of an error, a refusal or a request to wait."""
        self._note(said, reply)
        if said.kind == "keys-refused":
            self._refused = True
            self._later(push, push.state, said.reason, KEYS_REFUSED)
            return push.state, "the archive refuses the keys"
        if said.kind in ("rate-limited", "down"):
            until = self._archives.rests_until(self._archive)
            self._later(push, push.state, said.reason, until - self._now() if until else LOOK_AGAIN)
            return push.state, said.reason
        if asked:
            pushing, now = self._session.archive.pushing, self._now()
            self._session.write(lambda: pushing.submitted(push.id, None, now, look_at=now))
        return self._again(push, said.reason, attempts=push.attempts + asked)

    def _again(
        self, push: Push, reason: str, *, attempts: int | None = None
    ) -> tuple[str, str | None]:
        wait = retry_after(push.attempts if attempts is None else attempts)
        if wait is None or is_permanent(reason):
            return self._give_up(push, reason)
        self._later(push, "waiting", reason, wait)
        return "waiting", reason

    def _give_up(self, push: Push, reason: str) -> tuple[str, str | None]:
        self._session.write(lambda: self._session.archive.pushing.give_up(push.id, reason))
        return "given-up", reason

    async def _found_after_all(self, push: Push) -> Said | None:
        """Return a capture that is there although the archive called it failed; None: none."""
        if push.submitted_at is None:
            return None
        archive = self._session.archive
        wanted = archive.wanting.wanted(push.source, archive.observing.expectation(push.source))
        cited = Cited.on(push.submitted_at[:10])
        _, located = await Search(wanted, cited, self._archive, self._archives, self._session).ask()
        after = [each for each in located if each.memento.memento_datetime >= (
            push.submitted_at or "")]  # fmt: skip
        if not after:
            return None
        memento = after[0].memento
        stamp = "".join(c for c in memento.memento_datetime if c.isdigit())
        return Said(
            "success", memento_datetime=memento.memento_datetime, stamp=stamp,
            original=memento.original,
        )  # fmt: skip

    def _note(self, said: Said, reply: Reply) -> None:
        results: dict[str, Result] = {"rate-limited": "rate-limited", "down": "archive-down"}
        self._archives.note(self._archive, results.get(said.kind), said.reason, reply)

    def _later(self, push: Push, state: str, reason: str, wait: timedelta) -> None:
        pushing, now = self._session.archive.pushing, self._now()
        self._session.write(lambda: pushing.later(push.id, state, reason, now, wait))

    def _now(self) -> datetime:
        return self._session.clock.now()


def _text(reply: Reply) -> str:
    return (reply.visit.body or b"").decode("utf-8", "replace")
