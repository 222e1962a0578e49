"""A small web on loopback, for the demo and the tests: a news archive and the pages that it cites.

``DemoWeb`` runs it, ``SOURCES`` and ``ENTRIES`` tell what a reader should come to know of it, and
``behaviours`` has what further pages are made of::

    with DemoWeb() as web:
        web.add("courier", "/new", versions({day(1): page("Hello"), day(3): page("", status=410)}))
        web.move_to(day(3))

Nothing in it leaves the machine, and every word in it was written for it.
"""

from crawler.demo.behaviours import (
    LOOKS,
    START,
    Answer,
    Behaviour,
    Request,
    Response,
    Script,
    chunked,
    coded,
    compress,
    cut_off,
    damaged,
    day,
    delay,
    drip,
    endless,
    made,
    page,
    raw,
    redirect,
    reset,
    sequence,
    silence,
    stuck,
    unmeasured,
    versions,
)
from crawler.demo.entries import ENTRIES, DemoEntry
from crawler.demo.lantern import write_entries
from crawler.demo.publishers import PUBLISHERS, SILENT, Publisher
from crawler.demo.site import DemoWeb
from crawler.demo.sources import SOURCES, Source

__all__ = [
    "ENTRIES",
    "LOOKS",
    "PUBLISHERS",
    "SILENT",
    "SOURCES",
    "START",
    "Answer",
    "Behaviour",
    "DemoEntry",
    "DemoWeb",
    "Publisher",
    "Request",
    "Response",
    "Script",
    "Source",
    "chunked",
    "coded",
    "compress",
    "cut_off",
    "damaged",
    "day",
    "delay",
    "drip",
    "endless",
    "made",
    "page",
    "raw",
    "redirect",
    "reset",
    "sequence",
    "silence",
    "stuck",
    "unmeasured",
    "versions",
    "write_entries",
]
