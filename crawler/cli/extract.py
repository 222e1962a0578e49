"""``sourcekeep extract``: articles again from the kept payloads."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable

from crawler.archive import Archive, ExtractionJob
from crawler.cli.options import add_clock_option, archive_path, count, moment
from crawler.cli.output import plural, print_json, progress
from crawler.conclusion import Conclusion, policy_of
from crawler.errors import UsageError
from crawler.extraction.extractors import extractor_for
from crawler.fetching.run.clock import Clock
from crawler.fetching.run.extracting import ExtractionQueue


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_clock_option(parser)
    parser.add_argument("source", nargs="?", metavar="SOURCE", help="only this source")
    parser.add_argument(
        "--all",
        action="store_true",
        help="also what the installed extractor has dealt with already",
    )
    parser.add_argument(
        "--workers", type=count, metavar="N", help="processes (one for each core, at most 4)"
    )


def run(parsed: argparse.Namespace) -> int:
    """Extract what wants an article of the installed extractor."""
    if parsed.workers is not None and parsed.workers < 1:
        raise UsageError("--workers: write 1 or more")
    with Archive.open(archive_path(parsed)) as archive, archive.run_lock():
        source = archive.reading.source(parsed.source)["id"] if parsed.source else None
        jobs = [
            job
            for job, done in archive.articles.all_jobs(source)
            if parsed.all or extractor_for(job.mime) not in done
        ]
        done, failed = asyncio.run(_extract(archive, jobs, parsed))
        _judge_again(archive, jobs, parsed)
    if parsed.json:
        print_json({"articles": done, "failed": failed})
    elif not parsed.quiet:
        print(f"{plural(done, 'article')} extracted, {failed} failed")
    return 0


def _judge_again(archive: Archive, jobs: list[ExtractionJob], parsed: argparse.Namespace) -> None:
    """Another text is another measure: what rests on it is judged anew."""
    showing = archive.reading.sources_showing
    sources = sorted({source for job in jobs for source in showing(job.payload)})
    conclusion, now = Conclusion(archive, policy=policy_of(archive)), moment(parsed)
    for source in progress("sources", items=sources, total=len(sources), quiet=parsed.quiet):
        conclusion.conclude_again(source, now=now)


async def _extract(
    archive: Archive, jobs: list[ExtractionJob], parsed: argparse.Namespace
) -> tuple[int, int]:
    def write(step: Callable[[], None]) -> None:
        step()

    clock = Clock(moment(parsed) if parsed.now else None)
    queue = ExtractionQueue(archive, clock, write, workers=parsed.workers)
    with progress("articles", total=len(jobs), quiet=parsed.quiet) as bar:
        queue.on_article = lambda: bool(bar.update())
        queue.add(jobs)
        await queue.drain()
    if queue.broken is not None:
        raise queue.broken
    return queue.done, queue.failed
