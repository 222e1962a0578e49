"""What the documentation claims, held against the code. A failure says what to write where."""

from __future__ import annotations

import argparse
import ast
import configparser
import dataclasses
import re
import shlex
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from scrapy.settings import default_settings

from crawler import cli, codings, passages, schedule, settings, verdicts
from crawler.archive import Archive
from crawler.archive.queries import report, reporting
from crawler.archive.schema import APPLICATION_ID, SCHEMA_VERSION
from crawler.archive.schema.first import TABLES
from crawler.cli import COMMANDS, exits
from crawler.cli.options import add_common_options
from crawler.comparison import change
from crawler.digests import new_uid
from crawler.entries.drafts import WARNINGS
from crawler.exports.formats import FORMATS, FileFormat
from crawler.fetching import capture
from crawler.items import Article, Citation, Entry, Hop
from crawler.reporting import files
from crawler.reporting.text import SHOWN, SHOWN_NEW
from crawler.spiders.entries import EntriesSpider
from crawler.spiders.moved import MovedSpider
from crawler.spiders.push import PushSpider
from crawler.spiders.recheck import RecheckSpider
from crawler.spiders.rescue import RescueSpider
from crawler.spiders.sources import SourcesSpider
from crawler.verdicts import hysteresis, outcomes
from crawler.verdicts.reasons import EVIDENCE, REASONS
from tests import test_architecture
from tests.archive_kit import Finish, end, judge_by_hand

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("*.md"))]
EXAMPLES = ROOT / "examples"

Cells = list[str]


# ------------------------------------------------------------------ reading Markdown


def read(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def sections(page: str, level: int) -> dict[str, str]:
    """The text under each heading of a level, by the heading's title."""
    parts = re.split(rf"^{'#' * level} (.+)$", _without_code(read(page)), flags=re.MULTILINE)
    end = re.compile(rf"^#{{1,{level}}} ", re.MULTILINE)
    return {title: end.split(body)[0] for title, body in zip(parts[1::2], parts[2::2], strict=True)}


def tables(text: str) -> Iterator[tuple[Cells, list[Cells]]]:
    """Each table of a text: its head and its rows."""
    for block in re.findall(r"(?:^\|.*\|\n)+", text + "\n", re.MULTILINE):
        head, rule, *rows = [
            [cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()
        ]
        assert all(set(cell) <= set("-:") for cell in rule), f"a table without a head: {head}"
        yield head, rows


def rows(text: str, first: str) -> list[Cells]:
    """The rows of the tables whose first column is called ``first``."""
    return [row for head, found in tables(text) if head[0] == first for row in found]


def codes(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", text)


def names(text: str, first: str) -> list[str]:
    """The names in the first column of the tables that are headed so."""
    return [name for row in rows(text, first) for name in codes(row[0])]


def fenced(text: str, *languages: str) -> list[str]:
    return [
        body
        for language, body in re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        if language in languages
    ]


def _without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def same(documented: Iterable[str], existing: Iterable[str], where: str, what: str) -> None:
    documented, existing = list(documented), set(existing)
    twice = {name for name in documented if documented.count(name) > 1}
    missing, surplus = existing - set(documented), set(documented) - existing
    assert not missing, f"{where}: add a row for {what} {sorted(missing)}"
    assert not surplus, f"{where}: take out {what} {sorted(surplus)}, which the code does not have"
    assert not twice, f"{where}: {what} {sorted(twice)} stands there twice"


# ------------------------------------------------------------------ schema.md


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    with Archive.open(tmp_path_factory.mktemp("docs") / "new.db", create=True) as new:
        yield new.connection.sql


def made(sql: sqlite3.Connection, kind: str) -> list[str]:
    """The things of a kind in a new archive, without those that SQLite makes for itself."""
    found = sql.execute("SELECT name FROM sqlite_master WHERE type = ?", (kind,))
    own = re.compile(r"texts_fts_|sqlite_|idx__sqlite_")
    return [row["name"] for row in found if not own.match(row["name"])]


def documented_columns(kind: str) -> dict[str, list[Cells]]:
    return {
        codes(title)[0]: rows(body, "column")
        for title, body in sections("schema.md", 3).items()
        if title.startswith(f"{kind} ")
    }


@pytest.mark.parametrize("kind", ["table", "view"])
def test_every_table_and_view_is_documented_and_no_other(
    archive: sqlite3.Connection, kind: str
) -> None:
    same(documented_columns(kind), made(archive, kind), "docs/schema.md", f"{kind}s")


@pytest.mark.parametrize("kind", ["table", "view"])
def test_every_column_is_documented_and_no_other(archive: sqlite3.Connection, kind: str) -> None:
    for name, written in documented_columns(kind).items():
        existing = [row["name"] for row in archive.execute(f"PRAGMA table_info({name})")]
        where = f"docs/schema.md, {kind} {name}"
        same([codes(row[0])[0] for row in written], existing, where, "columns")
        assert [codes(row[0])[0] for row in written] == existing, f"{where}: keep their order"


def test_types_are_right_and_null_is_explained(archive: sqlite3.Connection) -> None:
    for name, written in documented_columns("table").items():
        columns = {row["name"]: row for row in archive.execute(f"PRAGMA table_info({name})")}
        for column, stated, meaning in written:
            row = columns[codes(column)[0]]
            optional = not row["notnull"] and not row["pk"]
            expected = (row["type"] or "FTS5") + (" or NULL" if optional else "")
            where = f"docs/schema.md, {name}.{row['name']}"
            assert stated == expected, f"{where}: the type is {expected!r}"
            assert optional == ("NULL: " in meaning), f"{where}: say what NULL means, and only here"


def test_every_column_of_a_view_has_a_meaning() -> None:
    for name, written in documented_columns("view").items():
        for column, meaning in written:
            assert meaning, f"docs/schema.md, view {name}: say what {column} means"


def test_triggers_and_indexes_are_documented(archive: sqlite3.Connection) -> None:
    text = read("schema.md")
    same(names(text, "trigger"), made(archive, "trigger"), "docs/schema.md", "triggers")
    same(names(text, "index"), made(archive, "index"), "docs/schema.md", "indexes")


def test_every_table_is_evidence_or_derived_or_something_else_that_is_said(
    archive: sqlite3.Connection,
) -> None:
    said = [name for row in rows(read("schema.md"), "kind") for name in codes(row[1])]
    same(said, made(archive, "table"), "docs/schema.md, what is evidence", "tables")


def test_the_numbers_that_name_the_file_are_right() -> None:
    said = (
        f'`PRAGMA application_id` is {APPLICATION_ID} ("SKEP"), `user_version` is {SCHEMA_VERSION}.'
    )
    assert said in " ".join(read("schema.md").split()), f"docs/schema.md, Stability: write {said!r}"


SQL = fenced(read("schema.md"), "sql")


def test_there_are_worked_examples() -> None:
    assert len(SQL) >= 8, "docs/schema.md: eight questions, each with its SQL"


@pytest.mark.parametrize("statement", SQL)
def test_an_sql_example_runs_on_a_new_archive(archive: sqlite3.Connection, statement: str) -> None:
    archive.execute(statement).fetchall()


@pytest.mark.parametrize("statement", SQL)
def test_an_sql_example_finds_something(filled: sqlite3.Connection, statement: str) -> None:
    found = filled.execute(statement).fetchall()
    assert found, f"docs/schema.md: this finds nothing in an archive that holds it:\n{statement}"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """An archive with one entry, a source that is held and one that vanished."""
    with Archive.open(tmp_path_factory.mktemp("docs") / "filled.db", create=True) as new:
        urls = ["https://example.org/harbour-fund", "https://example.org/gone"]
        fill(new, urls, datetime.fromisoformat("2026-02-21T08:00:00+00:00"))
        yield new.connection.sql


def fill(new: Archive, urls: list[str], now: datetime) -> None:
    at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    citations = tuple(
        Citation(n, url, url, "source", "The Courier", "The Courier", cited_on="2026-02-20")
        for n, url in enumerate(urls, 1)
    )
    entry = Entry("entry.md", "news-markdown", "2026-02-20", "Harbours", "A harbour fund",
                  citations=citations)  # fmt: skip
    new.ledger.record(entry, [], input_id=None, now=at)
    run = new.runs.begin("crawl", software={}, settings={}, now=at)
    held, gone = (new.reading.source(url)["id"] for url in urls)
    for _ in range(2):
        body = b"<p>The harbour fund.</p>"
        visit(new, run, held, hop_of(urls[0], at, "live-unverified", 200, body))
    for _ in range(2):
        visit(new, run, gone, hop_of(urls[1], at, "gone", 404, b"Nothing here."))
    ((job, _),) = new.articles.all_jobs()
    article = Article("test 1", "text", "text/html", title="Fund", text="The harbour fund.")
    new.articles.save(job.payload, article, now=at)
    judge_by_hand(new, run, held, gone)
    new.connection.sql.execute("UPDATE standings SET standing = 'support-lost'")


def hop_of(url: str, at: str, outcome: str, status: int, body: bytes) -> Hop:
    return Hop(new_uid(), url, "source", 0, at, outcome, f"http-{status}", status=status, body=body)


def visit(new: Archive, run: int, source: int, hop: Hop) -> None:
    kept = new.evidence.record(run, source, [hop])
    good = kept.final_capture if hop.outcome in verdicts.LIVE else None
    now = datetime.fromisoformat(hop.fetched_at)
    later = now + timedelta(days=1)
    end(new, None, Finish(source, hop.outcome, now, later, "a reason", good))


# ------------------------------------------------------------------ settings.md


OURS = {name for name in vars(settings) if name.startswith("SOURCEKEEP_")}
SCRAPYS = {name for name in vars(settings) if name.isupper()} - OURS


def settings_read() -> set[str]:
    """Every setting of ours that is named anywhere in the code."""
    found = (path.read_text(encoding="utf-8") for path in (ROOT / "crawler").rglob("*.py"))
    return {name for text in found for name in re.findall(r"SOURCEKEEP_[A-Z_]*[A-Z]", text)}


def test_our_settings_are_documented_with_their_defaults() -> None:
    written = rows(sections("settings.md", 2)["Ours"], "setting")
    same([codes(row[0])[0] for row in written], OURS | settings_read(), "docs/settings.md, Ours",
         "settings")  # fmt: skip
    for row in written:
        name, stated = codes(row[0])[0], codes(row[2])[0]
        default = getattr(settings, name, [])
        assert ast.literal_eval(stated) == default, f"docs/settings.md: {name} is {default!r}"


def test_the_settings_that_we_change_are_documented_with_both_values() -> None:
    written = rows(sections("settings.md", 2)["Scrapy's"], "setting")
    same([codes(row[0])[0] for row in written], SCRAPYS, "docs/settings.md, Scrapy's", "settings")
    for row in written:
        name = codes(row[0])[0]
        for place, cell, source in ((1, row[1], default_settings), (2, row[2], settings)):
            value = literal(cell)
            actual = getattr(source, name, None)
            assert value is ... or value == actual, (
                f"docs/settings.md: column {place + 1} of {name} must say {actual!r}"
            )
        assert row[3], f"docs/settings.md: say why {name} is set"


def literal(cell: str) -> object:
    """The Python value of a cell that is one; ``...`` for a cell in words."""
    try:
        return ast.literal_eval(cell.strip("`")) if cell.startswith("`") else ...
    except (ValueError, SyntaxError):
        return ...


def test_the_options_that_stand_for_settings_exist() -> None:
    known = options_of(parser_of("crawl"))
    for option in (
        name for row in rows(read("settings.md"), "setting") for name in row[4:] if name
    ):
        assert codes(option)[0] in known, f"docs/settings.md: crawl has no option {option}"


# ------------------------------------------------------------------ commands.md


def parser_of(command: str) -> argparse.ArgumentParser:
    """The parser of a command, as ``sourcekeep`` makes it."""
    parser = argparse.ArgumentParser(prog=f"sourcekeep {command}", exit_on_error=False)
    add_common_options(parser)
    import_module(cli.module_of(command)).configure(parser)
    return parser


def options_of(parser: argparse.ArgumentParser) -> dict[str, str]:
    """Each option with what follows it: ``{"--at": "DATE", "--raw": ""}``."""
    return {
        option: "" if action.nargs == 0 else str(action.metavar or action.dest.upper())
        for action in parser._actions
        for option in action.option_strings
        if action.dest != "help"
    }


def common_options() -> dict[str, str]:
    parser = argparse.ArgumentParser()
    add_common_options(parser)
    return options_of(parser)


def written_options(text: str) -> dict[str, str]:
    words = (name.partition(" ") for name in names(text, "option"))
    return {option: value for option, _, value in words}


def test_every_command_is_documented_and_no_other() -> None:
    titles = [codes(title)[0] for title in sections("commands.md", 2) if title.startswith("`")]
    same(titles, [f"sourcekeep {name}" for name in COMMANDS], "docs/commands.md", "commands")


def test_the_common_options_are_documented() -> None:
    written = written_options(sections("commands.md", 2)["Options of every command"])
    where = "docs/commands.md, options of every command"
    same(written, common_options(), where, "options")
    assert written == common_options(), f"{where}: write their values as --help does"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_documented_and_no_other(command: str) -> None:
    text = sections("commands.md", 2)[f"`sourcekeep {command}`"]
    own = {
        option: value
        for option, value in options_of(parser_of(command)).items()
        if option not in common_options()
    }
    where = f"docs/commands.md, sourcekeep {command}"
    written = written_options(text)
    same(written, own, where, "options")
    assert written == own, f"{where}: write the values of options as --help does: {own}"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_usage_line_names_the_arguments(command: str) -> None:
    text = sections("commands.md", 2)[f"`sourcekeep {command}`"]
    usage = codes(text)[0]
    assert usage.startswith(f"sourcekeep {command} [options]"), (
        f"docs/commands.md, sourcekeep {command}: begin with its usage in backticks"
    )
    positional = {
        str(action.metavar) for action in parser_of(command)._actions if not action.option_strings
    }
    same(
        set(re.findall(r"[A-Z]{3,}", usage)), positional, f"docs/commands.md, {usage}", "arguments"
    )


def test_exit_codes_are_documented() -> None:
    existing = [str(value) for name, value in vars(exits).items() if name.startswith("EXIT_")]
    text = sections("commands.md", 2)["Output and exit codes"]
    same([row[0] for row in rows(text, "code")], existing, "docs/commands.md", "exit codes")


def test_spider_arguments_are_documented() -> None:
    for spiders, head in (
        ([EntriesSpider], "argument of `entries`"),
        ([RescueSpider, RecheckSpider, MovedSpider], "argument of `rescue`, `recheck`, `moved`"),
    ):
        written = [name.split()[1].partition("=")[0] for name in names(read("commands.md"), head)]
        for spider in spiders:
            same(written, spider.arguments, f"docs/commands.md, {spider.name}", "arguments")
    assert not SourcesSpider.arguments and not PushSpider.arguments


# ------------------------------------------------------------------ outcomes.md


def test_every_outcome_is_documented_with_what_it_means_for_the_schedule() -> None:
    written = rows(sections("outcomes.md", 2)["Outcomes"], "outcome")
    same([codes(row[0])[0] for row in written], verdicts.OUTCOMES, "docs/outcomes.md", "outcomes")
    for row in written:
        outcome = codes(row[0])[0]
        expected = (
            "by what is expected" if outcome in verdicts.LIVE
            else "–" if outcome in ("robots", "redirect")
            else "after an hour" if outcome == "local-fault"
            else f"by the rule `{hysteresis._KINDS[outcome]}`"
        )  # fmt: skip
        assert row[3] == expected, f"docs/outcomes.md: next visit after {outcome}: {expected!r}"


def reasons() -> set[str]:
    """Every reason code that the code can give; those of plain statuses as ``http-NNN``."""
    by_status = {reason for _, reason in outcomes._BY_STATUS.values()}
    answers = {
        verdicts.outcome_of_response(status, size_bytes=size, truncated=cut, has_location=True)[1]
        for status in range(100, 600)
        for size in (0, 1)
        for cut in (False, True)
    }
    found = by_status | answers | set(outcomes._BY_FAILURE)
    found |= set(re.findall(r'reason="([a-z-]+)"', source_of("fetching")))
    return {"http-NNN" if reason.startswith("http-") else reason for reason in found}


def source_of(room: str) -> str:
    return "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "crawler" / room).rglob("*.py")
    )


def test_every_reason_code_is_documented_with_its_outcome() -> None:
    written = rows(sections("outcomes.md", 2)["Reasons"], "reason")
    same([codes(row[0])[0] for row in written], reasons(), "docs/outcomes.md", "reasons")
    for row in written:
        outcome = outcomes._BY_FAILURE.get(codes(row[0])[0])
        if outcome is not None:
            assert codes(row[1]) == [outcome], f"docs/outcomes.md: {row[0]} means {outcome}"


def test_every_reason_and_evidence_of_a_judgement_is_documented() -> None:
    parts = sections("outcomes.md", 3)
    written = rows(parts["Reasons of judgements"], "reason")
    same([codes(row[0])[0] for row in written], REASONS, "docs/outcomes.md", "reasons")
    for row in written:
        assert set(codes(row[1])) <= verdicts.OUTCOMES.keys(), f"docs/outcomes.md: {row[0]}"
        assert row[2] == REASONS[codes(row[0])[0]], f"docs/outcomes.md: meaning of {row[0]}"
    named = names(parts["Evidence"], "name")
    same(named, EVIDENCE, "docs/outcomes.md, Evidence", "names")


def flags() -> set[str]:
    """Every flag of a capture: those that codings.py lists, and the capture layer's."""
    listed = re.search(r"^=+ =+\n(.*?)^=+ =+$", codings.__doc__ or "", re.DOTALL | re.MULTILINE)
    assert listed
    named = {line.split("  ")[0].strip() for line in listed[1].splitlines() if line.strip()}
    return named | set(capture._FLAGS.values())


def test_every_flag_of_a_capture_is_documented() -> None:
    text = sections("outcomes.md", 2)["Flags on captures"]
    same(names(text, "flag"), flags(), "docs/outcomes.md, Flags on captures", "flags")


def test_every_truncated_token_is_documented() -> None:
    listed = re.search(r"truncated IN \(([^)]+)\)", TABLES)
    assert listed
    tokens = re.findall(r"'(\w+)'", listed[1])
    text = sections("outcomes.md", 2)["Truncated"]
    same(names(text, "token"), tokens, "docs/outcomes.md, Truncated", "tokens")
    for row in rows(text, "token"):
        written = codes(row[0])[0] in capture._TRUNCATED.values()
        assert ("reserved" in row[1]) != written, f"docs/outcomes.md: {row[0]} is or is not written"


def test_article_statuses_and_failures_are_documented() -> None:
    text = sections("outcomes.md", 2)["Article statuses"]
    statuses = get_args(get_type_hints(Article)["status"])
    same(names(text, "status"), statuses, "docs/outcomes.md", "article statuses")
    failures = set(re.findall(r"(?:failure=|ExtractionFailed\()\s*\"(\w+)\"",
                              source_of("extraction")))  # fmt: skip
    missing = failures - set(names(text, "failure"))
    assert not missing, f"docs/outcomes.md: add failures {sorted(missing)}"


def test_every_reading_warning_is_documented() -> None:
    text = sections("outcomes.md", 2)["Reading warnings"]
    same(names(text, "code"), WARNINGS, "docs/outcomes.md, Reading warnings", "codes")


def said(gap: timedelta) -> str:
    hours = gap // timedelta(hours=1)
    return f"{hours} h" if hours < 24 else f"{hours // 24} d"


# ------------------------------------------------------------------ exports.md


def test_every_format_of_exports_is_documented() -> None:
    written = rows(sections("exports.md", 2)["Formats"], "format")
    kinds = {name: row[1] for row in written for name in codes(row[0])}
    same(kinds, FORMATS, "docs/exports.md, Formats", "formats")
    for name, made in FORMATS.items():
        expected = "a file" if isinstance(made, FileFormat) else "a folder"
        assert kinds[name] == expected, f"docs/exports.md: {name} is {expected}"


# ------------------------------------------------------------------ passages.md


def test_every_kind_of_anchor_and_every_standing_is_documented_in_the_same_words() -> None:
    for heading, first, existing in (
        ("Anchors", "kind", passages.KINDS),
        ("Standing", "state", passages.STATES),
    ):
        written = rows(sections("passages.md", 2)[heading], first)
        assert [(codes(row[0])[0], row[1]) for row in written] == list(existing.items()), heading


# ------------------------------------------------------------------ reports.md


def test_all_that_a_report_tells_is_documented_with_what_needs_attention() -> None:
    told = rows(sections("reports.md", 2)["What is told"], "kind")
    assert [(codes(row[0])[0], row[1]) for row in told] == list(report.KINDS.items())
    needed = {codes(row[0])[0] for row in told if row[2] == "yes"}
    assert needed == report.ATTENTION and {row[2] for row in told} == {"yes", "no"}
    results = rows(sections("reports.md", 2)["What is told"], "result")
    assert [(codes(row[0])[0], row[1]) for row in results] == list(report.RESULTS.items())


def test_the_files_and_limits_of_a_report_are_documented() -> None:
    text = " ".join(read("reports.md").split())
    written = names(sections("reports.md", 2)["Files"], "file")
    assert written == [files.TEXT, files.DOCUMENT, files.FEED]
    for sentence in (
        f"at most {reporting.LIMIT} items of a kind",
        f"the newest {files.FEED_ITEMS} items of all runs",
        f"{SHOWN} of a kind are shown, {SHOWN_NEW} of first copies",
    ):
        assert sentence in text, f"docs/reports.md: {sentence}"


# ------------------------------------------------------------------ verdicts.md


def step(gap: timedelta) -> str:
    minutes = gap // timedelta(minutes=1)
    return f"{minutes} min" if minutes < 60 else said(gap)


def test_every_state_is_documented_as_the_code_says_it_with_its_url_status() -> None:
    written = rows(sections("verdicts.md", 2)["States"], "state")
    same([codes(row[0])[0] for row in written], verdicts.STATES, "docs/verdicts.md", "states")
    for row in written:
        state = codes(row[0])[0]
        assert row[1].startswith(verdicts.STATES[state]), f"docs/verdicts.md: {state} in words"
        status = verdicts.url_status(verdicts.Verdict(state, None, 1.0, (), (), 1))
        assert row[2] == (f"`{status}`" if status else "–"), f"docs/verdicts.md: {state}"


def test_every_rule_of_the_hysteresis_is_documented_with_its_figures() -> None:
    written = rows(sections("verdicts.md", 2)["How much evidence"], "rule")
    rules = verdicts.HYSTERESIS
    assert [codes(row[0])[0] for row in written] == list(rules), "docs/verdicts.md, rules in order"
    for name, _, steps, concludes, needs in written:
        rule = rules[codes(name)[0]]
        assert steps == ", ".join(f"+{step(gap)}" for gap in rule.steps), f"{name}: steps"
        assert concludes == (f"`{rule.concludes}`" if rule.concludes else "–"), f"{name}: state"
        expected = f"{rule.needed} over {said(rule.span)}" if rule.concludes else "–"
        assert needs == expected, f"docs/verdicts.md, {name}: needs {expected}"


def test_every_outcome_that_a_rule_counts_is_documented_with_it() -> None:
    written = {
        codes(row[0])[0]: codes(row[1])
        for row in rows(sections("verdicts.md", 2)["How much evidence"], "rule")
    }
    for outcome, kind in hysteresis._KINDS.items():
        if kind != "good":
            assert outcome in written[kind], f"docs/verdicts.md: {kind} counts {outcome}"


# ------------------------------------------------------------------ schedule.md


def plain(value: float | timedelta) -> str:
    if isinstance(value, timedelta):
        return step(value)
    return f"{value:g}"


def test_every_parameter_of_the_schedule_is_documented_with_its_default() -> None:
    written = rows(sections("schedule.md", 2)["After a good answer"], "parameter")
    defaults = {
        field.name: plain(getattr(schedule.ADAPTIVE, field.name))
        for field in dataclasses.fields(schedule.Policy)
        if field.name != "name"
    }
    found = {codes(row[0])[0]: row[1] for row in written}
    assert found == defaults, f"docs/schedule.md, parameters: {defaults}"


def test_every_kind_of_source_is_documented_with_its_prior() -> None:
    written = rows(sections("schedule.md", 2)["After a good answer"], "kind")
    same([codes(row[0])[0] for row in written], schedule.PRIORS, "docs/schedule.md", "kinds")
    for row in written:
        prior = schedule.PRIORS[codes(row[0])[0]]
        expected = [
            f"{prior.changes:g} in {said(prior.within)}",
            *map(plain, (prior.decay, prior.onset, prior.max_gap, prior.first_gap)),
        ]
        assert row[1:6] == expected, f"docs/schedule.md: {row[0]} is {expected}"
        for age in prior.steps:
            assert said(age) in row[6], f"docs/schedule.md: {row[0]} is visited at {said(age)}"
    steady = written[list(schedule.PRIORS).index("pdf")][6]
    assert said(schedule.STEADY_MAX_GAP) in steady


def test_the_fixed_times_of_the_schedule_are_those_of_the_code() -> None:
    text = " ".join(read("schedule.md").split())
    ladder = [said(rung) for rung in schedule.LADDER]
    for sentence in (
        f"at the ages {', '.join(ladder[:-1])} and {ladder[-1]}",
        f"at most {said(schedule.TAIL_MAX)}",
        f"due again after {said(schedule.AFTER_LOCAL_FAULT)}",
        *(
            f"{', '.join(map(said, ages))} after the conclusion, then every {said(every)}"
            for ages, every in (
                (schedule.AFTER_VANISHED, schedule.AFTER_VANISHED_EVERY),
                (schedule.AFTER_REFUSED, schedule.AFTER_REFUSED_EVERY),
            )
        ),
    ):
        assert sentence in text, f"docs/schedule.md: write {sentence!r}"


# ------------------------------------------------------------------ architecture.md, links


def test_every_room_is_described() -> None:
    written = names(sections("architecture.md", 2)["Rooms"], "room")
    rooms = set(test_architecture.LAYERS) - {"", "__main__"}
    same(written, rooms, "docs/architecture.md, Rooms", "rooms")


def test_every_test_that_the_documentation_names_exists() -> None:
    for page in PAGES:
        for file, test in re.findall(r"(tests/\w+\.py)(?:::(\w+))?", page.read_text("utf-8")):
            path = ROOT / file
            assert path.exists(), f"{page.name}: there is no {file}"
            assert not test or f"def {test}(" in path.read_text("utf-8"), (
                f"{page.name}: there is no {test} in {file}"
            )


def test_every_file_of_ours_that_the_documentation_names_exists() -> None:
    for page in PAGES:
        for file in re.findall(r"`((?:crawler|docs|examples|benchmarks)/[\w./-]+)`",
                               page.read_text("utf-8")):  # fmt: skip
            assert (ROOT / file).exists(), f"{page.name}: there is no {file}"


def slug(title: str) -> str:
    """The anchor that a code host gives a heading."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    text = _without_code(page.read_text(encoding="utf-8"))
    return {slug(title) for title in re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_project_resolves(page: Path) -> None:
    text = _without_code(page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{page.name}: the link {target} leads nowhere"
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there), f"{page.name}: {there.name} has no heading #{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_place_of_one_machine(page: Path) -> None:
    found = re.findall(r"(?<![\w.~/])/(?:home|root|work|tmp|Users)/\S*", page.read_text("utf-8"))
    assert not found, f"{page.name}: write a relative path in place of {found}"


# ------------------------------------------------------------------ commands in pages and examples


def shell_lines(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        yield line.strip().removeprefix("$ ")


def called(text: str) -> Iterator[list[str]]:
    """Every call of ``sourcekeep`` and ``scrapy crawl`` in a text of shell lines, as words."""
    call = re.compile(r"(?:^|[\s/;|&])(sourcekeep|scrapy crawl) (.*)")
    for line in shell_lines(text):
        match = call.search(line)
        if match and not line.startswith("#"):
            command = re.split(r" (?:[|;>]|&&|2>)", match[2])[0]
            words = shlex.split(command, comments=True)
            if words:
                yield [*match[1].split(), *words]


def calls() -> list[tuple[str, list[str]]]:
    found = []
    for page in PAGES:
        for block in fenced(page.read_text(encoding="utf-8"), "sh", "console", "bash"):
            found += [(page.name, words) for words in called(block)]
    for example in sorted(EXAMPLES.iterdir()):
        found += [(example.name, words) for words in called(example.read_text(encoding="utf-8"))]
    return found


@pytest.mark.parametrize(("where", "words"), calls(), ids=lambda value: str(value)[:60])
def test_a_call_that_is_written_somewhere_can_be_made(where: str, words: list[str]) -> None:
    tool, command, *rest = words
    if tool == "scrapy":
        spiders = ("entries", "sources", "rescue", "recheck", "moved", "push")
        assert rest[0] in spiders, f"{where}: there is no spider {rest[0]}"
        return
    if command.startswith("-"):
        assert command in ("--help", "--version"), f"{where}: {' '.join(words)}"
        return
    assert command in COMMANDS, f"{where}: there is no command {command!r}"
    try:
        parser_of(command).parse_args(rest)
    except (argparse.ArgumentError, SystemExit) as exc:
        pytest.fail(f"{where}: {' '.join(words)}: {exc}")


def test_there_are_calls_to_check() -> None:
    assert {"crontab", "sourcekeep.service", "workflow.yml", "commands.md"} <= {
        w for w, _ in calls()
    }


def test_the_crontab_is_one() -> None:
    lines = (EXAMPLES / "crontab").read_text(encoding="utf-8").splitlines()
    jobs = [line for line in lines if line and not line.startswith("#") and "=" not in line[:20]]
    assert jobs
    for job in jobs:
        assert re.match(r"(?:[\d*/,-]+ ){5} ?\S", job), f"examples/crontab: five times first: {job}"
        assert not re.search(r"(?<!\\)%", job), (
            f"examples/crontab: cron ends a line at a bare %: {job}"
        )


@pytest.mark.parametrize(
    ("file", "needed"),
    [
        ("sourcekeep.service", {("Service", "ExecStart"), ("Service", "Type")}),
        ("sourcekeep.timer", {("Timer", "OnCalendar"), ("Install", "WantedBy")}),
    ],
)
def test_the_systemd_units_are_whole(file: str, needed: set[tuple[str, str]]) -> None:
    unit = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string((EXAMPLES / file).read_text(encoding="utf-8"))
    found = {(section, key) for section in unit.sections() for key in unit[section]}
    assert needed <= found, f"examples/{file}: write {sorted(needed - found)}"


def test_the_workflow_is_yaml_with_a_lock() -> None:
    yaml = pytest.importorskip("yaml")
    workflow = yaml.safe_load((EXAMPLES / "workflow.yml").read_text(encoding="utf-8"))
    assert workflow["concurrency"]["cancel-in-progress"] is False
    assert workflow["jobs"]["crawl"]["steps"]


# ------------------------------------------------------------------ changes.md


def test_the_classes_of_changes_are_documented_and_who_is_told() -> None:
    written = rows(read("changes.md"), "class")
    same([codes(row[0])[0] for row in written], change.CHANGES, "docs/changes.md", "classes")
    told = {codes(row[0])[0] for row in written if row[2] == "yes"}
    assert told == change.TOLD, f"docs/changes.md: told are {sorted(change.TOLD)}"


def test_the_kinds_of_edits_are_documented() -> None:
    same(names(read("changes.md"), "kind"), get_args(change.EditKind), "docs/changes.md", "kinds")
