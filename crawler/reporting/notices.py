"""Notice of a run that needs attention: by mail, chat or webhook, through Apprise.

Apprise is the extra ``[notify]``, and is imported only when somebody is to be notified. The URLs
hold passwords and tokens: they come from the environment, and are kept and printed nowhere.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

VARIABLE = "SOURCEKEEP_NOTIFY"


def notice_urls(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the URLs of Apprise that the environment names, parted by blanks or line ends."""
    return tuple(environment.get(VARIABLE, "").split())


def give_notice(urls: Sequence[str], *, title: str, body: str) -> list[str]:
    """Send a notice to each URL; return a sentence for each that it did not reach. Never raises.

    Texts go out as plain text: where the other side shows HTML, Apprise escapes them.
    """
    try:
        from apprise import Apprise, NotifyFormat
    except ImportError:
        return [
            f"{VARIABLE} is set, but Apprise is not installed:"
            " pip install 'sourcekeep[notify]'"
        ]  # fmt: skip
    complaints = []
    with _silent("apprise"):
        for number, url in enumerate(urls, 1):
            name = f"notice {number} of {len(urls)} ({_scheme(url)})"
            try:
                channel = Apprise()
                if not channel.add(url):
                    complaints.append(f"{name}: Apprise does not know such a URL")
                elif not channel.notify(body, title=title, body_format=NotifyFormat.TEXT):
                    complaints.append(f"{name}: was not delivered")
            except Exception as exc:  # noqa: BLE001  a hundred foreign services; no reason to fail
                complaints.append(f"{name}: {type(exc).__name__}")
    return complaints


def _scheme(url: str) -> str:
    """Return what names a URL without its secrets."""
    scheme, colon, _ = url.partition(":")
    return scheme if colon and scheme.isalnum() else "?"


@contextmanager
def _silent(name: str) -> Iterator[None]:
    """Keep a logger quiet: Apprise writes the URLs that it could not reach."""
    logger = logging.getLogger(name)
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before
