"""The cited pages: what each does, day by day, and what a reader should come to know of it.

This is the answer key of the demo, in four parts: what is stable, what changes, what leaves, and
what can never be captured.
"""

from crawler.demo.sources.changing import CHANGING
from crawler.demo.sources.leaving import LEAVING
from crawler.demo.sources.never import NEVER
from crawler.demo.sources.source import Source
from crawler.demo.sources.stable import STABLE

__all__ = ["SOURCES", "Source"]

SOURCES = {source.name: source for part in (STABLE, CHANGING, LEAVING, NEVER) for source in part}
