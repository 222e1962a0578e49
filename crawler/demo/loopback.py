"""A web on loopback: addresses with paths, and a clock that can be moved."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from crawler.demo.behaviours import Answer, Behaviour, Request, page
from crawler.demo.server import RequestLog, Server
from crawler.errors import UsageError


class LoopbackWeb:
    """Hosts on loopback addresses at one port, in a thread of this process.

    Use it in a ``with`` statement. Its clock stands still until ``move_to``; the hosts go by the
    clock in what they show, and in their Date headers. ``missing`` names the addresses, and what
    each says of paths that it does not have.
    """

    def __init__(self, missing: Mapping[str, Behaviour], *, port: int, at: datetime) -> None:
        self._port = port
        self._now = _in_utc(at)
        self._missing = missing
        self._routes: dict[tuple[str, str], Behaviour] = {}
        self._server = Server(tuple(missing), self._respond, lambda: self._now)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Listen. Raises SourcekeepError when the port is taken or an address cannot be used."""
        self._port = self._server.start(self._port)

    def close(self) -> None:
        """Stop listening and break off what is open; harmless when nothing is."""
        self._server.stop()

    @property
    def requests(self) -> RequestLog:
        """What was asked so far, in order."""
        return self._server.log

    @property
    def connections(self) -> int:
        """How many connections were accepted so far, those that asked nothing included."""
        return self._server.accepted

    @property
    def port(self) -> int:
        """The port of every host. Raises UsageError before ``start``."""
        if not self._port:
            raise UsageError("the demo web has no port before it is started")
        return self._port

    @property
    def now(self) -> datetime:
        """The moment at which the clock stands."""
        return self._now

    def move_to(self, moment: datetime) -> None:
        """Set the clock; back is allowed too. A naive moment is taken as UTC."""
        self._now = _in_utc(moment)

    def refuse(self, addresses: Collection[str]) -> None:
        """Have exactly these addresses refuse connections; all others accept them again."""
        self._server.refuse(addresses)

    def route(self, address: str, path: str, behaviour: Behaviour) -> None:
        """Have a path do something, from the next request on; one with a query goes before."""
        self._routes[address, path] = behaviour

    def _respond(self, request: Request) -> Answer:
        query = request.target.partition("?")[1:]
        for path in (request.path + "".join(query), request.path):
            behaviour = self._routes.get((request.host, path))
            if behaviour:
                return behaviour(request)
        return self._missing.get(request.host, _NO_SUCH_HOST)(request)


_NO_SUCH_HOST = page("The demo web has no such host.", status=502)  # when asked as a proxy


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
