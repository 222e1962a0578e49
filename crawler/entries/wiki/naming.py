"""How wikis call things, in English, German, French, Spanish and Chinese.

The names of parameters are those of the templates' own documentation: Citation Style 1 (also in the
Chinese edition, whose parameters are English), Internetquelle and Literatur, Lien web and Article,
Cita web. Other editions mostly know the English names, too.
"""

from __future__ import annotations

import re
from typing import Literal

Field = Literal[
    "url", "title", "work", "agency", "via", "accessed", "archive", "archived", "status", "quote"
]

# What a parameter says, by its names; of several that are filled in, the first one counts.
PARAMETERS: dict[Field, tuple[str, ...]] = {
    "url": (
        "chapter-url", "chapterurl", "contribution-url", "article-url", "entry-url", "section-url",
        "url", "online", "lire en ligne", "url texte", "texte en ligne", "urlcapítulo",
        "url-capítulo", "网址", "網址",
    ),
    "title": (
        "chapter", "contribution", "title", "script-title", "titel", "titre", "título", "titulo",
        "titre chapitre", "capítulo", "标题", "標題",
    ),
    "work": (
        "newspaper", "work", "website", "magazine", "journal", "periodical", "encyclopedia",
        "werk", "sammelwerk", "périodique", "nom du site", "site", "journal", "revue", "sitioweb",
        "sitio web", "periódico", "obra", "publicación", "revista", "publisher", "hrsg", "verlag",
        "éditeur", "editorial", "出版商", "网站", "網站", "报纸", "報紙",
    ),
    "agency": ("agency", "agencia", "agence", "通讯社", "通訊社"),
    "via": ("via",),
    "accessed": (
        "access-date", "accessdate", "abruf", "zugriff", "consulté le", "consulté", "fechaacceso",
        "fecha-acceso", "fecha de acceso", "访问日期", "訪問日期",
    ),
    "archive": (
        "archive-url", "archiveurl", "archiv-url", "archivurl", "archive url", "urlarchivo",
        "url-archivo", "存档网址", "存檔網址",
    ),
    "archived": (
        "archive-date", "archivedate", "archiv-datum", "archivdatum", "archive date",
        "fechaarchivo", "fecha-archivo", "存档日期", "存檔日期",
    ),
    "status": (
        "url-status", "urlstatus", "deadurl", "dead-url", "dead-link", "deadlink", "offline",
        "brisé le", "urlmuerta", "url muerta", "estado-url", "enlaceroto",
    ),
    "quote": ("quote", "quotation", "zitat", "extrait", "citation", "cita", "引文"),
}  # fmt: skip
# Values of "status" by which the page is where it was.
LIVE = {"", "live", "deviated", "bot: unknown", "no", "n", "nein", "non", "false"}

# {{webarchive|url=…}}: an archive's link, or the original and a stamp
ARCHIVES = {
    "webarchive", "wayback", "webarchiv", "lien archive", "archive web", "webcite", "memento",
    "cite archives", "archivelink",
}  # fmt: skip
STAMPS = ("wayback", "date", "horodatage archive", "2", "fecha")  # parameters that hold 4–14 digits
# What stands behind a link that is dead, or around it.
DEAD = {
    "dead link", "deadlink", "broken link", "dead", "dl", "404", "linkrot", "toter link",
    "lien mort", "lien brisé", "lien web mort", "enlace roto", "dead url", "死链", "死鏈",
    "失效链接", "失效連結", "unfit", "usurped",
}  # fmt: skip
# {{current events|year=…|month=…|day=…|content=…}}, and what it was before 2020
DAY, DAY_HEADER = "current events", "current events header"
# Templates of which the last value without a name is what one reads.
READ_THROUGH = {
    "lang", "nowrap", "nobr", "small", "abbr", "abbreviation", "blockquote", "quote", "cquote",
    "zitat", "citation bloc", "cita", "transl", "ill", "interlanguage link", "lang-zh",
}  # fmt: skip
IN_LISTS = {"refs", "références", "references", "ref"}  # parameters of {{reflist}} that hold notes

_FILES = "file|image|media|datei|bild|fichier|archivo|imagen|文件|檔案|档案|图像|圖像"
_CATEGORIES = "category|kategorie|catégorie|categoría|分类|分類"
_FILE = re.compile(rf"\s*(?:{_FILES})\s*:", re.IGNORECASE)
_NO_TEXT = re.compile(rf"\s*(?:{_FILES}|{_CATEGORIES}|[a-z]{{2,3}}(?:-[a-z]{{2,12}})?)\s*:\S", re.I)
_REDIRECT = re.compile(
    r"\s*[#＃](?:redirect|weiterleitung|redirection|redirección|重定向|重新導向)\s*:?\s*"
    r"\[\[([^\[\]|\n]{1,255})",
    re.IGNORECASE,
)
_ACCESSED = re.compile(
    r"(?:retrieved|accessed|access(?:ed)? date|abgerufen|abruf|zugriff|consult(?:é|ée|ado|ada)|"
    r"检索于|檢索於|查閱於|查阅于|访问于|訪問於|於|閲覧)(?P<after>[^\n]{0,48})"
    r"|\[(?P<day>\d{4}-\d\d-\d\d)\]",  # as the Chinese edition shows it
    re.IGNORECASE,
)


def is_file(target: str) -> bool:
    """Whether a wikilink shows a file, whose caption may hold notes."""
    return bool(_FILE.match(target))


def shows_nothing(target: str) -> bool:
    """Whether a wikilink leaves no word in the text: files, categories, other languages."""
    return bool(_NO_TEXT.match(target))


def redirect_in(text: str) -> str | None:
    """Return the title to which a page redirects; None for a page of its own."""
    match = _REDIRECT.match(text)
    return match[1].strip() if match else None


def access_phrases(text: str) -> list[str]:
    """Return what stands behind "Retrieved" and its like, each some 40 characters."""
    return [match["after"] or match["day"] or "" for match in _ACCESSED.finditer(text)]


# A page within an export is known by the file's locator and its title.
_PAGE = "#page="


def locator_of_page(locator: str, title: str) -> str:
    """Return the locator of a page that lies in an export."""
    return f"{locator}{_PAGE}{title}"


def export_of(locator: str) -> tuple[str, str | None]:
    """Return the export in which a page lies, and its title; of any other the locator and None."""
    file, mark, title = locator.partition(_PAGE)
    return file, title if mark else None
