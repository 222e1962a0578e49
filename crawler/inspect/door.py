"""Our plugin's door: who may ask, where the archive is shown on this machine only.

A plugin of its own, because a published copy is served to everybody.
"""

from __future__ import annotations

from collections.abc import Callable

from datasette import hookimpl

from crawler.inspect.guard import App, only_loopback


@hookimpl
def asgi_wrapper() -> Callable[[App], App]:
    """Refuse whoever asks by another name than a loopback one."""
    return only_loopback
