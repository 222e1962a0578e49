"""A log file of the runs, with rotation; besides what is printed."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler

from scrapy.settings import BaseSettings

from crawler.errors import UsageError

_FORMAT = "%(asctime)sZ %(process)d %(levelname)s %(name)s: %(message)s"


@contextmanager
def log_file(settings: BaseSettings) -> Iterator[None]:
    """Write what is logged meanwhile, from INFO on, to SOURCEKEEP_LOG_FILE too, if that is set.

    Raises UsageError when the file cannot be opened.
    """
    path = settings.get("SOURCEKEEP_LOG_FILE")
    if not path:
        yield
        return
    try:
        handler = RotatingFileHandler(
            path,
            maxBytes=settings.getint("SOURCEKEEP_LOG_MAX_BYTES"),
            backupCount=settings.getint("SOURCEKEEP_LOG_BACKUPS"),
            encoding="utf-8",
        )
    except (OSError, ValueError) as exc:
        raise UsageError(f"the log file cannot be opened: {exc}") from exc
    formatter = logging.Formatter(_FORMAT, datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.setLevel(logging.INFO)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()
