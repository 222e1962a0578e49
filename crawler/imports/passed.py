"""Answers that were passed over in a file, until a redirect comes that led to one of them.

A program may write the last hop of a visit first. Of each that is left out the address, the
instant and the place are remembered; when it is wanted, it is read again.
"""

from __future__ import annotations

from collections import OrderedDict

from crawler.imports.chains import is_next
from crawler.urls import urlkey

PASSED_MAX = 100_000  # some 30 MB; the oldest are forgotten first


class Passed:
    """The answers of one file of which no source was known when they came."""

    def __init__(self) -> None:
        self._places: OrderedDict[str, tuple[str, int]] = OrderedDict()  # by urlkey; the latest
        self._last_offset = -1

    def note(self, url: str, at: str | None, offset: int) -> None:
        """Remember an answer: when it was given, and where it stands.

        Of several in one gzip member only the first is remembered: each look at another one would
        unpack all of them.
        """
        if at is None or offset == self._last_offset:
            return
        self._last_offset = offset
        self._places[urlkey(url)] = at, offset
        if len(self._places) > PASSED_MAX:
            self._places.popitem(last=False)

    def pop(self, key: str, redirected_at: str) -> int | None:
        """Return where the answer stands to which a redirect led, and forget it; None: nowhere."""
        at, offset = self._places.get(key, ("", 0))
        if not at or not is_next(redirected_at, at):
            return None
        del self._places[key]
        return offset
