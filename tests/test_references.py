"""What bibliographies, bookmarks and tables of addresses cite."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.archive import Archive
from crawler.demo import START, DemoWeb, page
from crawler.entries.kinds import kind_of
from crawler.entries.reading import read_page
from crawler.errors import EntryError, NothingFound
from crawler.intake.files import read_files
from crawler.intake.inputs import add_input
from crawler.intake.taking import Intake, IntakeCounts
from crawler.items import Citation, Entry
from tests.archive_kit import at, rows
from tests.crawling import crawl
from tests.crawling import rows as archive_rows
from tests.timing import seconds_of

BIBTEX = r"""
% what the harbour fund was said to be
@string{quay = "The Quay Post"}
@comment{nothing to see}
@online{fund2017,
  title   = {The {Harbour} Fund: 50\,\% spent in {Z\"urich}},
  author  = {Doe, Jane},
  journal = quay,
  url     = {https://paper.example/2017/fund\_story?a=1\&b=2\#top},
  urldate = {2017-03-4},
}
@misc{minutes, title = "Minutes of the council", howpublished = "\url{http://town.example/minutes.pdf}",
  note = {Accessed: 4 March 2019}}
@article{waves, title = {Waves}, doi = {10.1234/abc(5)67}, year = 2011}
@article{preprint, title = {Tides}, eprint = {1706.01234}, archivePrefix = {arXiv}}
@book{paperonly, title = {On paper only}, year = 1987}
"""
RIS = """TY  - ELEC\r
TI  - The harbour fund\r
T2  - The Quay Post\r
UR  - https://paper.example/2017/fund\r
Y2  - 2017/03/04/\r
ER  - \r
\r
TY  - JOUR\r
T1  - Waves and how\r
they break\r
DO  - doi:10.1234/abc567\r
ER  - \r
"""
CSL = [
    {"id": "fund", "type": "webpage", "title": "The harbour fund", "URL": "https://paper.example/f",
     "container-title": "The Quay Post", "accessed": {"date-parts": [[2017, 3, 4]]}},
    {"id": "waves", "type": "article-journal", "title": "Waves", "DOI": "10.1234/abc567",
     "accessed": {"date-parts": [["2017", 3]]}},
]  # fmt: skip
BOOKMARKS = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<TITLE>Bookmarks</TITLE><H1>Bookmarks</H1>
<DL><p>
  <DT><H3 ADD_DATE="1488585600">Harbour</H3>
  <DL><p>
    <DT><A HREF="https://paper.example/f" ADD_DATE="1488621600">The harbour &amp; fund</A>
    <DT><A HREF="javascript:alert(1)" ADD_DATE="1488621600">A button</A>
    <DT><A HREF="http://town.example/" ADD_DATE="1488621600000000">The town</A>
  </DL><p>
</DL>
"""
TABLE = """id;Title;Source URL;Access date;date
1;"The fund; again";https://paper.example/f;2017-03-04;1999-01-01
2;Nothing online;;;
3;The town;http://town.example/;;
"""


def read(
    content: str | bytes | object, locator: str = "refs.bib", mime: str | None = None
) -> Entry:
    if not isinstance(content, str | bytes):
        content = json.dumps(content)
    found = read_page(content.encode() if isinstance(content, str) else content, locator, mime=mime)
    assert isinstance(found, Entry)
    return found


def told(entry: Entry) -> list[tuple[str | None, str, str | None]]:
    return [(each.url, each.label, each.cited_on) for each in entry.citations]


def first(content: object, locator: str) -> Citation:
    return read(content, locator).citations[0]


# ------------------------------------------------------------------ BibTeX


def test_each_item_of_a_bibliography_with_an_address_is_a_citation() -> None:
    entry = read(BIBTEX)
    assert (entry.reader, entry.headline, entry.date) == ("bibtex", "refs.bib", None)
    assert told(entry) == [
        ("https://paper.example/2017/fund_story?a=1&b=2",
         "The Harbour Fund: 50 % spent in Zürich", "2017-03-04"),
        ("http://town.example/minutes.pdf", "Minutes of the council", "2019-03-04"),
        ("https://doi.org/10.1234/abc(5)67", "Waves", None),
        ("https://arxiv.org/abs/1706.01234", "Tides", None),
    ]  # fmt: skip
    assert [each.cited_on_basis for each in entry.citations] == ["explicit", "explicit", None, None]


def test_a_name_that_the_bibliography_defines_is_put_in() -> None:
    assert first(BIBTEX, "refs.bib").publisher == "The Quay Post"


def test_the_title_of_an_item_is_no_publisher() -> None:
    assert [each.publisher for each in read(BIBTEX).citations[1:]] == [None, None, None]


def test_items_without_an_address_are_told_in_one_warning() -> None:
    (warning,) = read(BIBTEX).warnings
    assert (warning.code, warning.detail) == (
        "line-without-link", "Items without an address: 'On paper only'.",
    )  # fmt: skip


def test_of_a_broken_item_is_read_what_stands_whole_in_a_line() -> None:
    entry = read(
        "@misc{a, url = {https://a.example/}, urldate = {2017-03-04},\n title = {Never\n\n"
        "@misc{b, url = {https://b.example/}}\n@misc{c, title = {No address\n"
        '@misc{d, url = {https://d.example/} title = {x}}\n@misc{e, url = "https://e.example/"'
    )
    assert [(each.url, each.cited_on) for each in entry.citations] == [
        ("https://a.example/", "2017-03-04"), ("https://b.example/", None),
        ("https://d.example/", None), ("https://e.example/", None),
    ]  # fmt: skip
    assert [warning.code for warning in entry.warnings] == ["damaged-page"]
    assert entry.warnings[0].detail.startswith("3 items are malformed, in line 1, 5, 7;")


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        (r"\'{E}cole {\'e}t\'e {\c c}a Erd{\H{o}}s na{\"\i}ve", "École été ça Erdős naïve"),
        (r"{50% more} -- or \emph{less} & {twice}", "50% more – or less & twice"),
        (r"5\% of $x_1$ \& more", "5% of $x_1$ & more"),
        (r"Read \input{/etc/passwd}", "Read"),
    ],
)
def test_a_title_is_shown_without_its_latex_and_whole(title: str, shown: str) -> None:
    assert (
        first(f"@misc{{k, url={{https://a.example/}}, title={{{title}}}}}", "a.bib").label == shown
    )


def test_a_file_of_more_items_than_a_bibliography_has_is_refused_at_once() -> None:
    began = time.process_time()
    with pytest.raises(EntryError, match="more than 200000 items"):
        read("@misc{k," * 200_001)
    assert time.process_time() - began < 5, "it took 25 s to look at each of them"


def test_an_item_that_is_there_twice_counts_twice() -> None:
    text = "@misc{a, url={https://a.example/}}\n@misc{a, url={https://b.example/}, url={x}}"
    assert [each.url for each in read(text).citations] == [
        "https://a.example/",
        "https://b.example/",
    ]


def test_a_bibliography_without_any_address_is_refused() -> None:
    with pytest.raises(NothingFound, match="no item of it names"):
        read("@book{a, title={On paper}}")


def test_the_broken_items_of_a_bibliography_say_nothing_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    read("@misc{a, url = {https://a.example/}\n\n@misc{b, url = {https://b.example/}}")
    assert caplog.records == []


# ------------------------------------------------------------------ other lists


def test_an_item_of_ris_is_cited_by_its_address_or_its_doi() -> None:
    entry = read(RIS, "export.ris")
    assert entry.reader == "ris"
    assert told(entry) == [
        ("https://paper.example/2017/fund", "The harbour fund", "2017-03-04"),
        ("https://doi.org/10.1234/abc567", "Waves and how they break", None),
    ]
    assert entry.citations[0].publisher == "The Quay Post"


@pytest.mark.parametrize(
    "content", [CSL, {"references": CSL}, {"items": CSL}, [{"key": "X", "data": CSL[0]}, CSL[1]]]
)
def test_items_of_csl_json_are_cited_with_the_day_of_access(content: object) -> None:
    entry = read(content, "refs.json")
    assert entry.reader == "reference-json"
    assert told(entry) == [
        ("https://paper.example/f", "The harbour fund", "2017-03-04"),
        ("https://doi.org/10.1234/abc567", "Waves", None),  # a month is no day
    ]


def test_of_two_addresses_in_one_line_of_ris_the_first_is_cited() -> None:
    text = "TY  - X\nUR  - https://a.example/?x=1;y=2; https://b.example/\nER  - \n"
    assert first(text, "a.ris").url == "https://a.example/?x=1;y=2"


def test_notes_of_zotero_are_no_items_without_an_address() -> None:
    note = {"itemType": "note", "title": "n", "note": "<p>n</p>"}
    item = {"itemType": "webpage", "title": "F", "url": "https://paper.example/f"}
    assert read([item, note], "zotero.json").warnings == ()


def test_items_of_zotero_are_cited_with_the_day_of_access() -> None:
    items = [{"itemType": "webpage", "title": "F", "url": "https://paper.example/f",
              "websiteTitle": "The Quay Post", "accessDate": "2017-03-04T22:10:11Z"}]  # fmt: skip
    cited = first({"config": {}, "items": items}, "zotero.json")
    assert (cited.url, cited.publisher, cited.cited_on) == (
        "https://paper.example/f", "The Quay Post", "2017-03-04",
    )  # fmt: skip


def test_bookmarks_of_pinboard_are_cited_since_they_were_saved() -> None:
    saved = [{"href": "https://paper.example/f", "description": "F", "time": "2017-03-04T22:10:11Z",
              "tags": "fund", "extended": ""}]  # fmt: skip
    assert told(read(saved, "pinboard.json")) == [("https://paper.example/f", "F", "2017-03-04")]


def test_bookmarks_of_a_browser_are_cited_since_they_were_added() -> None:
    entry = read(BOOKMARKS, "bookmarks.html")
    assert (entry.reader, entry.headline) == ("bookmarks", "bookmarks.html")
    assert told(entry) == [
        ("https://paper.example/f", "The harbour & fund", "2017-03-04"),
        ("http://town.example/", "The town", "2017-03-04"),
    ]


def test_each_row_of_a_table_that_holds_an_address_is_a_citation() -> None:
    entry = read(TABLE, "links.csv")
    assert entry.reader == "table"
    assert told(entry) == [
        ("https://paper.example/f", "The fund; again", "2017-03-04"),
        ("http://town.example/", "The town", None),
    ]
    assert entry.warnings[0].detail == "Items without an address: 'Nothing online'."


def test_the_addresses_of_a_table_are_found_without_a_heading() -> None:
    text = "a\thttps://a.example/\nb\thttps://b.example/\n"
    assert told(read(text, "links.tsv")) == [
        ("https://a.example/", "", None), ("https://b.example/", "", None),
    ]  # fmt: skip


def test_a_table_of_other_things_is_refused() -> None:
    with pytest.raises(NothingFound, match="no column of this table"):
        read("year,rain\n2019,3\n2020,4\n", "rain.csv")


def test_a_quotation_mark_that_is_never_closed_ends_a_table_there() -> None:
    text = 'url,title\nhttps://a.example/,A\nhttps://b.example/,"' + "x\n" * 200_000
    entry = read(text, "links.csv")
    assert [each.url for each in entry.citations] == ["https://a.example/"]
    assert "damaged-page" in [warning.code for warning in entry.warnings]


# ------------------------------------------------------------------ which file is what


@pytest.mark.parametrize(
    ("text", "kind"),
    [(BIBTEX, "bibtex"), (RIS, "ris"), (BOOKMARKS, "bookmarks"),
     ("# A post\n\nSee [this](https://a.example/):\n\n    @misc{a, url={b}}\n", "markdown")],
)  # fmt: skip
def test_a_list_is_known_by_its_content(text: str, kind: str) -> None:
    assert kind_of(text, "https://lists.example/export", None) == kind


def test_other_lists_in_json_are_no_references() -> None:
    entry = read({"date": "2017-03-04", "headline": "F", "sources": [{"url": "https://a.example/",
                 "title": "A", "type": "news"}]}, "entry.json")  # fmt: skip
    assert entry.reader == "news-json"


# ------------------------------------------------------------------ in the archive


def test_a_list_beside_a_post_of_its_name_is_an_entry_of_its_own(
    archive: Archive, tmp_path: Path
) -> None:
    (tmp_path / "fund.md").write_text("# Fund\n\nAs [they said](https://a.example/) in March.\n")
    (tmp_path / "fund.bib").write_text(BIBTEX)
    take(archive, tmp_path, day=0)
    found = rows(archive, "SELECT title AS headline, count(*) AS n FROM entries"
                 " JOIN citations ON citations.entry = entries.id GROUP BY 1")  # fmt: skip
    assert {(row["headline"], row["n"]) for row in found} == {("Fund", 1), ("fund.bib", 4)}


def test_an_item_that_goes_keeps_its_citation_and_a_new_title_queues_nothing(
    archive: Archive, tmp_path: Path
) -> None:
    file = tmp_path / "links.csv"
    file.write_text(TABLE)
    take(archive, file, day=0)
    file.write_text("Title,URL\nAnother title,https://paper.example/f\n")
    assert take(archive, file, day=1).sources_new == 0
    gone = (
        "SELECT url_as_cited AS url FROM citations GROUP BY 1 HAVING count(*) = count(removed_at)"
    )
    assert [row["url"] for row in rows(archive, gone)] == ["http://town.example/"]


def take(archive: Archive, place: Path, day: int) -> IntakeCounts:
    number = add_input(archive, str(place), base_url=None, options={}, now=at(days=day))
    (source,) = archive.inputs.enabled([number])
    counts = IntakeCounts()
    for _ in read_files(Intake(archive, source, counts, at(days=day))):
        pass
    return counts


# ------------------------------------------------------------------ hostile lists


@given(st.text(max_size=300), st.sampled_from(["a.bib", "a.ris", "a.csv", "a.html", "a.json"]))
@settings(max_examples=150, deadline=None)
def test_no_text_breaks_a_reader(text: str, locator: str) -> None:
    start = {"a.bib": "@misc{a, url={", "a.ris": "TY  - X\nUR  - ", "a.csv": "url,title\n",
             "a.html": BOOKMARKS[:120], "a.json": '[{"type":"a","URL":"'}[locator]  # fmt: skip
    with suppress(EntryError):
        read(start + text, locator)


@pytest.mark.parametrize("locator", ["a.bib", "a.ris", "a.csv", "a.html", "a.json"])
def test_a_list_of_any_length_is_read_in_linear_time(locator: str) -> None:
    item = {
        "a.bib": "@misc{k%d, title={A {T}itle}, url={https://a.example/%d}}\n",
        "a.ris": "TY  - X\nTI  - %d\nUR  - https://a.example/%d\nER  - \n",
        "a.csv": "%d,https://a.example/%d\n",
        "a.html": '<DT><A HREF="https://a%d.example/" ADD_DATE="1488621600">%d</A>\n',
        "a.json": '{"type":"x","id":"%d","URL":"https://a.example/%d"},',
    }[locator]
    before, after = {"a.html": (BOOKMARKS[:36], ""), "a.json": ("[", '{"type":"x","URL":""}]')}.get(
        locator, ("", "")
    )

    def spent(number: int) -> float:
        text = before + "".join(item % (at, at) for at in range(number)) + after
        assert len(read(text, locator).citations) == number
        return seconds_of(lambda: read(text, locator), tries=2)

    assert spent(4000) < 12 * spent(1000)


# ------------------------------------------------------------------ from a list to copies


def test_what_lists_of_every_kind_cite_is_fetched_and_kept_with_its_day(tmp_path: Path) -> None:
    """Seven files and a bibliography on the web, of one item each."""
    archive = tmp_path / "a.db"
    with DemoWeb() as web:
        names = ["bib", "ris", "csl", "zotero", "marks", "pins", "table", "far"]
        for name in names:
            text = f"<p>What {name} says of the harbour, at some length.</p>" * 9
            web.add("wire", f"/{name}", page(f"<h1>{name}</h1>{text}"))
        at_wire = {name: web.url("wire", f"/{name}") for name in names}
        bibtex = "@online{%s, title = {T}, url = {%s}, urldate = {2026-01-02}}\n"
        files = {
            "a.bib": bibtex % ("k", at_wire["bib"]),
            "b.ris": f"TY  - ELEC\nUR  - {at_wire['ris']}\nY2  - 2026/01/02/\nER  - \n",
            "c.json": json.dumps([{"id": "k", "type": "webpage", "URL": at_wire["csl"],
                                   "accessed": {"date-parts": [[2026, 1, 2]]}}]),
            "d.json": json.dumps([{"itemType": "webpage", "title": "T", "url": at_wire["zotero"],
                                   "accessDate": "2026-01-02T23:10:11Z"}]),
            "e.html": "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<DL><p><DT>"
                      f'<A HREF="{at_wire["marks"]}" ADD_DATE="1767312000">T</A></DL>',
            "f.json": json.dumps([{"href": at_wire["pins"], "description": "T", "tags": "",
                                   "time": "2026-01-02T01:02:03Z"}]),
            "g.csv": f"url,title,accessed\n{at_wire['table']},T,2026-01-02\n",
        }  # fmt: skip
        for name, content in files.items():
            (tmp_path / name).write_text(content)
        far = page(bibtex % ("far", at_wire["far"]), content_type="application/x-bibtex")
        web.add("lantern", "/refs", far)
        places = [*(tmp_path / name for name in files), web.url("lantern", "/refs")]
        first = crawl(archive, START, *places).json
        assert (first["intake"]["problems"], first["intake"]["entries_new"]) == (0, 8)
    kept = (
        "SELECT s.url, c.cited_on AS day, count(k.id) AS copies FROM citations c"
        " JOIN sources s ON s.id = c.source JOIN captures k ON k.source = s.id GROUP BY c.id"
    )
    found = [tuple(row.values()) for row in archive_rows(archive, kept)]
    assert sorted(found) == sorted((address, "2026-01-02", 1) for address in at_wire.values())
