"""Twins: one entry in several formats, whatever the shape of the structured ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crawler.entries.identity import entry_addresses, entry_key
from crawler.entries.labels import read_label
from crawler.entries.reading import read_page
from crawler.entries.twins import merge_twins
from crawler.errors import NothingFound
from crawler.items import Entry

DATA = Path(__file__).parent / "data" / "entries"
FORMATS = ["generation-c.md", "generation-c.html", "generation-c.json", "generation-c.xml"]


def read(name: str, **options: Any) -> Entry:
    entry = read_page((DATA / name).read_bytes(), name, **options)
    assert isinstance(entry, Entry)
    return entry


def read_json(value: object, **options: Any) -> Entry:
    entry = read_page(json.dumps(value).encode(), "x.json", **options)
    assert isinstance(entry, Entry)
    return entry


def read_xml(text: str) -> Entry:
    entry = read_page(text.encode(), "x.xml")
    assert isinstance(entry, Entry)
    return entry


def cited(entry: Entry) -> list[tuple[str, str, str]]:
    return [(c.role, c.label, c.url_as_cited) for c in entry.citations]


# ------------------------------------------------------------------ equal content, equal citations


@pytest.mark.parametrize("name", FORMATS[1:])
def test_every_format_gives_the_same_entry(name: str) -> None:
    markdown, twin = read(FORMATS[0]), read(name)
    assert twin.citations == markdown.citations
    assert twin.revisions == markdown.revisions
    assert [(r.url, r.context) for r in twin.relations] == [
        (r.url, r.context) for r in markdown.relations
    ]
    for field in ("date", "topic", "headline", "summary", "image", "context"):
        assert getattr(twin, field) == getattr(markdown, field), field
    assert twin.warnings == ()


def test_boxes_and_classes_around_the_parts_change_nothing() -> None:
    boxed, plain = read("generation-c.boxes.html"), read("generation-c.md")
    assert cited(boxed) == cited(plain)
    assert boxed.citations[1].url == "https://archive.example/image/2016/05/06/North-Light.jpg"
    for field in ("date", "topic", "headline", "summary"):
        assert getattr(boxed, field) == getattr(plain, field), field
    assert len(boxed.relations) == 1


def test_chinese_field_names_are_known() -> None:
    twin, markdown = read("chinese.json"), read("chinese.md")
    assert [c.url for c in twin.citations] == [c.url for c in markdown.citations]
    assert [c.role for c in twin.citations] == [c.role for c in markdown.citations]
    for field in ("date", "topic", "headline", "summary", "image"):
        assert getattr(twin, field) == getattr(markdown, field), field


# ------------------------------------------------------------------ HTML in other shapes

LINK = '<a href="http://a.example/">A</a>'
ELSEWHERE = '<a href="http://b.example/">B</a>'


@pytest.mark.parametrize(
    "body",
    [
        f"<h2>Sources</h2><p>{LINK}</p><h2>Comments</h2><p>{ELSEWHERE}</p>",
        f"<h2>Sources</h2><ul><li>{LINK}</li></ul><p>{ELSEWHERE}</p>",
        f"<h2>Sources</h2><ul><li>{LINK}</li></ul><nav>{ELSEWHERE}</nav>",
        f"<h2>Sources</h2><ul><li>{LINK}</li></ul><footer>{ELSEWHERE}</footer>",
        f"<div><h2>Sources</h2><p>{LINK}</p></div><div>{ELSEWHERE}</div>",
        f"<div><p><b>Sources:</b></p><p>{LINK}</p></div><p>{ELSEWHERE}</p>",
        f"<dl><dt>Sources:</dt><dd>{LINK}</dd></dl><p>{ELSEWHERE}</p>",
        f"<table><tr><th>Source</th></tr><tr><td>{LINK}</td></tr></table><p>{ELSEWHERE}</p>",
        f'<ul class="sources"><li>{LINK}</li></ul><p>{ELSEWHERE}</p>',
        f"<footer><h4>Sources</h4><ul><li>{LINK}</li></ul></footer><p>{ELSEWHERE}</p>",
        f"<details><summary>Sources</summary><ul><li>{LINK}</li></ul></details><p>{ELSEWHERE}</p>",
        f"<nav><a href='#sources'>Sources</a> {ELSEWHERE}</nav><h3>信息来源：</h3><p>{LINK}</p>",
        f"<p>{ELSEWHERE}</p><h3 id=sources>Sources <a href='#sources'></a></h3><ol><li>{LINK}</ol>",
        f"<h3>Sources</h3><ol><li>{LINK} <script>var a='{ELSEWHERE}'</script></li></ol>",
        f"<h3>Sources</h3><!-- {ELSEWHERE} --><ol><li>{LINK}</li></ol>",
    ],
)
def test_in_html_too_only_the_sources_section_is_cited(body: str) -> None:
    page = f"<h3>2016-05-07</h3><h1>H</h1><p>S</p>{body}"
    entry = read_page(page.encode(), "x.html")
    assert isinstance(entry, Entry)
    assert cited(entry) == [("source", "A", "http://a.example/")]
    assert (entry.headline, entry.date) == ("H", "2016-05-07")


def test_html_without_a_suffix_or_mime_is_known_by_its_content() -> None:
    content = (DATA / "generation-c.html").read_bytes()
    for locator, mime in (("page", None), ("page", "text/plain"), ("page.md", None)):
        entry = read_page(content, locator, mime=mime)
        assert isinstance(entry, Entry)
        assert entry.reader == "news-html"


@pytest.mark.parametrize(
    ("locator", "mime"),
    [
        ("x.md", None),
        ("x.txt", None),
        ("x", "text/plain; charset=utf-8"),
        ("x.md", "text/html"),
        ("https://a.example/x.md?raw=1", "application/octet-stream"),
    ],
)
def test_markdown_is_known_whatever_the_server_says(locator: str, mime: str | None) -> None:
    entry = read_page((DATA / "generation-c.md").read_bytes(), locator, mime=mime)
    assert isinstance(entry, Entry)
    assert entry.reader == "news-markdown"


@pytest.mark.parametrize(
    ("encoding", "mime"),
    [("utf-8-sig", None), ("utf-16", None), ("gb18030", "text/markdown; charset=gbk")],
)
def test_pages_in_other_encodings_are_decoded(encoding: str, mime: str | None) -> None:
    text = (DATA / "chinese.md").read_text(encoding="utf-8")
    entry = read_page(text.encode(encoding), "x.md", mime=mime)
    assert isinstance(entry, Entry)
    assert entry.headline == read("chinese.md").headline
    assert entry.warnings == ()


# ------------------------------------------------------------------ JSON and XML in other shapes

A, B = "http://a.example/", "http://b.example/"


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([A, B], [("source", "", A), ("source", "", B)]),
        (A, [("source", "", A)]),
        ([{"label": "A", "href": A}], [("source", "A", A)]),
        ([{"name": "A", "link": {"href": A}}], [("source", "A", A)]),
        ({"source": [{"title": "A", "url": A}, B]}, [("source", "A", A), ("source", "", B)]),
        ({"source": {"@url": A, "#text": "A"}}, [("source", "A", A)]),
        ({"A": A, "Cover Image": B}, [("source", "A", A), ("cover", "Cover Image", B)]),
        ([f"[A]({A})"], [("source", "A", A)]),
        ([f"A {A}"], [("source", "A", A)]),
        ([["A", A]], [("source", "", A)]),
        ([{"title": "A", "url": A, "img": B}], [("source", "A", A), ("cover", "", B)]),
        ([{"outlet": "A", "address": f"{A}x "}], [("source", "A", f"{A}x ")]),
        ({"items": {"list": [{"u": 1, "url": A}]}}, [("source", "", A)]),
    ],
)
def test_sources_are_found_in_many_shapes(
    sources: object, expected: list[tuple[str, str, str]]
) -> None:
    entry = read_json(
        {"data": {"entry": {"headline": "H", "date": "2016-05-7", "sources": sources}}}
    )
    assert cited(entry) == expected
    assert (entry.headline, entry.date) == ("H", "2016-05-07")


@pytest.mark.parametrize(
    "record",
    [
        {"Titel": 1, "title": "H", "Date": "2016/05/7", "source_url": A},
        {"标题": "H", "日期": "2016-05-07", "信息来源": [{"网址": A}]},
        {"event": {"name": "H", "datePublished": "2016-05-07T10:00:00Z"}, "citation": A},
        {
            "headline": ["H"],
            "date": {"year": 2016, "month": 5, "day": 7},
            "references": [{"uri": A}],
        },
    ],
)
def test_fields_are_found_by_their_names(record: dict[str, Any]) -> None:
    entry = read_json(record)
    assert (entry.headline, entry.date) == ("H", "2016-05-07")
    assert [citation.url for citation in entry.citations] == [A]


def test_what_lies_in_related_records_is_not_the_entrys_own() -> None:
    entry = read_json(
        {
            "related": [{"title": "R", "date": "2001-01-01", "sources": [B]}],
            "title": "H",
            "sources": [A],
        }
    )
    assert (entry.headline, entry.date) == ("H", None)
    assert [citation.url for citation in entry.citations] == [A]


def test_the_cited_page_is_not_taken_for_the_entrys_own_address() -> None:
    record = {"title": "H", "link": A, "sources": [A]}
    assert read_json(record, base_url="https://archive.example/").url is None
    record["link"] = "/news/2016/05/7/h.json"
    assert read_json(record, base_url="https://archive.example/").url == (
        "https://archive.example/news/2016/05/7/h.json"
    )


def test_an_image_field_is_a_cover_unless_it_is_listed_already() -> None:
    entry = read_json({"title": "H", "image": {"src": "/i.jpg"}, "sources": [A]})
    assert [c.role for c in entry.citations] == ["source", "cover"]
    entry = read_json({"title": "H", "image": B, "sources": {"A": A, "Cover": B}})
    assert [c.role for c in entry.citations] == ["source", "cover"]


@pytest.mark.parametrize(
    "sources",
    [
        f"<sources><source>{A}</source><source>{B}</source></sources>",
        f'<sources><source href="{A}"/><source href="{B}"/></sources>',
        f'<source url="{A}"/><source url="{B}"/>',
        f"<sources><li><a href='{A}'/></li><li><a href='{B}'/></li></sources>",
        f"<ns:sources xmlns:ns='urn:x'><ns:url>{A}</ns:url><ns:url>{B}</ns:url></ns:sources>",
        f"<sources>\n {A}\n {B}\n</sources>",
    ],
)
def test_xml_sources_are_found_in_many_shapes(sources: str) -> None:
    entry = read_xml(f"<news><item><title>H</title><date>2016-05-7</date>{sources}</item></news>")
    assert [citation.url for citation in entry.citations] == [A, B]
    assert (entry.headline, entry.date) == ("H", "2016-05-07")


def test_lone_surrogates_and_nul_do_not_reach_the_archive() -> None:
    entry = read_page(
        b'{"title": "a\\ud800b\\u0000c", "sources": ["http://a.example/\\udfff"]}', "x.json"
    )
    assert isinstance(entry, Entry)
    assert entry.headline == "a\ufffdb\ufffdc"
    str(entry).encode("utf-8")


# ------------------------------------------------------------------ URL lists


def test_a_url_list_is_an_undated_entry() -> None:
    entry = read("list.txt")
    assert (entry.reader, entry.headline, entry.date) == ("url-list", "list.txt", None)
    assert [(c.role, c.label, c.url) for c in entry.citations] == [
        ("source", "Westhaven Gazette", "https://www.westhaven-gazette.example/a"),
        ("archive-of", "An old page", "http://old.example/page"),
        ("source", "", "https://c.example/plain"),
        ("source", "", "http://d.example/Upper"),
    ]
    assert entry.citations[3].url_as_cited == "HTTP://D.example:80/Upper#part"
    assert {(c.cited_on, c.cited_on_basis) for c in entry.citations} == {(None, None)}
    assert [warning.code for warning in entry.warnings] == ["not-a-url"]
    assert "Line 6" in entry.warnings[0].detail


def test_a_list_without_urls_is_nothing() -> None:
    with pytest.raises(NothingFound, match="begins with an http"):
        read_page(b"a.example\nb.example\n", "x", mime="text/uri-list")


# ------------------------------------------------------------------ merging


def test_merging_prefers_the_structured_twin_and_unites_citations() -> None:
    markdown, twin = read("generation-c.md"), read("generation-c.json")
    extra = replace(twin.citations[0], url_as_cited="http://extra.example/", label="Extra")
    twin = replace(twin, citations=(*twin.citations, extra), topic=None)
    merged = merge_twins([markdown, twin])
    assert (merged.reader, merged.locator) == ("news-json", "generation-c.json")
    assert merged.topic == markdown.topic, "what the structured twin lacks comes from the other"
    assert cited(merged) == [*cited(markdown), ("source", "Extra", "http://extra.example/")]
    assert [c.position for c in merged.citations] == [1, 2, 3]
    assert [warning.code for warning in merged.warnings] == ["twins-disagree"]
    assert "sources" in merged.warnings[0].detail


def test_merging_equal_twins_changes_no_citation_and_warns_of_nothing() -> None:
    merged = merge_twins([read(name) for name in FORMATS])
    assert merged.citations == read(FORMATS[0]).citations
    assert merged.warnings == ()
    assert len(merged.aliases) == 5
    assert merge_twins([read(FORMATS[0])]) == read(FORMATS[0])


def test_a_twin_with_the_sources_silences_the_other_ones_complaint() -> None:
    without = read_json({"title": "白石镇下雨。", "date": "2018-06-04"})
    whole = read_json({"title": "白石镇下雨。", "date": "2018-06-04", "sources": [A]})
    merged = merge_twins([without, replace(whole, reader="news-markdown")])
    assert [citation.url for citation in merged.citations] == [A]
    assert merged.warnings == ()


def test_disagreeing_dates_and_headlines_are_noted() -> None:
    one, other = read(FORMATS[0]), read("generation-b.md")
    merged = merge_twins([one, replace(other, reader="news-html")])
    details = [w.detail for w in merged.warnings if w.code == "twins-disagree"]
    assert [detail.split(":")[0].split()[-1] for detail in details] == [
        "date",
        "headline",
        "sources",
    ]


def test_a_label_is_taken_from_the_twin_that_has_one() -> None:
    bare = read_json({"title": "H", "date": "2016-05-07", "sources": [A]})
    named = read_json(
        {"title": "H", "date": "2016-05-07", "sources": [{"url": A, "title": "AP via B"}]}
    )
    (citation,) = merge_twins([bare, replace(named, reader="news-html")]).citations
    assert (citation.label, citation.agency, citation.publisher) == ("AP via B", "AP", "B")


def test_merging_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        merge_twins([])


# ------------------------------------------------------------------ identity


@pytest.mark.parametrize(
    ("headline", "topic"),
    [
        ("The clock stops.", None),
        ("The  clock\u3000stops. ", "Clocks"),
        ("THE CLOCK STOPS.", "Clocks"),
        ("Clocks: The clock stops.", "Clocks"),
        ("Clocks：the clock stops.", "clocks"),
        ("Ｔhe clock stops.", None),
        ("The clock&#32;stops.", None),
    ],
)
def test_the_key_outlives_slug_case_width_and_topic_prefix(
    headline: str, topic: str | None
) -> None:
    entry = Entry("a", "news-markdown", date="2013-02-01", headline=headline, topic=topic)
    assert entry_key(entry) == "2013-02-01 the clock stops."


def test_keys_of_undated_entries_and_lists_are_their_addresses() -> None:
    entry = Entry("folder/list.txt", "url-list", headline="list.txt")
    assert entry_key(entry) == "folder/list.txt"
    assert entry_key(replace(entry, url="https://a.example/list.txt")) == "a.example/list.txt"
    assert entry_key(Entry("x.md", "news-markdown", headline="H", url="/zh/news/x.md")) == "/news/x"


def test_addresses_fold_formats_editions_and_escapes() -> None:
    entry = read("generation-c.md")
    assert entry_addresses(entry) == (
        "/news/2016/05/7/harbour-town-reopens-its-old-lighthouse-after-a-ten-year-repair-paid-for-by-residents",
        "/news/2016/05/7/lighthouses-of-westhaven-harbour-town-reopens-its-old-lighthouse",
        "/news/2016/05/7/harbour-town-reopens-its-old-lighthouse-after-a-ten-year-rep",
    )
    english = Entry("a", "news-markdown", url="/news/2018/06/3/%E6%AF%94%E8%B5%9B.html")
    chinese = Entry("a", "news-markdown", url="/zh/news/2018/06/3/比赛.md")
    assert entry_addresses(english) == entry_addresses(chinese) == ("/news/2018/06/3/比赛",)


def test_addresses_are_absolute_where_the_entrys_is() -> None:
    entry = read("generation-b.md", base_url="https://archive.example")
    assert entry_addresses(entry) == (
        "archive.example/news/2015/08/9/a-balloon-crosses-the-strait",
    )


def test_a_days_index_is_nobodys_address() -> None:
    entry = Entry(
        "a", "news-markdown", url="/news/2017/03/4/a.md", aliases=("2017/03/4/index.html",)
    )
    assert entry_addresses(entry) == ("/news/2017/03/4/a",)


def test_related_entries_are_not_ones_own_addresses() -> None:
    assert not any("harbour-master" in address for address in entry_addresses(read(FORMATS[0])))


# ------------------------------------------------------------------ labels


@pytest.mark.parametrize(
    ("raw", "label", "agency", "publisher"),
    [
        ("AP via ''The Toledo Post", "AP via The Toledo Post", "AP", "The Toledo Post"),
        ("AP (via The Toledo Post)", "AP (via The Toledo Post)", "AP", "The Toledo Post"),
        ("Reuters", "Reuters", "Reuters", "Reuters"),
        ("新華社", "新華社", "新華社", "新華社"),
        ("The Toledo Post", "The Toledo Post", None, "The Toledo Post"),
        ("AT&amp;T&#039;s\n news", "AT&T's news", None, "AT&T's news"),
        ("[[BBC#Chinese", "BBC#Chinese", None, "BBC#Chinese"),
        ("[[Outlet|The Outlet]]", "The Outlet", None, "The Outlet"),
        ("(BBC)", "BBC", None, "BBC"),
        ("*The Post*", "The Post", None, "The Post"),
        ("[Updated] The Post", "[Updated] The Post", None, "[Updated] The Post"),
        ("Aviation via", "Aviation via", None, "Aviation via"),
        ("", "", None, None),
        # ruins of {{dead link}}, {{Wayback}} and {{en}}
        ("link|date=2019 |bot=Bot |fix-attempted=yes }} The Post ", "The Post", None, "The Post"),
        ("url=https://a.example/ |date=20190802111335  The Post ", "The Post", None, "The Post"),
        ("url=https://web.archive.org/web/2014/http://a.example/ |date= ", "", None, None),
        ("Ministry{{link-ja", "Ministry", None, "Ministry"),
        ("The Post{{en}}", "The Post", None, "The Post"),
        ("{{le", "", None, None),
    ],
)
def test_labels_are_cleaned_and_split(
    raw: str, label: str, agency: str | None, publisher: str | None
) -> None:
    assert read_label(raw) == (label, agency, publisher)
