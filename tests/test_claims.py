"""Where the claims were made that a fact check reviews."""

from __future__ import annotations

import json
import time

import pytest

from crawler.entries.reading import read_page
from crawler.items import Entry

PLACE = "https://checks.example/harbour"
CLAIM = {
    "@context": "https://schema.org",
    "@type": "ClaimReview",
    "datePublished": "2017-03-04T09:00:00+01:00",
    "url": PLACE,
    "claimReviewed": "The harbour fund spent “every cent” in Zürich",
    "itemReviewed": {
        "@type": "Claim",
        "author": {"@type": "Person", "name": "A mayor", "sameAs": "https://mayor.example/"},
        "appearance": [
            {"@type": "NewsArticle", "url": "https://paper.example/f", "headline": "Fund  spent"},
            "https://social.example/post/1",
        ],
        "firstAppearance": {"@type": "CreativeWork", "url": "https://talk.example/speech"},
    },
    "reviewRating": {"@type": "Rating", "ratingValue": 1, "alternateName": "False"},
}
TEXT = "<article><h1>No, it was not spent there</h1><p>The <a href='https://town.example/minutes'>minutes</a> of the council say where the money went.</p></article>"  # noqa: E501


def page(*scripts: object, body: str = TEXT) -> bytes:
    told = (each if isinstance(each, str) else json.dumps(each) for each in scripts)
    head = "".join(f'<script type="application/ld+json">{each}</script>' for each in told)
    return f"<html><head><title>Check</title>{head}</head><body>{body}</body></html>".encode()


def read(*scripts: object, body: str = TEXT) -> Entry:
    found = read_page(page(*scripts, body=body), PLACE)
    assert isinstance(found, Entry)
    return found


def test_the_places_of_a_claim_stand_before_the_links_of_the_text() -> None:
    entry = read(CLAIM)
    assert (entry.reader, entry.date) == ("post-html", "2017-03-04")
    assert [(each.url, each.label) for each in entry.citations] == [
        ("https://talk.example/speech", ""),
        ("https://paper.example/f", "Fund spent"),
        ("https://social.example/post/1", ""),
        ("https://town.example/minutes", "minutes"),
    ]


def test_the_wording_of_a_claim_is_what_is_looked_for_where_it_was_made() -> None:
    context = "“The harbour fund spent ‘every cent’ in Zürich”"
    assert [each.context for each in read(CLAIM).citations[:3]] == [context] * 3


@pytest.mark.parametrize(
    "told",
    [{"@graph": [{"@type": "WebPage"}, CLAIM]}, [[CLAIM]], {**CLAIM, "@type": ["ClaimReview"]},
     {**CLAIM, "@type": "http://schema.org/ClaimReview"}],
)  # fmt: skip
def test_a_claim_is_found_wherever_it_stands(told: object) -> None:
    assert len(read(told).citations) == 4


def test_a_claim_that_appeared_on_the_page_itself_cites_nothing() -> None:
    claim = {**CLAIM, "itemReviewed": {"appearance": {"url": "https://checks.example/older"}}}
    assert [each.url for each in read(claim).citations] == ["https://town.example/minutes"]


def test_a_page_with_a_list_of_sources_names_the_claims_as_well() -> None:
    body = (
        "<h3>2018-01-02</h3><h1>No, it was not</h1><p>It went elsewhere.</p><h3>Sources:</h3>"
        "<ol><li><a href='https://town.example/minutes'>Minutes</a></li></ol>"
    )
    entry = read(CLAIM, body=body)
    assert (entry.reader, entry.date, len(entry.citations)) == ("news-html", "2018-01-02", 4)


def test_a_claim_that_is_no_json_is_told_and_the_text_is_read() -> None:
    entry = read('{"@type": "ClaimReview", "claimReviewed": }', CLAIM)
    assert len(entry.citations) == 4
    assert "damaged-page" in [warning.code for warning in entry.warnings]


@pytest.mark.parametrize(
    "told",
    [
        "<!-- a template -->\n%s;",
        '{"@graph": [%s,\n],}',
        '%s {"@type": "Thing"}',
        '[{"name": "a, ]\\" b,}"},%s,]',
    ],
)
def test_a_claim_in_sloppy_json_is_read_and_told(told: str) -> None:
    entry = read(told % json.dumps(CLAIM))
    assert len(entry.citations) == 4
    assert "damaged-page" in [warning.code for warning in entry.warnings]


@pytest.mark.parametrize("piece", ['\\"', '"', ",", "{", '{"a":', "[,", ", "])
def test_claims_in_broken_json_of_any_length_take_linear_time(piece: str) -> None:
    began = time.process_time()
    told = '{"@type":"ClaimReview",' + piece * (800_000 // len(piece))
    assert len(read(told).citations) == 1
    assert time.process_time() - began < 5, "less than a second at rest"


@pytest.mark.parametrize("claim", ["x", 7, None, [], {"appearance": 7}, {"appearance": {"url": 7}}])
def test_a_claim_of_any_shape_breaks_nothing(claim: object) -> None:
    assert len(read({**CLAIM, "itemReviewed": claim, "claimReviewed": claim}).citations) == 1


def test_claims_nested_without_end_break_nothing() -> None:
    deep = '{"@type":"ClaimReview","itemReviewed":' * 20_000
    assert len(read(deep).citations) == 1
