"""Keeping what web archives gave to another archive of ours, apart from all own captures."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from crawler.archive import Archive
from crawler.imports.ours import Exchange

Taken = Literal["new", "known", "fetched-here", "forgotten"]


def take_home(
    archive: Archive, run: int, source: int, exchange: Exchange, *, now: datetime
) -> Taken:
    """Keep one answer of a web archive, and say what came of it.

    ``known``: it is held already. ``fetched-here``: this archive has looked at that memento itself,
    or another file tells of it; the first word stands, and nothing is kept. ``forgotten``: nothing
    of its source is taken in.
    """
    hop, told, testimony = exchange.hop, exchange.memento, archive.testimony
    if archive.evidence.holds(hop.uid):
        return "known"
    if archive.supplying.is_forgotten(source):
        return "forgotten"
    if told is not None and testimony.was_fetched(source, told.archive, told.uri_m):
        return "fetched-here"
    with archive.writing():
        kept = archive.evidence.record(
            run, source, [hop], origin=exchange.origin, visit=exchange.visit
        )
        if told is None or kept.final_capture is None:
            return "new"
        memento = testimony.take_word(source, told, kept.final_capture)
        if told.state == "home":
            archive.rescuing.supplied(source, memento, now, is_best=told.is_best)
    return "new"
