"""The crawls of an archive that has many: which there are, asked for as seldom as its keepers wish.

Common Crawl's list changes once a month, and its keepers ask to keep it (their mailing list,
2018-02-05): what a run was given serves later ones for a week.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from crawler.errors import PayloadDamaged
from crawler.fetching.run.session import Session
from crawler.mementos.crawls import Crawl, crawls_of
from crawler.mementos.registry import WebArchive
from crawler.mementos.replies import Found, trouble_in
from crawler.rescue.asking import Archives, Question

FRESH: Final = timedelta(days=7)


async def crawls_of_archive(
    archive: WebArchive, archives: Archives, session: Session
) -> tuple[Crawl, ...] | Found:
    """Return the crawls of an archive, or what kept it from naming them. Raises NotAsked."""
    address = str(archive.crawls)
    async with archives.one_at_a_time(address):
        text = _kept(address, session)
        if text is not None and (crawls := crawls_of(text, address)) is not None:
            return crawls
        return await _asked(archive, address, archives)


def _kept(address: str, session: Session) -> str | None:
    since = session.clock.now() - FRESH
    payload = session.archive.testimony.kept_list(address, since)
    try:
        return session.archive.payloads.get(payload).decode("utf-8", "replace") if payload else None
    except PayloadDamaged:
        return None


async def _asked(
    archive: WebArchive, address: str, archives: Archives
) -> tuple[Crawl, ...] | Found:
    reply = await archives.answer(archive, Question(address, "index"))
    trouble = trouble_in(reply.answer, slows_by_503=archive.slows_by_503)
    crawls = None
    if trouble is None and reply.answer.status == 200:
        crawls = crawls_of((reply.visit.body or b"").decode("utf-8", "replace"), address)
    if crawls is None:
        trouble = trouble or Found("archive-down", "no-list")
        archives.note(archive, trouble.result, trouble.reason, reply)
        return trouble
    archives.note(archive, None, "listed", reply)
    return crawls
