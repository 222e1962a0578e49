"""One page on its way through the pool, and how a worker is asked for it."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.extraction.frames import packed

CPU_SECONDS = 10  # per try; the wall limit ends most of them first


@dataclass(frozen=True, slots=True)
class Job:
    """A payload, and what is told of it beside its bytes."""

    body: bytes
    url: str
    content_type: str | None
    fetched_on: str  # a calendar date

    def request(self, rung: str) -> bytes:
        """Return the frame that asks a worker for an article, or for facts alone."""
        header = {
            "url": self.url,
            "content_type": self.content_type,
            "fetched_on": self.fetched_on,
            "rung": rung,
            "cpu_seconds": CPU_SECONDS,
        }
        return packed(header, self.body)
