"""A page as a tree: parsing, and what can be read off it without an extractor.

Worker side. trafilatura mutates the trees that it is given, so it gets copies.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urljoin

from lxml import etree, html

from crawler.extraction.markup import clean_text, stripped

MAX_LINKS = 2000  # per article; the longest list in 1,373 saved pages has 372

_DROP = bytes(code for code in range(0x20) if code not in b"\t\n\f\r") + b"\x7f"
_SPACE_FOR_FORM_FEED = bytes.maketrans(b"\f", b" ")
_NONCHARACTERS = re.compile(rb"\xef\xbf[\xbe\xbf]")  # U+FFFE, U+FFFF: lxml refuses them in text
# libxml2 2.14 ends the page there
_CLOSED_ROOT = re.compile(rb"(<html\b[^>]*?)\s*/>", re.IGNORECASE)

_BLOCKS = frozenset(
    {"p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "td", "th", "dd", "dt", "blockquote", "pre"}
    | {"figcaption", "div", "section", "article", "main", "header", "body", "html"}
)
_BESIDE_TEXT = frozenset(
    {"nav", "aside", "footer", "form", "figure", "figcaption", "button", "select", "script"}
    | {"style", "noscript", "menu", "template", "svg"}
)
_LEAD_TAGS = ("p", "div", "span", "strong", "b", "em", "i", "h2", "h3", "h4", "section", "li", "a")
_DESCRIPTIONS = frozenset({"og:description", "description", "twitter:description"})
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


def parse(markup: str) -> html.HtmlElement | None:
    """Return the root element of a page; None when there is no element in it."""
    data = markup.encode("utf-8", errors="replace").translate(_SPACE_FOR_FORM_FEED, _DROP)
    data = _NONCHARACTERS.sub(b"", data)
    head = _CLOSED_ROOT.sub(rb"\1>", data[:4096], count=1)
    try:
        return html.document_fromstring(head + data[4096:], parser=_parser())
    except etree.ParserError:  # "Document is empty"
        return None


def _parser() -> html.HTMLParser:
    """Return a parser for UTF-8 whatever the page says, deep trees and large text nodes.

    Every element is a plain HtmlElement: choosing a class per tag in Python, as lxml.html does,
    took 8 % of an extraction.
    """
    parser = html.HTMLParser(
        encoding="utf-8",
        huge_tree=True,
        collect_ids=False,
        default_doctype=False,
        remove_comments=True,
        remove_pis=True,
    )
    parser.set_element_class_lookup(etree.ElementDefaultClassLookup(element=html.HtmlElement))
    return parser


def clean_line(text: str | None) -> str | None:
    """Return clean text folded into one line; None when nothing is left of it."""
    return " ".join(clean_text(text).split()) or None


def title_of(tree: html.HtmlElement) -> str | None:
    """Return the title that a page gives itself, without any guessing."""
    for path in ('.//meta[@property="og:title"]', './/meta[@name="twitter:title"]'):
        element = tree.find(path)
        if element is not None and (title := clean_line(element.get("content"))):
            return title
    element = tree.find(".//title")
    return clean_line(element.text) if element is not None else None


def language_of(tree: html.HtmlElement) -> str | None:
    """Return the BCP 47 tag that a page declares (lang, else og:locale); None when it does not."""
    locale = tree.find('.//meta[@property="og:locale"]')
    xml_lang = "{http://www.w3.org/XML/1998/namespace}lang"
    for value in (
        tree.get("lang"),
        tree.get("xml:lang") or tree.get(xml_lang),
        locale.get("content") if locale is not None else None,
    ):
        tag = (value or "").strip().replace("_", "-")
        if _LANGUAGE.fullmatch(tag):
            return tag
    return None


def without_lead(tree: html.HtmlElement, text: str) -> str | None:
    """Return the lead paragraph that an extracted text lacks; None when it lacks none.

    Many templates set the lead apart from the body, between headline and picture, and trafilatura
    starts at the body. It is recognised by the description that the page gives of itself, so that
    nothing else can be taken for it. Worth 0.008 of F1 over 689 labelled pages (2.3.1).
    """
    have = squash(text)
    start = next((line[:60] for line in text.split("\n") if len(squash(line)) >= 40), None)
    if start is None:
        return None
    for description in dict.fromkeys(_descriptions(tree)):  # most pages say the same thrice
        key = squash(description)[:40]
        if len(key) < 20 or key in have:
            continue
        lead = _block_that_begins(tree, description, key, before=start)
        if lead is not None and squash(lead) not in have:
            return lead
    return None


def _descriptions(tree: html.HtmlElement) -> Iterator[str]:
    """Give the descriptions in a page's head."""
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or ""
        if name.lower() in _DESCRIPTIONS:
            yield clean_line(element.get("content")) or ""


def _block_that_begins(
    tree: html.HtmlElement, description: str, key: str, *, before: str
) -> str | None:
    """Return the text of the block that begins like the description and precedes the article."""
    lead, start, body_start = _longest_word(description), _longest_word(before), squash(before)
    # elements one by one with a word each: as XPath over text nodes this takes twice the time
    for element in tree.iter(*_LEAD_TAGS):
        beginning = element.text
        if not beginning or not (lead in beginning or start in beginning):
            continue
        block = block_of(element)
        text = clean_line(block.text_content()) or ""
        if body_start in squash(text):
            return None
        if squash(text).startswith(key) and block.tag != "h1" and not is_beside_text(block):
            return text
    return None


def _longest_word(text: str) -> str:
    """Return the longest of a text's first words, which stands in one text node most likely."""
    return max(text.split()[:8], key=len, default=text)[:30]


def links_in(tree: html.HtmlElement, text: str, url: str) -> tuple[str, ...]:
    """Return the absolute targets of the links inside an extracted text, in order, each once.

    A link is inside if its paragraph is in the text, or itself with the words around it.
    trafilatura's own ``include_links`` changes the text (F1 .910 instead of .920) and costs a
    second pass; of its targets this finds 93 %, and 7 % others.
    """
    lines = {squash(cell) for line in text.split("\n") for cell in _cells(line)}
    whole = squash(text)
    inside: dict[html.HtmlElement, bool] = {}
    found: dict[str, None] = {}
    base = _base_of(tree, url)

    def holds(key: str) -> bool:
        return key in lines or (len(key) >= 30 and key in whole)

    for anchor in tree.iter("a"):
        # most stand in menus: what costs least is asked first
        if anchor.get("href") is None or squash(anchor.text or "") not in whole:
            continue
        label = squash(anchor.text_content())
        if not label or label not in whole or _is_in_menu(anchor):
            continue
        block = block_of(anchor)
        if block not in inside:
            inside[block] = holds(squash(block.text_content()))
        if inside[block] or holds(_surroundings(anchor, label)):
            target = absolute_url(base, anchor.get("href", ""))
            if target:
                found.setdefault(target)
            if len(found) == MAX_LINKS:
                break
    return tuple(found)


def _is_in_menu(anchor: html.HtmlElement) -> bool:
    return next(anchor.iterancestors("nav", "footer", "aside", "form"), None) is not None


def _surroundings(anchor: html.HtmlElement, label: str) -> str:
    """Return a link's label with up to 40 characters on either side, squashed."""
    element = anchor
    while (up := element.getparent()) is not None:
        previous = element.getprevious()
        before = squash((up.text if previous is None else previous.tail) or "")
        after = squash(element.tail or "")
        if before or after or up.tag in _BLOCKS:
            return before[-40:] + label + after[:40]
        element = up
    return label


def _cells(line: str) -> Iterator[str]:
    """Give a line without its list mark, whole and by the cells of a table row."""
    bare = line.removeprefix("- ")
    yield bare
    if "|" in bare:
        yield from bare.split("|")


def _base_of(tree: html.HtmlElement, url: str) -> str:
    """Return the URL that relative links are resolved against."""
    element = tree.find(".//base[@href]")
    return url if element is None else absolute_url(url, element.get("href", "")) or url


def absolute_url(base: str, href: str) -> str | None:
    """Return a link's web address; None when it is none, or a place in the same page.

    Cloudflare's hidden e-mail addresses are none either; they change with every fetch.
    """
    target = clean_text(href).strip().replace("\n", "").replace("\t", "")
    if not target or target.startswith("#"):
        return None
    try:
        joined = urljoin(base, target)
    except ValueError:  # "http://[x"
        return None
    if not joined.startswith(("http://", "https://")) or "/cdn-cgi/l/email-protection" in joined:
        return None
    return joined


def with_repeats(tree: html.HtmlElement, text: str) -> str:
    """Return a text with identical paragraphs as often as the page has them.

    trafilatura drops them as artefacts of overlapping candidates (2.3.1, ``extract_content`` and
    ``recover_wild_text``), which costs lyrics and transcripts their refrains. Only siblings count:
    a page that holds its article twice, for two screen sizes, must not get it twice.
    """
    lines = text.split("\n")
    for siblings in _repeating_siblings(tree):
        keys = [squash(element.text_content()) for element in siblings]
        kept = Counter(map(squash, lines))
        missing = Counter(
            {key: n - kept[key] for key, n in Counter(keys).items() if key and 0 < kept[key] < n}
        )
        if missing:
            lines = _with_missing(lines, keys, missing)
    return "\n".join(lines)


def _repeating_siblings(tree: html.HtmlElement) -> Iterator[list[html.HtmlElement]]:
    """Give the paragraphs and headings of each parent that holds two paragraphs alike."""
    by_parent: dict[html.HtmlElement, list[html.HtmlElement]] = {}
    for element in tree.iter("p", "blockquote", "h2", "h3", "h4"):
        if element.text and not element.text.isspace() and (up := element.getparent()) is not None:
            by_parent.setdefault(up, []).append(element)
    for siblings in by_parent.values():
        if len({element.text for element in siblings}) < len(siblings):
            yield siblings


def _with_missing(lines: list[str], keys: list[str], missing: Counter[str]) -> list[str]:
    """Return lines with the missing repeats where the page, by its paragraphs, has them."""
    line_keys = [squash(line) for line in lines]
    places: dict[str, list[int]] = {}
    for place, key in enumerate(line_keys):
        places.setdefault(key, []).append(place)
    inserted: dict[int, list[str]] = {}  # before which line
    at = 0
    for key in keys:
        earlier = bisect_left(places.get(key, ()), at)
        if at < len(lines) and line_keys[at] == key:
            at += 1
        elif earlier and missing[key] > 0:
            missing[key] -= 1
            inserted.setdefault(at, []).append(lines[places[key][0]])
        elif key in places and earlier < len(places[key]):
            at = places[key][earlier] + 1
    return [
        line
        for place in range(len(lines) + 1)
        for line in (*inserted.get(place, ()), *lines[place : place + 1])
    ]


def relined(text: str, markup: str) -> str:
    """Return a text with the lines that the page has, where it was run together; else as it is.

    trafilatura's baseline (2.3.1) makes one line of an article.
    """
    whole, at = squash(text), 0
    lines: list[str] = []
    for line in stripped(markup).split("\n"):
        key = squash(line)
        if key and whole.startswith(key, at):
            lines.append(line)
            at += len(key)
    return "\n".join(lines) if at == len(whole) else text


def block_of(element: html.HtmlElement) -> html.HtmlElement:
    """Return the block that an element stands in, itself if it is one."""
    while element.tag not in _BLOCKS and (up := element.getparent()) is not None:
        element = up
    return element


def squash(text: str) -> str:
    """Return a text without its white space, to compare texts that were laid out differently."""
    return "".join(text.split())


def is_beside_text(element: html.HtmlElement) -> bool:
    """Return whether an element stands in a part of the page that holds no article."""
    return any(up.tag in _BESIDE_TEXT for up in element.iterancestors())
