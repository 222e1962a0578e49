"""The demo web as a whole: a news archive and the publishers that it cites."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from crawler.demo.behaviours import START, Behaviour, page
from crawler.demo.lantern import list_archive_routes
from crawler.demo.loopback import LoopbackWeb
from crawler.demo.neighbourhood import list_routes
from crawler.demo.pages import render_not_found
from crawler.demo.publishers import LANTERN, PUBLISHERS, find_address


class DemoWeb(LoopbackWeb):
    """A news archive and the pages that it cites, on loopback, in a thread of this process.

    Use it in a ``with`` statement. Its clock stands still until ``move_to``; the hosts go by the
    clock in what they show, and in their Date headers.
    """

    def __init__(self, *, port: int = 0, at: datetime = START) -> None:
        missing = {
            publisher.address: page(render_not_found(publisher), status=404)
            for publisher in PUBLISHERS.values()
        }
        super().__init__(missing, port=port, at=at)
        for host, path, behaviour in (*list_archive_routes(), *list_routes()):
            self.add(host, path, behaviour)

    @property
    def base_url(self) -> str:
        """The address of the news archive, without a slash at its end."""
        return self.url(LANTERN.key, "")

    def url(self, host: str, path: str) -> str:
        """Return the URL of a path on a host, which may be named by its key or its address."""
        return f"http://{find_address(host)}:{self.port}{quote(path, safe='/?=&%#+:,;@~')}"

    def add(self, host: str, path: str, behaviour: Behaviour) -> None:
        """Have a path do something, from the next request on; one with a query goes before."""
        self.route(find_address(host), path, behaviour)
