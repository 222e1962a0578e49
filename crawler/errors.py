"""The tree of our errors, each with the facts that its handler needs.

::

    SourcekeepError                 whatever we raise on purpose; its text is one clear sentence
    ├── UsageError                  the caller asked for something impossible; exit code 2
    │   ├── InputNotFound           no such file or folder, or not a URL that we can read
    │   └── BadDate                 text that is no date or instant
    ├── EntryError                  a page could not be read as an entry
    │   └── NothingFound            parsed, but no headline, date or sources in it
    ├── UrlError                    a cited URL that can never be fetched, with the reason code
    ├── ArchiveError                archive.db cannot be used; exit code 1
    │   ├── ForeignDatabase         a SQLite file, but not an archive of ours; or not SQLite
    │   ├── NewerSchema             written by a newer Sourcekeep
    │   ├── ArchiveBusy             another run holds it
    │   └── EvidenceLost            a capture could not be written: the run must stop
    ├── ReportNotWritten            a run did its work, but its report has no place; exit code 1
    ├── ExportNotWritten            an export has no place on the disk; exit code 1
    ├── RequestFailed               a request outside of a crawl was refused, or not answered
    ├── StampRefused                an answer that is no time stamp of what was asked for
    ├── PayloadDamaged              bytes that do not match their digest
    ├── PutOff                      a page is slow, and others wait for its worker
    └── ExtractionFailed            a worker died, hung or refused; costs one article, never the run

The web failing is no error: it is a row in ``fetches`` with an outcome.
"""

from __future__ import annotations


class SourcekeepError(Exception):
    """Root of everything that we raise on purpose."""


class UsageError(SourcekeepError):
    """The caller asked for something that cannot be done; nothing was changed."""


class InputNotFound(UsageError):
    """There is no such input."""

    def __init__(self, locator: str, why: str) -> None:
        super().__init__(f"{locator}: {why}")
        self.locator = locator  # path or URL as the caller wrote it
        self.why = why


class BadDate(UsageError):
    """The text is neither a date nor an instant."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no date: write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ")
        self.text = text


class EntryError(SourcekeepError):
    """A page could not be read as an entry."""

    def __init__(self, locator: str, why: str) -> None:
        super().__init__(f"{locator}: {why}")
        self.locator = locator
        self.why = why


class NothingFound(EntryError):
    """The page was parsed, but holds no headline, no date and no sources."""


class UrlError(SourcekeepError):
    """A URL that can never be fetched."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url!r}: {reason}")
        self.url = url
        self.reason = reason  # code such as "unsupported-scheme", "too-long", "no-host"


class ArchiveError(SourcekeepError):
    """archive.db cannot be used as it is."""


class ForeignDatabase(ArchiveError):
    """The file is not an archive of ours."""


class NewerSchema(ArchiveError):
    """The archive was written by a newer Sourcekeep."""


class ArchiveBusy(ArchiveError):
    """Another run is at work on this archive."""


class EvidenceLost(ArchiveError):
    """A capture could not be written. The run stops, because going on would hide the loss."""


class PayloadDamaged(SourcekeepError):
    """Stored bytes do not match their digest."""

    def __init__(self, digest: str, why: str) -> None:
        super().__init__(f"payload {digest} is damaged: {why}")
        self.digest = digest


class RequestFailed(SourcekeepError):
    """A request outside of a crawl gave no answer that can be used."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"{url}: {why}")
        self.url = url
        self.why = why


class StampRefused(SourcekeepError):
    """An authority gave no time stamp, or one that does not hold."""


class PutOff(SourcekeepError):
    """A payload was not read because it takes long, and others wait; ask again when none does."""

    def __init__(self) -> None:
        super().__init__("the page takes long, and others wait")


class ExtractionFailed(SourcekeepError):
    """A payload gave no article because the worker died, hung or ran out of memory."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason  # "timeout", "crash", "memory", "error"


class ReportNotWritten(SourcekeepError):
    """The files of a report could not be written."""

    def __init__(self, folder: object, why: str) -> None:
        super().__init__(f"{folder}: the report cannot be written there: {why}")
        self.folder = folder
        self.why = why


class ExportNotWritten(SourcekeepError):
    """An export could not be written; nothing stands under its name."""

    def __init__(self, destination: object, why: str) -> None:
        super().__init__(f"{destination}: the export cannot be written: {why}")
        self.destination = destination
        self.why = why
