"""The spiders that ask others, under plain `scrapy crawl`, and when something in them breaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from crawler.archive import Archive
from crawler.demo.behaviours import page
from crawler.demo.loopback import LoopbackWeb
from tests.commands import Ended
from tests.crawling import begin, rows, scrapy, sourcekeep, value
from tests.rescue_kit import (
    Kept,
    Story,
    Wayback,
    dead_archive,
    entry_page,
    now_at,
    write_entries,
)

NOW = now_at("2026-03-01")
GONE, WAYBACK = "127.0.0.7", "127.0.0.8"
STORIES = tuple(Story(number) for number in range(1, 7))


@dataclass
class Loop:
    """Dead sources of which one archive holds a good copy each."""

    web: LoopbackWeb
    folder: Path

    @property
    def line(self) -> str:
        return f"wb=wayback+http://{WAYBACK}:{self.web.port};index=6000;replay=6000;push=6000"

    def archive(self, name: str, stories: tuple[Story, ...] = STORIES) -> Path:
        urls = {f"http://{GONE}:{self.web.port}/s{story.number}": story for story in stories}
        return dead_archive(self.folder / name, urls, NOW - timedelta(days=1))

    def settings(self, archive: Path, now: datetime) -> list[str]:
        settings = {
            "SOURCEKEEP_ARCHIVE": archive, "SOURCEKEEP_NOW": now.isoformat(),
            "SOURCEKEEP_ALLOW": "127.0.0.0/8", "SOURCEKEEP_RESCUE_ARCHIVES": self.line,
            "SOURCEKEEP_PUSH_ARCHIVE": self.line, "SOURCEKEEP_WORKERS": 1, "DOWNLOAD_DELAY": 0,
            "DOWNLOAD_TIMEOUT": 3,
        }  # fmt: skip
        return [word for name, told in settings.items() for word in ("-s", f"{name}={told}")]

    def scrapy(
        self, archive: Path, *words: object, now: datetime = NOW, **environment_: str
    ) -> str:
        """Run ``scrapy crawl`` to a good end and return its log."""
        done = self.run_scrapy(archive, *words, now=now, **environment_)
        assert done.code == 0, done.err
        return done.err

    def run_scrapy(
        self, archive: Path, *words: object, now: datetime = NOW, **environment_: str
    ) -> Ended:
        """Run ``scrapy crawl`` to its end, whatever that is."""
        return scrapy("crawl", *self.settings(archive, now), *words, **environment_)

    def faulty(self, fault: str, *words: object) -> Ended:
        """Run ``sourcekeep`` with a fault of ours in it."""
        source = f"import sys\n{fault}\nfrom crawler.cli import main\nsys.exit(main())\n"
        return begin(*words, source=source).ended(90)


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    folder, wayback = tmp_path_factory.mktemp("spiders"), Wayback()
    sites = {GONE: page("There is nothing here.", status=404), WAYBACK: wayback}
    with LoopbackWeb(sites, port=0, at=NOW) as web:
        for story in STORIES:
            url = f"http://{GONE}:{web.port}/s{story.number}"
            wayback.captures[url] = [Kept("20170304120000", story.page())]
        yield Loop(web, folder)


def reasons(archive: Path) -> list[str]:
    return [row["finish_reason"] for row in rows(archive, "SELECT finish_reason FROM runs")]


def home(archive: Path) -> int:
    return int(value(archive, "SELECT count(*) FROM rescues WHERE state = 'home'"))


def test_rescue_queues_and_asks_under_plain_scrapy_crawl(loop: Loop) -> None:
    archive = loop.archive("plain.db")
    loop.scrapy(archive, "rescue", "-a", "source=/s2", "-a", "limit=1")
    assert home(archive) == 1
    loop.scrapy(archive, "rescue")
    assert home(archive) == len(STORIES)
    assert reasons(archive)[1:] == ["finished", "finished"]
    text = value(archive, "SELECT text FROM snapshots WHERE origin = 'wb' LIMIT 1")
    assert STORIES[1].sentences()[0] in text


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rescue", "-a", "sources=1"), "`rescue` takes no such argument, but limit, source"),
        pytest.param(("rescue", "-a", "limit=many"), "limit=many: write a number", marks=SLOW),
        pytest.param(("rescue", "-a", "limit=-1"), "limit=-1: write a number", marks=SLOW),
        pytest.param(("rescue", "-a", "limit="), "limit=: write a number", marks=SLOW),
        pytest.param(("moved", "-a", "source="), "source", marks=SLOW),
        pytest.param(("moved", "-a", "source=nowhere.example"), "nowhere.example", marks=SLOW),
        pytest.param(("recheck",), "a second archive is needed", marks=SLOW),
        pytest.param(("recheck", "-a", "wrong=1"), "takes no such argument", marks=SLOW),
        pytest.param(("push", "-a", "limit=1"), "no such argument, but none", marks=SLOW),
        pytest.param(("push",), "set SOURCEKEEP_PUSH_KEY and SOURCEKEEP_PUSH_SECRET", marks=SLOW),
        pytest.param(("sources", "-a", "source=1"), "no such argument, but none", marks=SLOW),
        pytest.param(("entries", "-a", "counts=1"), "base_url, depth, input, since", marks=SLOW),
    ],
)
def test_a_wrong_word_ends_a_spider_before_it_begins_with_one_sentence(
    loop: Loop, words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    archive = loop.archive(f"{tmp_path.name}.db", STORIES[:1])
    before = reasons(archive)
    done = loop.run_scrapy(archive, *words)
    assert done.code == 1 and said in done.err and "Traceback" not in done.err
    assert reasons(archive) == before


def test_a_rescue_that_is_offline_ends_at_once_and_leaves_all_as_it_was(
    loop: Loop, tmp_path: Path
) -> None:
    archive = loop.archive(f"{tmp_path.name}.db")
    words = ["rescue", "--archive", archive, "--now", NOW.isoformat(), "--allow", "127.0.0.0/8",
             "-s", "SOURCEKEEP_WORKERS=1"]  # fmt: skip
    line = "wb=wayback+http://127.0.0.9:9;index=6000;replay=6000"
    away = ["-s", f"SOURCEKEEP_RESCUE_ARCHIVES={line}", "-s", "RETRY_TIMES=0",
            "-s", "SOURCEKEEP_CONTROL_URLS=http://127.0.0.9:9/c"]  # fmt: skip
    queue = "SELECT source, state, attempts, last_result FROM rescues"
    done = sourcekeep(*words, *away, "/s1", "/s2", "/s3", "/s4", "/s5", "/s6")
    assert done.code == 0 and "ended early (offline)" in done.out
    assert len(done.err.splitlines()) == 1 and "seems to be offline" in done.err
    assert reasons(archive)[-1] == "offline"
    asked = "SELECT count(*) FROM fetches WHERE purpose = 'rescue' AND outcome = 'local-fault'"
    assert 1 <= value(archive, asked) <= 4
    waiting = {"state": "waiting", "attempts": 0, "last_result": None}
    assert rows(archive, queue) == [{"source": number} | waiting for number in range(1, 7)]
    assert value(archive, "SELECT count(*) FROM archive_limits WHERE resting_until NOT NULL") == 0
    back = sourcekeep(*words, "-s", f"SOURCEKEEP_RESCUE_ARCHIVES={loop.line}", "--json")
    assert back.code == 0 and home(archive) == len(STORIES)


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--recheck", "--moved"])
def test_the_others_that_ask_end_early_when_offline(loop: Loop, option: str) -> None:
    archive = loop.archive(f"offline{option}.db", STORIES[:3])
    loop.scrapy(archive, "rescue")
    kept = rows(archive, "SELECT evidence FROM mementos ORDER BY id")
    away = "wayback+http://127.0.0.9:9;index=6000;replay=6000"
    words = ["rescue", option, "--archive", archive, "--now", NOW.isoformat(), "--allow",
             "127.0.0.0/8", "-s", f"SOURCEKEEP_RESCUE_ARCHIVES=wb={away},two={away}", "-s",
             "SOURCEKEEP_CONTROL_URLS=http://127.0.0.9:9/c", "-s", "RETRY_TIMES=0", "--proxy",
             "http://127.0.0.9:9"]  # fmt: skip
    done = sourcekeep(*words, "--json")
    assert done.code == 0 and done.json["finish_reason"] == "proxy-away", done.err
    done = sourcekeep(*words[:-2], "--json")
    assert done.code == 0 and done.json["finish_reason"] == "offline", done.err
    assert rows(archive, "SELECT evidence FROM mementos ORDER BY id") == kept


@pytest.mark.slow
def test_a_push_that_is_offline_ends_at_once_and_leaves_its_queue_as_it_was(loop: Loop) -> None:
    archive = loop.archive("offline-push.db", STORIES[:2])
    line = "wb=wayback+http://127.0.0.9:9;index=6000;replay=6000;push=6000"
    told = ["--archive", archive, "-s", f"SOURCEKEEP_PUSH_ARCHIVE={line}"]
    assert sourcekeep("push", "--on", "/s1", "/s2", "--now", NOW.isoformat(), *told).code == 0
    before = rows(archive, "SELECT * FROM pushes")
    keys = {"SOURCEKEEP_PUSH_KEY": "a", "SOURCEKEEP_PUSH_SECRET": "b"}
    log = loop.scrapy(
        archive, "push", *told[2:], "-s", "SOURCEKEEP_CONTROL_URLS=http://127.0.0.9:9/c", **keys
    )
    assert log.count("seems to be offline") == 1 and reasons(archive)[-1] == "offline"
    assert rows(archive, "SELECT * FROM pushes") == before and len(before) == 2


@pytest.mark.slow
def test_push_recheck_and_moved_run_under_plain_scrapy_crawl(loop: Loop) -> None:
    archive = loop.archive("others.db", STORIES[:2])
    keys = {"SOURCEKEEP_PUSH_KEY": "a", "SOURCEKEEP_PUSH_SECRET": "b"}
    loop.scrapy(archive, "rescue")
    loop.scrapy(archive, "moved")
    loop.scrapy(archive, "push", **keys)
    two = f"{loop.line},again={loop.line.partition('=')[2]}"
    loop.scrapy(archive, "recheck", "-s", f"SOURCEKEEP_RESCUE_ARCHIVES={two}")
    assert reasons(archive)[1:] == ["finished"] * 4
    agreed = "SELECT count(*) FROM mementos WHERE evidence ->> 'second_agrees' = 1"
    assert value(archive, agreed) == 2
    asked = [r.path for r in loop.web.requests if r.host == GONE]
    assert "/sitemap.xml" in asked


FAULT = (
    "from crawler.rescue import conducting\n"
    "found = conducting.next_to_fetch\n"
    "def choose(ordered, *more, **others):\n"
    "    if any('/s3' in str(each.original) for each in ordered):\n"
    "        raise RuntimeError('a fault of ours')\n"
    "    return found(ordered, *more, **others)\n"
    "conducting.next_to_fetch = choose\n"
)


KEEPING = (
    "from crawler.archive.elsewhere.testimony import Testimony\n"
    "keep = Testimony.bring_home\n"
    "def bring_home(self, memento, found, graded, *more):\n"
    "    keep(self, memento, found, graded, *more)\n"
    "    if '/s3' in graded.witness.memento.original:\n"
    "        raise RuntimeError('a fault of ours')\n"
    "Testimony.bring_home = bring_home\n"
)


@pytest.mark.parametrize(
    "fault", [FAULT, pytest.param(KEEPING, marks=pytest.mark.slow)], ids=["choosing", "keeping"]
)
def test_a_fault_of_ours_ends_the_run_and_nothing_is_lost(
    loop: Loop, fault: str, tmp_path: Path
) -> None:
    archive = loop.archive(f"{tmp_path.name}.db")
    words = ["rescue", "--archive", archive, "--now", NOW.isoformat(), "--allow", "127.0.0.0/8",
             "-s", f"SOURCEKEEP_RESCUE_ARCHIVES={loop.line}"]  # fmt: skip
    done = loop.faulty(fault, *words)
    assert done.code == 1 and "RuntimeError: a fault of ours" in done.err
    assert reasons(archive)[-1] == "broke"
    kept = home(archive)
    assert kept >= 1  # those that were under way came to their ends
    assert value(archive, "SELECT state FROM rescues WHERE source = 3") == "waiting"
    assert not value(archive, "SELECT count(*) FROM mementos WHERE source = 3 AND state = 'home'")
    assert sourcekeep(*words, "--json").json["still_due"] == 0
    assert home(archive) == len(STORIES)
    assert sourcekeep("verify", "--archive", archive).code == 0


@pytest.mark.parametrize(
    ("option", "fault"),
    [
        ("--recheck", "from crawler.rescue.rechecking import Rechecker as Faulty\nname = '_ask'\n"),
        ("--moved", "from crawler.rescue.moving import Mover as Faulty\nname = '_candidates'\n"),
    ],
)
@pytest.mark.slow
def test_the_others_that_ask_end_as_broken_as_well(loop: Loop, option: str, fault: str) -> None:
    archive = loop.archive(f"broken{option}.db", STORIES[:2])
    loop.scrapy(archive, "rescue")
    two = f"{loop.line},again={loop.line.partition('=')[2]}"
    fault += (
        "async def break_(self, *what):\n    raise RuntimeError('a fault of ours')\n"
        "setattr(Faulty, name, break_)"
    )
    words = ["rescue", option, "--archive", archive, "--now", NOW.isoformat(), "--allow",
             "127.0.0.0/8", "-s", f"SOURCEKEEP_RESCUE_ARCHIVES={two}"]  # fmt: skip
    done = loop.faulty(fault, *words)
    assert done.code == 1 and "RuntimeError: a fault of ours" in done.err
    assert reasons(archive)[-1] == "broke"
    assert sourcekeep("verify", "--archive", archive).code == 0
    assert sourcekeep(*words).code == 0


@pytest.mark.slow
def test_a_crawl_whose_rescue_breaks_ends_as_broken(loop: Loop, tmp_path: Path) -> None:
    story = STORIES[2]
    url = f"http://{GONE}:{loop.web.port}/s{story.number}"
    news = write_entries(tmp_path / "news", {"s": entry_page(story.title, story.summary(), url)})
    archive = tmp_path / "a.db"
    words = ["crawl", "--archive", archive, "--now", NOW.isoformat(), "--allow", "127.0.0.0/8",
             "--delay", "0", "-s", "SOURCEKEEP_RESCUE=1", "-s",
             f"SOURCEKEEP_RESCUE_ARCHIVES={loop.line}", news]  # fmt: skip
    done = loop.faulty(FAULT, *words)
    assert done.code == 1 and "RuntimeError: a fault of ours" in done.err
    assert reasons(archive) == ["broke"]
    assert value(archive, "SELECT last_outcome FROM sources") == "gone"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["SOURCEKEEP_RESCUE=1", "SOURCEKEEP_RESCUE_ARCHIVES=nowhere"], "'nowhere' is no archive"),
        (["SOURCEKEEP_PUSH=1", "SOURCEKEEP_PUSH_ARCHIVE=arquivo.pt"], "takes no captures"),
    ],
)
def test_a_crawl_that_names_no_archive_it_can_ask_does_not_begin(
    tmp_path: Path, more: list[str], said: str
) -> None:
    settings = [word for each in more for word in ("-s", each)]
    done = sourcekeep("crawl", "--archive", tmp_path / "a.db", *settings)
    assert done.code == 2 and said in done.err and not (tmp_path / "a.db").exists()


def test_data_that_cannot_be_worked_with_costs_its_own_source_only(loop: Loop) -> None:
    archive = loop.archive("data.db", STORIES[:3])
    with Archive.open(archive) as opened:
        opened.connection.sql.execute("UPDATE sources SET first_cited_on = '2017-99-99' WHERE id=1")
    done = sourcekeep(
        "rescue", "--archive", archive, "--now", NOW.isoformat(), "--allow", "127.0.0.0/8",
        "-s", f"SOURCEKEEP_RESCUE_ARCHIVES={loop.line}", "-s", "SOURCEKEEP_WORKERS=1", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    endings = {each["source"]: each["ending"] for each in done.json["sources"]}
    assert endings == {1: "none-good", 2: "found", 3: "found"}
    [spoilt] = [each for each in done.json["sources"] if each["source"] == 1]
    assert "2017-99-99" in spoilt["why"]
    [row] = rows(archive, "SELECT state, due_at FROM rescues WHERE source = 1")
    assert row == {"state": "waiting", "due_at": "2026-03-02T00:00:00Z"}


@pytest.mark.slow
def test_a_barred_source_is_refused_when_it_is_named(loop: Loop) -> None:
    archive = loop.archive("barred.db", STORIES[:1])
    assert sourcekeep("add", "--archive", archive, "--never", GONE, "--why", "asked").code == 0
    done = loop.run_scrapy(archive, "moved", "-a", "source=/s1")
    assert done.code == 1 and f"{GONE} is barred; nobody is asked" in done.err
