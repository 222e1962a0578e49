"""What kind of source an address names; news wherever nothing else is sure."""

from __future__ import annotations

import pytest

from crawler.schedule import Kind, kind_of

CASES: list[tuple[str, Kind]] = [
    ("https://courier.example/2026/03/harbour", "news"),
    ("https://www.reuters.com/world/x", "wire"),
    ("https://apnews.com/article/1", "wire"),
    ("https://notreuters.com/world/x", "news"),
    ("https://courier.example/live/2026/harbour", "wire"),
    ("https://courier.example/news/harbour-live-updates", "news"),
    ("https://courier.example/news/live-updates/harbour", "wire"),
    ("https://courier.example/liverpool/fc", "news"),
    ("https://courier.example/living", "news"),
    ("https://www.whitehouse.gov/briefing", "official"),
    ("https://www.gov.uk/guidance", "official"),
    ("https://data.gov.au/x", "official"),
    ("https://ec.europa.eu/x", "official"),
    ("https://www.un.org/x", "official"),
    ("https://elysee.gouv.fr/", "official"),
    ("https://www.stats.go.jp/", "official"),
    ("https://government.example/x", "news"),
    ("https://mygov.com/x", "news"),
    ("https://docs.python.org/3/", "official"),
    ("https://twitter.com/a/status/1", "social"),
    ("https://mobile.twitter.com/a/status/1", "social"),
    ("https://x.com/a/status/1", "social"),
    ("https://netflix.com/a", "news"),
    ("https://doi.org/10.1000/182", "pdf"),
    ("http://[::1]/x", "news"),
    ("nonsense", "news"),
    ("http://[broken/x", "news"),
]


@pytest.mark.parametrize(("url", "kind"), CASES)
def test_an_address_tells_its_kind(url: str, kind: Kind) -> None:
    assert kind_of(url) == kind


def test_a_pdf_is_told_by_its_type_and_a_page_by_its_canonical_address() -> None:
    assert kind_of("https://www.gov.uk/report", "application/pdf") == "pdf"
    assert kind_of("https://www.gov.uk/report.pdf", "text/html") == "official"
    moved = "https://apnews.com/article/1"
    assert kind_of("https://short.example/1", "text/html", moved) == "wire"
    assert kind_of("https://short.example/1", "text/html", None) == "news"
