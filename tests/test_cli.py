"""The command line: help that a newcomer understands, and one clear sentence for bad input."""

from __future__ import annotations

import argparse
import json
import sqlite3
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from crawler.archive import Archive
from crawler.cli import COMMANDS, main
from crawler.cli.demo import report
from crawler.cli.output import plural, safe, shorten, size
from crawler.demo import SOURCES
from crawler.intake.files import MAX_BYTES
from tests.conftest import Demonstrated
from tests.crawling import rows, sourcekeep

ENTRY = """\
### [2026-01-5](/news/2026/01/5/index.md)

##### Harbours
# A harbour is dredged.

The summary of it.

### Sources:

1. [The Courier](http://courier.example/dredging)
"""


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    path = tmp_path / "entry.md"
    path.write_text(ENTRY)
    return path


def test_help_lists_every_command_and_the_first_steps() -> None:
    done = sourcekeep("--help")
    assert done.code == 0
    assert all(name in done.out for name in COMMANDS)
    assert "first steps" in done.out and "exit codes" in done.out


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_a_help_of_its_own(command: str) -> None:
    done = sourcekeep(command, "--help")
    assert done.code == 0 and "--archive" in done.out


def test_without_a_command_the_usage_is_shown() -> None:
    assert sourcekeep().code == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["add", "no/such/file"], "no such file or folder"),
        (["add", "ftp://host.example/x"], "unsupported-scheme"),
        (["add", "http://"], "not a URL that can be fetched"),
        (["add", "{entry}", "--depth", "x"], "write a whole number"),
        (["add", "{entry}", "--since", "04/03/2017"], "is no date"),
        (["add", "{entry}", "--base-url", "nonsense"], "not a base URL"),
        (["add", "{entry}", "--now", "yesterday"], "is no date"),
        (["crawl", "no/such/file"], "no such file or folder"),
        (["crawl", "-s", "NONSENSE"], "write NAME=VALUE"),
        (["crawl", "--delay", "-1"], "0 or more"),
        (["crawl", "--max-fetches", "many"], "whole number"),
        (["crawl", "--allow", "not-a-network"], "not-a-network"),
        (["crawl", "--proxy", "socks5://host:1080"], "no proxy that we can use"),
        (["crawl", "-s", "SOURCEKEEP_MAX_FETCHES=many"], "whole number"),
        (["crawl", "-s", "SOURCEKEEP_SCHEDULE=weekly"], "write adaptive or news"),
        (["crawl", "-s", "SOURCEKEEP_LOG_FILE=no/such/folder/x.log"], "log file cannot be opened"),
        (["crawl", "-s", "SOURCEKEEP_MAX_FETCHE=3"], "did you mean SOURCEKEEP_MAX_FETCHES?"),
        (["crawl", "-s", "SOURCEKEEP_WORKERS=0"], "write 1 or more"),
        (["crawl", "-s", "DOWNLOAD_DELAY=soon"], "write a number, 0 or more"),
        (["crawl", "-s", "DOWNLOAD_DELAY=nan"], "write a number, 0 or more"),
        (["crawl", "-s", "RETRY_TIMES=1.5"], "write a whole number, 0 or more"),
        (["crawl", "-s", "ROBOTSTXT_OBEY=mostly"], "write True or False"),
        (["crawl", "-s", "DOWNLOADER_MIDDLEWARES=mine"], "write a JSON object"),
        (["crawl", "-s", "RETRY_HTTP_CODES=500,abc"], "write whole numbers, with commas"),
        (["crawl", "-s", "SCHEDULER=x"], "'x' cannot be loaded"),
        (["crawl", "-s", "TWISTED_REACTOR=x.y"], "'x.y' cannot be loaded"),
        (["crawl", "-s", 'EXTENSIONS={"json.Nothing": 5}'], "'json.Nothing' cannot be loaded"),
        (["crawl", "-s", "LOG_LEVEL=LOUD"], "write one of CRITICAL"),
        (["crawl", "-s", "DOWNLOAD_DELEY=60"], "did you mean DOWNLOAD_DELAY?"),
        (["crawl", "-s", "SOURCEKEEP_SPEED=3"], "no such setting: docs/settings.md lists them"),
        (["crawl", "--contact", "me\nX-Evil: 1"], "write the contact in one line"),
        (["add", "{entry}", "--since", "2026-2-1", "--until", "2026-1-1"], "the end comes first"),
        (["--quiet", "status"], "options stand behind the command"),
        (["crawl", "--archive", ""], "it is empty: name a file, or leave the option out"),
        (["add", ""], "an argument is empty"),
        (["crawl", "--now", "9999-12-31"], "a year from 1900 to 8999"),
        (["export", "jsonl", "-", "--from="], "an argument is empty"),
        (["export", "jsonl", "-", "--entry=--"], "no value is called so"),
        (["frobnicate"], "invalid choice"),
        (["show"], "SOURCE"),
    ],
)
def test_bad_usage_is_one_clear_sentence_and_exit_2(
    words: list[str], says: str, entry: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "a.db"
    done = sourcekeep(*(word.replace("{entry}", str(entry)) for word in words), cwd=tmp_path)
    assert done.code == 2, done.err
    assert says in done.err and "Traceback" not in done.err
    assert not archive.exists()


def test_a_wrong_name_among_many_leaves_nothing_half_done(entry: Path, tmp_path: Path) -> None:
    done = sourcekeep("add", entry, "no/such", "--archive", tmp_path / "a.db")
    assert done.code == 2 and not (tmp_path / "a.db").exists()


def test_an_archive_that_is_not_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    for command in (["status"], ["show", "x"], ["history", "x"], ["extract"]):
        done = sourcekeep(*command, cwd=tmp_path)
        assert done.code == 1 and "no archive here" in done.err and "sourcekeep add" in done.err


def test_a_foreign_database_is_refused_and_left_alone(entry: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    before = foreign.read_bytes()
    for words in (["add", entry], ["crawl"], ["status"]):
        done = sourcekeep(*words, "--archive", foreign)
        assert done.code == 1 and "something else" in done.err, done.err
    assert foreign.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if "foreign" in path.name] == ["foreign.db"]


def test_a_file_that_is_no_database_is_refused(entry: Path, tmp_path: Path) -> None:
    done = sourcekeep("add", entry, "--archive", entry)
    assert done.code == 1 and "not a SQLite file" in done.err
    assert entry.read_text() == ENTRY


def test_a_newer_schema_is_refused(entry: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.db"
    sourcekeep("add", entry, "--archive", archive)
    connection = sqlite3.connect(archive)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    done = sourcekeep("status", "--archive", archive)
    assert done.code == 1 and "newer Sourcekeep" in done.err


def test_an_archive_in_a_folder_that_is_not_there_is_said(entry: Path, tmp_path: Path) -> None:
    done = sourcekeep("add", entry, "--archive", tmp_path / "no" / "a.db")
    assert done.code == 1 and "does not exist" in done.err


def test_add_tells_what_it_read_and_what_comes_next(entry: Path, tmp_path: Path) -> None:
    done = sourcekeep("add", entry, "--archive", tmp_path / "a.db")
    assert "1 new entry, 1 new source" in done.out and "sourcekeep crawl" in done.out


def test_adding_again_changes_nothing(entry: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.db"
    sourcekeep("add", entry, "--archive", archive)
    again = sourcekeep("add", entry, "--archive", archive, "--json").json
    assert (again["entries_new"], again["sources_new"], again["unchanged"]) == (0, 0, 1)


def test_a_page_that_is_no_entry_is_a_recorded_problem(tmp_path: Path) -> None:
    page = tmp_path / "notes.md"
    page.write_text("nothing of interest\n")
    archive = tmp_path / "a.db"
    done = sourcekeep("add", page, "--archive", archive)
    assert done.code == 0 and "1 page could not be read" in done.out
    assert "notes.md" in sourcekeep("status", "--archive", archive).out


def test_the_archive_may_be_named_by_the_environment(
    entry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess
    import sys

    from tests.crawling import environment

    subprocess.run(
        [sys.executable, "-m", "crawler", "add", str(entry), "--quiet"],
        env=environment(SOURCEKEEP_ARCHIVE=str(tmp_path / "named.db")), check=True,
    )  # fmt: skip
    assert (tmp_path / "named.db").exists()


def test_quiet_prints_nothing_and_json_prints_json(entry: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.db"
    assert sourcekeep("add", entry, "--archive", archive, "--quiet").out == ""
    status = sourcekeep("status", "--archive", archive, "--json").json
    assert status["coverage"]["entries"] == 1
    assert status["worst_entries"][0]["not_held"] == 1
    history = sourcekeep("history", "dredging", "--archive", archive, "--json").json
    assert history["fetches"] == []


def test_show_of_a_source_without_copy_says_so(entry: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.db"
    sourcekeep("add", entry, "--archive", archive)
    done = sourcekeep("show", "dredging", "--archive", archive)
    assert done.code == 2 and "no copy is held" in done.err


def test_a_source_that_several_fit_is_asked_back(tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("http://a.example/one\nhttp://a.example/two\n")
    archive = tmp_path / "a.db"
    sourcekeep("add", listed, "--archive", archive)
    done = sourcekeep("history", "a.example", "--archive", archive)
    assert done.code == 2 and "fits 2 sources" in done.err
    assert sourcekeep("history", "one", "--archive", archive).code == 0
    assert sourcekeep("history", "2", "--archive", archive).code == 0


def test_ctrl_c_before_a_command_has_begun_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(parser: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("crawler.cli.status.configure", interrupted)
    assert main(["status"]) == 1
    assert capsys.readouterr().err == "sourcekeep: interrupted before it began\n"


def test_demo_refuses_an_archive_that_holds_other_things(entry: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.db"
    sourcekeep("add", entry, "--archive", archive)
    done = sourcekeep("demo", "--archive", archive)
    assert done.code == 2 and "holds other things" in done.err
    # nor where its entries come from this machine only, and what they cite from the web
    sourcekeep("add", "http://127.0.0.1:1313/index.xml", "--archive", archive)
    sourcekeep("add", "--off", "1", "--archive", archive)
    assert sourcekeep("demo", "--archive", archive).code == 2
    with Archive.open(archive) as kept:
        kept.connection.sql.execute("UPDATE inputs SET locator = 'http://127.0.0.1/' WHERE id = 1")
    assert sourcekeep("demo", "--archive", archive).code == 2
    with Archive.open(archive) as kept:
        assert kept.reading.coverage().entries == 1


def test_demo_ends_with_snapshots_losses_and_the_next_commands(demonstrated: Demonstrated) -> None:
    assert "snapshots in demo.db" in demonstrated.out and "try next:" in demonstrated.out
    lost = demonstrated.out.partition("entries that lost a source:")[2].partition("cited,")[0]
    assert sum(lost.count(f"  {day}") for day in ("2026-04-24", "2026-04-29")) == 3


def test_demo_replaces_the_archive_of_an_earlier_demo(demonstrated: Demonstrated) -> None:
    locators = [row["locator"] for row in rows(demonstrated.archive, "SELECT locator FROM inputs")]
    assert len(locators) == 1 and locators[0].endswith("/index.md")


def test_demo_tells_a_program_the_same(
    demonstrated: Demonstrated, capsys: pytest.CaptureFixture[str]
) -> None:
    report(demonstrated.archive, argparse.Namespace(json=True, quiet=False))
    told = json.loads(capsys.readouterr().out)
    assert len(told["snapshots"]) > 90
    assert {row["verdict"] for row in told["lost"]} == {"vanished"}
    assert len(told["never_captured"]) == 8


@pytest.mark.parametrize("name", SOURCES)
def test_the_looks_of_the_demo_conclude_what_the_answer_key_says(
    demonstrated: Demonstrated, name: str
) -> None:
    path = SOURCES[name].path
    found = rows(demonstrated.archive, "SELECT verdict, url FROM sources")
    (verdict,) = {row["verdict"] for row in found if urlsplit(unquote(row["url"])).path == path}
    assert verdict == SOURCES[name].verdict


def test_titles_cannot_move_the_cursor_of_a_terminal() -> None:
    assert safe("a\x1b[2Jb\rc") == "a�[2Jb�c"


def test_numbers_read_well() -> None:
    assert plural(1, "entry", "entries") == "1 entry"
    assert plural(2, "entry", "entries") == "2 entries"
    assert (size(999), size(1500), size(2_000_000)) == ("999 B", "1.5 KB", "2.0 MB")
    assert shorten("abcdef", 4) == "abc…"


def test_a_damaged_archive_is_said_with_its_own_exit_code(entry: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.db"
    sourcekeep("add", entry, "--archive", archive)
    with sqlite3.connect(archive) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'citations'"
        ).fetchone()
    connection.close()
    with archive.open("r+b") as file:  # the table's own page, so that the schema still reads
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    done = sourcekeep("status", "--archive", archive)
    assert done.code == 4 and "damaged" in done.err and "Traceback" not in done.err


def test_add_says_which_page_could_not_be_read_and_why(entry: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a b.db"
    (tmp_path / "noise.md").write_bytes(bytes(range(256)) * 9)
    done = sourcekeep("add", entry, tmp_path / "noise.md", "--archive", archive)
    assert done.out.splitlines()[2:] == [
        "1 page could not be read:",
        f"  {tmp_path / 'noise.md'}: it is no text",
        f"next: sourcekeep crawl --archive '{archive}'",
    ]


def test_add_tells_of_entries_that_cite_nothing_and_of_folders_without_any(tmp_path: Path) -> None:
    """Else a person waits for copies of sources that were never found."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "post.md").write_text("# A post\n\nIt links nothing.\n")
    done = sourcekeep(
        "add", tmp_path / "post.md", tmp_path / "empty", "--archive", tmp_path / "a.db"
    )
    assert "1 entry cites nothing" in done.out
    assert "empty: no page of entries lies in this folder (.md, .markdown, .html" in done.out


def test_a_file_as_large_as_no_page_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "huge.html").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    done = sourcekeep("add", tmp_path / "huge.html", "--archive", tmp_path / "a.db")
    assert "huge.html: larger than 32 MiB, which no page of entries is" in done.out


def test_the_same_input_named_twice_is_one(entry: Path, tmp_path: Path) -> None:
    done = sourcekeep("add", entry, entry, "--archive", tmp_path / "a.db")
    assert done.out.startswith("1 input in ")


def test_an_input_can_be_taken_back_though_its_file_has_gone(entry: Path, tmp_path: Path) -> None:
    """Else every run tells of it for ever. What it cites is kept, and visited as before."""
    archive = tmp_path / "a.db"
    sourcekeep("add", entry, "--archive", archive)
    entry.rename(tmp_path / "moved.md")
    assert "is no longer there" in sourcekeep("crawl", "--max-fetches", 0, "--archive", archive).out
    done = sourcekeep("add", "--off", entry, "--archive", archive)
    assert (done.code, done.out) == (0, "1 input will be read no more; what they cite stays\n")
    (listed,) = sourcekeep("add", "--list", "--json", "--archive", archive).json
    assert (listed["enabled"], listed["entries"], listed["unreadable"]) == (0, 1, 0)
    assert "no more" in sourcekeep("add", "--list", "--archive", archive).out
    assert sourcekeep("status", "--json", "--archive", archive).json["reading_problems"] == []
    again = sourcekeep("add", tmp_path / "moved.md", "--archive", archive, "--json").json
    assert (again["entries_new"], again["sources_new"]) == (0, 0)


def test_what_is_no_input_cannot_be_taken_back(entry: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.db"
    assert sourcekeep("add", "--off", entry, "--archive", archive).code == 1
    sourcekeep("add", entry, "--archive", archive)
    done = sourcekeep("add", "--off", "other.md", "--archive", archive)
    assert done.code == 2 and done.err.endswith(f"sourcekeep add --archive {archive} --list\n")
    assert "other.md: is no input, and no place that is barred" in done.err
    done = sourcekeep("add", "--archive", archive)
    assert done.code == 2 and "name an INPUT" in done.err


def test_what_a_terminal_cannot_show_is_escaped_and_breaks_nothing(
    entry: Path, tmp_path: Path
) -> None:
    import subprocess
    import sys

    from tests.crawling import environment

    archive = tmp_path / "a.db"
    entry.write_text(ENTRY.replace("A harbour", "港 harbour").replace("Harbours", "\u202eX"))
    assert sourcekeep("add", entry, "--archive", archive).code == 0
    done = subprocess.run(
        [sys.executable, "-m", "crawler", "status", "--archive", str(archive)],
        env=environment(PYTHONIOENCODING="ascii"), check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert "\\u6e2f harbour is dredged." in done.stdout and not done.stderr


def test_a_crawl_of_an_empty_archive_says_what_to_add(entry: Path, tmp_path: Path) -> None:
    words = ("crawl", "--archive", tmp_path / "a.db")
    add = f"sourcekeep add --archive {tmp_path / 'a.db'} FILE, FOLDER or URL"
    assert add in sourcekeep(*words).out
    assert "sourcekeep add" not in sourcekeep(*words, entry, "--max-fetches", 0).out


def test_a_run_that_stops_at_a_limit_says_how_much_is_left(entry: Path, tmp_path: Path) -> None:
    words = ("crawl", entry, "--archive", tmp_path / "a.db", "--max-fetches", 0)
    assert "\n1 source is due still; the next run goes on with it" in sourcekeep(*words).out
    assert sourcekeep(*words, "--json").json["due_left"] == 1


def test_a_source_that_was_not_visited_yet_is_called_so(entry: Path, tmp_path: Path) -> None:
    sourcekeep("add", entry, "--archive", tmp_path / "a.db")
    done = sourcekeep("show", 1, "--archive", tmp_path / "a.db")
    assert done.code == 2 and "no copy is held (it was not visited yet)" in done.err


@pytest.mark.parametrize(
    "words",
    [
        ["verify", "--archive", "{long}"], ["merge", "{long}"], ["import", "{long}"],
        ["backup", "{long}"], ["attach", "1", "{long}"],
    ],
)  # fmt: skip
def test_a_name_that_the_file_system_refuses_is_one_clear_sentence(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_text("https://news.example/harbour\n")
    assert main(["add", "list.txt", "--quiet"]) == 0
    assert main([word.replace("{long}", "n" * 300) for word in words]) in (1, 2)
    [told] = capsys.readouterr().err.splitlines()
    assert told.startswith("sourcekeep: nnn")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("words", [["--help"], ["--version"], ["show", "--help"]])
def test_a_help_that_cannot_be_written_is_no_success(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr("sys.stdout", full)
        monkeypatch.setattr("crawler.cli._drop_output", lambda: None)
        code = main(words)
        monkeypatch.undo()
        with suppress(OSError):
            full.close()
    assert code == 1 and "No space left" in capsys.readouterr().err


def test_a_folder_that_was_taken_away_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert main(["add", "news", "--archive", str(tmp_path / "a.db")]) == 1
    assert capsys.readouterr().err.endswith("is gone: change to another\n")


def test_a_word_of_any_length_leaves_the_sentence_around_it_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_text("https://news.example/harbour\n")
    assert main(["add", "list.txt", "--quiet"]) == 0
    for words in (["show", "x" * 9999], ["export", "jsonl", "-", "--entry", "9" * 5000]):
        assert main(words) == 2
        assert len(capsys.readouterr().err) < 300
    assert main(["show", "nothing", "--archive", "archive.db"]) == 2
    assert "export --archive archive.db csv - --table sources_now\n" in capsys.readouterr().err
    assert main(["verify", "--archive", "/"]) == 1
