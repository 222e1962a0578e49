"""What a revisit repeats: the body of a record before it, or of a capture that is held."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace

from crawler.archive import Archive
from crawler.digests import digest_of
from crawler.errors import PayloadDamaged
from crawler.imports.records import Record

REMEMBERED = 100_000  # digests and names of records, which revisits refer to


class Repeats:
    """The bodies that revisits may repeat: those of the records of a run, and of the archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._payloads: OrderedDict[str, str] = OrderedDict()  # by digest or name of a record

    def remember(self, record: Record, body: bytes) -> None:
        """Note what a record holds, under each name by which a revisit may refer to it."""
        digest = digest_of(body)
        for name in (record.header("warc-record-id"), record.header("warc-payload-digest")):
            if name:
                self._payloads[name] = digest
        while len(self._payloads) > REMEMBERED:
            self._payloads.popitem(last=False)

    def body_of(self, record: Record) -> bytes | None:
        """Return the body that a revisit repeats; None: it is not held, so far."""
        for digest in self._candidates(record):
            body = self.held(digest)
            if body is not None:
                return body
        return None

    def held(self, digest: str) -> bytes | None:
        """Return a payload of the archive; None: it is not there, or damaged."""
        try:
            return self._archive.payloads.get(digest)
        except (KeyError, PayloadDamaged):
            return None

    def _candidates(self, record: Record) -> Iterator[str]:
        evidence = self._archive.evidence
        refers, told = record.header("warc-refers-to"), record.header("warc-payload-digest")
        for name in (refers, told):
            if name and name in self._payloads:
                yield self._payloads[name]
        if told and told.startswith("sha256:"):
            yield told
        if refers:
            yield evidence.payload_of(refers.strip("<>").removeprefix("urn:uuid:")) or ""
        # only what its date names is its original: the same URL has shown other things
        url, date = record.header("warc-refers-to-target-uri"), record.header("warc-refers-to-date")
        if url and date:
            at = replace(record, headers={"warc-date": date}).date
            yield (evidence.payload_at(url.strip("<>"), at) if at else None) or ""
