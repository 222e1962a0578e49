"""A log file of the runs, with rotation; besides what is printed."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from logging.handlers import RotatingFileHandler

from scrapy.settings import BaseSettings

from crawler.errors import UsageError

_log = logging.getLogger(__name__)
_FORMAT = "%(asctime)sZ %(process)d %(levelname)s %(name)s: %(message)s"


class _LogFile(RotatingFileHandler):
    """A log file that a full disk ends, with one warning, and the run does not."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Write nothing more, instead of a traceback for each record."""
        exc = sys.exc_info()[1]
        if not isinstance(exc, OSError):
            super().handleError(record)
            return
        logging.getLogger().removeHandler(self)
        _log.warning("the log file %s ends here: %s", self.baseFilename, exc.strerror)

    def close(self) -> None:
        """Close; what the disk did not take has been told of."""
        with suppress(OSError):
            super().close()


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
        handler = _LogFile(
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
