"""The formats that people and their sites read: faithful, and nothing in them can act."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from crawler.archive import Archive, Selection
from crawler.cli import main
from crawler.exports.inert import (
    json_text,
    markdown_text,
    plain,
    web_address,
    without_callers,
    yaml_lines,
)
from crawler.exports.markdown import paragraphs
from crawler.exports.order import checked_base_url, name_of
from crawler.exports.sitedata import address_key
from crawler.exports.tables import COLUMNS, LINE_END
from tests.archive_kit import (
    GOOD,
    NOW,
    URL,
    article,
    at,
    begin,
    cite,
    entry,
    hop,
    new_archive,
    one,
    source,
    visit,
)
from tests.test_exports_selecting import many

EVIL = (
    "</title><script>alert(1)</script><img src=x onerror=alert(2)>\"'><b a='"
    "\x1b[2J\x9b31m\x07 {{ evil }} {% evil %} {{< evil >}} [x](javascript:alert(3)) \u2028"
)
# 300 characters; a path upward; an absolute one; names of devices; two that differ in case only.
TITLES = ("x" * 300, "../../etc/passwd", "/etc/passwd", "CON", "NUL.txt", "Case", "case", EVIL)


def fill_with_evil(archive: Archive) -> None:
    """Put into an archive what others chose so that it does harm wherever it is shown."""
    run = begin(archive)
    for number, title in enumerate(TITLES):
        url = f"https://evil.example/{number}/..%2f'\"><script>alert(4)</script>?a b\u2029"
        read = entry(cite(url, title), headline=title, topic=title, summary=title,
                     url=f"javascript:alert(5)//{number}", locator=f"{number}")  # fmt: skip
        archive.ledger.record(read, [], input_id=None, now=at())
        headers = (("Content-Type", "text/html"), ("X-Evil", EVIL), (EVIL, "x"))
        kept = visit(
            archive, run, one(archive, "SELECT max(id) FROM sources"),
            hop(url, PAGE + b"%d" % number, response_headers=headers, ip_address=EVIL,
                mime_declared=f"text/html; charset={EVIL}"),
        )  # fmt: skip
        archive.articles.save(
            str(kept.final_payload), article(f"{title}\n{EVIL}", title=title, author=EVIL), now=at()
        )
    strange = entry(cite(None, EVIL, url_as_cited="javascript:alert(6)"), headline=f"z{EVIL}",
                    locator="strange", url=None)  # fmt: skip
    archive.ledger.record(strange, [], input_id=None, now=at())


PAGE = b"""<!doctype html><html><head><title>Old</title>
<LINK rel=preconnect href=//evil.example><link/rel=dns-prefetch href=//evil.example>
<meta http-equiv=refresh content="0;url=http://evil.example"><script>alert(3)</script></head>
<body onload=alert(4)><p>Caf\xc3\xa9</p><img src=http://evil.example/x.png></body></html>"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with new_archive(tmp_path_factory.mktemp("hostile")) as made:
        fill_with_evil(made)
    return made.path


def export(archive: Path, form: str, place: Path, *words: object) -> Path:
    told = main(["export", "--archive", str(archive), form, str(place), "--quiet",
                 *map(str, words)])  # fmt: skip
    assert told == 0
    return place


def texts(place: Path) -> Iterator[tuple[Path, str]]:
    for path in [place] if place.is_file() else sorted(place.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes().decode()


class Seen(HTMLParser):
    """The elements, attributes and text that a browser would find."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_inert(page: str, *, frames: bool = False) -> None:
    """Nothing in a page acts: no script, no handler, no address but of the web or of a file."""
    for tag, attributes in Seen(page).tags:
        assert tag not in {"script", "object", "embed", "form", "base", "svg", "video", "link"}
        assert frames or tag != "iframe"
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("href", "src", "data-originalurl", "data-versionurl"):
            assert re.match(r"https?://|[\w./-]+(#[\w-]+)?$", attributes.get(name) or "x"), page


# Names, and what a terminal obeys


@pytest.mark.parametrize("form", ["markdown", "timemap", "robustlinks", "jsonl", "hugo"])
def test_names_come_from_digests_and_no_control_character_is_written(
    hostile: Path, tmp_path: Path, form: str
) -> None:
    place = export(hostile, form, tmp_path / "out")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out"]
    names = [str(path.relative_to(tmp_path)) for path, _ in texts(place)]
    assert len({name.lower() for name in names}) == len(names)
    for path, text in texts(place):
        assert re.fullmatch(r"[a-z0-9./-]{1,80}", str(path.relative_to(tmp_path)))
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text), path


def test_a_name_is_the_same_at_every_export() -> None:
    assert name_of("Case") != name_of("case")
    assert re.fullmatch("[0-9a-f]{16}", name_of("\ud800 ../ \0"))


# Text and addresses


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://a.example/x?y=1#z", "https://a.example/x?y=1#z"),
        (" http://a.example/ ", "http://a.example/"),
        ("https://a.example/a b\"'<>\n\x1b", "https://a.example/a%20b%22'%3C%3E%0A%1B"),
        ("https://a.example/%2F%7e", "https://a.example/%2F%7e"),
        ("https://a.example/ü{x}", "https://a.example/%C3%BC%7Bx%7D"),
        ("javascript:alert(1)", None), ("JavaScript:alert(1)", None), ("data:text/html,x", None),
        ("//a.example/", None), ("https:", None), ("http://[", None), ("file:///etc", None),
        ("", None), (None, None),
    ],
)  # fmt: skip
def test_only_web_addresses_are_links_and_nothing_in_them_ends_early(
    url: str | None, link: str | None
) -> None:
    assert web_address(url) == link


def test_no_link_of_a_page_is_left_that_a_browser_would_open_early() -> None:
    assert "<link" not in without_callers(PAGE.decode()).lower()
    assert without_callers("<linked> <LINK\nrel=x>") == "<linked> <meta\nrel=x>"
    assert without_callers("<IFRAME src=x><b></iframe >") == "<noframes src=x><b></noframes >"
    assert without_callers("<frameset><frame/src=x>") == "<frameset><meta/src=x>"


HARD = (
    "# no heading", "> no quote", "- no list", "+ none", "* none", "1. no list", "12) none",
    "    no code", "\tno code", "```", "~~~", "---", "===", "***", "___", "a_b_c *d* **e** ~~f~~",
    "`code`", "[x](y)", "![x](y)", "[x]: y", "[^1]: y", "<b>bold</b>", "<!-- x -->", "&amp; &lt;",
    "a | b", "|---|", "\\* \\", "{{ x }}", "{% x %}", "{{< x >}}", "{{% x %}}", "$x$", "$$",
    "H~2~O",     "line  ", "<https://a.example>", "</div>", ": definition", "a^2^", "==mark==", "=",
    "#x", "& &#35;",
)  # fmt: skip


@pytest.mark.parametrize("text", HARD)
def test_text_reads_in_markdown_as_it_is(text: str) -> None:
    rendered = MarkdownIt("gfm-like", {"linkify": False}).render(paragraphs(text))
    seen = Seen(rendered)
    assert [tag for tag, _ in seen.tags] == ["p"]
    assert seen.text.strip() == text.strip()
    assert "{" not in markdown_text(text)


def test_naughty_strings_survive_yaml_json_and_csv(tmp_path: Path) -> None:
    values: dict[str, Any] = {
        "null": "null", "yes": "yes", "no": "no", "1e3": "1e3", "- x": "- x", "a: b": "a: b #c",
        "quote": "\"'\\", "lines": "a\nb\r\nc\u2028d\u2029e\x85f\ufeffg", "empty": "", EVIL: EVIL,
        "tab": "\t", "date": "2026-03-01", "%": "%", "@": "@", "`": "`", "&a": "*a", "!!x": "!!x",
        "<<": "<<", "emoji": "😀", "number": 1, "nothing": None, "truth": True,
        "list": ["a: b", {"x": "---", "y": ["z", {}]}, []],
        "map": {"...": {"---": "?"}}, "none": {},
    }  # fmt: skip
    written = "\n".join(yaml_lines(values))
    assert yaml.safe_load(written) == values
    assert json.loads(json_text(values)) == values
    assert "\x9b" not in written and "\x9b" not in json_text(values)


@given(st.dictionaries(st.text(), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8,
)))  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_any_text_survives_yaml_and_json(values: dict[str, Any]) -> None:
    assert yaml.load("\n".join(yaml_lines(values)), yaml.CSafeLoader) == (values or None)
    assert json.loads(json_text(values)) == values


@given(st.lists(st.text(), min_size=2, max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_text_survives_csv(cells: list[str]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=LINE_END).writerow(cells)
    assert next(csv.reader(io.StringIO(out.getvalue(), newline=""))) == cells


@given(st.text())
@example("one\r\ntwo")  # a line end of two characters is a line end
@settings(max_examples=150, deadline=None)
def test_any_text_reads_in_markdown_as_it_is(text: str) -> None:
    page = MarkdownIt("commonmark", {"html": True}).render(paragraphs(text))
    assert {tag for tag, _ in Seen(page).tags} <= {"p"}
    shown = plain(text.replace("\r\n", "\n"))
    assert "".join(Seen(page).text.split()) == "".join(shown.split())


def test_plain_text_keeps_its_lines() -> None:
    assert plain("a\tb\nc\x1b[2J\x9b\x7f") == "a\tb\nc\N{REPLACEMENT CHARACTER}[2J" + 2 * "�"


# CSV


def lines_of(place: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(place.read_bytes().decode(), newline="")))


def test_csv_has_a_line_for_each_capture(filled: Path, tmp_path: Path) -> None:
    head, *lines = lines_of(export(filled, "csv", tmp_path / "out"))
    assert tuple(head) == COLUMNS and len(lines) == 6
    row = dict(zip(head, lines[1], strict=True))
    assert (row["source"], row["words"], row["entries"], row["version"]) == (URL, "5", "3", "1")


def test_csv_of_a_table_holds_its_rows_and_no_bytes(filled: Path, tmp_path: Path) -> None:
    with Archive.open_for_reading(filled) as archive:
        for n, name in enumerate(archive.connection.sql.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
            " AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%fts%'"
        ).fetchall()):  # fmt: skip
            place = export(filled, "csv", tmp_path / str(n), "--table", name[0])
            count = one(archive, f'SELECT count(*) FROM "{name[0]}"')
            assert len(lines_of(place)) == count + 1, name[0]
    assert "bytes" not in lines_of(export(filled, "csv", tmp_path / "p", "--table", "payloads"))[0]


def test_csv_of_a_table_is_narrowed_by_the_filters(filled: Path, tmp_path: Path) -> None:
    for n, (table, count) in enumerate(
        {"snapshots": 1, "sources_now": 1, "fetches": 1, "entries": 1, "vanished": 1}.items()
    ):
        place = export(filled, "csv", tmp_path / str(n), "--table", table, "--source", "2")
        assert len(lines_of(place)) == count + (2 if table == "entries" else 1), table


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--table", "snapshot"], "there is no table or view 'snapshot'; written alike: snapshots"),
        (["--table", "sqlite_master"], "there is no table or view 'sqlite_master'"),
        (["--table", "runs", "--source", "1"], "runs has no rows of single sources or entries"),
        (["--table", "snapshots", "--public"], "not made fit for --public"),
        (["--base-url", "https://a.example/"], "csv links to no copies"),
    ],
)
def test_a_table_that_cannot_be_had_is_one_sentence(
    filled: Path, tmp_path: Path, words: list[str], sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert main(["export", "--archive", str(filled), "csv", str(tmp_path / "x"), *words]) == 2
    assert sentence in capsys.readouterr().err and list(tmp_path.iterdir()) == []


def test_cells_that_a_spreadsheet_would_run_are_quoted_if_so_wished(tmp_path: Path) -> None:
    formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0"]
    with new_archive(tmp_path) as archive:
        for n, text in enumerate(formulas):
            read = entry(cite(f"https://a.example/{n}"), headline=text, locator=str(n), url=None)
            archive.ledger.record(read, [], input_id=None, now=at())
            visit(archive, begin(archive), n + 1, hop(f"https://a.example/{n}"))
    raw = export(archive.path, "csv", tmp_path / "raw", "--table", "entries")
    safe = export(archive.path, "csv", tmp_path / "safe", "--table", "entries", "--quoted")
    column = lines_of(raw)[0].index("title")
    kept = [line[column] for line in lines_of(raw)[1:]]
    assert kept[:4] == formulas[:4]
    assert [line[column] for line in lines_of(safe)[1:]] == [
        f"'{text}" for text in kept
    ]  # fmt: skip
    assert lines_of(safe)[1][0] == "1"


# Markdown


def test_a_snapshot_in_markdown_has_front_matter_and_its_text(filled: Path, tmp_path: Path) -> None:
    place = export(filled, "markdown", tmp_path / "out", "--source", "1")
    pages = [path.read_text() for path in sorted((place / "snapshots").iterdir())]
    assert len(pages) == 3  # not the hop of a redirect
    _, head, body = pages[0].split("---\n", 2)
    known = yaml.safe_load(head)
    assert (known["url"], known["captured_url"], known["version"]) == (URL, URL + "?final", 1)
    assert known["cited_by"][0] == {
        "entry": "Mexico opens centers", "date": "2017-03-04", "label": "AP via The Toledo Blade"
    }  # fmt: skip
    assert body == "\n# Mexico opens centers\n\nThe consulates offer legal help.\n\n"


def test_an_entry_in_markdown_lists_its_citations_with_their_copies(
    filled: Path, tmp_path: Path
) -> None:
    place = export(filled, "markdown", tmp_path / "out", "--entry", "1")
    [page] = [path.read_text() for path in (place / "entries").iterdir()]
    assert yaml.safe_load(page.split("---\n")[1])["topic"] == "Mexico"
    first, second = [line for line in page.splitlines() if line.startswith("1. ")]
    target = re.search(r"\(<\.\./(snapshots/[0-9a-f-]{36}\.md)>\)", first)
    assert target is not None and (place / target[1]).exists()
    assert second.endswith(f"no copy · vanished since {NOW:%Y-%m-%d}")


def test_markdown_of_hostile_text_is_inert(hostile: Path, tmp_path: Path) -> None:
    place = export(hostile, "markdown", tmp_path / "out")
    pages = [(path, text) for path, text in texts(place) if path.suffix == ".md"]
    assert len(pages) == 2 * len(TITLES)
    for path, text in pages:
        front, body = text.split("---\n", 2)[1:]
        known = yaml.safe_load(front)
        assert known["title"].replace("z", "").strip() in {t.strip() for t in TITLES}, path
        assert_inert(MarkdownIt("commonmark", {"html": True}).render(body))
        assert "{{" not in body and "{%" not in body


# TimeMaps


def test_a_timemap_lists_every_snapshot_in_both_forms(filled: Path, tmp_path: Path) -> None:
    place = export(filled, "timemap", tmp_path / "out", "--base-url", "https://a.example/kept")
    names = json.loads((place / "index.json").read_text())
    listed = json.loads((place / f"{names[URL]}.json").read_text())
    assert listed["original_uri"] == URL and len(listed["mementos"]["list"]) == 3
    assert listed["mementos"]["last"]["datetime"] == at(hours=3)
    lines = (place / f"{names[URL]}.link").read_text().split(",\n")
    assert lines[0] == f'<{URL}>;rel="original"'
    assert lines[1] == (
        f'<{names[URL]}.link>;rel="self";type="application/link-format"'
        ';from="Sun, 01 Mar 2026 12:00:00 GMT";until="Sun, 01 Mar 2026 15:00:00 GMT"'
    )
    assert re.fullmatch(
        r'<https://a\.example/kept/snapshots/[0-9a-f-]{36}\.html>;rel="first memento"'
        r';datetime="Sun, 01 Mar 2026 12:00:00 GMT"', lines[2],
    )  # fmt: skip
    assert [re.search('rel="(.*?)"', line)[1] for line in lines[2:]] == [  # type: ignore[index]
        "first memento", "memento", "last memento"
    ]  # fmt: skip


def test_no_url_ends_its_line_of_a_timemap(hostile: Path, tmp_path: Path) -> None:
    place = export(hostile, "timemap", tmp_path / "out")
    found = [text for path, text in texts(place) if path.suffix == ".link"]
    assert len(found) == len(TITLES)
    for text in found:
        for line in text.rstrip().split(",\n"):
            assert re.fullmatch(r'<[^<>\s"]+>(;[a-z]+="[^"<>\n]+")+', line), line


# Robust Links


def test_every_citation_has_its_live_link_copy_dates_and_state(
    filled: Path, tmp_path: Path
) -> None:
    place = export(filled, "robustlinks", tmp_path / "out", "--base-url", "https://a.example/")
    known = json.loads((place / "links.json").read_text())
    held, lost = known["entries"]["2017-03-04 mexico opens centers"]["sources"]
    assert (held["url"], held["archived_by"], held["verdict"]) == (URL, "us", "unknown")
    assert held["archived_at"] == at() and held["cited_on"] == "2017-03-04"
    assert lost["verdict"] == "vanished" and "archived_url" not in lost
    tags = [attributes for tag, attributes in Seen((place / "links.html").read_text()).tags
            if tag == "a" and attributes["data-originalurl"] == URL]  # fmt: skip
    assert tags[0] == {
        "href": URL, "data-originalurl": URL, "data-versionurl": held["archived_url"],
        "data-versiondate": at(), "data-verdict": "unknown",
    }  # fmt: skip
    assert (
        f"[archived copy](<{held['archived_url']}>), 2026-03-01"
        in (place / "footnotes.md").read_text()
    )
    assert (
        f"[{held['archived_url']}], archived 2026-03-01, sha256:"
        in (place / "citations.txt").read_text()
    )


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sources that vanished or were usurped, held by us, by a web archive, or by nobody."""
    with new_archive(tmp_path_factory.mktemp("lost")) as archive:
        urls = [f"https://{name}.example/" for name in ("held", "elsewhere", "usurped", "withheld")]
        read = entry(*(cite(url, url) for url in urls))
        wrapped = cite(
            urls[1], "wrapped", role="archive-of", archived_at="2017-03-05T01:02:03Z",
            url_as_cited=f"https://web.archive.org/web/20170305010203/{urls[1]}",
        )  # fmt: skip
        archive.ledger.record(entry(*read.citations, wrapped), [], input_id=None, now=at())
        run = begin(archive)
        for url in (urls[0], urls[3]):
            visit(archive, run, source(archive, url), hop(url, GOOD + url.encode()))
        sql = archive.connection.sql
        sql.execute("UPDATE sources SET verdict = 'vanished', verdict_since = ?", (at(),))
        sql.execute("UPDATE sources SET verdict = 'usurped' WHERE url = ?", (urls[2],))
        number = one(archive, "SELECT id FROM sources WHERE url = ?", urls[3])
        archive.withholding.withhold(number, "a wish", now=NOW)
    return archive.path


def test_readers_are_sent_to_the_copy_of_what_is_lost(lost: Path, tmp_path: Path) -> None:
    place = export(lost, "robustlinks", tmp_path / "out", "--entry", "1")
    known = json.loads((place / "links.json").read_text())["entries"]
    links = {each["label"]: each for each in next(iter(known.values()))["sources"]}
    targets = {label: Seen(each["html"]).tags[0] for label, each in links.items()}
    assert (
        targets["https://held.example/"][1]["href"]
        == links["https://held.example/"]["archived_url"]
    )
    assert links["wrapped"]["archived_by"] == "archive"
    assert targets["wrapped"][1]["href"].endswith("/20170305010203/https://elsewhere.example/")  # type: ignore[union-attr]
    assert links["wrapped"]["archived_at"] == "2017-03-05T01:02:03Z"
    assert targets["https://usurped.example/"][0] == "span"  # nobody is led to what is there now
    assert targets["https://withheld.example/"][1]["href"] == "https://withheld.example/"
    assert links["https://withheld.example/"]["withheld"] == "withheld"


def test_what_is_withheld_leaves_in_no_format(lost: Path, tmp_path: Path) -> None:
    for form in ("jsonl", "csv", "markdown", "timemap", "robustlinks"):
        for _, text in texts(export(lost, form, tmp_path / form)):
            assert GOOD.decode() + "https://withheld" not in text, form
    [kept] = [
        line for line in map(json.loads, (tmp_path / "jsonl").read_text().splitlines())
        if "withheld.example" in line["capture"]["url"]
    ]  # fmt: skip
    assert kept["withheld"] == "withheld" and kept["source"]["verdict"] == "vanished"
    assert kept["capture"]["payload"].startswith("sha256:") and "body" not in kept


def test_a_payload_that_others_show_too_is_withheld_for_that_source_only(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        run = begin(archive)
        numbers = [source(archive, f"https://{name}.example/") for name in "ab"]
        for name, number in zip("ab", numbers, strict=True):
            visit(archive, run, number, hop(f"https://{name}.example/"))
        archive.withholding.withhold(numbers[0], "a wish", now=NOW)
    with (
        Archive.open_for_reading(archive.path) as opened,
        opened.selecting.select(Selection()) as selected,
    ):
        first, second = selected
        assert selected.payload(first) == (None, "withheld")
        assert selected.payload(second) == (GOOD, None) and second.is_first


def test_a_copy_that_others_made_says_so_wherever_it_is_linked(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        number = source(archive)
        archive.evidence.record(begin(archive), number, [hop()], origin="by-hand")
    for form, name in (
        ("robustlinks", "citations.txt"),
        ("html", "entries"),
        ("markdown", "entries"),
    ):
        place = export(archive.path, form, tmp_path / form) / name
        assert all("(by-hand)" in text for _, text in texts(place)), form
    assert '"origin":"by-hand"' in (tmp_path / "robustlinks" / "links.json").read_text()


def test_robust_links_of_hostile_text_are_inert(hostile: Path, tmp_path: Path) -> None:
    place = export(hostile, "robustlinks", tmp_path / "out")
    assert_inert((place / "links.html").read_text())
    known = json.loads((place / "links.json").read_text())["entries"]
    for each in (link for found in known.values() for link in found["sources"]):
        assert_inert(each["html"])
        assert each.get("url", "https:").startswith("https:")
    rendered = MarkdownIt("commonmark", {"html": True}).render((place / "footnotes.md").read_text())
    assert_inert(rendered)


@pytest.mark.parametrize(
    "given",
    ["example.org", "javascript:x", "https://a b", "https://a/{x}", "https://a/{uid",
     'https://a/"', "https://a/{uid!r}"],
)  # fmt: skip
def test_a_base_url_that_will_not_do_is_refused(given: str) -> None:
    with pytest.raises(Exception, match="--base-url"):
        checked_base_url(given)


def test_copies_are_found_by_a_pattern_too(filled: Path, tmp_path: Path) -> None:
    pattern = "https://a.example/-/snapshot/archive/{id}"
    place = export(filled, "timemap", tmp_path / "out", "--base-url", pattern)
    assert '<https://a.example/-/snapshot/archive/2>;rel="first memento"' in "".join(
        text for _, text in texts(place)
    )


# Data of sites


def test_the_data_of_a_site_is_keyed_by_the_addresses_of_entries(
    filled: Path, tmp_path: Path
) -> None:
    data = json.loads(export(filled, "eleventy", tmp_path / "sources.json").read_text())
    found = data["/news/2017/03/4/mexico"]
    assert (found["title"], len(found["sources"])) == ("Mexico opens centers", 2)
    as_yaml = export(filled, "hugo", tmp_path / "sources.yaml").read_text()
    assert yaml.safe_load(as_yaml) == data


@pytest.mark.parametrize(
    ("form", "key"),
    [
        ("hugo", "/news/2024/01/2/gr%C3%BC%C3%9Fe-%E6%96%B0%E9%97%BB"),  # .RelPermalink
        ("eleventy", "/news/2024/01/2/grüße-新闻"),  # page.url
    ],
)
def test_the_keys_are_written_as_each_program_writes_addresses(
    tmp_path: Path, form: str, key: str
) -> None:
    with new_archive(tmp_path) as archive:
        many(archive, 1)
        archive.connection.sql.execute(
            "UPDATE entries SET url = 'https://n.example/news/2024/01/2/'"
            " || 'gr%C3%BC%C3%9Fe-%E6%96%B0%E9%97%BB.html'"
        )
    data = json.loads(export(archive.path, form, tmp_path / "x.json").read_text())
    assert list(data) == [key]


@pytest.mark.parametrize("form", ["hugo", "eleventy"])
@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_the_data_of_hostile_entries_is_data(
    hostile: Path, tmp_path: Path, form: str, suffix: str
) -> None:
    text = export(hostile, form, tmp_path / f"x.{suffix}").read_text()
    data = yaml.safe_load(text) if suffix == "yaml" else json.loads(text)
    assert len(data) == len(TITLES)  # two are one entry, and one has no source
    for each in (link for found in data.values() for link in found["sources"]):
        assert_inert(each["html"])


def test_of_one_address_there_is_one_key(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        many(archive, 1)
        archive.connection.sql.execute(
            "INSERT INTO entries (key, title, url, first_seen_at, last_seen_at)"
            " VALUES ('k', 't', '/news/2017/03/4/mexico/', ?, ?)", (at(), at()),
        )  # fmt: skip
        with archive.selecting.select(Selection()) as selected:
            keys = [address_key(each) for each in selected.entries()]
    assert keys == ["/news/2017/03/4/mexico"] * 2
    assert len(json.loads(export(archive.path, "hugo", tmp_path / "x").read_text())) == 1
