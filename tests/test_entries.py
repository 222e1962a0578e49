"""The entry readers against the real pages: the seed, the transcribed entry, the whole corpus."""

from __future__ import annotations

import gzip
import json
import re
import time
from dataclasses import replace
from html import escape
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from crawler.entries.reading import read_page
from crawler.items import Citation, Entry

AGREEMENT = Path(__file__).resolve().parent.parent / "benchmarks" / "entries_agreement.py"


def read(path: Path, **options: Any) -> Entry:
    entry = read_page(path.read_bytes(), str(path), **options)
    assert isinstance(entry, Entry)
    return entry


@pytest.fixture(scope="module")
def versions(corpus: Path) -> list[dict[str, Any]]:
    """Every version of every entry of the corpus, with its entry's path and date."""
    with gzip.open(corpus / "entries" / "zh-entries.jsonl.gz", "rt", encoding="utf-8") as lines:
        entries = [json.loads(line) for line in lines]
    return [
        {**version, "path": entry["path"], "date": entry["entry_date"]}
        for entry in entries
        for version in entry["versions"]
    ]


@pytest.fixture(scope="module")
def seed(seeds: Path) -> Entry:
    return read(next(seeds.glob("003_*.txt")))


def cited(entry: Entry) -> list[str]:
    return [c.url_as_cited for c in entry.citations if c.role in ("source", "archive-of")]


# ------------------------------------------------------------------ the seed


def test_the_seed_gives_its_date_topic_headline_and_summary(seed: Entry) -> None:
    assert seed.reader == "news-markdown"
    assert seed.date == "2017-03-04"
    assert seed.topic == "Mexico-United States relations"
    assert seed.headline is not None
    assert seed.headline.startswith("Mexico opens legal aide centers in its 50 U.S. consulates")
    assert seed.headline.endswith("highlight the need for immigration reform.")
    assert seed.summary is not None
    assert seed.summary.startswith("MIAMI — Not only is the Mexican government not building")
    assert "it’s spending $50 million" in seed.summary
    assert seed.summary.endswith("working with local law") or seed.summary.endswith("local law")
    assert seed.warnings == ()


def test_the_seed_cites_one_source_and_has_one_cover(seed: Entry) -> None:
    address = (
        "http://www.toledoblade.com/Nation/2017/03/03/"
        "Mexico-consulates-launch-effort-to-help-migrants.html"
    )
    source, cover = seed.citations
    assert source == Citation(
        position=1,
        url_as_cited=address,
        url=address,
        role="source",
        label_raw="AP via ''The Toledo Blade",
        label="AP via The Toledo Blade",
        agency="AP",
        publisher="The Toledo Blade",
        cited_on="2017-03-04",
        cited_on_basis="entry",
    )
    assert (cover.position, cover.role, cover.url) == (2, "cover", None)
    assert cover.url_as_cited == seed.image == "/image/2017/03/03/Mexican-Immigrant-Centers.jpg"


def test_the_seed_lists_three_revisions_and_five_relations(seed: Entry) -> None:
    assert [(r.revised_at, r.note) for r in seed.revisions] == [
        ("2018-02-06T13:49:30Z", "First version"),
        ("2018-02-06T13:49:30Z", "Update"),
        (None, "Current version"),
    ]
    assert [relation.position for relation in seed.relations] == [1, 2, 3, 4, 5]
    assert [relation.context for relation in seed.relations] == [
        "Luis Videgaray Caso, Mexico-United States relations",
        "Foreign Minister, Luis Videgaray Caso",
        "Foreign Minister, Mexico-United States relations",
        "Luis Videgaray Caso",
        "Mexico-United States relations",
    ]
    assert seed.url == seed.revisions[-1].url
    assert len(seed.aliases) == 5, "three formats and two older slugs"


def test_the_seeds_cover_is_resolved_against_the_base_url(seeds: Path) -> None:
    entry = read(next(seeds.glob("003_*.txt")), base_url="https://archive.example/")
    assert entry.citations[1].url == (
        "https://archive.example/image/2017/03/03/Mexican-Immigrant-Centers.jpg"
    )
    assert entry.url is not None
    assert entry.url.startswith("https://archive.example/news/2017/03/4/mexico-opens-legal")


def test_the_transcribed_entry_has_an_external_cover(corpus: Path) -> None:
    entry = read(next((corpus / "entries" / "en-transcribed").glob("*.md")))
    assert (entry.date, entry.topic) == ("2017-03-04", "Drought")
    assert [(c.role, c.label) for c in entry.citations] == [
        ("source", "The Independent"),
        ("cover", "Cover Image"),
    ]
    assert entry.citations[1].url == entry.image
    assert entry.image is not None
    assert entry.image.startswith("https://static.independent.co.uk/")
    assert entry.summary is not None
    assert "Somalia's government" in entry.summary, "entities are decoded"
    assert len(entry.relations) == 2
    assert entry.revisions == ()
    assert entry.warnings == ()


# ------------------------------------------------------------------ the corpus


def test_every_version_is_read_and_its_sources_agree(versions: list[dict[str, Any]]) -> None:
    assert len(versions) == 14_031
    disagreeing = []
    for version in versions:
        entry = read_page(version["text"].encode(), version["path"])
        assert isinstance(entry, Entry)
        assert entry.date == version["date"]
        assert entry.headline == " ".join(version["headline"].split())
        if cited(entry) != [source["url"] for source in version["sources"]]:
            disagreeing.append(version["path"])
    assert len(disagreeing) <= 0.005 * len(versions), disagreeing[:10]


def test_a_version_that_differs_in_related_only_cites_the_same(
    versions: list[dict[str, Any]],
) -> None:
    before: Entry | None = None
    quiet = 0
    for version in versions:
        entry = read_page(version["text"].encode(), version["path"])
        assert isinstance(entry, Entry)
        if before and before.locator == entry.locator and before.relations != entry.relations:
            same_text = (before.headline, before.summary) == (entry.headline, entry.summary)
            quiet += same_text and before.citations == entry.citations
        before = entry
    assert quiet > 1000


def rendered(markdown: str) -> str:
    """The Markdown of the archive as HTML, the plain way."""

    def link(match: re.Match[str]) -> str:
        return f'<a href="{escape(match[2])}">{escape(match[1])}</a>'

    lines = []
    for line in markdown.split("\n"):
        heading = re.match(r"(#+) (.*)", line)
        item = re.match(r"\d+\. (.*)", line)
        if heading:
            linked = re.sub(r"^\[([\d-]+)\]\((.*)\)$", link, heading[2])
            text = escape(heading[2]) if linked == heading[2] else linked
            lines.append(f"<h{len(heading[1])}>{text}</h{len(heading[1])}>")
        elif item:
            title = r"\[((?:(?! \[IMG\]).)*)\]\((\S*? ?)\)(?= \[IMG| _|$)"
            lines.append(f"<ol><li>{re.sub(title, link, item[1])}</li></ol>")
        elif line.strip():
            lines.append(f"<p>{escape(line)}</p>")
    return "<html><body><main>" + "\n".join(lines) + "</main></body></html>"


def without_raw_blanks(entry: Entry) -> list[Citation]:
    """The citations; blanks in a label mean nothing in HTML, so they are folded there."""
    return [replace(c, label_raw=" ".join(c.label_raw.split())) for c in entry.citations]


def assert_html_agrees(versions: list[dict[str, Any]]) -> None:
    for version in versions:
        markdown = read_page(version["text"].encode(), version["path"])
        page = rendered(version["text"]).encode()
        html = read_page(page, version["path"].replace(".md", ".html"))
        assert isinstance(markdown, Entry)
        assert isinstance(html, Entry)
        assert without_raw_blanks(html) == without_raw_blanks(markdown), version["path"]
        assert (html.date, html.headline, html.topic) == (
            markdown.date,
            markdown.headline,
            markdown.topic,
        )
        assert len(html.relations) == len(markdown.relations)


def test_the_same_page_as_html_gives_the_same_citations(versions: list[dict[str, Any]]) -> None:
    assert_html_agrees(versions[::40])


@pytest.mark.slow
def test_every_page_as_html_gives_the_same_citations(versions: list[dict[str, Any]]) -> None:
    assert_html_agrees(versions)


def test_reading_takes_well_under_a_millisecond(versions: list[dict[str, Any]]) -> None:
    sample = [(version["text"].encode(), version["path"]) for version in versions[::7]]
    began = time.process_time()
    for content, path in sample:
        read_page(content, path)
    took_us = (time.process_time() - began) / len(sample) * 1e6
    assert took_us < 500, f"{took_us:.0f} µs an entry; about 110 were measured"


# ------------------------------------------------------------------ the benchmark's own judgement


@pytest.mark.parametrize(
    ("listed", "reason"),
    [
        (["http://a.example/1"], "agreement"),
        ([], "the corpus's expression missed a line"),
        (["http://a.example/1", "http://a.example/i.jpg"], "a cover was counted as a source"),
        (["http://a.example/1", "http://r.example/"], "taken from another section"),
        (["http://a.example/1", "http://a.exam"], "the corpus's expression cut an address"),
        (["http://a.example/1", "http://z.example/"], "missed by the reader"),
    ],
)
def test_the_benchmark_names_the_reason_of_a_disagreement(listed: list[str], reason: str) -> None:
    spec = spec_from_file_location("entries_agreement", AGREEMENT)
    assert spec is not None
    assert spec.loader is not None
    benchmark = module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    text = (
        "### [2016-05-7](/news/2016/05/7/index.md)\n\n# H \n\n### Sources:\n\n"
        "1. [A](http://a.example/1) [IMG](http://a.example/i.jpg)\n\n"
        "### Related:\n\n1. [R](http://r.example/) _Context: R_\n"
    )
    version = {"text": text, "sources": [{"url": url, "img": None} for url in listed]}
    assert benchmark.judge(version, "x.md") == (None if reason == "agreement" else reason)
