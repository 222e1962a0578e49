"""Fetching one memento and finding out whether it is the page that was cited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from crawler.archive import ExtractionJob
from crawler.archive.elsewhere.wanting import Wanted
from crawler.extraction.extractors import PAGES
from crawler.fetching.run.session import Session
from crawler.fetching.run.visits import let_go_of_bodies
from crawler.items import Article, Hop, PageFacts
from crawler.mementos.examining import Examined, examine
from crawler.mementos.listing import links_in
from crawler.mementos.registry import WebArchive
from crawler.mementos.replies import Replayed, Result, joined, original_headers, read_replay
from crawler.rescue.asking import Archives, Question, Reply
from crawler.rescue.records import RecordInRange
from crawler.rescue.searching import Located
from crawler.verdicts.observation import Observation

REDIRECTS_MAX: Final = 4
TRIES_MAX: Final = 2  # at one memento, where the archive fails or asks to wait


@dataclass(frozen=True, slots=True)
class Fetched:
    """A memento that was looked at."""

    located: Located
    examined: Examined
    capture: int | None  # row; None: no body came
    payload: str | None  # digest
    article: Article | None
    memento_datetime: str  # instant that the archive names for what it gave
    named: tuple[str, ...] = ()  # addresses of the page, as it names them


@dataclass(frozen=True, slots=True)
class Look:
    """The question whether mementos of one source show the page that was cited."""

    wanted: Wanted
    own: Article | None  # of our own copy; None: there is none
    archives: Archives
    session: Session

    async def at(self, located: Located) -> Fetched:
        """Return a memento, kept, read and examined. Raises NotAsked where its archive rests."""
        if located.archive.warcs is not None:
            return await self._in_file(located)
        hops: list[Hop] = []
        url, original = located.url, located.memento.original or self.wanted.url
        seen: set[str] = set()
        reply, said = await self._ask(located, url)
        while said.kind == "redirect" and said.target is not None:
            hops.append(_as_it_was(reply.visit.hops[-1], original))
            if said.target in seen or len(hops) > REDIRECTS_MAX:
                return _refused(located, reply, "redirect-loop")
            if self.session.archive.barring.holding(said.original or said.target) is not None:
                return _refused(located, reply, "barred")
            seen.add(said.target)
            url, original = said.target, said.original or original
            reply, said = await self._ask(located, url)
        if said.kind != "memento" or said.memento_datetime is None:
            refused = _refused(located, reply, said.reason)
            return replace(refused, named=(said.original,)) if said.original else refused
        if _differs(located, reply, redirected=bool(hops)):
            return _refused(located, reply, "digest-differs")
        hops.append(_as_it_was(reply.visit.hops[-1], original))
        return await self._examined(located, reply, said.memento_datetime, hops)

    async def _in_file(self, located: Located) -> Fetched:
        """Return a memento whose record lies in a WARC file. Raises NotAsked."""
        record = RecordInRange(located.memento, located.archive, cap=self.session.body_cap)
        question = Question(
            located.url, "replay",
            source=self.wanted.source, headers=record.headers, unpack=record.unpack,
        )  # fmt: skip
        reply, said = await self._patiently(located.archive, question, record.read)
        if said.kind != "memento" or record.hop is None:
            return _refused(located, reply, said.reason)
        return await self._examined(
            located, reply, located.memento.memento_datetime, [record.hop]
        )  # fmt: skip

    async def _ask(self, located: Located, url: str) -> tuple[Reply, Replayed]:
        archive, asked_at = located.archive, located.memento.memento_datetime
        question = Question(url, "replay", source=self.wanted.source)
        return await self._patiently(
            archive, question, lambda reply: read_replay(archive, asked_at, reply.answer)
        )

    async def _patiently(
        self, archive: WebArchive, question: Question, read: Callable[[Reply], Replayed]
    ) -> tuple[Reply, Replayed]:
        """Ask for a memento; once more after its archive has rested, if that is not too long."""
        for tries in range(1, TRIES_MAX + 1):
            reply = await self.archives.answer(archive, question)
            said = read(reply)
            if said.kind not in ("archive-down", "rate-limited"):
                self.archives.note(archive, None, said.reason, reply)
                return reply, said
            trouble: Result = "rate-limited" if said.kind == "rate-limited" else "archive-down"
            self.archives.note(archive, trouble, said.reason, reply)
            if tries == TRIES_MAX:
                refusal = self.archives.rests(archive)
                if refusal is not None:
                    raise refusal
        return reply, Replayed("rejected", said.reason)

    async def _examined(
        self, located: Located, reply: Reply, memento_datetime: str, hops: Sequence[Hop]
    ) -> Fetched:
        payload, last = reply.kept.final_payload, hops[-1]
        size = len(reply.visit.body or b"")
        let_go_of_bodies(reply.visit)
        if payload is not None and last.mime_sniffed is not None:
            await self.session.read(self._jobs(payload, last, memento_datetime))
        articles = self.session.archive.articles
        article, facts = articles.of(payload), articles.facts_of(payload)
        seen = Observation(
            hops=tuple(hops),
            article=article,
            facts=facts,
            size_bytes=size,
            expected=self.wanted.expected,
        )
        examined = examine(seen, memento_datetime, self.own)
        if located.further is not None and examined.proof == "nothing-to-prove-by":
            examined = Examined("doubtful", ("not-proved", *examined.reasons), None)
        return Fetched(
            located, examined, reply.kept.final_capture, payload, article, memento_datetime,
            named_by(facts, hops),
        )  # fmt: skip

    def _jobs(self, payload: str, hop: Hop, memento_datetime: str) -> list[ExtractionJob]:
        """Return what must be read of a memento: nothing, if its very payload was read before."""
        good = hop.outcome == "live-unverified"
        if not good and hop.mime_sniffed not in PAGES:
            return []
        job = ExtractionJob(
            payload=payload,
            url=hop.url,
            content_type=hop.mime_declared,
            mime=hop.mime_sniffed or "application/octet-stream",
            captured_on=memento_datetime[:10],
            facts_only=not good,
        )
        return [] if self.session.archive.articles.was_read(job) else [job]


def _differs(located: Located, reply: Reply, *, redirected: bool) -> bool:
    """Tell whether the bytes are not those that the index names.

    Of the body as received, or decoded: an archive may keep either. A redirect leads to another
    capture, of which the index has said nothing here.
    """
    digest = located.memento.digest
    return digest is not None and not redirected and digest not in reply.visit.sha1


def _refused(located: Located, reply: Reply, reason: str) -> Fetched:
    reply.visit.hops[:] = [replace(hop, body=None) for hop in reply.visit.hops]  # it is kept
    return Fetched(
        located, Examined("doubtful", (reason,), None), reply.kept.final_capture, None, None,
        located.memento.memento_datetime,
    )  # fmt: skip


def named_by(facts: PageFacts | None, hops: Sequence[Hop] = ()) -> tuple[str, ...]:
    """Return the addresses that a page, its headers and its redirects name as its own."""
    names = [hop.url for hop in hops[1:]]
    names += [facts.canonical or "", facts.og_url or ""] if facts else []
    last = hops[-1] if hops else None
    for name, value in last.response_headers if last else ():
        if last is not None and name.lower() == "link":
            names += [joined(last.url, target) for target, about in links_in(value)
                      if "canonical" in about.get("rel", "").lower().split()]  # fmt: skip
    return tuple(dict.fromkeys(name for name in names if name))


def _as_it_was(hop: Hop, original: str) -> Hop:
    """Return the hop of a memento as the page's own host once answered."""
    headers = original_headers(hop.response_headers)
    return replace(hop, url=original, purpose="source", response_headers=headers, body=None)
