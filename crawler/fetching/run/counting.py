"""What Scrapy tells and counts at each request, told only to those who listen.

A page makes it send eight signals, to five of which nobody listens, and count six things; with what
Scrapy 2.19 does around each that is a twentieth of a fetch.
"""

from __future__ import annotations

from typing import Any

from pydispatch import dispatcher  # type: ignore[import-untyped]
from scrapy.signalmanager import SignalManager
from scrapy.statscollectors import MemoryStatsCollector


class Signals(SignalManager):
    """Scrapy's signals; those to which nobody is connected end here."""

    def send_catch_log(self, signal: Any, **kwargs: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401
        """Send a signal, and return each receiver with what it returned, or its Failure."""
        # who listens: to this sender or to whatever sender, for this signal or whatever signal
        for sender in (kwargs.get("sender", self.sender), dispatcher.Any):
            heard = dispatcher.connections.get(id(sender), ())
            if signal in heard or dispatcher.Any in heard:
                return super().send_catch_log(signal, **kwargs)
        return []


class Stats(MemoryStatsCollector):
    """Scrapy's stats, without the warning about an argument that nothing of ours passes.

    For that warning Scrapy wraps each method anew that is asked for.
    """

    __getattribute__ = object.__getattribute__
