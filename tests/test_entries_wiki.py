"""What wiki pages cite: the markup of articles, and days of Current Events."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from crawler.dates import written_day
from crawler.entries.kinds import kind_of
from crawler.entries.reading import read_page
from crawler.entries.wiki.article import LONGEST_LETTERS
from crawler.entries.wiki.scanning import Tag, Template, scan
from crawler.errors import NothingFound
from crawler.items import Citation, Entry
from crawler.passages import Claim, anchors_of
from tests.timing import seconds_of

DATA = Path(__file__).parent / "data" / "entries"
WIKI = "https://wiki.example/"


def read(text: str | bytes, locator: str = "Harbour_Fund.wiki", base: str | None = WIKI) -> Entry:
    content = text.encode() if isinstance(text, str) else text
    found = read_page(content, locator, base_url=base)
    assert isinstance(found, Entry)
    return found


def article() -> dict[str, Citation]:
    entry = read((DATA / "harbour-fund.wiki").read_bytes())
    assert entry.reader == "wiki-article"
    return {citation.url_as_cited: citation for citation in entry.citations}


def only(text: str) -> Citation:
    (citation,) = read(text).citations
    return citation


def codes(entry: Entry) -> list[str]:
    return [warning.code for warning in entry.warnings]


# ------------------------------------------------------------------ articles


def test_an_article_is_called_for_its_file_and_has_no_date() -> None:
    entry = read("Text.<ref>https://a.example/</ref>", "wikis/Harbour_Fund.wiki")
    assert (entry.headline, entry.date, codes(entry)) == ("Harbour Fund", None, [])


def test_a_citation_template_tells_title_outlet_day_and_copy() -> None:
    cited = article()
    source = cited["https://paper.example/2009/fund"]
    assert (source.role, source.label, source.publisher) == (
        "source", "Fund founded", "The Quay Post",
    )  # fmt: skip
    assert (source.cited_on, source.cited_on_basis) == ("2017-03-04", "explicit")
    copy = cited["https://web.archive.org/web/20170304101112/https://paper.example/2009/fund"]
    assert (copy.role, copy.url) == ("archive-of", "https://paper.example/2009/fund")
    assert copy.archived_at == "2017-03-04T10:11:12Z"


def test_a_short_code_is_a_copy_of_the_address_that_stands_beside_it() -> None:
    copy = article()["https://archive.ph/AbCdE"]
    assert (copy.role, copy.url) == ("archive-of", "https://de.example/a")
    assert copy.archived_at == "2015-03-03T00:00:00Z"


def test_a_copy_in_an_archive_that_nobody_knows_is_no_source_of_its_own() -> None:
    page = read(
        "<ref>{{cite web|url=https://a.example/x|archive-url=https://kept.example/7"
        "|archive-date=4 March 2017}}</ref>"
    )
    assert [(c.role, c.url) for c in page.citations] == [
        ("source", "https://a.example/x"), ("archive-of", "https://a.example/x"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("address", "label", "publisher", "day"),
    [
        ("https://de.example/a", "Ein Titel", "Zeitung", "2015-03-02"),
        ("https://fr.example/b", "Le titre", "Le Site", "2014-03-01"),
        ("https://es.example/c", "Título", "Diario", "2016-03-04"),
        ("https://gov.example/a?x=1&y=2", "Grants of 2011", "Ministry", "2011-06-01"),
    ],
)
def test_templates_of_several_languages_are_read(
    address: str, label: str, publisher: str, day: str
) -> None:
    found = article()[address]
    assert (found.label, found.publisher, found.cited_on) == (label, publisher, day)


def test_the_context_is_the_sentence_before_the_note_and_what_it_quotes() -> None:
    cited = article()
    assert cited["https://other.example/p"].context == "It was given $50 million in 2011."
    assert cited["https://gov.example/a?x=1&y=2"].context == (
        "It was given $50 million in 2011. “The fund receives ‘fifty’ million dollars.”"
    )
    assert cited["https://inline.example/x"].context == "See also the register."


def test_what_a_citation_quotes_is_looked_for_in_its_source() -> None:
    found = article()["https://gov.example/a?x=1&y=2"]
    claim = Claim(headline="Harbour Fund", label=found.label, context=found.context)
    source = "Grants of the year. The fund receives “fifty” million dollars. So says the ministry."
    kinds = {anchor.kind: anchor.exact for anchor in anchors_of(claim, source)}
    assert kinds["quotation"].startswith("The fund receives")


def test_a_note_in_the_list_of_notes_has_the_context_of_its_first_use() -> None:
    said = article()["https://fr.example/b"].context
    assert said is not None and said.endswith(
        "Orla Vane said in 2013 that the U.S. Fund was small."
    )


def test_a_note_that_is_used_again_counts_once() -> None:
    page = read(
        "One.<ref name=\"a\" /> Two.<ref name=a>https://a.example/</ref> Three.<ref name='a'/>"
        ' Four.<ref name="a" group="n">https://b.example/</ref>'
    )
    assert [(c.url, c.context) for c in page.citations] == [
        ("https://a.example/", "One."), ("https://b.example/", "Four."),
    ]  # fmt: skip


def test_a_day_in_words_beside_the_only_link_is_the_day_of_its_citation() -> None:
    assert article()["https://other.example/p"].cited_on == "2012-05-05"
    assert only("<ref>[https://a.example/ A]. Abgerufen am 4. März 2017.</ref>").cited_on == (
        "2017-03-04"
    )


@pytest.mark.parametrize(
    "hidden",
    [
        "<!-- https://a.example/ -->", "<nowiki>https://a.example/</nowiki>",
        "<pre>https://a.example/</pre>", "<noinclude>https://a.example/</noinclude>",
        "[[File:A.jpg|thumb|link=A]]", "[[Category:A]]", "[[de:A]]", "[[w:A|A]]",
        "[https://wiki.example/w/index.php?title=A&action=edit edit]", "{{ISBN|1}}",
        '<syntaxhighlight lang="sh">curl https://a.example/</syntaxhighlight>',
    ],
)  # fmt: skip
def test_what_is_no_source_is_left_out(hidden: str) -> None:
    assert read(f"Words. {hidden} Words.").citations == ()


def test_captions_cells_and_boxes_cite_too() -> None:
    assert {
        "https://pic.example/naked", "https://de.example/a", "https://harbour.example/",
        "https://bare.example/foo_(bar)", "https://official.example/",
    } <= set(article())  # fmt: skip


def test_links_that_the_wiki_calls_dead_are_named_in_a_warning() -> None:
    page = read("See [https://a.example/ a].{{dead link|date=May 2015}} Not https://b.example/ so.")
    assert codes(page) == ["marked-dead"]
    assert page.warnings[0].detail.endswith(": https://a.example/.")
    assert len(page.citations) == 2
    wrapped = read("[https://a.example/ a] {{usurped|1=[https://b.example/ b]}}")
    assert wrapped.warnings[0].detail.endswith(": https://b.example/.")
    assert [c.url for c in wrapped.citations] == ["https://a.example/", "https://b.example/"]
    broken = read("<ref>{{enlace roto|1=El fondo|2=https://a.example/}}</ref>")
    assert (codes(broken), len(broken.citations)) == (["marked-dead"], 1)
    usurped = read("<ref>{{cite web|url=https://a.example/|url-status=usurped}}</ref>")
    assert codes(usurped) == ["marked-dead"]
    assert codes(read("<ref>{{cite web|url=https://a.example/|url-status=live}}</ref>")) == []


def test_a_webarchive_template_is_a_copy_of_the_link_before_it() -> None:
    page = read(
        "<ref>[https://a.example/ A] {{webarchive|url=https://archive.ph/XyZ12|date=4 May 2016}}"
        "</ref> <ref>{{Webarchiv|url=https://b.example/|wayback=20150102|text=B}}</ref>"
    )
    assert [(c.role, c.url, c.archived_at) for c in page.citations] == [
        ("source", "https://a.example/", None),
        ("archive-of", "https://a.example/", "2016-05-04T00:00:00Z"),
        ("archive-of", "https://b.example/", "2015-01-02T00:00:00Z"),
    ]


def test_templates_nest() -> None:
    found = only(
        "<ref>{{small|{{cite web|url=https://a.example/|title={{lang|fr|Le {{nowrap|titre}}}}"
        "|date={{date|4|mars|2017}}|consulté le={{date|5|mars|2017}}}}}}</ref>"
    )
    assert (found.label, found.cited_on) == ("Le titre", "2017-03-05")


def test_a_title_is_no_publisher() -> None:
    found = only("<ref>{{cite web|url=https://a.example/|title=Of Piers}}</ref>")
    assert (found.label, found.publisher) == ("Of Piers", None)
    wire = only("<ref>{{cite web|url=https://a.example/|agency=AP|via=Bay Herald}}</ref>")
    assert (wire.agency, wire.publisher) == ("AP", "Bay Herald")


def test_a_redirect_is_no_article() -> None:
    with pytest.raises(NothingFound, match="redirects to 'Harbour Fund'"):
        read("#REDIRECT [[Harbour Fund]]")


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        ("A.<ref>https://a.example/ B.<ref>https://b.example/</ref>", 2),
        ("{{Infobox|x={{y}} A.<ref>https://a.example/</ref>", 1),
        ("<ref>{{cite web|url=https://a.example/|title=[[Unclosed}}</ref>", 1),
        ("A <ref>{{cite web|url=https://a.example/</ref> B <ref>https://b.example/</ref>", 2),
        ("A [https://a.example/ label\nB [https://b.example/ b]", 2),
        ("}}}} ]] https://a.example/", 1),
        ("A https://a.example/ <!-- never closed https://b.example/", 1),
    ],
)
def test_what_is_unbalanced_is_read_as_far_as_it_goes(broken: str, found: int) -> None:
    page = read(broken)
    assert len(page.citations) == found
    assert set(codes(page)) <= {"unbalanced-markup"}


def test_unbalanced_markup_is_told() -> None:
    assert codes(read("{{a https://a.example/")) == ["unbalanced-markup"]


@pytest.mark.parametrize(
    "piece",
    [
        "{{a|", "[[a|", "<ref name=", "<ref>x", "{{cite|url=", "[//a b", "{{", "[[", "}}", "<!--",
        "{{a|b=", "<ref>{{cite|", "http://a.b{{dead link}}", "[http://x {{a}}", "<nowiki>",
    ],
)  # fmt: skip
def test_hostile_markup_takes_linear_time(piece: str) -> None:
    def reading(size: int) -> Callable[[], object]:
        text = piece * (size // len(piece))
        return lambda: read(f"{text} https://end.example/")

    assert seconds_of(reading(160_000)) < 16 * max(seconds_of(reading(20_000)), 0.01)


def test_an_article_with_thousands_of_notes_is_read_in_seconds() -> None:
    note = (
        "Sentence {0} of it.<ref name=n{0}>{{{{cite web|url=https://e.example/{0}|title=T {0}"
        "|access-date=2017-03-04|archive-url=https://web.archive.org/web/20170304/https://e.example"
        "/{0}}}}}</ref> "
    )
    text = "".join(note.format(number) for number in range(1500))
    began = time.process_time()
    page = read(text)
    assert len(page.citations) == 3000
    assert page.citations[-1].context == "Sentence 1499 of it."
    assert time.process_time() - began < 5


def test_of_a_page_that_no_wiki_would_keep_the_beginning_is_read() -> None:
    page = read("https://a.example/ " + "words " * (LONGEST_LETTERS // 6) + "https://b.example/")
    assert [c.url for c in page.citations] == ["https://a.example/"]
    assert codes(page) == ["damaged-page"]


def test_markup_is_told_by_type_by_suffix_and_by_what_it_looks_like() -> None:
    text = "'''A''' is a [[b]].<ref>https://a.example/</ref>\n== See ==\n"
    assert kind_of("plain", "x?action=raw", "text/x-wiki; charset=UTF-8") == "wikitext"
    assert {kind_of("plain", name, None) for name in ("a.wiki", "a.mediawiki", "a.wikitext")} == {
        "wikitext"
    }
    assert kind_of(text, "a.txt", None) == "wikitext"
    assert kind_of("A note with a [[wikilink]] of Obsidian.", "a.txt", None) == "markdown"
    assert kind_of(text, "a.md", None) == "markdown"


def test_the_markup_of_a_page_belongs_to_the_address_of_the_page() -> None:
    place = "https://wiki.example/w/index.php?title=Harbour_Fund&action=raw"
    page = read_page(
        b"A.<ref>https://a.example/</ref> [//wiki.example/x own]", place, mime="text/x-wiki"
    )
    assert isinstance(page, Entry)
    assert page.headline == "Harbour Fund"
    assert page.url == place and page.aliases == (
        "https://wiki.example/w/index.php?title=Harbour_Fund",
    )
    assert [c.url for c in page.citations] == ["https://a.example/"]


def test_the_tree_is_that_of_another_parser() -> None:
    parser = pytest.importorskip("mwparserfromhell")
    text = (DATA / "harbour-fund.wiki").read_text(encoding="utf-8")
    theirs = parser.parse(text, skip_style_tags=True).filter_templates()
    said = {
        (" ".join(str(t.name).split()).casefold(), len(t.params))
        for t in theirs
    }  # fmt: skip
    ours: set[tuple[str, int]] = set()
    pending = [scan(text)[0]]
    while pending:
        for node in pending.pop():
            if isinstance(node, Template):
                ours.add((node.name, len(node.values)))
                pending += node.values.values()
            elif isinstance(node, Tag):
                pending.append(node.content)
            elif not isinstance(node, str):
                pending += node.parts
    assert ours == said


# ------------------------------------------------------------------ days of Current Events


def test_a_day_of_current_events_is_one_entry_with_its_topics_as_context() -> None:
    day = read((DATA / "2017-march-4.wiki").read_bytes(), "2017 March 4.wiki")
    assert (day.reader, day.date, day.headline) == ("wiki-day", "2017-03-04", "2017 March 4")
    tugs, copy, crane, five = day.citations
    assert (tugs.label, tugs.publisher) == ("The Quay Post", "The Quay Post")
    assert (tugs.cited_on, tugs.cited_on_basis) == ("2017-03-04", "entry")
    assert tugs.context == (
        "Armed conflicts and attacks › Strait of Kelham dispute › Second blockade › Two tugs of the"
        " harbour company are held at the mole, and their crews are sent home."
    )
    assert (copy.role, copy.agency, copy.publisher) == ("archive-of", "AP", "Bay Herald")
    assert crane.context == (
        "Disasters and accidents › A crane falls onto an empty warehouse; nobody is hurt."
    )
    assert (five.cited_on, five.cited_on_basis) == ("2017-03-05", "explicit")
    assert codes(day) == ["marked-dead"]


def test_a_day_in_the_older_form_is_read_too() -> None:
    day = read("{{Current events header|2008|January|4}}\n*A.[https://a.example/ (A)]\n", "x.wiki")
    assert (day.date, [c.context for c in day.citations]) == ("2008-01-04", ["A."])


def test_a_day_that_stands_between_two_templates_is_read_too() -> None:
    mark = "{{{{Current events|year=2026|month=08|day=2|{}=yes}}}}"
    item = "'''Trade'''\n*A.[https://a.example/ (''A'')]"
    day = read(f"{mark.format('top')}\n{item}\n{mark.format('bottom')}", "x.wiki")
    assert [(c.context, c.label, c.cited_on) for c in day.citations] == [
        ("Trade › A.", "A", "2026-08-02")
    ]


def test_each_of_several_days_dates_its_own_citations() -> None:
    one = (
        "{{{{Current events|year=2017|month=3|day={0}|content=\n*A.[https://a{0}.example/ A]}}}}\n"
    )
    page = read(one.format(4) + one.format(3), "March 2017.wiki")
    assert page.date is None
    assert [(c.cited_on, c.cited_on_basis) for c in page.citations] == [
        ("2017-03-04", "explicit"), ("2017-03-03", "explicit"),
    ]  # fmt: skip


# ------------------------------------------------------------------ days in words


@pytest.mark.parametrize(
    "text",
    [
        "4 March 2017", "March 4, 2017", "4. März 2017", "4 mars 2017", "4 de marzo de 2017",
        "2017年3月4日", "04.03.2017", "2017-03-04", "2017-3-4", "Mar. 4, 2017", "4th of March 2017",
    ],
)  # fmt: skip
def test_a_written_day_is_read_in_five_languages(text: str) -> None:
    assert written_day(text) == "2017-03-04"


@pytest.mark.parametrize("text", ["04/03/2017", "March 2017", "2017-03", "31 April 2017", "", "4"])
def test_what_names_no_day_is_no_day(text: str) -> None:
    assert written_day(text) is None
