"""An ordinary visit leaves no garbage; bodies that lie in circles are collected in time."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.demo import START, DemoWeb, coded, cut_off, drip, page, redirect
from crawler.fetching.run.garbage import BODIES_MAX_BYTES, Debris
from tests import commands
from tests.crawling import crawl_words, environment

PAGE = "<title>The ferry</title>" + "".join(f"<p>Paragraph {n} of it.</p>" for n in range(200))
# A crawl in which nothing is ever collected, and how much of its bodies is still held afterwards.
UNCOLLECTED = """
import gc
from crawler.cli import main

gc.disable()
gc.collect = lambda *_: 0
assert main({words!r}) == 0
size_of = {{
    "Response": lambda each: len(getattr(each, "body", b"")),
    "Visit": lambda each: each.bodies_bytes,
    "_ResponseReader": lambda each: each._bodybuf.getbuffer().nbytes,
}}
print(sum(size_of.get(type(each).__name__, lambda _: 0)(each) for each in gc.get_objects()))
"""


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


def test_of_a_visit_that_was_answered_no_body_waits_for_the_collector(
    web: DemoWeb, tmp_path: Path
) -> None:
    answers = {
        "/plain": page(PAGE), "/coded": coded(PAGE, "gzip"), "/gone": page("Gone.", status=404),
        "/moved": redirect("/plain"), "/cut-off": cut_off(PAGE, 2_000), "/slow": drip(PAGE, 0.5),
        "/long": page("<p>The ferry again.</p>" * 3_000),
    }  # fmt: skip
    for path, behaviour in answers.items():
        web.add("courier", path, behaviour)
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(web.url("courier", path) for path in answers))
    words = crawl_words(tmp_path / "a.db", START, listed, "--quiet", "-s",
                        "SOURCEKEEP_BODY_CAP_BYTES=50000", "-s", "DOWNLOAD_TIMEOUT=1")  # fmt: skip
    ended = commands.run_source(
        UNCOLLECTED.format(words=words), environment=environment(), timeout=60
    )
    assert (ended.code, ended.out.strip()) == (0, "0"), ended.err
