"""Runs that are limited, interrupted, killed, doubled: what is due lives in archive.db."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from crawler.archive import Archive
from crawler.dates import format_instant
from crawler.demo import START, DemoWeb, page
from crawler.extraction.nursery import can_fork
from tests.commands import Begun
from tests.crawling import begin, crawl, crawl_words, environment, rows, sourcekeep, value

PAGES = 40
LATER = START + timedelta(minutes=1)  # what was cited is due by then, nothing a second time
BODY = "<html><title>Page {0}</title><body><article><p>{1}</p></article></body></html>"


@pytest.fixture
def url_list(web: DemoWeb, tmp_path: Path) -> Path:
    """A list of forty distinct pages on two hosts."""
    urls = []
    for number in range(PAGES):
        host, path = ("courier", "wire")[number % 2], f"/list/{number}"
        web.add(host, path, page(BODY.format(number, f"Sentence number {number} of many. " * 40)))
        urls.append(web.url(host, path))
    path = tmp_path / "list.txt"
    path.write_text("\n".join(urls) + "\n")
    return path


def start(archive: Path, *words: object) -> Begun:
    """Start a crawl and leave it running."""
    return begin(*crawl_words(archive, START, *words))


def wait_for(condition: object, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until, "did not happen in time"
        time.sleep(0.02)


def captured(archive: Path) -> set[str]:
    if not archive.exists():
        return set()
    try:
        return {r["uid"] for r in rows(archive, "SELECT uid FROM captures WHERE source NOT NULL")}
    except Exception:  # noqa: BLE001 - the schema is not laid yet
        return set()


def test_a_limited_run_makes_that_many_visits_and_the_next_goes_on(
    web: DemoWeb, url_list: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "a.db"
    assert crawl(archive, START, url_list, "--max-fetches", 5).json["visits"] == 5
    assert crawl(archive, LATER).json["visits"] == PAGES - 5
    asked = [r.path for r in web.requests if r.path.startswith("/list/")]
    assert len(asked) == len(set(asked)) == PAGES


def cited_on(web: DemoWeb, number: int) -> str:
    source = web.url("courier", f"/of/{number}")
    web.add("courier", f"/of/{number}", page(BODY.format(number, "It says so. " * 60)))
    return f'<h1>Day {number}</h1><p>2026-01-0{number}</p><h2>Sources</h2><a href="{source}">S</a>'


@pytest.fixture
def sitemap(web: DemoWeb) -> str:
    """A sitemap of four pages, each of which cites one source."""
    places = [web.url("lantern", f"/day/{number}") for number in range(1, 5)]
    for number, _ in enumerate(places, 1):
        web.add("lantern", f"/day/{number}", page(cited_on(web, number)))
    listed = "".join(f"<url><loc>{place}</loc></url>" for place in places)
    web.add("lantern", "/map.xml", page(
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{listed}</urlset>',
        content_type="application/xml",
    ))  # fmt: skip
    return web.url("lantern", "/map.xml")


@pytest.mark.parametrize(
    ("limit", "pages_read", "visited"),
    [(2, 1, 0), (6, 3, 2), pytest.param(20, 4, 4, marks=pytest.mark.slow)],
)
def test_what_sources_leave_of_a_limit_goes_to_the_pages_of_entries_and_back(
    web: DemoWeb, sitemap: str, tmp_path: Path, limit: int, pages_read: int, visited: int
) -> None:
    """Of six: three for the site, which is read in that; the rest of two sources goes back."""
    done = crawl(tmp_path / "a.db", START, sitemap, "--max-fetches", limit).json
    asked = [r.path for r in web.requests if r.path.startswith(("/day/", "/map"))]
    assert len([path for path in asked if path.startswith("/day/")]) == pages_read
    assert asked.count("/map.xml") == 1 and done["intake"]["problems"] == 0
    assert done["visits"] == visited and done["finish_reason"] == "finished"
    assert len(asked) + visited <= limit


def test_max_fetches_zero_reads_entries_and_dials_nothing(
    web: DemoWeb, url_list: Path, tmp_path: Path
) -> None:
    outcome = crawl(tmp_path / "a.db", START, url_list, "--max-fetches", 0)
    assert outcome.json["visits"] == 0 and outcome.json["intake"]["sources_new"] == PAGES
    assert web.connections == 0


def test_a_killed_run_loses_no_committed_capture_and_repeats_no_finished_one(
    web: DemoWeb, url_list: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "a.db"
    running = start(archive, url_list, "--delay", "0.1")
    wait_for(lambda: len(captured(archive)) >= 6)
    running.kill()
    running.communicate()
    before = captured(archive)
    finished = value(archive, "SELECT count(*) FROM sources WHERE last_fetched_at NOT NULL")
    assert len(before) == finished

    resumed = crawl(archive, LATER)
    assert resumed.json["visits"] == PAGES - finished
    assert before < captured(archive)
    assert value(archive, "SELECT count(*) FROM captures WHERE source NOT NULL") == PAGES
    assert value(archive, "SELECT count(*) FROM articles") == PAGES
    assert value(archive, "SELECT finish_reason FROM runs WHERE id = 1") == "killed"
    assert value(archive, "PRAGMA integrity_check") == "ok"


def test_sigterm_ends_in_good_order_and_the_next_run_goes_on(
    web: DemoWeb, url_list: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "a.db"
    running = start(archive, url_list, "--delay", "0.1")
    wait_for(lambda: len(captured(archive)) >= 4)
    running.send_signal(signal.SIGTERM)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 0, err
    assert "run it again" in out
    assert value(archive, "SELECT finish_reason FROM runs") == "shutdown"
    crawl(archive, LATER)
    assert value(archive, "SELECT count(*) FROM captures WHERE source NOT NULL") == PAGES
    assert value(archive, "SELECT count(*) FROM articles") == PAGES


def test_a_second_crawl_on_the_same_archive_refuses(
    web: DemoWeb, url_list: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "a.db"
    running = start(archive, url_list, "--delay", "1")
    try:
        wait_for(lambda: captured(archive))
        second = sourcekeep("crawl", "--archive", archive)
        assert second.code == 1
        assert f"process {running.pid}" in second.err and "wait until it ends" in second.err
        assert len(second.err.splitlines()) == 1
        assert sourcekeep("status", "--archive", archive).code == 0
    finally:
        running.kill()
        running.communicate()


def test_add_works_while_a_crawl_is_writing(web: DemoWeb, url_list: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.db"
    other = tmp_path / "other.txt"
    other.write_text(web.url("courier", "/other") + "\n")
    running = start(archive, url_list, "--delay", "0.1")
    try:
        wait_for(lambda: captured(archive))
        assert sourcekeep("add", other, "--archive", archive).code == 0
    finally:
        running.kill()
        running.communicate()


def test_a_second_run_on_unchanged_pages_adds_only_revisits(
    web: DemoWeb, url_list: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "a.db"
    crawl(archive, START, url_list)
    payloads = value(archive, "SELECT count(*) FROM payloads")
    articles = value(archive, "SELECT count(*) FROM articles")
    later = START.replace(day=START.day + 3)
    again = crawl(archive, later).json
    assert (again["new_captures"], again["revisits"], again["articles"]) == (0, PAGES, 0)
    assert value(archive, "SELECT count(*) FROM payloads") == payloads
    assert value(archive, "SELECT count(*) FROM articles") == articles


def test_nothing_is_due_right_after_a_run(web: DemoWeb, url_list: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.db"
    crawl(archive, START, url_list)
    assert crawl(archive, LATER).json["visits"] == 0


def test_strict_tells_by_its_exit_code_that_something_needs_attention(
    web: DemoWeb, tmp_path: Path
) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text(web.url("courier", "/no-such-page") + "\n")
    archive = tmp_path / "a.db"
    words = crawl_words(archive, START, listed)
    assert sourcekeep(*words, "--strict").code == 3
    assert sourcekeep(*crawl_words(tmp_path / "b.db", START, listed)).code == 0


def test_quiet_runs_print_one_line_and_only_when_something_needs_a_person(
    web: DemoWeb, tmp_path: Path
) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text(web.url("courier", "/no-such-page") + "\n")
    quiet = sourcekeep(*crawl_words(tmp_path / "a.db", START, listed), "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    told = sourcekeep(*crawl_words(tmp_path / "b.db", START, listed), "--quiet", "--strict")
    assert told.code == 3 and told.err == ""
    assert told.out == "sourcekeep: 1 visit (1 failed); 1 needs attention: 1 uncaptured\n"


def test_the_log_file_has_each_run_and_is_rotated(web: DemoWeb, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text(web.url("courier", "/no-such-page") + "\n")
    log = tmp_path / "run.log"
    words = ["-s", f"SOURCEKEEP_LOG_FILE={log}", "-s", "SOURCEKEEP_LOG_MAX_BYTES=3000",
             "-s", "SOURCEKEEP_LOG_BACKUPS=2"]  # fmt: skip
    first = sourcekeep(*crawl_words(tmp_path / "a.db", START, listed), *words)
    assert first.code == 0 and first.err == "", "what goes to the file does not go to stderr"
    kept = "".join(path.read_text() for path in tmp_path.glob("run.log*"))
    assert "sourcekeep: done: 1 visit (1 gone)" in kept and " INFO " in kept
    sourcekeep(*crawl_words(tmp_path / "a.db", LATER, listed), *words)
    files = sorted(path.name for path in tmp_path.glob("run.log*"))
    assert files == ["run.log", "run.log.1", "run.log.2"]
    assert all(path.stat().st_size <= 6000 for path in tmp_path.glob("run.log*"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_log_file_without_room_ends_with_one_warning_and_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("")
    words = crawl_words(tmp_path / "a.db", START, tmp_path / "list.txt")
    told = sourcekeep(*words, "-s", "SOURCEKEEP_LOG_FILE=/dev/full")
    assert told.code == 0
    assert told.err.count("the log file /dev/full ends here: No space left on device") == 1
    assert len(told.err.splitlines()) == 1


def test_the_fixed_ladder_can_be_chosen(web: DemoWeb, url_list: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.db"
    crawl(archive, START, url_list, "-s", "SOURCEKEEP_SCHEDULE=news", "--max-fetches", "4")
    reasons = rows(archive, "SELECT DISTINCT due_reason FROM sources WHERE version IS NOT NULL")
    assert [row["due_reason"] for row in reasons] == ["1 h rung of the ladder"]
    told = sourcekeep("why", "1", "--archive", archive, "--now", format_instant(LATER))
    assert "fixed ladder" in told.out
    sourcekeep("judge", "--archive", archive, "--now", format_instant(START))
    again = rows(archive, "SELECT DISTINCT due_reason FROM sources WHERE version IS NOT NULL")
    assert again == reasons  # planned as the crawl plans it, not by the other policy


def test_a_fault_of_ours_ends_the_run_and_the_next_goes_on(
    web: DemoWeb, url_list: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "a.db"
    faulty = (
        "import sys\n"
        "from crawler.conclusion import Conclusion\n"
        "def wanting(self, visit):\n"
        "    raise RuntimeError('a fault of ours')\n"
        "Conclusion.wanting = wanting\n"
        "from crawler.cli import main\n"
        "sys.exit(main())\n"
    )
    done = begin(*crawl_words(archive, START, url_list), source=faulty).ended(60)
    assert done.code == 1 and "RuntimeError: a fault of ours" in done.err
    assert value(archive, "SELECT finish_reason FROM runs") == "broke"
    assert crawl(archive, LATER).json["visits"] == PAGES  # none was taken for made


@pytest.mark.parametrize("broken", ["entries.read_files", "pages.SitePages.arrived"])
def test_a_fault_of_ours_in_reading_entries_keeps_no_source_from_its_visit(
    broken: str, web: DemoWeb, url_list: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "a.db"
    for given in (url_list, web.url("lantern", "/")):
        sourcekeep("add", given, "--archive", archive, "--now", format_instant(START))
    faulty = (
        "import sys\n"
        "from crawler.spiders import entries, pages\n"
        "def fail(*_, **__):\n"
        "    raise RuntimeError('a fault of ours')\n"
        f"{broken} = fail\n"
        "from crawler.cli import main\n"
        "sys.exit(main())\n"
    )
    done = begin(*crawl_words(archive, START), source=faulty).ended(60)
    assert done.code == 1 and "RuntimeError: a fault of ours" in done.err
    assert value(archive, "SELECT finish_reason FROM runs") == "broke"
    seen = "SELECT count(*) FROM captures WHERE source NOT NULL"
    assert value(archive, seen) == PAGES


def test_an_archive_that_cannot_be_written_stops_the_run_and_says_so(
    web: DemoWeb, url_list: Path, tmp_path: Path
) -> None:
    """SQLite's own limit of pages stands for a full disk: the same error at the same place."""
    archive = tmp_path / "a.db"
    sourcekeep("add", url_list, "--archive", archive, "--now", format_instant(START))
    size = value(archive, "PRAGMA page_count")
    limited = (
        "import sys\n"
        "from crawler.archive import opening\n"
        "configure = opening._configure\n"
        "def limit(sql):\n"
        "    configure(sql)\n"
        f"    sql.execute('PRAGMA max_page_count = {size + 6}')\n"
        "opening._configure = limit\n"
        "from crawler.cli import main\n"
        "sys.exit(main())\n"
    )
    done = begin(*crawl_words(archive, START), source=limited).ended(60)
    assert done.code == 1
    assert "cannot be written" in done.err and "full" in done.err
    asked = [r.path for r in web.requests if r.path.startswith("/list/")]
    assert len(asked) < PAGES, "it stops, rather than to ask on for what it cannot keep"
    crawl(archive, LATER)
    assert value(archive, "SELECT count(*) FROM captures WHERE source NOT NULL") == PAGES
    assert value(archive, "PRAGMA integrity_check") == "ok"


def test_scrapy_people_can_run_the_spiders_themselves(
    web: DemoWeb, url_list: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "a.db"

    def scrapy(now: datetime, *words: object) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "scrapy", "crawl", *map(str, words), "-s",
             f"SOURCEKEEP_ARCHIVE={archive}", "-s", "SOURCEKEEP_ALLOW=127.0.0.0/8",
             "-s", "DOWNLOAD_DELAY=0", "-s", f"SOURCEKEEP_NOW={now.isoformat()}"],
            capture_output=True, text=True, env=environment(), timeout=90, check=False,
            cwd=Path(__file__).parent.parent,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    scrapy(START, "entries", "-a", f"input={url_list}")
    scrapy(START.replace(minute=5), "sources")  # what was cited a while after START is due
    assert value(archive, "SELECT count(*) FROM snapshots WHERE words > 10") == PAGES
    reasons = [row["finish_reason"] for row in rows(archive, "SELECT finish_reason FROM runs")]
    assert reasons == ["finished", "finished"]


def below(pid: int | str) -> set[str]:
    """The processes below one, all generations: workers are children of their fork server."""
    found: set[str] = set()
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it ended meanwhile
            found.update(listing.read_text().split())
    return found.union(*map(below, found))


def test_a_run_leaves_no_process_behind(web: DemoWeb, url_list: Path, tmp_path: Path) -> None:
    running = start(tmp_path / "a.db", url_list)
    children: set[str] = set()

    def ended() -> bool:
        children.update(below(running.pid))
        return running.poll() is not None

    wait_for(ended, 60)
    running.communicate()
    assert len(children) > can_fork()
    wait_for(lambda: not any(Path(f"/proc/{child}").exists() for child in children), 10)


def test_a_killed_run_takes_its_workers_along(
    web: DemoWeb, url_list: Path, tmp_path: Path
) -> None:  # fmt: skip
    archive = tmp_path / "a.db"
    running = start(archive, url_list, "--delay", "0.2")
    wait_for(lambda: len(below(running.pid)) > can_fork())
    children = below(running.pid)
    running.kill()
    running.communicate()
    wait_for(lambda: not any(Path(f"/proc/{child}").exists() for child in children), 10)


def test_the_archive_opens_for_reading_while_it_is_written(
    web: DemoWeb, url_list: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "a.db"
    running = start(archive, url_list, "--delay", "0.1")
    try:
        wait_for(lambda: captured(archive))
        with Archive.open_for_reading(archive) as reader:
            assert reader.reading.coverage().sources == PAGES
    finally:
        running.kill()
        running.communicate()
