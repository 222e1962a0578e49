"""Hints of errors that name a command: it is to be run on the archive that was asked for."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable


def on_archive(problem: str, archive: str | None, commands: Iterable[str]) -> str:
    """Return a sentence in which each command that it names is told the archive, too.

    ``archive`` is as a person wrote it behind ``--archive``; None: they did not.
    """
    if archive is None:
        return problem
    named = re.compile(rf"\bsourcekeep (?:{'|'.join(commands)})\b(?! --archive)")
    return named.sub(lambda match: f"{match[0]} --archive {shlex.quote(archive)}", problem)
