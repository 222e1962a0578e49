"""The articles of the demo web, kept as plain text files in ``articles/``.

A file begins with ``Title``, ``By``, ``Published``, ``Section`` and, if it is not English,
``Language``; after an empty line come the paragraphs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "articles"


@dataclass(frozen=True, slots=True)
class Text:
    """An article as its newspaper wrote it, before it became a page."""

    name: str
    title: str
    author: str
    published: str  # calendar date
    section: str
    language: str
    paragraphs: tuple[str, ...]
    body: str  # the paragraphs as they lie in the file, line by line
    revised: str | None = None  # calendar date; None: never

    def rewrite(self, changes: dict[str, str], revised: str) -> Text:
        """Return the article with words replaced, in the title too. Raises KeyError."""
        whole = "\n\n".join((self.title, *self.paragraphs))
        for old, new in changes.items():
            if old not in whole:
                raise KeyError(f"{self.name} does not say {old!r}")
            whole = whole.replace(old, new)
        title, *paragraphs = whole.split("\n\n")
        return replace(self, title=title, paragraphs=tuple(paragraphs), revised=revised)

    def shorten(self, kept_paragraphs: int, revised: str) -> Text:
        """Return the article with only its first paragraphs."""
        return replace(self, paragraphs=self.paragraphs[:kept_paragraphs], revised=revised)

    def opening(self, length: int) -> str:
        """Return the beginning as a news archive excerpts it: so many words, then no more."""
        whole = " ".join(self.paragraphs)
        if self.language in ("zh", "ja"):  # written without blanks between words
            return whole[: length * 2]
        return " ".join(whole.split()[:length])


def has_text(name: str) -> bool:
    """Whether there is an article of this name."""
    return (FOLDER / f"{name}.txt").exists()


def load_text(name: str) -> Text:
    """Return an article by the name of its file, without ``.txt``."""
    return read_text(FOLDER / f"{name}.txt")


@cache
def read_text(path: Path) -> Text:
    """Return the article that a file holds."""
    head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    return Text(
        name=path.stem,
        title=fields["Title"],
        author=fields["By"],
        published=fields["Published"],
        section=fields["Section"],
        language=fields.get("Language", "en"),
        body=body,
        paragraphs=tuple(" ".join(part.split("\n")) for part in body.strip().split("\n\n")),
    )
