"""Datasette as ``sourcekeep inspect`` sets it up, asked in this process and without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from datasette.app import Datasette
from datasette.plugins import pm

from crawler.inspect import door, plugin, serving


@contextmanager
def inspected(path: Path) -> Iterator[Datasette]:
    """Our Datasette over an archive; afterwards Datasette is stock again, as other tests want it.

    Until then every Datasette of this process has our plugins.
    """
    try:
        yield serving.datasette_of(path)
    finally:
        for ours in (plugin, door):
            if pm.is_registered(ours):
                pm.unregister(ours)


def answers_of(
    inspector: Datasette,
    *addresses: str,
    headers: Mapping[str, str] | None = None,
    follow: bool = True,
) -> list[Any]:
    """Ask a Datasette over HTTP for addresses, one after the other; return its answers."""

    async def asking() -> list[Any]:
        await inspector.invoke_startup()
        return [
            await inspector.client.get(
                address, headers=dict(headers or {}), follow_redirects=follow
            )
            for address in addresses
        ]

    return asyncio.run(asking())


def ask(
    path: Path, *addresses: str, headers: Mapping[str, str] | None = None, follow: bool = True
) -> list[Any]:
    """Ask our Datasette for addresses below the archive's; return its answers."""
    with inspected(path) as inspector:
        return answers_of(inspector, *addresses, headers=headers, follow=follow)
