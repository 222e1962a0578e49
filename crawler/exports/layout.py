"""How the pages of the HTML folder look, and the policy that each of them carries.

A folder that is opened from disk has no server to send headers: the Content-Security-Policy stands
in each page, first of all. ``default-src 'none'`` loads nothing and runs nothing; styles stand in
the page itself, because ``'self'`` matches no file of a folder.
"""

from __future__ import annotations

from collections.abc import Iterable

from crawler.exports.inert import html_text, lines_of, one_line

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:;"
    " base-uri 'none'; form-action 'none'"
)
# Each block runs as its own words do, and what others wrote cannot turn the rest of a line round.
_STYLE = """
:root{color-scheme:light dark;--line:#8886;--dim:#777}
@media(prefers-color-scheme:dark){:root{--dim:#aaa}}
body{font:1rem/1.55 system-ui,sans-serif;max-width:46rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.15rem}
h1,h2,p,li,td,dd{overflow-wrap:anywhere;unicode-bidi:plaintext}a,small{unicode-bidi:isolate}
nav,footer,small,dt{color:var(--dim)}nav{margin-bottom:1rem}
ol,ul{padding-left:1.4rem}li{margin:.4rem 0}
.wide{overflow-x:auto}table{border-collapse:collapse}
td,th{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;
 border-bottom:1px solid var(--line)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dd{margin:0}
pre{white-space:pre-wrap;overflow-wrap:anywhere}
.lost{color:#c22}@media(prefers-color-scheme:dark){.lost{color:#f88}}
iframe{width:100%;height:85vh;border:1px solid var(--line);background:#fff}
@media(max-width:30rem){dl{grid-template-columns:1fr}dd{margin-bottom:.5rem}}
"""


def head(title: str, *, wide: bool = False) -> str:
    """Return the beginning of a page, up to the first thing that is seen of it."""
    style = _STYLE + ("body{max-width:none}" if wide else "")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{html_text(one_line(title))}</title>\n<style>{style}</style></head><body>\n"
    )


FOOT = "</body></html>\n"


def navigation(*links: tuple[str, str]) -> str:
    """Return links to other pages of the folder: (name of a file, words)."""
    return f"<nav>{' · '.join(link(name, words) for name, words in links)}</nav>\n"


def link(name: str, words: object) -> str:
    """Return a link to a file of the folder."""
    return f'<a href="{html_text(name)}">{html_text(one_line(words))}</a>'


def away(url: str | None, words: object) -> str:
    """Return a link that leads out of the folder, to the web; text where there is none."""
    shown = html_text(one_line(words))
    if url is None:
        return shown
    return f'<a href="{html_text(url)}" rel="noreferrer noopener nofollow">{shown}</a>'


def facts(pairs: Iterable[tuple[str, str | None]]) -> str:
    """Return what is known, as a list of names and values (HTML); what is None is left out."""
    known = "".join(f"<dt>{name}</dt><dd>{value}</dd>\n" for name, value in pairs if value)
    return f"<dl>\n{known}</dl>\n"


def paragraphs(text: str) -> str:
    """Return text whose lines are paragraphs."""
    return "".join(f"<p>{html_text(line)}</p>\n" for line in lines_of(text))
