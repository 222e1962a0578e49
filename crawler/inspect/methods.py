"""Pages of ours are read, and do nothing: other methods than GET and HEAD are refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

_READING = ("GET", "HEAD")

View = Callable[[Datasette, Request], Awaitable[Response]]


def only_read(view: View) -> View:
    """Return the view, which answers other methods with 405 (RFC 9110 §15.5.6)."""

    async def answered(datasette: Datasette, request: Request) -> Response:
        if request.method not in _READING:
            return Response.text(
                "This page can only be read: ask with GET or HEAD.\n",
                status=405, headers={"Allow": ", ".join(_READING)},
            )  # fmt: skip
        return await view(datasette, request)

    return answered
