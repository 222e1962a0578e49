"""Slow pages are given up in the middle while others wait, and nothing of them stays behind."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.errors import PutOff
from crawler.extraction import pool as pools
from crawler.extraction.interruption import SIGNAL
from crawler.extraction.pool import ExtractionPool
from crawler.items import Extraction
from tests.test_extraction import PROSE, html
from tests.test_extraction_pool import COMMAND, children, has_all, in_pool, read

URL = "http://x.example/a"
# A second of Python; and 10 s in libxml2, which hears no signal
LONG = html(PROSE + "".join(f"<span>w{n} </span>" for n in range(50_000)))
DEAF = html(PROSE + f"<p {' '.join(f'a{n}=b' for n in range(100_000))}>")

DATED = html(head='<meta name="date" content="3 ventôse 2024">')


@pytest.fixture(autouse=True)
def slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short ones: a page that is surely longer then takes no minutes."""
    monkeypatch.setattr(pools, "SLICE_SECONDS", 0.2)


async def ask(pool: ExtractionPool, body: bytes, url: str = URL) -> Extraction:
    """Ask for a page that may be put off."""
    return await pool.extract(
        body, url=url, content_type="text/html", fetched_on="2026-03-01", may_be_put_off=True
    )


def with_one_worker(
    act: Callable[[ExtractionPool], Awaitable[Any]], *, wait: bool = True, **options: object
) -> Any:
    """What an act gives with a pool in which others wait, or do not."""
    return in_pool(act, workers=1, others_wait=lambda: wait, **options)


async def worker_of(pool: ExtractionPool) -> int:
    """The id of the worker, which has read a page and rests."""
    before = children()
    assert has_all(await read(pool, html()))
    (worker,) = children() - before or before
    return worker


def test_a_slow_page_is_put_off_while_others_wait_and_then_read_as_at_once() -> None:
    waiting = [True]

    async def act(pool: ExtractionPool) -> None:
        worker = await worker_of(pool)
        with pytest.raises(PutOff):
            await ask(pool, LONG)
        assert has_all((await ask(pool, html())).article)
        asked_again = await pool.extract(
            LONG, url=URL, content_type="text/html", fetched_on="2026-03-01"
        )
        assert asked_again.article.tried == ("fast",)
        waiting.clear()
        assert await ask(pool, LONG) == asked_again
        assert worker in children()

    in_pool(act, workers=1, others_wait=lambda: bool(waiting), wall_seconds=60)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_worker_that_hears_nothing_is_replaced() -> None:
    async def act(pool: ExtractionPool) -> None:
        worker = await worker_of(pool)
        with pytest.raises(PutOff):
            await ask(pool, DEAF)
        assert worker not in children()
        with pytest.raises(PutOff):  # of the page of an error, too
            await pool.facts(DEAF, url=URL, content_type="text/html", may_be_put_off=True)
        assert has_all((await ask(pool, html())).article)

    with_one_worker(act)


@pytest.mark.parametrize("fault", ["spin-in-all", "spin-in-fast", "spin-in-metadata"])
def test_an_endless_expression_is_put_off_wherever_it_is_met(fault: str) -> None:
    async def act(pool: ExtractionPool) -> None:
        with pytest.raises(PutOff):
            await ask(pool, html(), f"http://x.example/{fault}")
        assert has_all(await read(pool, html()))

    with_one_worker(act, command=COMMAND)


def test_quick_pages_and_pages_that_do_not_compute_are_never_put_off() -> None:
    """A worker that sleeps is one for which the machine has no time."""

    async def act(pool: ExtractionPool) -> None:
        for _ in range(10):
            assert has_all((await ask(pool, html())).article)
        found = (await ask(pool, html(), "http://x.example/hang-in-fast")).article
        assert found.tried == ("fast", "baseline", "without-metadata")

    with_one_worker(act, command=COMMAND, wall_seconds=3)


def test_an_interruption_wears_a_worker() -> None:
    async def act(pool: ExtractionPool) -> None:
        worker = await worker_of(pool)
        with pytest.raises(PutOff):
            await ask(pool, LONG)
        assert worker not in children()

    with_one_worker(act, jobs_per_worker=pools.INTERRUPTION_WEAR)


def test_the_signal_does_nothing_to_a_worker_that_rests() -> None:
    async def act(pool: ExtractionPool) -> None:
        worker = await worker_of(pool)
        for _ in range(5):
            os.kill(worker, SIGNAL)
            assert has_all(await read(pool, html()))
        assert worker in children()

    with_one_worker(act)


def test_the_languages_of_dates_are_loaded_to_their_end() -> None:
    """That takes longer than the slice, is done once in a worker, and no page has to pay for it."""

    async def act(pool: ExtractionPool) -> tuple[float, bool]:
        worker = await worker_of(pool)
        used = cpu_seconds(worker)
        assert has_all((await ask(pool, DATED)).article)
        return cpu_seconds(worker) - used, worker in children()

    took_s, is_there = with_one_worker(act, forks=False)  # else: test_extraction_nursery
    assert took_s > 0.5, "no languages were loaded: this page asks for none"
    assert is_there


@pytest.mark.slow
def test_a_worker_reads_after_many_interruptions_as_one_that_met_none(corpus: Path) -> None:
    """Real pages, each given up at a moment of its own and then read; seeds 1 to 3."""
    rows = [json.loads(line) for line in (corpus / "articles.jsonl").read_text().splitlines()]
    paths = [corpus / row["html_path"] for row in rows if row["bytes"]][::7]
    bodies = [gzip.decompress(path.read_bytes()) for path in paths]

    async def all_of_them(pool: ExtractionPool) -> list[Extraction]:
        return [
            await pool.extract(body, url=URL, content_type="text/html", fetched_on="2026-11-22")
            for body in bodies
        ]

    async def disturbed(pool: ExtractionPool, worker: int, chance: random.Random) -> int:
        """Interrupt each page, if it is not read by then; return how many were."""
        count = 0
        for body in bodies:
            task = asyncio.create_task(ask(pool, body))
            await asyncio.sleep(chance.uniform(0, 0.06))
            os.kill(worker, SIGNAL)
            try:
                await task
            except PutOff:
                count += 1
        return count

    expected = with_one_worker(all_of_them, wait=False, jobs_per_worker=10**6)
    for seed in (1, 2, 3):

        async def act(pool: ExtractionPool, seed: int = seed) -> list[Extraction]:
            await read(pool, DATED)  # else the first page that asks for languages costs its worker
            worker = await worker_of(pool)
            count = await disturbed(pool, worker, random.Random(seed))
            assert count > len(bodies) / 5, "hardly a page was interrupted"
            assert worker in children()
            return await all_of_them(pool)

        assert with_one_worker(act, wait=False, jobs_per_worker=10**6) == expected, f"seed {seed}"
