"""Sources that a web archive keeps, too: asked, told, and read back before it counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.demo.behaviours import Answer, Request, Response, page
from crawler.demo.loopback import LoopbackWeb
from crawler.mementos.replies import Answer as Reply
from crawler.mementos.saving import is_permanent, read_status, read_submission, retry_after
from tests import commands
from tests.crawling import Outcome, crawl, environment, rows, value
from tests.rescue_kit import Kept, Story, Wayback, entry_page, now_at, write_entries

NOW = now_at("2026-03-01T12:00:00Z")
SITE, ARCHIVE = "127.0.0.7", "127.0.0.8"
KEYS = {"SOURCEKEEP_PUSH_KEY": "abc", "SOURCEKEEP_PUSH_SECRET": "s3cret"}


# What the archive says


def said(status: int | None, body: object, **more: Any) -> Reply:
    return Reply("http://a.example/save", status, **more)


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason"),
    [
        (200, {"url": "x", "job_id": "spn2-1"}, "job", ""),
        (200, {"status": "error", "status_ext": "error:blocked-url"}, "error", "blocked-url"),
        (200, {"message": "You need to be logged in"}, "error", "you-need-to-be-logged-in"),
        (200, {"status_ext": "error:too-many-daily-captures"}, "rate-limited",
         "too-many-daily-captures"),
        (401, {}, "keys-refused", "http-401"),
        (429, {}, "rate-limited", "http-429"),
        (502, {}, "down", "http-502"),
        (200, "<html>", "down", "no-json"),
        (None, {}, "down", "failed"),
    ],
)  # fmt: skip
def test_what_comes_of_asking_is_told_apart(
    status: int | None, body: object, kind: str, reason: str
) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    found = read_submission(said(status, body), text)
    assert (found.kind, found.reason) == (kind, reason)


def test_a_success_names_the_capture_and_one_without_a_time_is_none() -> None:
    text = '{"status": "success", "timestamp": "20260301120000", "original_url": "http://a.b/"}'
    found = read_status(said(200, {}), text)
    assert (found.kind, found.memento_datetime, found.original) == (
        "success", "2026-03-01T12:00:00Z", "http://a.b/",
    )  # fmt: skip
    assert read_status(said(200, {}), '{"status": "success"}').kind == "error"
    assert read_status(said(200, {}), '{"status": "pending"}').kind == "pending"


def test_errors_are_tried_again_in_longer_steps_and_not_for_ever() -> None:
    waits = [retry_after(n) for n in range(1, 8)]
    assert waits[0] == timedelta(minutes=10) and waits[1] == timedelta(minutes=30)
    assert all(wait is None or wait <= timedelta(hours=24) for wait in waits)
    assert waits[-1] is None
    assert is_permanent("blocked-url") and not is_permanent("no-captures")


# An archive on loopback


@dataclass
class Saver(Wayback):
    """A Wayback that takes captures of a site; what it does with a job is scripted."""

    page: bytes = b""
    script: list[dict[str, Any]] = field(default_factory=list)  # what it says of jobs, in turn
    keys: str = "LOW abc:s3cret"
    submissions: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer:
        if request.path.startswith("/save"):
            return self._save(request)
        return super().__call__(request)

    def _save(self, request: Request) -> Answer:
        if request.header("authorization") != self.keys:
            return Response(401, (), b"{}")
        if request.path == "/save":
            self.submissions.append({"n": str(len(self.submissions))})
            return _json({"url": "x", "job_id": f"spn2-{len(self.submissions)}"})
        step = self.script.pop(0) if self.script else {"status": "pending"}
        return _json(step)

    def capture(self, url: str, stamp: str, body: bytes) -> dict[str, Any]:
        """Keep a page and return what is said of that."""
        self.captures.setdefault(url, []).append(Kept(stamp, body))
        return {"status": "success", "timestamp": stamp, "original_url": url}


def _json(value: object) -> Response:
    return Response(200, (("Content-Type", "application/json"),), json.dumps(value).encode())


@dataclass
class World:
    web: LoopbackWeb
    saver: Saver
    archive: Path
    url: str
    story: Story

    def words(self, *words: object, now: Any = NOW) -> list[object]:
        line = f"web.archive.org=wayback+http://{ARCHIVE}:{self.web.port};push=6000"
        return [
            "push", "--archive", self.archive, "--now", now.isoformat(), "--allow", "127.0.0.0/8",
            "-s", f"SOURCEKEEP_PUSH_ARCHIVE={line}", "-s", "SOURCEKEEP_WORKERS=1",
            "-s", "DOWNLOAD_TIMEOUT=3", *words,
        ]  # fmt: skip

    def push(self, *words: object, now: Any = NOW, keys: Any = None) -> Outcome:
        done = commands.run(
            [str(word) for word in (*self.words(*words, now=now), "--json")],
            cwd=None, environment=environment(**(KEYS if keys is None else keys)), timeout=60,
        )  # fmt: skip
        return Outcome(done.code, done.out, done.err)

    def row(self) -> dict[str, Any]:
        [row] = rows(self.archive, "SELECT * FROM pushes")
        return row


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    story = Story(4)
    saver = Saver(page=story.page())
    with LoopbackWeb({SITE: page(story.page()), ARCHIVE: saver}, port=0, at=NOW) as web:
        url = f"http://{SITE}:{web.port}/story"
        entry = entry_page(story.title, story.summary(), url, day="2026-03-01")
        crawl(tmp_path / "a.db", NOW, write_entries(tmp_path / "news", {"s": entry}))
        yield World(web, saver, tmp_path / "a.db", url, story)


def test_nothing_is_pushed_that_nobody_chose(world: World) -> None:
    done = world.push()
    assert done.code == 0 and done.json["pushed"] == [] and not world.saver.submissions
    assert value(world.archive, "SELECT push FROM sources") == 0


def test_without_keys_nothing_is_asked(world: World) -> None:
    world.push("--on", world.url)
    done = world.push(keys={})
    assert done.code == 2 and "SOURCEKEEP_PUSH_KEY" in done.err
    assert not world.saver.submissions and world.row()["state"] == "waiting"


def test_a_push_is_confirmed_when_the_memento_was_read_back(world: World) -> None:
    assert world.push("--on", world.url).json["changed"] == 1
    success = world.saver.capture(world.url, "20260301120100", world.story.page())
    world.saver.script = [{"status": "pending"}, success]
    # a run that has no patience leaves what is under way to the next
    first = world.push("-s", "SOURCEKEEP_WAIT_MAX_S=1")
    assert world.row()["state"] == "submitted" and first.code == 0
    assert world.row()["job"] == "spn2-1" and len(world.saver.submissions) == 1
    world.push("-s", "SOURCEKEEP_WAIT_MAX_S=1", now=NOW + timedelta(minutes=1))
    assert world.row()["state"] == "submitted"
    last = world.push("-s", "SOURCEKEEP_WAIT_MAX_S=1", now=NOW + timedelta(minutes=3))
    row = world.row()
    assert (row["state"], row["last_reason"]) == ("confirmed", "read-back"), last.err
    assert len(world.saver.submissions) == 1
    [memento] = rows(world.archive, "SELECT * FROM mementos")
    assert (memento["known_from"], memento["state"], memento["proof"]) == (
        "push", "home", "excerpt",
    )  # fmt: skip
    assert any("20260301120100id_" in r.target for r in world.web.requests)
    kept = Path(world.archive).read_bytes()
    assert b"s3cret" not in kept and b"REDACTED" in kept
    # the good copy is still our own
    origins = rows(world.archive, "SELECT c.origin FROM sources s JOIN captures c"
                   " ON c.id = s.good_capture")  # fmt: skip
    assert origins == [{"origin": "own"}]


@pytest.mark.slow
def test_a_success_of_another_page_is_none(world: World) -> None:
    world.push("--on", world.url)
    other = b"<html><title>Busy</title><p>" + b"Please come back later. " * 40
    world.saver.script = [world.saver.capture(world.url, "20260301120100", other)]
    for minutes in (0, 1):
        world.push("-s", "SOURCEKEEP_WAIT_MAX_S=1", now=NOW + timedelta(minutes=minutes))
    row = world.row()
    assert row["state"] == "waiting" and row["confirmed_at"] is None
    assert row["due_at"] > "2026-03-01T12:05"
    assert value(world.archive, "SELECT state FROM mementos") == "rejected"


@pytest.mark.slow
def test_an_error_for_a_capture_that_is_there_ends_confirmed(world: World) -> None:
    world.push("--on", world.url)
    world.saver.script = [{"status": "error", "status_ext": "error:no-captures"}]
    for minutes in (0, 1):
        world.push("-s", "SOURCEKEEP_WAIT_MAX_S=1", now=NOW + timedelta(minutes=minutes))
    assert world.row()["state"] == "waiting"
    world.saver.capture(world.url, "20260301120500", world.story.page())
    world.push("-s", "SOURCEKEEP_WAIT_MAX_S=1", now=NOW + timedelta(minutes=30))
    assert world.row()["state"] == "confirmed" and len(world.saver.submissions) == 1


@pytest.mark.slow
def test_a_total_refusal_never_blocks_a_crawl(world: World) -> None:
    world.push("--on", world.url)
    world.saver.keys = "LOW other:keys"
    line = f"web.archive.org=wayback+http://{ARCHIVE}:{world.web.port}"
    done = commands.run(
        ["crawl", "--archive", str(world.archive), "--now", "2026-03-02", "--allow", "127.0.0.0/8",
         "--delay", "0", "-s", "SOURCEKEEP_PUSH=1", "-s", f"SOURCEKEEP_PUSH_ARCHIVE={line}",
         "--json"],
        cwd=None, environment=environment(**KEYS), timeout=60,
    )  # fmt: skip
    assert done.code == 0 and json.loads(done.out)["visits"] == 1
    row = world.row()
    assert (row["state"], row["last_reason"], row["attempts"]) == ("waiting", "http-401", 0)
    assert row["due_at"] >= "2026-03-03"


@pytest.mark.slow
def test_what_is_switched_off_or_withheld_is_pushed_no_more(world: World) -> None:
    world.push("--on", world.url)
    world.push("--off", world.url)
    assert world.push().json["pushed"] == [] and world.row()["state"] == "withdrawn"
    assert world.push("--list").code == 0
