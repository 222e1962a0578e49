"""Serve the demo web by hand: ``python -m crawler.demo --port 8400 --at 2026-02-23``."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from urllib.parse import parse_qs

from crawler.dates import format_instant, parse_instant
from crawler.demo.behaviours import START, TEXT, Answer, Behaviour, Request, day, page
from crawler.demo.publishers import PUBLISHERS
from crawler.demo.site import DemoWeb
from crawler.errors import BadDate, SourcekeepError

CLOCK = "/__clock"


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM. Returns an exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m crawler.demo", description="A small news archive and the web that it cites."
    )
    parser.add_argument("--port", type=int, default=0, help="the same on every address; 0: any")
    parser.add_argument(
        "--at", default=format_instant(START), help="UTC day or instant that its clock shows"
    )
    options = parser.parse_args(arguments)
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # before the thread starts and inherits it
    try:
        with DemoWeb(port=options.port, at=parse_instant(options.at)) as web:
            web.add("lantern", CLOCK, clock_of(web))
            sys.stdout.write(introduce(web))
            sys.stdout.flush()
            signal.sigwait(stops)
    except SourcekeepError as exc:
        sys.stderr.write(f"{exc}\n")
        return 2 if isinstance(exc, BadDate) else 1
    return 0


def introduce(web: DemoWeb) -> str:
    """Return what a person at the terminal should know."""
    width = max(len(publisher.name) for publisher in PUBLISHERS.values())
    hosts = [f"  {p.name.ljust(width)}  {web.url(p.key, '/')}" for p in PUBLISHERS.values()]
    told = [
        f"It is {format_instant(web.now)} here; the sources change on the days up to day 6, "
        f"{day(6):%Y-%m-%d}.",
        f"Move the clock: curl '{web.base_url}{CLOCK}?at={day(3):%Y-%m-%d}'",
        "Stop with Ctrl-C.",
    ]
    return "\n".join([*hosts, "", *told, ""])


def clock_of(web: DemoWeb) -> Behaviour:
    """Tell the time, and move the clock for ``?at=2026-02-23``."""

    def answer(request: Request) -> Answer:
        wanted = parse_qs(request.target.partition("?")[2]).get("at")
        try:
            if wanted:
                web.move_to(parse_instant(wanted[0]))
        except BadDate as exc:
            return page(f"{exc}\n", status=400, content_type=TEXT)(request)
        return page(f"{format_instant(web.now)}\n", content_type=TEXT, etag=False)(request)

    return answer


if __name__ == "__main__":
    sys.exit(main())
