"""Where a section of an HTML page begins and ends, whatever boxes were put around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crawler.entries.headings import Section, section_named
from crawler.entries.html_blocks import Block, Element, around, landmark_of, list_of, names_of

_LONGEST_HEADING = 30  # "Sources:" in a paragraph of its own counts as a heading
_NAMES: dict[str, Section] = {
    "sources": "sources",
    "source-list": "sources",
    "references": "sources",
    "citations": "sources",
    "changes": "changes",
    "revisions": "changes",
    "related": "related",
}


def section_opened(block: Block) -> Section | None:
    """Return the section that a block is the heading of; None for other blocks."""
    if block.links and block.level is None:
        return None
    text = block.text
    return section_named(text) if len(text) <= _LONGEST_HEADING else None


def sections_of(blocks: Sequence[Block]) -> Iterator[tuple[Section, list[Block]]]:
    """Give each section with its blocks; by class names where sources have no heading."""
    seen: set[Section] = set()
    for position, block in enumerate(blocks):
        section = section_opened(block)
        if section:
            seen.add(section)
            yield section, content_after(blocks, position)
    if "sources" not in seen:
        named = _box_named(blocks, "sources")
        if named is not None:
            yield "sources", [b for b in blocks if any(e is named for e in around(b.element))]


def first_section(blocks: Sequence[Block]) -> int:
    """Return the position of the first section's heading or box; the number of blocks without."""
    for position, block in enumerate(blocks):
        if section_opened(block) or any(_section_box(e) for e in around(block.element)):
            return position
    return len(blocks)


def _section_box(element: Element) -> Section | None:
    return next((_NAMES[name] for name in names_of(element) if name in _NAMES), None)


def _box_named(blocks: Sequence[Block], section: Section) -> Element | None:
    """Return the outermost box whose class or id names a section."""
    for block in blocks:
        boxes = [e for e in around(block.element) if _section_box(e) == section]
        if boxes and block.links:
            return boxes[-1]
    return None


def content_after(blocks: Sequence[Block], position: int) -> list[Block]:
    """Return the blocks that belong to the section whose heading stands at a position.

    The section ends at the next heading of its rank, at navigation, footer or aside, where the
    box around heading and first item ends, or, if its items are in a list, behind that list.
    """
    heading = blocks[position]
    landmark = landmark_of(heading.element)
    found: list[Block] = []
    common: Element = None
    for block in blocks[position + 1 :]:
        if _ends(block, heading) or landmark_of(block.element) is not landmark:
            break
        if block.level is not None:
            continue
        if not found:
            common = _common_box(heading.element, block.element)
        inside = any(box is common for box in around(block.element))
        if not inside or (found and not _continues(found[-1], block)):
            break
        found.append(block)
    return found


def _ends(block: Block, heading: Block) -> bool:
    if section_opened(block):
        return True
    return block.level is not None and (heading.level is None or block.level <= heading.level)


def _common_box(one: Element, other: Element) -> Element:
    boxes = list(around(one))
    return next((box for box in around(other) if any(box is known for known in boxes)), None)


def _continues(before: Block, block: Block) -> bool:
    """Whether a block goes on where the last one stopped: same list, nested or adjacent to it."""
    listed, following = list_of(before.element), list_of(block.element)
    if listed is following or listed is None:
        return True
    if following is None:
        return False
    nested = any(box is listed for box in around(following))
    return (
        nested or any(box is following for box in around(listed)) or listed.getnext() is following
    )
