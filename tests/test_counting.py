"""Signals of Scrapy reach whoever listens, and what it counts is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydispatch import dispatcher  # type: ignore[import-untyped]
from scrapy import Spider, signals
from scrapy.signalmanager import SignalManager
from scrapy.utils.test import get_crawler

from crawler.fetching.run.counting import Signals, Stats

Connect = Callable[[Any, SignalManager], None]
HEARD = signals.response_received


def by_its_manager(receiver: Any, manager: SignalManager) -> None:
    manager.connect(receiver, HEARD)


def by_whatever_signal(receiver: Any, manager: SignalManager) -> None:
    manager.connect(receiver, dispatcher.Any)


def by_whatever_sender(receiver: Any, manager: SignalManager) -> None:
    dispatcher.connect(receiver, HEARD)


def by_whatever(receiver: Any, manager: SignalManager) -> None:
    dispatcher.connect(receiver)


def by_nobody(receiver: Any, manager: SignalManager) -> None:
    """Nobody listens."""


@pytest.mark.parametrize(
    "connect",
    [by_its_manager, by_whatever_signal, by_whatever_sender, by_whatever, by_nobody],
)
def test_a_signal_is_heard_by_the_same_as_ever(connect: Connect) -> None:
    sender, heard = object(), list[str]()

    def listen(url: str) -> int:
        heard.append(url)
        return len(heard)

    connect(listen, Signals(sender))
    try:
        results = [
            kind(sender).send_catch_log(HEARD, url=kind.__name__, spider=None)
            for kind in (SignalManager, Signals)
        ]
        Signals(object()).send_catch_log(signals.item_scraped, url="of another", spider=None)
    finally:
        for whom in (sender, dispatcher.Any):
            for what in (HEARD, dispatcher.Any):
                if listen in list(dispatcher.liveReceivers(dispatcher.getReceivers(whom, what))):
                    dispatcher.disconnect(listen, what, whom)
    expected = [] if connect is by_nobody else ["SignalManager", "Signals"]
    assert heard[:2] == expected
    assert [len(result) for result in results] == [int(bool(expected))] * 2


def test_who_does_not_listen_any_more_hears_nothing() -> None:
    manager, heard = Signals(object()), list[str]()

    def listen(url: str) -> None:
        heard.append(url)

    manager.connect(listen, HEARD)
    manager.disconnect(listen, HEARD)
    assert manager.send_catch_log(HEARD, url="late") == [] and not heard


def test_what_is_counted_can_be_read() -> None:
    stats = Stats(get_crawler(Spider))
    stats.inc_value("pages")
    stats.inc_value("pages", 2)
    stats.max_value("largest", 7)
    assert stats.get_stats() == {"pages": 3, "largest": 7}
