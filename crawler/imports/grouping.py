"""An answer with the records that stand beside it: what was asked, and what is told of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from crawler.imports.ours import Aside, Attempted, attempted_in
from crawler.imports.records import Record

ANSWERS = frozenset({"response", "revisit", "resource"})
REQUESTS_MAX = 16  # that stand before the answers to them
SMALL_BYTES = 2**16  # of a record that is held for later; larger ones are none of an honest program


@dataclass(frozen=True, slots=True)
class Answer:
    """A record with those that belong to it."""

    record: Record
    request: Record | None = None
    metadata: Record | None = None


class _Requests:
    """Requests that wait for their answers: some name the answer, some are named by it (Wget)."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, Record] = OrderedDict()  # by one name or the other

    def add(self, request: Record) -> None:
        """Keep a request, unless it has no name, or is larger than any honest one."""
        name = _named(request) or request.header("warc-record-id")
        if name and len(request.block) <= SMALL_BYTES:
            self._waiting[name] = request
            if len(self._waiting) > REQUESTS_MAX:
                self._waiting.popitem(last=False)

    def pop(self, answer: Record) -> Record | None:
        """Return the request for an answer; None: it is not known, or not yet."""
        for name in (answer.header("warc-record-id"), answer.header("warc-concurrent-to")):
            if name and name in self._waiting:
                return self._waiting.pop(name)
        return None


@dataclass(frozen=True, slots=True)
class Alone:
    """A record of ours that tells of an attempt, to which no answer belongs."""

    record: Record
    told: Attempted | Aside


def grouped(records: Iterator[Record]) -> Iterator[Answer | Alone]:
    """Yield each answer with its request and what is told of it, which stand before or behind.

    And what is told of attempts that got no answer.
    """
    told: Answer | None = None
    requests = _Requests()
    for record in records:
        if record.type in ANSWERS:
            if told is not None:
                yield told
            told = Answer(record, requests.pop(record))
        elif record.type == "request":
            if told is not None and _belongs(record, told.record):
                told = replace(told, request=record)
            else:
                requests.add(record)
        elif record.type == "metadata" and told is not None and _belongs(record, told.record):
            told = replace(told, metadata=record)
        elif record.type == "metadata" and (attempted := attempted_in(record.block)) is not None:
            if told is not None:
                yield told
            told = None
            yield Alone(record, attempted)
    if told is not None:
        yield told


def _named(record: Record) -> str | None:
    return record.header("warc-concurrent-to") or record.header("warc-refers-to")


def _belongs(record: Record, answer: Record) -> bool:
    """Tell whether a record names an answer, or is named by it."""
    name, own = answer.header("warc-record-id"), record.header("warc-record-id")
    names_it = name is not None and name == _named(record)
    return names_it or (own is not None and own == answer.header("warc-concurrent-to"))
