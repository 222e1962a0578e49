"""Entries from structured twins (JSON, XML) whose exact shape is unknown.

Fields are found by what they are called, in either language, however deep they are nested. XML is
turned into the same dicts, lists and strings that JSON gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from crawler.entries.citations import CitedLink
from crawler.entries.drafts import DATE, Draft, base_of, is_web_address
from crawler.entries.headings import is_cover
from crawler.entries.links import find_links, find_other_links
from crawler.entries.text import clean, storable
from crawler.errors import EntryError, NothingFound, UrlError
from crawler.items import Entry
from crawler.urls import same_site

Value = object  # dict[str, Value] | list[Value] | str | int | float | bool | None
TEXT = "#text"  # the key under which an XML element with attributes keeps its own text
MAX_DEPTH = 40  # nothing is looked for deeper: a hostile page must not exhaust the stack

# Field names, best first; of equal ones the least nested wins.
_FIELDS: dict[str, tuple[str, ...]] = {
    "headline": (
        "headline", "heading", "title", "标题", "標題", "题目", "題目", "h1", "name", "event",
    ),
    "date": (
        "date", "day", "datepublished", "published", "publishedon", "publicationdate",
        "entrydate", "日期", "时间", "時間", "created", "datetime", "time",
    ),
    "topic": (
        "topic", "category", "subject", "theme", "about", "话题", "話題", "主题", "主題", "分类",
        "分類", "类别", "類別",
    ),
    "summary": (
        "summary", "excerpt", "description", "abstract", "articlebody", "text", "content", "body",
        "摘要", "概要", "简介", "簡介", "正文", "内容", "內容",
    ),
    "context": ("context", "上下文", "语境", "語境"),
    "url": ("url", "permalink", "canonical", "canonicalurl", "self", "link", "网址", "網址"),
    "dayurl": ("dayurl", "dayindex", "index"),
    "image": (
        "coverimage", "cover", "image", "coverimageurl", "imageurl", "img", "thumbnail", "picture",
        "photo", "封面图片", "封面圖片", "封面", "图片", "圖片", "图像", "圖像",
    ),
    "sources": (
        "sources", "source", "citations", "citation", "references", "reference", "sourcelinks",
        "sourceurls", "sourceurl", "sourcelist", "信息来源", "信息來源", "資訊來源", "来源", "來源",
        "消息来源", "消息來源", "资料来源", "資料來源", "参考资料", "參考資料", "externallinks",
        "links", "urls",
    ),
    "changes": (
        "changes", "revisions", "history", "versions", "change", "变更", "變更", "修订", "修訂",
        "历史", "歷史",
    ),
    "related": (
        "related", "relatedentries", "relatednews", "relations", "seealso", "有关", "有關", "相关",
        "相關", "相关新闻", "相關新聞",
    ),
    "formats": ("formats", "format", "alternates", "格式"),
}  # fmt: skip
_LISTED = ("sources", "changes", "related", "formats", "image")
# What lies in these is never a field of the entry itself.
_CLOSED = {name for field in _LISTED for name in _FIELDS[field]} | {
    "author", "publisher", "creator", "meta",
}  # fmt: skip
_LINK_URL = (
    "url", "href", "link", "uri", "src", "sourceurl", "address", "target", "网址", "網址", "链接",
    "鏈接", "連結", "id",
)  # fmt: skip
_LINK_LABEL = (
    "title", "label", "name", TEXT, "text", "publisher", "source", "site", "outlet", "caption",
    "标题", "標題", "名称", "名稱", "媒体", "媒體",
)  # fmt: skip
_LINK_IMAGE = ("img", "image", "cover", "coverimage", "thumbnail", "图片", "圖片", "封面")
_LINK_TAIL = (
    "date", "time", "datetime", "revisedat", "timestamp", "updated", "created", "when", "日期",
    "时间", "時間",
)  # fmt: skip
_LINK_NOTE = ("note", "comment", "kind", "type", "status", "version", "context", "上下文", "消息")
_WORDLESS = re.compile(r"[\W_]+")
_ADDRESS = re.compile(r"\s*(?:https?://|//[^/\s]|/[^/\s]|www\.)", re.IGNORECASE)


class _Field(NamedTuple):
    depth: int
    name: str
    value: Value


def read_record(tree: Value, locator: str, reader: str, base_url: str | None) -> Entry:
    """Return the entry in a tree of dicts, lists and strings.

    Raises NothingFound when no field is called like a headline, date or source; its text names
    the fields that were seen.
    """
    _refuse_several(tree, locator)
    fields = list(_walk(tree))
    draft = Draft(locator, reader, base_of(locator, base_url))
    draft.headline = _text(_find(fields, "headline"))
    draft.date = _date(_find(fields, "date"))
    draft.topic = _text(_find(fields, "topic"))
    draft.summary = [_prose(_find(fields, "summary"))]
    draft.context = clean(_text(_find(fields, "context"))) or None
    draft.own_url = _own_address(_address(_find(fields, "url")), draft.base)
    draft.day_url = _address(_find(fields, "dayurl"))
    draft.formats = [link.url for link in _links(_find(fields, "formats"))]
    _read_sources(_find(fields, "sources"), draft)
    _read_image(_find(fields, "image"), draft)
    for link in _links(_find(fields, "changes")):
        draft.add_revision(link.label, link.url, f"{link.moment} ({link.note})")
    for link in _links(_find(fields, "related")):
        draft.add_relation(link.label, link.url, link.note)
    if not (draft.headline or draft.date or draft.links):
        raise NothingFound(locator, _what_was_seen(fields))
    return draft.to_entry()


def _refuse_several(tree: Value, locator: str) -> None:
    while isinstance(tree, dict) and len(tree) == 1:
        tree = next(iter(tree.values()))
    if isinstance(tree, list):
        titled = [
            part for part in tree if isinstance(part, dict) and _find(_walk(part), "headline")
        ]
        if len(titled) > 1 and any(_find(_walk(part), "sources") for part in titled):
            raise EntryError(locator, f"it holds {len(titled)} entries; one file must hold one")


def strings_of(tree: Value) -> Iterator[tuple[str, str]]:
    """Give every string of a tree with the name of the field that it stands in."""
    level: list[tuple[str, Value]] = [("", tree)]
    for _ in range(MAX_DEPTH):
        deeper: list[tuple[str, Value]] = []
        for name, value in level:
            if isinstance(value, str):
                yield name, storable(value)
            elif isinstance(value, list):
                deeper += ((name, inner) for inner in value)
            elif isinstance(value, dict):
                deeper += value.items()
        level = deeper


def _what_was_seen(fields: list[_Field]) -> str:
    names = ", ".join(list(dict.fromkeys(field.name for field in fields if field.name))[:12])
    seen = f"its fields are {names}" if names else "it has no named fields"
    return f"no field in it is called like a headline, date or source ({seen})"


# ------------------------------------------------------------------ finding fields


def normal_name(name: str) -> str:
    """Return a field's name without case, blanks and punctuation: Cover_Image → coverimage."""
    return _WORDLESS.sub("", name).casefold()


def _walk(tree: Value) -> Iterator[_Field]:
    """Give every field of a tree, the least nested first, but none inside a closed one."""
    level: list[Value] = [tree]
    for depth in range(MAX_DEPTH):
        deeper: list[Value] = []
        for value in level:
            if isinstance(value, list):
                deeper += value
            elif isinstance(value, dict):
                for key, inner in value.items():
                    name = normal_name(key)
                    yield _Field(depth, name, inner)
                    if name not in _CLOSED:
                        deeper.append(inner)
        level = deeper


def _find(fields: Iterable[_Field], wanted: str) -> Value:
    """Return the value of the best named field that is not empty; None without one."""
    names = _FIELDS[wanted]
    candidates = (f for f in fields if f.name in names and f.value not in (None, "", [], {}))
    best = min(candidates, key=lambda f: (names.index(f.name), f.depth), default=None)
    return best.value if best else None


def _pick(record: dict[str, Value], names: tuple[str, ...]) -> str:
    """Return the text of a record's best named field; empty without one."""
    normal = {key if key == TEXT else normal_name(key): value for key, value in record.items()}
    return next((text for name in names if (text := _text(normal.get(name)))), "")


# ------------------------------------------------------------------ reading values


def _text(value: Value) -> str:
    """Return a value as text: the string itself, or the first one inside it."""
    for _ in range(MAX_DEPTH):
        if isinstance(value, str):
            return storable(value)
        if isinstance(value, bool) or value is None:
            return ""
        if isinstance(value, int | float):
            return f"{value:.0f}" if abs(value) < 1e15 else ""
        if isinstance(value, list):
            value = value[0] if value else None
        elif isinstance(value, dict):
            inner = (value.get(key) for key in (TEXT, "name", "title", "text", "value"))
            value = next((found for found in inner if found), None)
    return ""


def _prose(value: Value) -> str:
    """Return a summary: a list of strings is one of paragraphs; so are elements of one name."""
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    if isinstance(value, list):
        return "\n\n".join(_text(part) for part in value)
    return _text(value)


def _date(value: Value) -> str | None:
    if isinstance(value, dict):
        parts = [_pick(value, (name,)) for name in ("year", "month", "day")]
        if all(parts):
            return "-".join(parts)
    text = _text(value).replace("/", "-")
    match = DATE.search(text)
    return match[0] if match else text.strip() or None


def _address(value: Value) -> str | None:
    while isinstance(value, list):
        value = value[0] if value else None
    return (_url_in(value) if isinstance(value, dict) else _text(value)).strip() or None


def _own_address(url: str | None, base: str | None) -> str | None:
    """Return the address unless it lies on another site: then it is the cited page's."""
    if url is None or base is None or not is_web_address(url):
        return url
    try:
        return url if same_site(url, base) else None
    except UrlError:
        return None


def _read_sources(value: Value, draft: Draft) -> None:
    draft.has_sources_section = value is not None
    for link in _links(value):
        if not link.url:
            draft.line_without_link(link.label)
            continue
        draft.links.append(CitedLink(link.label, link.url, is_cover(link.label)))
        if link.image:
            draft.links.append(CitedLink("", link.image, True, link.url))


def _read_image(value: Value, draft: Draft) -> None:
    """Take the image as a cover, unless it stands among the sources already."""
    address = _address(value)
    if address and all(link.target != address for link in draft.links):
        draft.links.append(CitedLink("", address, is_cover=True))


class _RecordLink(NamedTuple):
    """One line of a list of links, whatever it was written as."""

    label: str
    url: str
    image: str = ""
    moment: str = ""
    note: str = ""


def _links(value: Value, depth: int = 0) -> list[_RecordLink]:
    """Return the links in a value: a string, a record, a mapping of labels, or lists of them."""
    if depth > MAX_DEPTH:
        return []
    if isinstance(value, str):
        return _links_in_text(storable(value))
    if isinstance(value, list):
        return [link for part in value for link in _links(part, depth + 1)]
    if not isinstance(value, dict):
        return []
    link = _link_of(value)
    if link:
        return [link]
    found: list[_RecordLink] = []
    for key, inner in value.items():
        is_labelled = isinstance(inner, str) and _ADDRESS.match(inner)
        found += [_labelled(key, str(inner))] if is_labelled else _links(inner, depth + 1)
    return found


def _url_in(record: dict[str, Value]) -> str:
    """Return a record's address, also one that is itself a record: ``{"link": {"href": …}}``."""
    for key, value in record.items():
        if isinstance(value, dict) and normal_name(key) in _LINK_URL:
            return _pick(value, _LINK_URL)
    return _pick(record, _LINK_URL)


def _labelled(key: str, url: str) -> _RecordLink:
    """``{"Reuters": "https://…"}``; a key that is a field's name, as ``link``, is no label."""
    name = normal_name(key)
    known = any(name in names for names in _FIELDS.values()) or name in _LINK_URL
    return _RecordLink("" if known and not is_cover(key) else storable(key), storable(url))


def _link_of(record: dict[str, Value]) -> _RecordLink | None:
    """Return the link that a record describes; None when it is a wrapper around several."""
    single = {key: value for key, value in record.items() if not isinstance(value, list)}
    url = _url_in(single)
    label = _pick(single, _LINK_LABEL)
    if not url and _ADDRESS.match(label):
        url, label = label, _pick(single, _LINK_LABEL[:3])
    if not _ADDRESS.match(url):
        nested = any(isinstance(inner, dict | list) for inner in record.values())
        return None if nested or not label else _RecordLink(label, "")
    return _RecordLink(
        label if label != url else "",
        url,
        _pick(single, _LINK_IMAGE),
        _pick(single, _LINK_TAIL),
        _pick(single, _LINK_NOTE),
    )


def _links_in_text(text: str) -> list[_RecordLink]:
    """Return the links of a string: an address, ``Label https://…``, or Markdown."""
    if _ADDRESS.match(text) and not text.strip().count(" "):
        return [_RecordLink("", text)]
    links = find_links(text) or find_other_links(text, {})
    if links:
        return [_RecordLink(link.label, link.target) for link in links]
    return [_RecordLink(clean(text), "")] if text.strip() else []
