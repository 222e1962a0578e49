"""What a run has to tell: as text for a person, as JSON, as an Atom feed, and as a notice."""

from crawler.reporting.atom import atom_of
from crawler.reporting.document import document_of
from crawler.reporting.files import FEED, prepare_folder, write_files
from crawler.reporting.text import summary_line, text_of

__all__ = [
    "FEED",
    "atom_of",
    "document_of",
    "prepare_folder",
    "summary_line",
    "text_of",
    "write_files",
]
