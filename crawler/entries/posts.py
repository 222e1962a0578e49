"""Reader of ordinary posts: of a blog, of research notes, whatever cites in its running text.

Such a page has no section of sources. What it cites is every link in its text that leads to another
site: not the navigation around the text, not its pictures, not the buttons that share it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from crawler.dates import written_day
from crawler.entries import front_matter
from crawler.entries.citations import CitedLink, shorten
from crawler.entries.claims import take_claims
from crawler.entries.drafts import DATE, Draft, base_of, is_on_site, is_web_address
from crawler.entries.html_blocks import (
    Block,
    Element,
    HtmlLink,
    around,
    landmark_of,
    names_of,
    parse_html,
    read_blocks,
)
from crawler.entries.html_page import read_top
from crawler.entries.links import bare_addresses
from crawler.entries.text import fold
from crawler.errors import NothingFound
from crawler.items import Entry

MARKDOWN_READER, HTML_READER = "post-markdown", "post-html"

_SAID = 20  # characters beside the links: less has a menu, or a list of other pages
CONTEXT_LENGTH = 400  # characters of the paragraph that a citation keeps: some three sentences
# Fields of front matter that name what a post is about, as link blogs and bookmarks have them.
_SOURCE_FIELDS = (
    "source", "sources", "source_url", "link", "links", "external_url", "via", "references",
)  # fmt: skip
# The text of a post, by the names that microformats (h-entry), schema.org and WordPress gave it.
_TEXTS = {"e-content", "entry-content", "post-content", "article-content", "articlebody"}
_OTHERS_WORDS = {"comments", "comment-list", "comment-respond", "respond", "webmentions"}
_NO_SOURCE = {"author", "home", "license", "me", "next", "prev", "search", "tag", "u-syndication"}
# Buttons that share a page: host and beginning of the path.
_SHARING = re.compile(
    r"(?:https?:)?//(?:www\.)?(?:(?:twitter|x)\.com/(?:intent|share)\b|facebook\.com/(?:sharer|dialog)"
    r"|linkedin\.com/(?:sharing|sharearticle|cws/share)|reddit\.com/submit|pinterest\.[a-z.]+/pin/create"
    r"|t\.me/share|telegram\.me/share|api\.whatsapp\.com/send|wa\.me/\?|news\.ycombinator\.com/submitlink"
    r"|bsky\.app/intent|tumblr\.com/(?:share|widgets/share)|getpocket\.com/(?:save|edit))",
    re.IGNORECASE,
)
_FEED_TYPES = {"application/rss+xml", "application/atom+xml", "application/feed+json"}
_WEB = re.compile(r"\s*(?:https?:)?//[^/\s]|\s*www\.", re.IGNORECASE)
_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|svg|bmp)(?:[?#]|$)", re.IGNORECASE)


_MARKDOWN = MarkdownIt("commonmark").enable("table")


class SeveralPosts(NothingFound):
    """A page shows several posts: which of them cites what, and since when, is not told."""

    def __init__(self, locator: str, feed: str | None) -> None:
        super().__init__(locator, "several posts stand in it; name their pages or their feed")
        self.feed = (
            feed  # the address of the feed that the page names, as written; None: it does not
        )


def read_markdown_post(text: str, locator: str, base_url: str | None) -> Entry:
    """Return the entry of a Markdown post. Raises NothingFound without headline and links."""
    fields, body = front_matter.part(text)
    draft = Draft(locator, MARKDOWN_READER, base_of(locator, base_url))
    draft.own_url = front_matter.text_of(fields, "permalink", "canonical_url", "canonical", "url")
    draft.image = front_matter.text_of(fields, "cover_image", "cover", "image") or None
    draft.topic = front_matter.text_of(fields, "category", "topic", "section")
    draft.summary = [front_matter.text_of(fields, "summary", "description", "excerpt")]
    draft.date = _day(front_matter.text_of(fields, "date", "pubdate", "published", "created"))
    root = parse_html(_rendered(body))
    blocks = read_blocks(root) if root is not None else []
    draft.headline = front_matter.text_of(fields, "title") or _first_heading(blocks)
    draft.links = [
        CitedLink(label, target, publisher="")
        for label, target in front_matter.links_of(fields, *_SOURCE_FIELDS)
        if _WEB.match(target)
    ]
    return _finished(draft, blocks)


def read_html_post(
    root: Element, blocks: Sequence[Block], locator: str, base_url: str | None
) -> Entry:
    """Return the entry of a post in HTML. Raises SeveralPosts, NothingFound without any links."""
    draft = Draft(locator, HTML_READER, base_of(locator, base_url))
    read_top(root, blocks, draft)
    boxes = _text_boxes(blocks)
    if len(boxes) > 1:
        raise SeveralPosts(locator, _feed_of(root))
    take_claims(root, draft)
    return _finished(draft, _own_text(blocks, boxes))


def holds_a_post(blocks: Sequence[Block]) -> bool:
    """Tell whether a page of HTML marks one box as its text."""
    return len(_text_boxes(blocks)) == 1


def _finished(draft: Draft, blocks: Sequence[Block]) -> Entry:
    """Take the links of the text, and what the name of the file tells, into the draft."""
    named = (draft.own_url or "", draft.locator)
    own = next((place for place in named if is_web_address(place)), None)
    draft.links = _once([*draft.links, *_cited(blocks, draft.base or own, own)])
    if not (draft.links or draft.headline):
        raise NothingFound(draft.locator, "no headline, and no link that leads to another site")
    draft.has_sources_section = True  # the whole text is
    place = None if is_web_address(draft.locator) else _place(draft.locator)
    if place:
        draft.headline = draft.headline or place.name
        draft.date = draft.date or _day(place.name)
    entry = draft.to_entry()
    return replace(
        entry,
        # it stays the same post when it gets another headline
        aliases=(*entry.aliases, str(place)) if place else entry.aliases,
        warnings=tuple(w for w in entry.warnings if w.code != "no-sources"),
    )


def _place(locator: str) -> PurePosixPath:
    """Return the path of a post without suffix; of ``my-post/index.md`` that of its folder."""
    path = PurePosixPath(locator.replace("\\", "/"))
    path = path.with_suffix("") if path.name else path
    return path.parent if path.name.casefold() == "index" else path


def _rendered(text: str) -> str:
    """Return Markdown as HTML, in which bare addresses are links, as on GitHub.

    The known library for these, linkify-it, takes time by the square of a text's length.
    """
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.children and "://" in token.content:
            token.children = list(_with_bare_links(token.children))
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def _with_bare_links(tokens: Sequence[Token]) -> Iterator[Token]:
    """Give the tokens of a paragraph; the addresses in its plain text become links of their own."""
    depth = 0
    for token in tokens:
        depth += token.nesting if token.type in ("link_open", "link_close") else 0
        if token.type != "text" or depth or "://" not in token.content:
            yield token
            continue
        begin = 0
        for start, end in bare_addresses(token.content):
            address = token.content[start:end]
            yield Token("text", "", 0, content=token.content[begin:start])
            yield Token("link_open", "a", 1, attrs={"href": address})
            yield Token("text", "", 0, content=address)
            yield Token("link_close", "a", -1)
            begin = end
        yield Token("text", "", 0, content=token.content[begin:])


def _day(text: str) -> str | None:
    """Return the ``2026-03-01`` with which a text begins, as written: the day of its author."""
    match = DATE.match(text.strip())
    return match[0] if match else None


def _first_heading(blocks: Sequence[Block]) -> str:
    titles = (block.text for block in blocks if block.level == 1 and block.text)
    return next(titles, "")


# ------------------------------------------------------------------ links


def _cited(blocks: Sequence[Block], base: str | None, own: str | None) -> Iterator[CitedLink]:
    for block in blocks:
        for link in block.links:
            if link.is_anchor and _is_source(link, base) and not _shares(link, own):
                yield from _with_copy(link, shorten(block.text, CONTEXT_LENGTH) or None)


def _with_copy(link: HtmlLink, context: str | None) -> Iterator[CitedLink]:
    """Give what a link cites, and the copy of it that a Robust Link names beside it."""
    original, version, date = (each.strip() for each in link.robust)
    target = original if _WEB.match(original) else link.href
    copy = version or (link.href if target != link.href else "")
    day = written_day(date)
    cited = CitedLink(fold(link.label), target, context=context, publisher="")
    if not _WEB.match(copy):
        yield cited._replace(cited_on=day)  # of a link without a copy it is the day of linking
        return
    yield cited
    yield cited._replace(target=copy, original=target, copied_on=day)


def _shares(link: HtmlLink, own: str | None) -> bool:
    """Whether a link hands the page's own address to another site: the button of any network."""
    address = own.partition("://")[2].partition("?")[0].rstrip("/") if own else ""
    return "/" in address and address in unquote(link.href)


def _is_source(link: HtmlLink, base: str | None) -> bool:
    href = link.href.strip()
    if not _WEB.match(href) or _SHARING.match(href) or _NO_SOURCE & set(link.rel.split()):
        return False
    if link.has_image and _PICTURE.search(href):
        return False
    return not is_on_site(href, base)


def _once(links: Sequence[CitedLink]) -> list[CitedLink]:
    """Return the links, each address once: where it stands first, and with that label."""
    found: dict[str, CitedLink] = {}
    for link in links:
        found.setdefault(link.target.strip(), link)
    return list(found.values())


# ------------------------------------------------------------------ where the text stands


def _text_boxes(blocks: Sequence[Block]) -> list[Element]:
    """Return the boxes that hold the page's own text, by the surest of three signs; none: []."""
    found = (_outermost(blocks, is_text) for is_text in (_is_named_text, _is_article, _is_main))
    return next(filter(None, found), [])


def _own_text(blocks: Sequence[Block], boxes: Sequence[Element]) -> list[Block]:
    """Return the blocks of a page's text, without navigation and the words of others.

    Of a page that marks no box those in which something is said besides the links.
    """
    return [
        block
        for block in blocks
        if landmark_of(block.element) is None
        and not _is_other(block)
        and (any(e is boxes[0] for e in around(block.element)) if boxes else _is_said(block))
    ]


def _is_said(block: Block) -> bool:
    linked = sum(len(fold(link.label)) for link in block.links if link.is_anchor)
    return len(block.text) - linked >= _SAID


def _outermost(blocks: Sequence[Block], is_text: Callable[[Element], bool]) -> list[Element]:
    boxes: dict[int, Element] = {}
    for block in blocks:
        if _is_other(block):
            continue
        around_it = [element for element in around(block.element) if is_text(element)]
        if around_it:
            boxes.setdefault(id(around_it[-1]), around_it[-1])
    return list(boxes.values())


def _is_named_text(element: Element) -> bool:
    return bool(names_of(element) & _TEXTS)


def _is_article(element: Element) -> bool:
    return bool(element.tag == "article")


def _is_main(element: Element) -> bool:
    return bool(element.tag == "main" or element.get("role") == "main")


def _is_other(block: Block) -> bool:
    """Whether a block lies among the words of others: comments and the like."""
    return any(names_of(element) & _OTHERS_WORDS for element in around(block.element))


def _feed_of(root: Element) -> str | None:
    """Return the first feed that the head of a page names, as written."""
    for link in root.iter("link"):
        rel = (link.get("rel") or "").casefold().split()
        kind = (link.get("type") or "").casefold().partition(";")[0].strip()
        if "alternate" in rel and kind in _FEED_TYPES and (link.get("href") or "").strip():
            return str(link.get("href")).strip()
    return None
