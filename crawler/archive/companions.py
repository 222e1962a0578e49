"""Files of ours beside an archive: who may write the archive may write them, too."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def like(archive: Path) -> Callable[[str, int], int]:
    """Return an opener (see ``open``) that gives a new file the mode of an archive, and its owner.

    As SQLite makes its log (os_unix.c, ``findCreateFileMode``): else a run of root, or under a
    umask of 077, locks out everybody else who may write the archive. Only root can give a file
    away. The opener raises OSError.
    """

    def opened(name: str, flags: int) -> int:
        try:
            return os.open(name, flags & ~os.O_CREAT)
        except FileNotFoundError:
            made = os.open(name, flags, 0o600)
        with suppress(OSError):  # a file system without modes
            there = archive.stat()
            if os.geteuid() == 0:
                os.fchown(made, there.st_uid, there.st_gid)
            os.fchmod(made, there.st_mode & 0o666)
        return made

    return opened
