"""Labels of citations: cleaned, and split into the agency that wrote and who carried it."""

from __future__ import annotations

import re
from typing import NamedTuple

from crawler.entries.text import clean

AGENCIES = {
    "ap", "associated press", "the associated press", "reuters", "thomson reuters", "afp",
    "agence france-presse", "agence france presse", "upi", "united press international", "dpa",
    "efe", "ansa", "tass", "itar-tass", "interfax", "ria novosti", "xinhua", "xinhua news agency",
    "kyodo", "kyodo news", "yonhap", "yonhap news agency", "pti", "press trust of india", "ani",
    "ians", "anadolu", "anadolu agency", "bernama", "antara", "irna", "sana", "mena", "wam", "pa",
    "pa media", "press association", "aap", "canadian press", "the canadian press", "belga",
    "bta", "apa", "ukrinform", "unian", "bloomberg", "bloomberg news", "ips", "美联社", "美聯社",
    "路透社", "路透", "法新社", "合众国际社", "合眾國際社", "德新社", "新华社", "新華社",
    "新华通讯社", "新華通訊社", "中新社", "中央社", "中央通訊社", "中央通讯社", "共同社",
    "韩联社", "韓聯社", "塔斯社", "俄新社", "俄通社", "国际文传电讯社", "安莎社", "埃菲社",
    "彭博社", "彭博",
}  # fmt: skip

_WIKI_QUOTES = re.compile(r"'{2,}")
# A label was cut out between two templates: {{dead link|date=…}}, {{Wayback|url=…|date=…}}, {{en}}
_TEMPLATES = re.compile(r"\{\{[^{}]*(?:\}\}|$)|\{\{|\}\}")
_WAYBACK_PARAMETERS = re.compile(r"url=\S*\s*(?:\|\s*date=\s*\d*)?[\s，,]*")
_WIKILINKS = re.compile(r"\[\[[^\[\]|]*\||\[\[|\]\]")
_WRAPPED = re.compile(r"[(（]([^()（）]+)[)）]|(\*{1,2}|_{1,2})([^*_]+)\2")
_VIA = re.compile(r"(?<=[\w.)）])\s+via\s+(?=\S)|\s*[(（]via\s+(?=\S)", re.IGNORECASE)


class Label(NamedTuple):
    """A label made readable."""

    text: str  # "AP via The Toledo Blade"
    agency: str | None  # "AP"
    publisher: str | None  # "The Toledo Blade"


def clean_label(raw: str) -> str:
    """Return a label with entities decoded and the ruins of wiki markup removed.

    Wiki quotes and brackets come unbalanced, because the label was cut out of a longer text.
    """
    text = clean(raw)
    if "''" in text:
        text = _WIKI_QUOTES.sub("", text)
    if "{{" in text or "}}" in text:
        text = _without_templates(text)
    if text.startswith("url="):
        text = _WAYBACK_PARAMETERS.sub("", text, count=1)
    if "[" in text or "]" in text:
        text = _without_stray_brackets(_WIKILINKS.sub("", text))
    wrapped = _WRAPPED.fullmatch(text)
    if wrapped:
        text = wrapped[1] or wrapped[3]
    return text.strip()


def _without_templates(text: str) -> str:
    head, closing, rest = text.partition("}}")
    if closing and "|" in head and "{{" not in head:  # the end of a template's parameters
        text = rest
    return _TEMPLATES.sub("", text).strip()


def _without_stray_brackets(text: str) -> str:
    if text.count("[") == text.count("]"):
        return text
    return text.strip("[] ")


def read_label(raw: str) -> Label:
    """Return the label with its agency and publisher; without "via" the label is the publisher."""
    text = clean_label(raw)
    if not text:
        return Label("", None, None)
    agency, publisher = _split_at_via(text)
    if agency:
        return Label(text, agency, publisher)
    return Label(text, text if text.casefold() in AGENCIES else None, text)


def _split_at_via(text: str) -> tuple[str | None, str | None]:
    match = _VIA.search(text)
    if match is None:
        return None, None
    publisher = text[match.end() :]
    if "(" in match[0] or "（" in match[0]:
        publisher = publisher.rstrip(")） ")
    return text[: match.start()], publisher
