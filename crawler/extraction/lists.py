"""The lists that an extractor drops from the middle of a text, though the text announces them.

Worker side. To trafilatura (2.3.1) a list of links is navigation wherever it stands; but one that
a paragraph of the text announces by a colon belongs to it: names, sources, conditions. 10 of 1,373
saved pages have one that was dropped.
"""

from __future__ import annotations

from lxml import html

from crawler.comparison.texts import count_words
from crawler.extraction import page

ANNOUNCES = 6  # words; "Related:" and "Read more about this:" announce no part of a text
MAX_ITEMS = 500


def with_announced_lists(tree: html.HtmlElement, text: str) -> str:
    """Return a text with the lists that it announces and lacks, each behind its paragraph.

    An item is a line. A list of which any item is in the text was not dropped.
    """
    announced = [(intro, found) for found in tree.iter("ul", "ol") if (intro := _intro_of(found))]
    if not announced:
        return text
    lines = text.split("\n")
    whole = page.squash(text)
    places = {page.squash(line.removeprefix("- ")): at for at, line in enumerate(lines)}
    inserted: dict[int, list[str]] = {}
    for intro, found in announced:
        at = places.get(page.squash(intro))
        items = _items_of(found) if at is not None else []
        if at is not None and not any(page.squash(item) in whole for item in items):
            inserted[at] = [f"- {item}" for item in items]
    return "\n".join(
        line for at, kept in enumerate(lines) for line in (kept, *inserted.get(at, ()))
    )


def _intro_of(found: html.HtmlElement) -> str | None:
    """Return the paragraph right before a list that ends with a colon; None when there is none."""
    before = found.getprevious()
    if before is None or before.tag != "p" or (before.tail or "").strip():
        return None
    intro = page.clean_line(before.text_content())
    if not intro or not intro.endswith((":", "：")) or count_words(intro) < ANNOUNCES:
        return None
    return None if page.is_beside_text(found) else intro


def _items_of(found: html.HtmlElement) -> list[str]:
    """Return the texts of a list's items; none when there are too many."""
    items = [page.clean_line(item.text_content()) for item in found.iterchildren("li")]
    return [item for item in items if item] if len(items) <= MAX_ITEMS else []
