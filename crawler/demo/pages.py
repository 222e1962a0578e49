"""Articles and notices as HTML, in the look of their publisher."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from html import escape
from pathlib import Path
from string import Template

from crawler.demo.publishers import Publisher
from crawler.demo.texts import Text

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Phrases:
    """The words of a page that are not the article's."""

    written: str
    updated: str
    sidebar: str
    imprint: str
    home: str


_PHRASES = {
    "en": Phrases("By {}, {}", "Updated {}", "More from us", "All rights reserved.", "Front page"),
    "zh": Phrases("{} {}", "更新于{}", "更多内容", "版权所有。", "返回首页"),
}


@cache
def load_template(name: str) -> Template:
    """Return a page template by its file name."""
    return Template((TEMPLATES / name).read_text(encoding="utf-8"))


def format_day(published: str, language: str) -> str:
    """Return a calendar date as a newspaper prints it."""
    when = date.fromisoformat(published)
    if language == "zh":
        return f"{when.year}年{when.month}月{when.day}日"
    return f"{when.day} {when:%B %Y}"


def render_article(
    publisher: Publisher,
    text: Text,
    url: str,
    *,
    advertisement: str = "",
    after: str = "",
    locked: bool = False,
    charset: str = "utf-8",
) -> str:
    """Return the page of an article. ``after`` is HTML below it, ``charset`` what it declares."""
    phrases = _PHRASES[publisher.language]
    return load_template("article.html").substitute(
        language=text.language,
        charset=charset,
        title=escape(text.title),
        publisher=escape(publisher.name),
        motto=escape(publisher.motto),
        colour=publisher.colour,
        url=escape(url),
        author=escape(text.author),
        section=escape(text.section),
        metadata=_metadata(publisher, text, url, locked),
        byline=_byline(publisher, text, phrases),
        navigation=" ".join(f'<a href="/{n}/">{name}</a>' for n, name in _counted(publisher)),
        paragraphs="\n".join(f"<p>{escape(part)}</p>" for part in text.paragraphs),
        sidebar_title=phrases.sidebar,
        sidebar="\n".join(
            f'<li><a href="/more/">{escape(h)}</a></li>' for h in publisher.elsewhere
        ),
        advertisement=advertisement,
        after=after,
        imprint=phrases.imprint,
    )


def render_notice(
    publisher: Publisher, title: str, *content: str, metadata: str = "", scripts: str = ""
) -> str:
    """Return a short page: a heading, paragraphs as HTML, scripts behind them."""
    body = [f"<h1>{escape(title)}</h1>", *(f"<p>{part}</p>" for part in content), scripts]
    return load_template("plain.html").substitute(
        language=publisher.language,
        title=escape(title),
        publisher=escape(publisher.name),
        colour=publisher.colour,
        metadata=metadata,
        content="\n".join(part for part in body if part),
        home=_PHRASES[publisher.language].home,
    )


def render_not_found(publisher: Publisher) -> str:
    """Return the page that a publisher shows for what it does not have."""
    if publisher.language == "zh":
        return render_notice(publisher, "页面不存在", "您访问的页面不存在或已被移动。")
    return render_notice(
        publisher,
        "Page not found",
        "We have looked everywhere, also behind the press. What you asked for is not here.",
    )


def render_front(publisher: Publisher, titles: dict[str, str]) -> str:
    """Return the front page of a publisher: its articles by path."""
    links = [f'<a href="{escape(path)}">{escape(title)}</a>' for path, title in titles.items()]
    return render_notice(publisher, publisher.name, escape(publisher.motto), *links)


def _counted(publisher: Publisher) -> list[tuple[int, str]]:
    return [(number, escape(name)) for number, name in enumerate(publisher.sections, 1)]


def _byline(publisher: Publisher, text: Text, phrases: Phrases) -> str:
    printed = format_day(text.published, publisher.language)
    shown = f'<time datetime="{text.published}">{printed}</time>'
    line = phrases.written.format(escape(text.author), shown)
    if text.revised:
        line += ". " + phrases.updated.format(format_day(text.revised, publisher.language))
    return line


def _metadata(publisher: Publisher, text: Text, url: str, locked: bool) -> str:
    if publisher.dated_by == "time":
        return ""
    if publisher.dated_by == "meta":
        lines = [f'<meta property="article:published_time" content="{text.published}T06:00:00Z">']
        if text.revised:
            lines.append(
                f'<meta property="article:modified_time" content="{text.revised}T06:00:00Z">'
            )
        return "\n".join(lines)
    facts: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": text.title,
        "datePublished": f"{text.published}T06:00:00Z",
        "dateModified": f"{text.revised or text.published}T06:00:00Z",
        "author": {"@type": "Person", "name": text.author},
        "publisher": {"@type": "Organization", "name": publisher.name},
        "mainEntityOfPage": url,
    }
    if locked:
        facts["isAccessibleForFree"] = False
    told = json.dumps(facts, ensure_ascii=False).replace("</", "<\\/")
    return f'<script type="application/ld+json">{told}</script>'
