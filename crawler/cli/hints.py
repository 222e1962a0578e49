"""Hints that name a command: it is to be run on the archive that was asked for."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterable

from crawler.cli.commands import COMMANDS

# A log that stays behind would be read into the backup that is put there.
RESTORE = "move it away with its -wal and -shm, and restore a backup"


def hint(text: str, parsed: argparse.Namespace) -> str:
    """Return a sentence, of an error or of ordinary output, whose commands can be run as written.

    Where the archive is named by the environment, they find it there.
    """
    return on_archive(text, _named(parsed), COMMANDS)


def _named(parsed: argparse.Namespace) -> str | None:
    """Return the archive as a person wrote it, by ``--archive`` or ``-s``; None: they did not."""
    archive: str | None = getattr(parsed, "archive", None)
    if archive:
        return archive
    set_to = [
        value
        for name, _, value in (str(text).partition("=") for text in _settings(parsed))
        if name == "SOURCEKEEP_ARCHIVE"
    ]
    return set_to[-1] if set_to else None


def _settings(parsed: argparse.Namespace) -> Iterable[str]:
    return getattr(parsed, "settings", None) or ()


def on_archive(text: str, archive: str | None, commands: Iterable[str]) -> str:
    """Return a sentence in which each command that it names is told the archive, too.

    ``archive`` is as a person wrote it; None: they did not.
    """
    if archive is None:
        return text
    named = re.compile(rf"\bsourcekeep (?:{'|'.join(commands)})\b(?! --archive)")
    return named.sub(lambda match: f"{match[0]} --archive {shlex.quote(archive)}", text)
