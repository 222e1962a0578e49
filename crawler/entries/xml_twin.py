"""Reader of an entry's XML twin: elements become the dicts and lists that JSON would give."""

from __future__ import annotations

import re
from html import unescape
from typing import cast
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import XMLParser  # type: ignore[import-untyped]

from crawler.entries.records import MAX_DEPTH, TEXT, Value
from crawler.errors import EntryError

READER = "news-xml"

_NAMED_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]{1,31});")
_BARE_AMPERSAND = re.compile(r"&(?![A-Za-z][A-Za-z0-9]{1,31};|#\d{1,7};|#x[0-9A-Fa-f]{1,6};)")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML 1.0 §2.2
_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}\?>")


class _Builder(TreeBuilder):
    """Keeps the root, so that a page which breaks off leaves what was read of it."""

    root: Element | None = None

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        element = super().start(tag, attrs)
        if self.root is None:
            self.root = element
        return element


def parse(text: str, locator: str) -> tuple[Value, bool]:
    """Return the tree of an XML text and whether it was well-formed.

    A malformed one is read up to its fault. Raises EntryError when nothing could be read, or when
    the text declares entities, which no entry needs and attacks do.
    """
    builder = _Builder()
    parser = XMLParser(target=builder)
    repaired = _repaired(text)
    whole = repaired == text
    try:
        parser.feed(_without_declaration(repaired))
        parser.close()
    except DefusedXmlException:
        raise EntryError(locator, "its XML declares entities, which is refused") from None
    except (ParseError, ValueError) as exc:
        if builder.root is None:
            raise EntryError(locator, f"it is no XML: {exc}") from None
        whole = False
    if builder.root is None:
        raise EntryError(locator, "it is no XML: there is no element in it")
    return {_name(builder.root.tag): _value(builder.root, 0)}, whole


def _without_declaration(text: str) -> str:
    """Return the text without ``<?xml encoding=…?>``, for that encoding is undone already."""
    declaration = _DECLARATION.match(text)
    return text[declaration.end() :] if declaration else text


def _repaired(text: str) -> str:
    """Return the text with HTML's named entities and bare ampersands made legal in XML."""
    if "&" in text:
        text = _NAMED_ENTITY.sub(_numbered, text)
        text = _BARE_AMPERSAND.sub("&amp;", text)
    return _FORBIDDEN.sub("\ufffd", text)


def _numbered(match: re.Match[str]) -> str:
    characters = unescape(match[0])
    if characters == match[0]:
        return f"&amp;{match[1]};"
    return "".join(f"&#{ord(character)};" for character in characters)


def _name(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _value(element: Element, depth: int) -> Value:
    """Return an element as text, or as a dict of its attributes, children and text."""
    text = "".join(_own_text(element))
    if depth > MAX_DEPTH or not (len(element) or element.attrib):
        return text
    fields: dict[str, Value] = {_name(key): value for key, value in element.attrib.items()}
    for child in element:
        name, value = _name(child.tag), _value(child, depth + 1)
        if name not in fields:
            fields[name] = value
        elif isinstance(fields[name], list):
            cast(list[Value], fields[name]).append(value)
        else:
            fields[name] = [fields[name], value]
    if text.strip():
        fields[TEXT] = text.strip()
    return fields


def _own_text(element: Element) -> list[str]:
    return [element.text or "", *(child.tail or "" for child in element)]
