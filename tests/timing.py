"""CPU that a step takes, for tests that a time is linear."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable


def seconds_of(act: Callable[[], object], tries: int = 3) -> float:
    """CPU of the quickest of some tries, without the collector, which walks over other tests."""
    gc.disable()
    try:
        taken = []
        for _ in range(tries):
            began = time.process_time()
            act()
            taken.append(time.process_time() - began)
        return min(taken)
    finally:
        gc.enable()
