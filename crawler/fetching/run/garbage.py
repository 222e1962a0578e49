"""When Python looks for circles of garbage during a crawl: rarely, but before bodies pile up there.

Python's own thresholds come after a few visits, for a sixth of the CPU of fetching a page, most of
it spent on looking again at what was imported. A visit that ends with an answer leaves no circle
behind. One that fails does (Scrapy 2.19.0): the frames of its failure, with what came before it.
"""

from __future__ import annotations

import asyncio
import gc

THRESHOLD = (10_000, 20, 20)
# Bodies that may wait in such circles: seven at the cap of 32 MiB came to 400 MiB once.
BODIES_MAX_BYTES = 16 * 2**20


def collect_rarely() -> None:
    """Leave what is there by now alone for good, and look through what comes less often.

    For a process whose one task from now on is to crawl.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLD)


class Debris:
    """Counts the bodies of visits that failed, and has them collected when they are many."""

    def __init__(self) -> None:
        self._size_bytes = 0

    def add(self, size_bytes: int) -> None:
        """Count a body that nobody wants any more."""
        self._size_bytes += size_bytes
        if self._size_bytes > BODIES_MAX_BYTES:
            self._size_bytes = 0
            # not before the frames that still hold the last one have ended
            asyncio.get_running_loop().call_later(0, gc.collect)
