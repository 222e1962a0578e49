"""Bodies that lie in circles of garbage are collected before they pile up."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from crawler.fetching.garbage import BODIES_MAX_BYTES, Debris


@pytest.fixture(autouse=True)
def _no_collector_of_its_own() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


class Circle:
    """Garbage that only the collector finds."""

    def __init__(self) -> None:
        self.itself = self


async def is_gone_after(*sizes_bytes: int) -> bool:
    left = weakref.ref(Circle())
    debris = Debris()
    for size_bytes in sizes_bytes:
        debris.add(size_bytes)
    await asyncio.sleep(0.01)
    return left() is None


def test_many_small_bodies_are_collected_together() -> None:
    assert asyncio.run(is_gone_after(*[BODIES_MAX_BYTES // 8] * 9))


def test_a_body_at_the_cap_is_collected_at_once() -> None:
    assert asyncio.run(is_gone_after(32 * 2**20))


def test_a_few_small_bodies_wait() -> None:
    assert not asyncio.run(is_gone_after(BODIES_MAX_BYTES // 8, 200_000))
