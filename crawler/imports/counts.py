"""What an import found and did, counted."""

from __future__ import annotations

from dataclasses import dataclass, field

from crawler.imports.containers import Signed
from crawler.imports.records import Unread

UNREAD_MAX = 10_000  # lines of what could not be read; the rest is counted


@dataclass(slots=True)
class Counts:
    """What an import found and did."""

    files: int = 0  # read, of those that were named
    records: int = 0  # answers, revisits, resources, and attempts that got no answer
    captures: int = 0  # new ones
    attempts: int = 0  # new ones that got no answer
    known: int = 0  # held already
    sources: int = 0  # to which something was added
    sources_new: int = 0
    other_addresses: int = 0  # records of which no source is known
    forgotten: int = 0  # records of sources that were forgotten: nothing of them is taken in
    rescued: int = 0  # of the new ones, answers of web archives: none of our own captures
    rescued_known: int = 0  # records of mementos that we have fetched ourselves
    untold: list[str] = field(default_factory=list)  # a line for each file that does not tell all
    not_pages: int = 0  # records that are no answer to a request for a page of the web
    signatures: list[str] = field(default_factory=list)  # of WACZ files, a line each, with the key
    signatures_wrong: list[str] = field(default_factory=list)  # that do not hold, a line each
    unread: list[str] = field(default_factory=list)  # one line each
    unread_more: int = 0  # beyond those lines

    def note_signature(self, signed: Signed) -> None:
        """Keep what a signature came to."""
        wrong = signed.signature.problem is not None
        (self.signatures_wrong if wrong else self.signatures).append(str(signed))

    def note(self, problem: Unread) -> None:
        """Keep a line of what could not be read."""
        if len(self.unread) < UNREAD_MAX:
            self.unread.append(str(problem))
        else:
            self.unread_more += 1

    def note_untold(self, file: str, count: int) -> None:
        """Keep a line of what is left out of an export that an earlier release made."""
        what = "a capture" if count == 1 else f"{count} captures"
        self.untold.append(
            f"{file}: {what} from web archives left out, because the file does not tell of which"
            " moment and address; export the archive again with this release"
        )
