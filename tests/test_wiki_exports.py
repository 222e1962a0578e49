"""Exports of MediaWiki: many pages in one file, each an entry."""

from __future__ import annotations

import bz2
import gzip
import tracemalloc
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from crawler.archive import Archive
from crawler.entries.reading import read_page
from crawler.entries.wiki.article import LONGEST_LETTERS
from crawler.entries.wiki.export import export_in, open_export, pages_in
from crawler.errors import EntryError
from crawler.intake.files import read_files
from crawler.intake.taking import Intake, IntakeCounts

DAY_1, DAY_2 = "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"


def note(address: str, more: str = "") -> str:
    return f"Said.<ref>{{{{cite web|url={address}|title=T{more}}}}}</ref>"


def revision(text: str, at: str = "2020-01-02T03:04:05Z", number: int = 7, parent: int = 0) -> str:
    parentid = f"<parentid>{parent}</parentid>" if parent else ""
    return (
        f"<revision><id>{number}</id>{parentid}<timestamp>{at}</timestamp><contributor><username>A"
        "</username><id>99</id></contributor><comment>https://comment.example/</comment>"
        f'<model>wikitext</model><text xml:space="preserve">{escape(text)}</text></revision>'
    )


def page(title: str, *revisions: str, ns: int = 0, redirect: bool = False) -> str:
    mark = '<redirect title="X" />' if redirect else ""
    return (
        f"<page><title>{title}</title><ns>{ns}</ns><id>5</id>{mark}{''.join(revisions)}</page>"
    )  # fmt: skip


def export(*pages: str, base: str = "https://wiki.example/wiki/Main_Page") -> bytes:
    return (
        '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11">'
        f"<siteinfo><sitename>W</sitename><base>{base}</base></siteinfo>{''.join(pages)}</mediawiki>"
    ).encode()


def read(archive: Archive, path: Path, now: str = DAY_1) -> IntakeCounts:
    archive.inputs.add("file", str(path), now=now)
    (source,) = archive.inputs.enabled()
    counts = IntakeCounts()
    for _ in read_files(Intake(archive, source, counts, now)):
        pass
    return counts


def rows(archive: Archive, query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in archive.connection.sql.execute(query)]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    with Archive.open(tmp_path / "archive.db", create=True) as opened:
        yield opened


TWO = export(
    page("Harbour fund", revision(note("https://a.example/", "|access-date=4 March 2017"))),
    page("Talk:Harbour fund", revision(note("https://talk.example/")), ns=1),
    page("Template:Cite", revision(note("https://template.example/")), ns=10),
    page("Fund", revision("#REDIRECT [[Harbour fund]]"), redirect=True),
    page("Portal:Current events/2017 March 4", revision(
        "{{Current events|year=2017|month=3|day=4|content=\n*A.[https://b.example/ (B)]}}"
    ), ns=100),
)  # fmt: skip


def test_each_article_of_an_export_is_an_entry(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "wiki.xml").write_bytes(TWO)
    counts = read(archive, tmp_path / "wiki.xml")
    assert (counts.pages, counts.entries_new, counts.problems) == (2, 2, 0)
    assert rows(archive, "SELECT title, date, url FROM entries ORDER BY id") == [
        ("Harbour fund", None, "https://wiki.example/wiki/Harbour_fund"),
        ("Portal:Current events/2017 March 4", "2017-03-04",
         "https://wiki.example/wiki/Portal:Current_events/2017_March_4"),
    ]  # fmt: skip
    assert rows(archive, "SELECT url, cited_on, cited_on_basis FROM citations ORDER BY id") == [
        ("https://a.example/", "2017-03-04", "explicit"),
        ("https://b.example/", "2017-03-04", "entry"),
    ]
    assert rows(archive, "SELECT revised_at, url FROM entry_revisions LIMIT 1") == [
        ("2020-01-02T03:04:05Z", "https://wiki.example/wiki/Harbour_fund?oldid=7")
    ]


def test_an_export_read_again_changes_what_changed(archive: Archive, tmp_path: Path) -> None:
    place = tmp_path / "wiki.xml"
    place.write_bytes(TWO)
    read(archive, place)
    again = read(archive, place, DAY_2)
    assert (again.pages, again.unchanged, again.entries_new) == (2, 2, 0)
    assert rows(archive, "SELECT DISTINCT last_seen_at FROM citations") == [(DAY_2,)]
    place.write_bytes(TWO.replace(b"Said.", b"Reworded.").replace(b"https://b.example/ (B)", b""))
    third = read(archive, place, "2026-03-03T00:00:00Z")
    assert (third.unchanged, third.sources_new, third.citations_removed) == (0, 0, 1)
    assert rows(archive, "SELECT url, last_seen_at, removed_at FROM citations ORDER BY id") == [
        ("https://a.example/", "2026-03-03T00:00:00Z", None),
        ("https://b.example/", DAY_2, "2026-03-03T00:00:00Z"),
    ]
    assert rows(archive, "SELECT count(*) FROM sources") == [(2,)]


@pytest.mark.parametrize(("name", "pack"), [("w.xml.gz", gzip.compress), ("w.bz2", bz2.compress)])
def test_a_packed_export_is_read_as_it_is(
    archive: Archive, tmp_path: Path, name: str, pack: object
) -> None:
    (tmp_path / name).write_bytes(pack(TWO))
    assert read(archive, tmp_path / name).entries_new == 2


def test_a_citation_is_dated_by_the_first_revision_that_has_it(
    archive: Archive, tmp_path: Path
) -> None:
    old, new = note("https://old.example/"), note("https://new.example/")
    (tmp_path / "w.xml").write_bytes(export(
        page("Born", revision(old, "2011-01-01T00:00:00Z", 1),
             revision(old + new, "2012-02-03T00:00:00Z", 2, parent=1)),
        page("Cut", revision(note("https://cut.example/"), "2013-01-01T00:00:00Z", 8, parent=5)),
    ))  # fmt: skip
    read(archive, tmp_path / "w.xml")
    assert rows(archive, "SELECT url, cited_on, cited_on_basis FROM citations ORDER BY id") == [
        ("https://old.example/", "2011-01-01", "revision"),
        ("https://new.example/", "2012-02-03", "revision"),
        ("https://cut.example/", None, None),
    ]


def test_an_export_that_breaks_off_keeps_what_stood_before(
    archive: Archive, tmp_path: Path
) -> None:
    (tmp_path / "w.xml").write_bytes(TWO[: TWO.index(b"Portal")])
    counts = read(archive, tmp_path / "w.xml")
    assert (counts.entries_new, counts.problems) == (1, 1)
    ((problem,),) = rows(archive, "SELECT problem FROM reading_problems")
    assert "breaks off or is malformed" in str(problem) and "(after 1 pages)" in str(problem)


def test_a_damaged_gzip_file_keeps_what_stood_before(archive: Archive, tmp_path: Path) -> None:
    many = export(*(page(f"P {n}", revision(note(f"https://a.example/{n}"))) for n in range(900)))
    packed = gzip.compress(many)
    (tmp_path / "w.xml.gz").write_bytes(packed[: len(packed) * 2 // 3])
    counts = read(archive, tmp_path / "w.xml.gz")
    assert counts.entries_new > 100
    ((problem,),) = rows(archive, "SELECT problem FROM reading_problems")
    assert "cannot be unpacked to its end" in str(problem)


def test_of_an_exported_page_that_is_too_long_the_beginning_is_read(
    archive: Archive, tmp_path: Path
) -> None:
    long = note("https://a.example/") + "x" * LONGEST_LETTERS
    (tmp_path / "w.xml").write_bytes(export(page("Long", revision(long))))
    assert read(archive, tmp_path / "w.xml").warnings == 1
    ((warnings,),) = rows(archive, "SELECT warnings FROM entry_versions")
    assert "damaged-page" in str(warnings)


def test_an_export_without_articles_is_told(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "w.xml").write_bytes(export())
    assert read(archive, tmp_path / "w.xml").problems == 1
    ((problem,),) = rows(archive, "SELECT problem FROM reading_problems")
    assert problem == "an export of MediaWiki, but no article is in it"


def test_declared_entities_are_refused() -> None:
    bomb = b'<!DOCTYPE mediawiki [<!ENTITY a "aaaa">]>' + TWO
    with pytest.raises(EntryError, match="declares entities"):
        list(pages_in(BytesIO(bomb), "w.xml"))


def test_an_export_is_no_page_by_itself() -> None:
    with pytest.raises(EntryError, match="holds pages"):
        read_page(TWO, "w.xml")


def test_other_xml_is_no_export(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_bytes(b"<rss><mediawiki/></rss>")
    (tmp_path / "page.wiki").write_bytes(TWO)
    (tmp_path / "broken.gz").write_bytes(b"\x1f\x8b\x08broken")
    assert open_export(tmp_path / "feed.xml") is None
    assert open_export(tmp_path / "page.wiki") is None
    assert open_export(tmp_path / "broken.gz") is None
    assert export_in(b"") is None and export_in(TWO) is not None


def test_what_a_file_and_an_export_say_of_one_page_is_united(
    archive: Archive, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in (1, 2):
        text = note("https://a.example/") + note(f"https://b{number}.example/")
        (folder / f"w{number}.xml").write_bytes(export(page("Harbour", revision(text))))
    archive.inputs.add("folder", str(folder), now=DAY_1)
    (source,) = archive.inputs.enabled()
    counts = IntakeCounts()
    list(read_files(Intake(archive, source, counts, DAY_1)))
    assert (counts.pages, counts.entries_new) == (2, 1)
    assert rows(archive, "SELECT url, removed_at FROM citations ORDER BY position") == [
        ("https://a.example/", None), ("https://b1.example/", None), ("https://b2.example/", None),
    ]  # fmt: skip


def test_a_large_export_is_read_page_by_page(tmp_path: Path) -> None:
    text = revision(note("https://a.example/") * 200)
    with (tmp_path / "w.xml").open("wb") as file:
        file.write(export().removesuffix(b"</mediawiki>"))
        for number in range(1500):
            file.write(page(f"Page {number}", text).encode())
        file.write(b"</mediawiki>")
    assert (tmp_path / "w.xml").stat().st_size > 20_000_000
    stream = open_export(tmp_path / "w.xml")
    assert stream is not None
    tracemalloc.start()
    with stream:
        assert sum(1 for _ in pages_in(stream, "w.xml")) == 1500
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 3_000_000
