"""Wiki pages as MediaWiki shows them, and wikis as inputs of a crawl."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crawler.demo import DemoWeb, day, page, versions
from crawler.entries.reading import read_page
from crawler.items import Citation, Entry
from tests.crawling import crawl, rows, sourcekeep, value
from tests.test_entries_wiki import seconds_of
from tests.test_wiki_exports import export, revision
from tests.test_wiki_exports import page as exported

DATA = Path(__file__).parent / "data" / "entries"
PLACE = "https://wiki.example/wiki/Harbour_Fund"
RAW = "text/x-wiki; charset=UTF-8"


def read(html: str | bytes, place: str = PLACE) -> Entry:
    content = html.encode() if isinstance(html, str) else html
    found = read_page(content, place, mime="text/html; charset=UTF-8")
    assert isinstance(found, Entry) and found.reader == "wiki-html"
    return found


def shown(body: str) -> Entry:
    return read(
        '<html><head><meta name="generator" content="MediaWiki 1.43.1"></head><body><h1'
        f' id="firstHeading">T</h1><div id="mw-content-text"><div class="mw-parser-output">{body}'
        "</div></div></body></html>"
    )


@pytest.fixture(scope="module")
def cited() -> dict[str, Citation]:
    entry = read((DATA / "wiki-page.html").read_bytes())
    return {citation.url_as_cited: citation for citation in entry.citations}


def test_a_page_has_its_title_and_address_and_cites_its_notes_and_text() -> None:
    entry = read((DATA / "wiki-page.html").read_bytes(), "https://wiki.example/w/index.php?title=H")
    assert (entry.headline, entry.date) == ("Harbour Fund", None)
    assert PLACE in (entry.url, *entry.aliases)
    assert [citation.url_as_cited for citation in entry.citations] == [
        "https://harbour.example/",
        "https://inline.example/x",
        "https://paper.example/2009/fund",
        "https://web.archive.org/web/20170304101112/https://paper.example/2009/fund",
        "https://gov.example/a?x=1&y=2",
        "https://archive.ph/AbCdE",
        "https://other.example/p",
        "https://official.example/",
    ]  # neither navigation nor edit links, print footer, sister wikis, pictures and identifiers


def test_a_citation_whose_title_leads_to_the_copy_has_its_original_as_source(
    cited: dict[str, Citation],
) -> None:
    source = cited["https://paper.example/2009/fund"]
    assert (source.role, source.label, source.publisher, source.cited_on) == (
        "source", "Fund founded", "The Quay Post", "2017-03-03",
    )  # fmt: skip
    copy = cited["https://web.archive.org/web/20170304101112/https://paper.example/2009/fund"]
    assert (copy.role, copy.url, copy.archived_at) == (
        "archive-of", "https://paper.example/2009/fund", "2017-03-04T10:11:12Z",
    )  # fmt: skip


def test_a_short_code_is_the_copy_of_what_the_citation_names(cited: dict[str, Citation]) -> None:
    copy = cited["https://archive.ph/AbCdE"]
    assert (copy.role, copy.url, copy.archived_at) == (
        "archive-of", "https://gov.example/a?x=1&y=2", "2011-06-02T00:00:00Z",
    )  # fmt: skip


def test_the_context_is_the_sentence_of_the_first_mark_and_what_is_quoted(
    cited: dict[str, Citation],
) -> None:
    assert cited["https://paper.example/2009/fund"].context == "It was founded in 2009."
    assert cited["https://gov.example/a?x=1&y=2"].context == (
        "It was given $50 million in 2011. “The fund receives fifty million.”"
    )
    assert cited["https://other.example/p"].cited_on == "2012-05-05"


def test_a_page_and_its_markup_cite_the_same() -> None:
    markup = (
        "It was founded.<ref>{{cite news|url=https://a.example/x|title=Fund|work=Post"
        "|access-date=3 March 2017|archive-url=https://web.archive.org/web/2017/https://a.example/x"
        "}}</ref>"
    )
    html = (
        '<p>It was founded.<sup class="reference"><a href="./T#cite_note-1">[1]</a></sup></p>'
        '<ol class="mw-references references"><li id="cite_note-1"><span class="mw-reference-text">'
        '<cite class="citation news"><a rel="mw:ExtLink nofollow" href="https://a.example/x"'
        ' class="external text">"Fund"</a>. <i>Post</i>. <a class="external text" href="'
        'https://web.archive.org/web/2017/https://a.example/x">Archived</a> from the original'
        '<span class="reference-accessdate">. Retrieved 3 March 2017</span>.</cite><span title="'
        'rft.jtitle=Post&amp;rft.atitle=Fund&amp;rft_id=https%3A%2F%2Fa.example%2Fx" class="Z3988">'
        "</span></span></li></ol>"
    )  # as Parsoid writes it
    theirs = read_page(markup.encode(), PLACE, mime=RAW)
    assert isinstance(theirs, Entry) and len(theirs.citations) == 2
    assert shown(html).citations == theirs.citations


@pytest.mark.parametrize(
    ("said", "on"),
    [
        ("Abgerufen am 4. März 2017.", "2017-03-04"),
        ("(consulté le 4 mars 2017)", "2017-03-04"),
        ("Consultado el 4 de marzo de 2017.", "2017-03-04"),
        ('<span class="reference-accessdate">[2017-03-04]</span>', "2017-03-04"),
        ("4 March 2017.", None),
    ],
)
def test_the_day_of_access_is_read_in_five_languages(said: str, on: str | None) -> None:
    note = f'<a class="external text" href="https://a.example/">A</a>. {said}'
    (plain,) = shown(f'<ol><li id="cite_note-1">{note}</li></ol>').citations
    (inside,) = shown(
        f'<ol><li id="cite_note-1"><span class="citation web">{note}</span></li></ol>'
    ).citations
    assert (plain.cited_on, inside.cited_on) == (on, on)


def test_a_note_without_a_template_keeps_what_stands_beside_its_links() -> None:
    (first, second) = shown(
        '<ol><li id="cite_note-1">A report, <a class="external free" href="https://a.example/">'
        'https://a.example/</a></li><li id="cite_note-2"><a class="external autonumber"'
        ' href="//b.example/">[1]</a></li></ol>'
    ).citations
    assert (first.label, second.label, second.url) == ("A report", "", "https://b.example/")


def test_a_link_that_is_marked_as_dead_is_told() -> None:
    entry = read((DATA / "wiki-page.html").read_bytes())
    assert [(w.code, "https://inline.example/x" in w.detail) for w in entry.warnings] == [
        ("marked-dead", True)
    ]


def day_box(day: str, address: str) -> str:
    return (
        '<div class="current-events"><div class="current-events-main vevent"><div><span class='
        f'"summary">That day (<span class="bday dtstart">{day}</span>)</span></div><div class='
        '"current-events-content description"><div class="current-events-content-heading"'
        ' role="heading">Disasters</div><ul><li><a href="/wiki/X">Storm</a><ul><li>A crane falls. '
        f'<a class="external text" href="{address}">(Reuters)</a></li></ul></li></ul>'
        "<p><b>Trade</b></p><ul><li>A pier opens.</li></ul></div></div></div>"
    )


def test_a_day_of_current_events_is_shown_with_its_topics() -> None:
    entry = shown(day_box("2017-03-04", "https://a.example/"))
    (citation,) = entry.citations
    assert (entry.date, citation.cited_on, citation.label) == (
        "2017-03-04",
        "2017-03-04",
        "Reuters",
    )
    assert citation.context == "Disasters › Storm › A crane falls."


def test_several_days_on_a_page_date_each_their_own_citations() -> None:
    entry = shown(
        day_box("2017-03-04", "https://a.example/") + day_box("2017-03-03", "https://b.example/")
    )
    assert entry.date is None
    assert [(c.cited_on, c.cited_on_basis) for c in entry.citations] == [
        ("2017-03-04", "explicit"), ("2017-03-03", "explicit"),
    ]  # fmt: skip


def test_a_citation_in_the_text_is_read_like_one_in_a_note() -> None:
    (citation,) = shown(
        '<ul><li><cite class="citation book">Vane, O. <a class="external text"'
        ' href="https://a.example/">"Piers"</a>. <span class="reference-accessdate">Retrieved '
        '3 March 2017</span></cite><span class="Z3988" title="rft.btitle=Piers&amp;rft.pub='
        'Quay+Press"></span></li></ul>'
    ).citations
    assert (citation.label, citation.publisher, citation.cited_on) == (
        "Piers", "Quay Press", "2017-03-03",
    )  # fmt: skip


def test_a_shown_page_with_thousands_of_notes_is_read_in_linear_time() -> None:
    def reading(count: int) -> Callable[[], object]:
        marks = "".join(
            f'Said {n}.<sup class="reference"><a href="#cite_note-{n}">[1]</a></sup> '
            for n in range(count)
        )
        notes = "".join(
            f'<li id="cite_note-{n}"><cite class="citation"><a class="external" href="https://a.example'
            f'/{n}">"T"</a></cite><span class="Z3988" title="rft.btitle=T"></span></li>'
            for n in range(count)
        )
        return lambda: shown(f"<p>{marks}</p><ol>{notes}</ol>").citations[-1].context

    assert reading(200)() == "Said 199."
    assert seconds_of(reading(1600)) < 16 * max(seconds_of(reading(200)), 0.01)


# ------------------------------------------------------------------ one crawl


def test_wikis_are_inputs_of_a_crawl(tmp_path: Path) -> None:
    with DemoWeb() as web:
        first, second, third = (web.url("radio", f"/report-{n}") for n in (1, 2, 3))
        for number in (1, 2, 3):
            web.add("radio", f"/report-{number}", page(f"<p>Report {number} of the fund.</p>"))
        note = "<ref>{{{{cite web|url={}|title={}|access-date=3 March 2026}}}}</ref>"
        web.add("wire", "/w/index.php?title=Harbour_Fund&action=raw", versions({
            day(1): page("A fund." + note.format(first, "One") + note.format(second, "Two"),
                         content_type=RAW),
            day(3): page("It is a fund." + note.format(first, "One"), content_type=RAW),
        }))  # fmt: skip
        web.add("wire", "/wiki/Mole", page(
            '<meta name="generator" content="MediaWiki 1.43"><h1 id="firstHeading">Mole</h1>'
            f'<div class="mw-parser-output"><a class="external" href="{third}">r</a></div>'
        ))  # fmt: skip
        pages = [exported(f"Page {n}", revision("X." + note.format(first, "One"))) for n in (1, 2)]
        web.add("wire", "/wiki/Special:Export", page(
            export(*pages, base=web.url("wire", "/wiki/Main_Page")), content_type="application/xml"
        ))  # fmt: skip
        archive = tmp_path / "a.db"
        raw = web.url("wire", "/w/index.php?title=Harbour_Fund&action=raw")
        crawl(archive, day(1), raw, web.url("wire", "/wiki/Mole"),
              web.url("wire", "/wiki/Special:Export"))  # fmt: skip
        assert rows(archive, "SELECT title, reader FROM entries e JOIN entry_versions v"
                    " ON v.entry = e.id ORDER BY title") == [
            {"title": "Harbour Fund", "reader": "wiki-article"},
            {"title": "Mole", "reader": "wiki-html"},
            {"title": "Page 1", "reader": "wiki-article"},
            {"title": "Page 2", "reader": "wiki-article"},
        ]  # fmt: skip
        assert value(archive, "SELECT count(DISTINCT source) FROM captures") == 3

        web.move_to(day(3))
        crawl(archive, day(3))
        statuses = rows(archive, "SELECT status, count(*) AS n FROM fetches WHERE purpose = 'entry'"
                        " GROUP BY status ORDER BY status")  # fmt: skip
        assert statuses == [{"status": 200, "n": 4}, {"status": 304, "n": 2}]
        harbour = rows(archive, "SELECT k.url, k.removed_at, k.cited_on FROM citations k"
                       " JOIN entries e ON e.id = k.entry WHERE e.title = 'Harbour Fund'"
                       " ORDER BY k.id")  # fmt: skip
        assert [(row["url"], row["removed_at"] is None, row["cited_on"]) for row in harbour] == [
            (first, True, "2026-03-03"), (second, False, "2026-03-03"),
        ]  # fmt: skip
        assert value(archive, "SELECT count(*) FROM sources") == 3
        anew = "SELECT count(*) FROM sources WHERE due_reason = 'an entry cites it anew'"
        assert value(archive, anew) == 0  # rewording an article queues nothing
        assert value(archive, "SELECT count(*) FROM reading_problems") == 0
        assert sourcekeep("verify", "--archive", archive).code == 0


def test_adding_files_of_wikis_reads_them_at_once(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "Mole.wiki").write_text("A.<ref>https://a.example/</ref>", encoding="utf-8")
    (tmp_path / "in" / "dump.xml").write_bytes(
        export(exported("Pier", revision("https://b.example/")))
    )
    words = ("add", tmp_path / "in", "--archive", tmp_path / "a.db", "--json")
    told = sourcekeep(*words).json
    assert told["entries_new"] == 2, told
    again = sourcekeep(*words).json
    assert (again["pages"], again["unchanged"]) == (2, 2)
