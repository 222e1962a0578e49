"""Every trap of the news archive's format, each with a page of its own in data/entries."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.entries.drafts import WARNINGS
from crawler.entries.reading import read_page
from crawler.errors import EntryError, NothingFound
from crawler.items import DayIndex, Entry

DATA = Path(__file__).parent / "data" / "entries"
BASE = "https://archive.example/"


def read(name: str, base_url: str | None = None) -> Entry:
    entry = read_page((DATA / name).read_bytes(), name, base_url=base_url)
    assert isinstance(entry, Entry)
    return entry


def read_text(text: str, locator: str = "x.md", base_url: str | None = None) -> Entry:
    entry = read_page(text.encode(), locator, base_url=base_url)
    assert isinstance(entry, Entry)
    return entry


def with_source(line: str) -> str:
    return f"### [2012-03-15](/news/2012/03/15/index.md)\n\n# H\n\n### Sources:\n\n{line}\n"


def codes(entry: Entry) -> list[str]:
    return [warning.code for warning in entry.warnings]


# ------------------------------------------------------------------ the generations

GENERATIONS = [
    # name, date, topic, roles, relations, revisions, warnings
    ("generation-a.md", "2014-11-23", None, "source", 1, 0, []),
    ("generation-b.md", "2015-08-09", "Ballooning", "source cover", 1, 0, []),
    ("generation-c.md", "2016-05-07", "Lighthouses of Westhaven", "source cover", 2, 3, []),
    ("chinese.md", "2018-06-03", "白石镇", "source cover source cover source", 2, 0, []),
    ("chinese-without-sources.md", "2018-06-04", None, "", 1, 0, ["no-sources-section"]),
    ("context-instead-of-summary.md", "2013-02-01", "Clocks", "source", 0, 0, []),
]


@pytest.mark.parametrize(
    ("name", "date", "topic", "roles", "relations", "revisions", "warnings"), GENERATIONS
)
def test_every_generation_and_edition_is_read(
    name: str,
    date: str,
    topic: str | None,
    roles: str,
    relations: int,
    revisions: int,
    warnings: list[str],
) -> None:
    entry = read(name)
    assert (entry.reader, entry.date, entry.topic) == ("news-markdown", date, topic)
    assert [citation.role for citation in entry.citations] == roles.split()
    assert [citation.position for citation in entry.citations] == list(
        range(1, len(entry.citations) + 1)
    )
    assert {citation.cited_on for citation in entry.citations} <= {date}
    assert (len(entry.relations), len(entry.revisions)) == (relations, revisions)
    assert codes(entry) == warnings


def test_cited_on_is_the_entrys_date_and_not_that_of_its_changes() -> None:
    entry = read("generation-c.md")
    assert entry.citations[0].cited_on == "2016-05-07", "the source's own URL says the day before"
    assert entry.citations[0].cited_on_basis == "entry"
    assert [revision.revised_at for revision in entry.revisions] == [
        "2018-02-06T13:49:30Z",
        "2018-02-07T08:05:01Z",
        None,
    ]


def test_the_headline_loses_its_trailing_blank_and_its_entities() -> None:
    assert read("generation-c.md").headline == (
        'Harbour Town reopens its old "North Light" lighthouse after a ten-year repair'
        " paid for by residents' gifts."
    )


def test_the_summary_keeps_its_paragraphs_and_quotes() -> None:
    assert read("generation-c.md").summary == (
        "WESTHAVEN — The lamp turned again on Saturday; “we never gave up,” said keeper Ada"
        " Marrow’s granddaughter. The tower's stairs hold 212 steps.\n\n"
        "A second paragraph tells of the fog horn, which stays silent for now."
    )


def test_a_context_line_is_no_summary() -> None:
    entry = read("context-instead-of-summary.md")
    assert entry.summary is None
    assert entry.context == "Town hall, Clocks"


def test_the_label_is_kept_raw_cleaned_and_split() -> None:
    source = read("generation-c.md").citations[0]
    assert source.label_raw == "AP via ''The Westhaven Gazette"
    assert source.label == "AP via The Westhaven Gazette"
    assert (source.agency, source.publisher) == ("AP", "The Westhaven Gazette")


def test_the_fragment_stays_on_the_citation() -> None:
    source = read("generation-a.md").citations[0]
    assert source.url_as_cited == "http://marsh-herald.example/story?id=41&page=2#photos"
    assert source.url == "http://marsh-herald.example/story?id=41&page=2"


def test_wiki_language_markup_survives() -> None:
    assert read("chinese.md").headline == "白石镇举行-{zh-cn:龙舟; zh-tw:龍舟;}-比赛，“红队”获胜。"


def test_chinese_images_are_covers_of_their_line() -> None:
    entry = read("chinese.md", BASE)
    assert [(c.role, c.url_as_cited, c.url) for c in entry.citations] == [
        (
            "source",
            "https://www.baishi-news.example/2018/龙舟/比赛.html",
            "https://www.baishi-news.example/2018/%E9%BE%99%E8%88%9F/%E6%AF%94%E8%B5%9B.html",
        ),
        ("cover", "//img.baishi-news.example/boat.jpg", "https://img.baishi-news.example/boat.jpg"),
        ("source", "http://daily.baishi.example/sport/42 ", "http://daily.baishi.example/sport/42"),
        ("cover", "/media/boat-2.jpg", "http://daily.baishi.example/media/boat-2.jpg"),
        ("source", "http://tv.baishi.example/a?b=1&amp;c=2", "http://tv.baishi.example/a?b=1&c=2"),
    ]
    assert [c.label for c in entry.citations if c.role == "source"] == [
        "路透社",
        "白石日报#体育",
        "白石电视台",
    ]
    assert entry.citations[2].label_raw == "[[白石日报#体育"
    assert entry.citations[0].agency == "路透社"


def test_titles_with_brackets_stay_whole() -> None:
    titles = [relation.title for relation in read("chinese.md").relations]
    assert titles[0].endswith("[http:--daily.baishi.example-bridge-1.html (白石日报)] 桥长百米。")
    assert read("generation-c.md").relations[1].title.startswith("Fishers protest [again] over")


def test_changes_and_related_are_never_cited() -> None:
    linked = {citation.url_as_cited for citation in read("generation-c.md").citations}
    assert not any(address.startswith("/news/") for address in linked)


def test_a_source_in_the_headline_is_a_warning() -> None:
    entry = read("source-in-headline.md")
    assert entry.citations == ()
    assert codes(entry) == ["source-in-headline", "no-sources-section"]
    assert entry.headline is not None
    assert entry.headline.startswith("A ferry runs aground. [http:--www.isle-post.example-ferry")


def test_counted_positions_replace_repeated_list_numbers() -> None:
    entry = read("misnumbered-and-bulleted.md")
    assert [citation.label for citation in entry.citations] == (
        ["One", "Two", "Three", "Four", "Five", "Six", "Seven"]
    )
    assert [citation.position for citation in entry.citations] == [1, 2, 3, 4, 5, 6, 7]


def test_only_the_sources_section_is_cited_in_whatever_order_the_page_is() -> None:
    entry = read("headings-in-disorder.md")
    assert [citation.url for citation in entry.citations] == ["http://a.example/1"]
    assert [relation.title for relation in entry.relations] == ["Elsewhere"]
    assert codes(entry) == ["unknown-section", "unknown-section", "no-date"]


# ------------------------------------------------------------------ archive links


def test_archive_links_are_unwrapped_and_the_wrapper_is_never_the_url() -> None:
    entry = read("archive-links.md")
    assert [(c.role, c.url, c.archived_at) for c in entry.citations] == [
        ("archive-of", "http://www.isle-post.example/a?b=c", "2012-03-15T12:00:00Z"),
        ("archive-of", "http://marsh-herald.example/x", "2012-03-16T10:11:12Z"),
        ("archive-of", None, None),
        ("archive-of", "http://double.example/", "2012-03-15T00:00:00Z"),
        ("archive-of", None, "2014-07-19T23:27:29Z"),
    ]
    assert entry.citations[0].url_as_cited.startswith("https://web.archive.org/web/2012")
    assert codes(entry) == ["unknown-original", "unknown-original"]


# ------------------------------------------------------------------ roles and bases


@pytest.mark.parametrize(
    ("target", "base_url", "role", "url"),
    [
        ("http://a.example/x", None, "source", "http://a.example/x"),
        ("http://a.example/x", BASE, "source", "http://a.example/x"),
        ("/news/2012/03/14/y.md", BASE, "internal", "https://archive.example/news/2012/03/14/y.md"),
        ("/news/2012/03/14/y.md", None, "internal", None),
        ("y.md", BASE, "internal", "https://archive.example/y.md"),
        ("https://www.archive.example/z", BASE, "internal", "https://www.archive.example/z"),
        ("//a.example/x", None, "source", "https://a.example/x"),
        ("//a.example/x", "http://b.example/", "source", "http://a.example/x"),
        ("www.a.example/x", BASE, "source", "http://www.a.example/x"),
        ("mailto:a@b.example", BASE, "source", None),
        ("javascript:void(0)", None, "source", None),
        ("http://", None, "source", None),
        ("http://a.example//x.php?u=é#p", None, "source", "http://a.example//x.php?u=%C3%A9"),
        ("http://a.example/?a=1&copy=2", None, "source", "http://a.example/?a=1&copy=2"),
    ],
)
def test_roles_by_address(target: str, base_url: str | None, role: str, url: str | None) -> None:
    entry = read_text(with_source(f"1. [L]({target})"), base_url=base_url)
    (citation,) = entry.citations
    assert (citation.role, citation.url, citation.url_as_cited) == (role, url, target)
    assert ("unresolvable-url" in codes(entry)) == (url is None)


def test_a_cover_without_a_base_is_no_reason_for_a_warning() -> None:
    entry = read_text(with_source("1. [Cover Image](/image/a.jpg)"))
    assert entry.citations[0].url is None
    assert entry.image == "/image/a.jpg"
    assert codes(entry) == []


def test_an_unfilled_template_is_no_image() -> None:
    entry = read_text(with_source("1. [A](http://a.example/) [IMG](${page.image})"), base_url=BASE)
    assert (entry.citations[1].role, entry.citations[1].url) == ("cover", None)


def test_a_locator_that_is_a_url_is_base_and_own_address() -> None:
    address = "https://archive.example/news/2012/03/15/h.md"
    entry = read_text(with_source("1. [Cover Image](/image/a.jpg)"), address)
    assert entry.url == address
    assert entry.citations[0].url == "https://archive.example/image/a.jpg"


def test_mojibake_in_a_slug_is_kept_as_it_is() -> None:
    slug = "/news/2012/03/15/caf\u00c3\u00a9-opens.md"
    entry = read_text(f"Formats: [HTML]({slug})\n\n# H\n\n### Sources:\n")
    assert entry.url == slug


@pytest.mark.parametrize(
    "locator",
    [
        "news/2019/05/1/slug.md",
        "/some/folder/news/2019/05/1/slug.md",
        "C:\\x\\news\\2019\\05\\1\\slug.md",
    ],
)
def test_an_entrys_address_is_told_by_where_its_file_lies(locator: str) -> None:
    entry = read_text("# H\n\n### Sources:\n\n1. [A](http://a.example/)\n", locator)
    assert entry.url == "/news/2019/05/1/slug.md"
    assert entry.date == "2019-05-01"
    assert codes(entry) == ["date-from-address"]


# ------------------------------------------------------------------ links without any escaping


@pytest.mark.parametrize(
    ("line", "cited"),
    [
        ("1. [L](http://a.example/x_(y)_z)", ["http://a.example/x_(y)_z"]),
        ("1. [L](http://a.example/x(y)", ["http://a.example/x(y"]),
        ("1. [L](http://a.example/x)y/z)", ["http://a.example/x)y/z"]),
        ("1. [L](http://a.example/x(y) [IMG](http://a.example/i.jpg)", ["http://a.example/x(y"]),
        ("1. [L [with] brackets](http://a.example/)", ["http://a.example/"]),
        ("1. [L ] with ] brackets](http://a.example/)", ["http://a.example/"]),
        ("1. [[[L](http://a.example/)", ["http://a.example/"]),
        ("1. [1] [L](http://a.example/)", ["http://a.example/"]),
        ("1. [L](http://a.example/x )", ["http://a.example/x "]),
        ("1. [L](http://a.example/x y)", ["http://a.example/x y"]),
        ('1. [L](http://a.example/ "Title")', ["http://a.example/"]),
        ("1. [L](<http://a.example/>)", ["http://a.example/"]),
        ("1. [L](http://a.example/) (in French)", ["http://a.example/"]),
        (
            "1. [L](http://a.example/)，[M](http://b.example/)和",
            ["http://a.example/", "http://b.example/"],
        ),
        ("1. [L\nbroken](http://a.example/)", ["http://a.example/"]),
        ("1. [L](http://a.example/cut", ["http://a.example/cut"]),
        ("1. http://a.example/x.", ["http://a.example/x"]),
        ("1. (http://a.example/x_(y)).", ["http://a.example/x_(y)"]),
        ("1. <http://a.example/x>", ["http://a.example/x"]),
        ("1. [http://a.example/x The Outlet]", ["http://a.example/x"]),
        ('1. <a class="x" href="http://a.example/x">L</a>', ["http://a.example/x"]),
        ("1. [L][1]\n\n[1]: http://a.example/x", ["http://a.example/x"]),
        ("1. [L]\n\n[l]: <http://a.example/x> 'Title'", ["http://a.example/x"]),
        (f"1. [L](http://a.example/{'x' * 579})", [f"http://a.example/{'x' * 579}"]),
        (
            "[L](http://a.example/)\n[M](http://b.example/)",
            ["http://a.example/", "http://b.example/"],
        ),
        ("![Cover](http://a.example/i.jpg)", []),
        ("1. L without a link", []),
    ],
)
def test_links_without_any_escaping(line: str, cited: list[str]) -> None:
    entry = read_text(with_source(line))
    found = [c.url_as_cited for c in entry.citations if c.role == "source"]
    assert found == cited
    assert len(entry.citations) == line.count("](") or not line.count("](")


def test_lines_that_cite_nothing_are_warnings() -> None:
    entry = read("broken-links.md", BASE)
    assert codes(entry) == ["line-without-link", "line-without-link", "unresolvable-url"]
    assert "'No link at all'" in entry.warnings[0].detail
    assert "unsupported-scheme" in entry.warnings[2].detail
    assert len(entry.citations) == 10


# ------------------------------------------------------------------ broken pages


@pytest.mark.parametrize(
    ("name", "warnings", "cited"),
    [
        ("no-headline.md", ["no-headline"], 1),
        ("bad-date.md", ["bad-date", "date-from-address"], 1),
        ("empty-sources.md", ["no-sources"], 0),
        ("undecodable-bytes.md", ["undecodable-bytes"], 1),
        ("cut-off.html", [], 1),
        ("cut-off.json", ["line-without-link", "damaged-page"], 1),
        ("cut-off.xml", ["damaged-page"], 1),
    ],
)
def test_a_broken_page_gives_warnings_and_what_could_be_read(
    name: str, warnings: list[str], cited: int
) -> None:
    entry = read(name)
    assert codes(entry) == warnings
    assert len(entry.citations) == cited
    assert entry.date is not None


def test_a_disagreement_of_dates_is_a_warning() -> None:
    entry = read_text(with_source("1. [A](http://a.example/)"), "news/2011/01/2/h.md")
    assert entry.date == "2012-03-15"
    assert codes(entry) == ["date-disagrees"]
    entry = read_text("### 2012-03-15\n\n# H\n\n### Sources:\n", "news/2011/01/2/h.md")
    assert codes(entry) == ["date-disagrees", "no-sources"]


@pytest.mark.parametrize(
    ("content", "locator", "error", "says"),
    [
        (b"", "x.md", NothingFound, "empty"),
        (b" \n\t", "x.html", NothingFound, "empty"),
        (b"Just some prose, and more of it.", "x.txt", NothingFound, "no headline"),
        (b"<html></html>", "x.html", NothingFound, "no headline"),
        (b"<!-- -->", "x.html", NothingFound, ""),
        (b'{"a": 1, "b": {"c": "d"}}', "x.json", NothingFound, "its fields are a, b, c"),
        (b"[]", "x.json", NothingFound, "no named fields"),
        (b"<a><b>c</b></a>", "x.xml", NothingFound, "its fields are a, b"),
        (b"{nonsense", "x.json", EntryError, "no valid JSON"),
        (b"[" * 100_000, "x.json", EntryError, "nested too deeply"),
        (b"nonsense", "x.xml", EntryError, "no XML"),
        ((DATA / "entity-bomb.xml").read_bytes(), "x.xml", EntryError, "declares entities"),
    ],
)
def test_what_is_no_entry_is_refused_in_one_sentence(
    content: bytes, locator: str, error: type[EntryError], says: str
) -> None:
    with pytest.raises(error) as caught:
        read_page(content, locator)
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"{locator}: ")
    assert "\n" not in str(caught.value)


def test_several_entries_in_one_file_are_refused() -> None:
    content = b'[{"title": "A", "sources": ["http://a.example/"]}, {"title": "B", "sources": []}]'
    with pytest.raises(EntryError, match="holds 2 entries"):
        read_page(content, "x.json")


def test_every_warning_code_is_explained() -> None:
    seen = set()
    for path in DATA.iterdir():
        try:
            entry = read_page(path.read_bytes(), path.name)
        except EntryError:
            continue
        if isinstance(entry, Entry):
            seen |= set(codes(entry))
            assert all(warning.detail.endswith(".") for warning in entry.warnings)
    assert seen <= set(WARNINGS)
    assert len(seen) >= 12


# ------------------------------------------------------------------ days

DAYS = [
    (
        "day.md",
        "2016-05-07",
        (
            "/news/2016/05/7/harbour-town-reopens.md",
            "/news/2016/05/7/a-bus-is-late.md",
            "a-cat-is-found.md",
        ),
        "/news/2016/05/6/index.md",
        "/news/2016/05/8/index.md",
    ),
    (
        "day.html",
        "2016-05-07",
        ("/news/2016/05/7/harbour-town-reopens.html", "/news/2016/05/7/a-bus-is-late.html"),
        "/news/2016/05/6/index.html",
        "/news/2016/05/8/index.html",
    ),
    (
        "day-chinese.md",
        "2018-06-03",
        ("/zh/news/2018/06/3/白石镇举行龙舟比赛.md",),
        "/zh/news/2018/06/2/index.md",
        "/zh/news/2018/06/4/index.md",
    ),
]


@pytest.mark.parametrize(("name", "date", "entries", "previous", "following"), DAYS)
@pytest.mark.parametrize("named_as_day", [True, False])
def test_days_are_read(
    name: str,
    date: str,
    entries: tuple[str, ...],
    previous: str,
    following: str,
    named_as_day: bool,
) -> None:
    locator = f"index{Path(name).suffix}" if named_as_day else name
    day = read_page((DATA / name).read_bytes(), locator)
    assert day == DayIndex(locator, date, entries, previous, following)


def test_an_entry_saved_as_index_is_an_entry() -> None:
    assert isinstance(read_page((DATA / "generation-c.html").read_bytes(), "index.html"), Entry)


def test_a_headline_that_holds_a_date_makes_no_day() -> None:
    text = (DATA / "chinese-without-sources.md").read_text(encoding="utf-8")
    entry = read_page(text.replace("下雨", "下雨 2018-06-04 ").encode(), "x.md")
    assert isinstance(entry, Entry)


def test_neighbours_are_told_by_their_dates_where_nothing_names_them() -> None:
    text = (
        "# 2016-05-07\n\n1. [A](/news/2016/05/7/a.md)\n\n"
        "[2016-05-08](/news/2016/05/8/index.md) [2016-05-09](/news/2016/05/9/index.md)"
        " [2016-05-05](/news/2016/05/5/index.md) [2016-05-06](/news/2016/05/6/index.md)\n"
    )
    day = read_page(text.encode(), "README.md")
    assert isinstance(day, DayIndex)
    assert (day.previous_url, day.next_url) == (
        "/news/2016/05/6/index.md",
        "/news/2016/05/8/index.md",
    )


def test_a_readme_without_entries_is_nothing() -> None:
    with pytest.raises(NothingFound, match="lists no entry"):
        read_page(b"# About\n\nThis archive has [rules](/rules.html).\n", "README.md")


def test_a_days_structured_twin_lists_its_entries() -> None:
    content = b'{"next": "/news/2016/05/8/index.json", "news": ["/news/2016/05/7/a.json"]}'
    day = read_page(content, "news/2016/05/7/index.json")
    assert isinstance(day, DayIndex)
    assert day.entry_urls == ("/news/2016/05/7/a.json",)
    assert (day.date, day.next_url) == ("2016-05-07", "/news/2016/05/8/index.json")
