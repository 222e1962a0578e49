"""How the catalogue's hosts print: articles in two layouts, notices, front pages.

Each script has a newspaper of its own; its name and the headlines on its front page are drawn from
the script's name.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Literal

from crawler.demo.behaviours import HTML, Behaviour, Request, made, page
from crawler.demo.catalogue.stories import PLACES, Story, list_kinds, tell
from crawler.demo.catalogue.wordings import words_in
from crawler.demo.texts import Text
from crawler.items import Header

TEMPLATES = Path(__file__).parent / "templates"
_TITLES = ("Courier", "Post", "Herald", "Mercury", "Observer", "Messenger", "Chronicle", "Journal")


@dataclass(frozen=True, slots=True)
class Sheet:
    """An article and what is printed around it, as HTML."""

    text: Text
    layout: Literal["press", "blog"] = "press"
    head: str = ""
    above: str = ""  # before the article
    inside: str = ""  # at the end of the article itself
    below: str = ""  # after the article, in the same column
    beside: str = ""  # in the sidebar
    links: tuple[tuple[str, str], ...] = ()  # words of the text, and where they lead
    charset: str = "utf-8"  # that it declares

    def drawn(self, name: str, url: str) -> str:
        """Return the page as the newspaper of a script prints it."""
        text, wording = self.text, words_in(self.text.language)
        return load_template(f"{self.layout}.html").substitute(
            language=text.language,
            charset=self.charset,
            title=escape(text.title),
            paper=escape(paper_of(name)),
            url=escape(url),
            author=escape(text.author),
            published=text.published,
            section=escape(text.section),
            news=wording.news,
            weather=wording.weather,
            about=wording.about,
            head=self.head,
            above=self.above,
            paragraphs="\n".join(f"<p>{self._linked(escape(p))}</p>" for p in text.paragraphs),
            inside=self.inside,
            below=self.below,
            beside=self.beside,
        )

    def _linked(self, paragraph: str) -> str:
        for words, target in self.links:
            paragraph = paragraph.replace(words, f'<a href="{escape(target)}">{words}</a>', 1)
        return paragraph


Printed = Story | Text | Sheet


def sheet_of(printed: Printed) -> Sheet:
    """Return something printable as a sheet."""
    if isinstance(printed, Sheet):
        return printed
    return Sheet(printed.text if isinstance(printed, Story) else printed)


@cache
def load_template(name: str) -> Template:
    """Return a page template by its file name."""
    return Template((TEMPLATES / name).read_text(encoding="utf-8"))


def paper_of(name: str) -> str:
    """Return the name of a script's newspaper."""
    draw = random.Random(name)
    return f"The {' and '.join(draw.sample(PLACES, 2))} {draw.choice(_TITLES)}"


def treated(name: str, printed: Printed, treat: Callable[[str], Behaviour]) -> Behaviour:
    """Draw an article for each request and have its HTML treated."""
    sheet = sheet_of(printed)

    def make(request: Request) -> Behaviour:
        return treat(sheet.drawn(name, request.base_url + request.target.partition("?")[0]))

    return made(make)


def shows(
    name: str, printed: Printed, *, status: int = 200, headers: Iterable[Header] = ()
) -> Behaviour:
    """Show an article; with an ETag, unless the status is another than 200."""
    held = tuple(headers)
    return treated(name, printed, lambda html: page(html, status=status, headers=held))


def changing(name: str, draw: Callable[[Request, random.Random], Sheet]) -> Behaviour:
    """Show an article without validators, drawn anew for each request; chance is by its count."""

    def make(request: Request) -> Behaviour:
        chance = random.Random(f"{name} {request.visit} {request.at.isoformat()}")
        url = request.base_url + request.target.partition("?")[0]
        return page(draw(request, chance).drawn(name, url), etag=False)

    return made(make)


def notice(
    title: str,
    *content: str,
    language: str = "en",
    status: int = 200,
    head: str = "",
    headers: Iterable[Header] = (),
    content_type: str = HTML,
) -> Behaviour:
    """Show a page that is no article: its title, then HTML as it is given."""
    told = load_template("plain.html").substitute(
        language=language, title=escape(title), head=head, content="\n".join(content)
    )
    return page(told, status=status, headers=tuple(headers), content_type=content_type)


def not_found(name: str, status: int = 404, language: str = "en", more: str = "") -> Behaviour:
    """Say that there is nothing, in a language; ``more`` is HTML below it."""
    words = words_in(language)
    return notice(
        f"{words.missing_title} | {paper_of(name)}",
        f'<header><a href="/">{escape(paper_of(name))}</a></header>',
        f"<main><h1>{words.missing_title}</h1><p>{words.missing_text}</p>{more}</main>",
        language=language,
        status=status,
    )


def front(name: str) -> Behaviour:
    """Show the front page of a script's newspaper: its name and eight headlines with teasers."""
    return notice(
        paper_of(name), f"<header><h1>{escape(paper_of(name))}</h1></header>", headlines(name)
    )


def headlines(name: str, count: int = 8) -> str:
    """Return headlines with teasers, as HTML."""
    shown = (tell(kind, f"front of {name}").text for kind in list_kinds()[:count])
    items = (
        f'<li><a href="/news/{n}">{escape(text.title)}</a> {escape(text.opening(14))} …</li>'
        for n, text in enumerate(shown)
    )
    return "<ul>" + "".join(items) + "</ul>"


def metadata(**facts: object) -> str:
    """Return a NewsArticle of JSON-LD that tells some facts, for a page's head."""
    told = json.dumps({"@context": "https://schema.org", "@type": "NewsArticle", **facts})
    return f'<script type="application/ld+json">{told}</script>'
