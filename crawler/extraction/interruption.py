"""Giving a page up in the middle, so that its worker can serve others (worker side).

The pool asks for it by a signal. Its handler runs between two steps of the interpreter, and within
regular expressions, which look for signals every 4,096 steps; where a library written in C works
for long without coming back, the pool has to end the process.

Is a worker still sound afterwards? What lives longer than a page are compiled expressions and the
results that ``functools.lru_cache`` and ``conditions`` keep, all put in place whole or not at all;
trees belong to their page and go with it. Three rooms are otherwise, and nothing is given up while
one of them is at work: dateparser, which loads its languages piece by piece and keeps what it has;
the import system; and logging. Nor in the writing of a frame, half of which nobody could read, nor
while parts of trafilatura are replaced (``quicker``). Should this reasoning err, wear bounds the
damage: an interruption counts as many pages (``INTERRUPTION_WEAR`` of the pool).
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection, Iterator
from types import CodeType, FrameType

SIGNAL = signal.SIGUSR1
_KEEPING = ("/dateparser/", "<frozen importlib", "/logging/")  # in names of files


class Interrupted(BaseException):
    """The page that is being read shall wait for its turn among the slow ones.

    No Exception: whatever catches those around foreign parsers must not swallow it.
    """


def heed(
    *, during: Collection[CodeType], never_in: Collection[CodeType], not_now: Callable[[], object]
) -> None:
    """Let the signal raise Interrupted while one of these functions runs, and none of those.

    ``not_now`` is called where it cannot, because one of the rooms that keep things is at work.
    At any other moment the signal does nothing. The pool repeats it.
    """

    def interrupt(_: int, frame: FrameType | None) -> None:
        codes = {each.f_code for each in _outward(frame)}
        if codes.isdisjoint(during) or not codes.isdisjoint(never_in):
            return
        if any(room in code.co_filename for code in codes for room in _KEEPING):
            not_now()
        else:
            raise Interrupted

    signal.signal(SIGNAL, interrupt)


def _outward(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
