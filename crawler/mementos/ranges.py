"""What a file server answers when it is asked for the range in which a record lies (RFC 9110 §14).

A server need not know of ranges, and then sends the whole file: gigabytes, of which nothing is
wanted. The spider cuts that off as soon as its head shows it; here it gets its name.
"""

from __future__ import annotations

import re

from crawler.mementos.listing import Place
from crawler.mementos.replies import Answer, Replayed, trouble_in

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(?:\d{1,18}|\*)")


def range_of(place: Place) -> dict[str, str]:
    """Return the headers that ask for one record, and for its bytes as they lie in the file."""
    return {"Range": f"bytes={place.offset}-{place.last}", "Accept-Encoding": "identity"}


def read_range(
    place: Place, answer: Answer, *, size_bytes: int, broke_off: bool, slows_by_503: bool
) -> Replayed:
    """Return what the answer for a range means: "memento" is the record, not yet looked into.

    ``size_bytes`` came; ``broke_off``: before the end that the server told.
    """
    trouble = trouble_in(answer, slows_by_503=slows_by_503)
    if trouble is not None:
        limited = trouble.result == "rate-limited"
        return Replayed("rate-limited" if limited else "archive-down", trouble.reason)
    if answer.status == 200:
        return Replayed("archive-down", "range-ignored")
    if answer.status == 416:
        return Replayed("rejected", "range-not-there")
    if answer.status != 206:
        return Replayed("rejected", "no-memento" if answer.status == 404 else "not-a-memento")
    told = _CONTENT_RANGE.fullmatch(answer.header("content-range") or "")
    if broke_off:
        return Replayed("archive-down", "broke-off")
    if told is None or (int(told[1]), int(told[2])) != (place.offset, place.last):
        return Replayed("rejected", "wrong-range")
    if size_bytes != place.length:
        return Replayed("rejected", "wrong-range")
    return Replayed("memento")
