"""Datasette on a loopback address, over one archive, until it is interrupted."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import datasette
import uvicorn
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.utils import tilde_encode

from crawler.errors import UsageError
from crawler.inspect import door, plugin
from crawler.inspect.configuration import SETTINGS, configuration_of, merged, metadata_of
from crawler.inspect.guard import is_loopback
from crawler.inspect.meanings import read_meanings


def datasette_of(path: Path) -> Datasette:
    """Return Datasette with our plugin and configuration over an archive, opened read-only.

    A crawl may be writing to it: each query sees what was committed before it began.
    """
    for each, known_as in ((plugin, "sourcekeep"), (door, "sourcekeep-door")):
        if not pm.is_registered(each):
            pm.register(each, known_as)
    name = path.stem
    metadata, configuration = metadata_of(name, read_meanings()), configuration_of(name)
    told = (
        {"metadata": merged(metadata, configuration)}
        if datasette.__version__.startswith("0.")
        else {"metadata": metadata, "config": configuration}
    )
    return Datasette([str(path)], settings=SETTINGS, **told)


def refuse_unspeakable(path: Path) -> None:
    """Raise UsageError for a path that Datasette would read as another one.

    It puts the path into a URI as it stands (datasette/database.py, 0.65.5 and 1.0a41).
    """
    found = sorted({"?", "#", "%"} & set(str(path)))
    if found:
        raise UsageError(
            f"{path}: Datasette cannot open a path with {' or '.join(found)} in it; make a link to"
            " its folder under another name"
        )


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there; port 0 takes any that is free.

    Raises UsageError when the host is not a loopback one, or the port cannot be had.
    """
    if not is_loopback(host):
        raise UsageError(
            f"--host {host}: only loopback addresses; what was archived is others' work, and there"
            " is no login"
        )
    address = host.strip("[]")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((address, port))
        made.listen()
    except (OSError, OverflowError) as exc:
        made.close()
        raise UsageError(f"{host}, port {port}: {exc}; choose another with --port") from exc
    return made


def address_of(listening: socket.socket, path: Path) -> str:
    """Return the URL of the first page of an archive."""
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/-/sourcekeep/{tilde_encode(path.stem)}"


def serve(path: Path, listening: socket.socket, *, when_ready: Callable[[], object]) -> None:
    """Answer requests until SIGINT or SIGTERM; ``when_ready`` is called once before the first."""
    with suppress(KeyboardInterrupt):  # that is how it is meant to end
        asyncio.run(_serve(path, listening, when_ready))


async def _serve(path: Path, listening: socket.socket, when_ready: Callable[[], object]) -> None:
    inspector = datasette_of(path)
    await inspector.invoke_startup()
    config = uvicorn.Config(inspector.app(), log_level="warning", access_log=False, lifespan="on")
    when_ready()
    await uvicorn.Server(config).serve(sockets=[listening])
