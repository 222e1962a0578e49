"""``sourcekeep pack`` as a person or cron runs it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from crawler.archive import Archive
from tests.archive_kit import new_archive
from tests.crawling import environment, rows, sourcekeep, value
from tests.test_packing import page, show

NOW = "2026-03-01T12:00:00Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with new_archive(tmp_path) as archive:
        for number in range(12):
            show(archive, f"https://a.example/{number}", page("a", number))
    return tmp_path / "archive.db"


def test_it_says_what_it_did_and_then_that_nothing_is_left(path: Path) -> None:
    before = path.stat().st_size
    done = sourcekeep("pack", "--archive", path, "--now", NOW)
    assert done.code == 0 and done.out.startswith("12 payloads packed, 12 stored anew: ")
    assert path.stat().st_size < before
    again = sourcekeep("pack", "--archive", path)
    assert again.code == 0
    assert again.out.startswith("nothing to pack: no payload has come since the last time\n")
    [run] = rows(path, "SELECT finished_at, finish_reason FROM runs WHERE command = 'pack'")
    assert run == {"finished_at": NOW, "finish_reason": "finished"}


def test_the_result_as_json_and_the_quiet_one(path: Path) -> None:
    told = sourcekeep("pack", "--archive", path, "--json").json
    assert (told["finish_reason"], told["payloads"], told["recoded"]) == ("finished", 12, 12)
    assert told["payload_bytes_after"] < told["payload_bytes_before"]
    assert told["file_bytes_after"] == path.stat().st_size < told["file_bytes_before"]
    assert told["damaged"] == []
    quiet = sourcekeep("pack", "--archive", path, "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


def test_a_run_that_was_killed_with_nothing_left_to_do_is_marked_by_the_next(path: Path) -> None:
    sourcekeep("pack", "--archive", path, "--quiet")
    with Archive.open(path) as archive:
        killed = archive.runs.begin("pack", software={}, settings={}, now=NOW)
    assert sourcekeep("pack", "--archive", path, "--json").json["finish_reason"] == "nothing-new"
    assert value(path, "SELECT finish_reason FROM runs WHERE id = ?", killed) == "killed"


def test_a_pack_whose_time_is_over_is_gone_on_with(path: Path) -> None:
    first = sourcekeep("pack", "--archive", path, "--max-time", "0", "--json").json
    assert (first["finish_reason"], first["payloads"]) == ("max-time", 1)
    assert "run it again" in sourcekeep("pack", "--archive", path, "--max-time", "0").out
    rest = sourcekeep("pack", "--archive", path, "--json").json
    assert rest["finish_reason"] == "finished" and rest["payloads"] >= 10
    assert sourcekeep("pack", "--archive", path, "--json").json["finish_reason"] == "nothing-new"


def test_an_empty_archive_has_nothing_to_pack(tmp_path: Path) -> None:
    new_archive(tmp_path).close()
    done = sourcekeep("pack", "--archive", tmp_path / "archive.db")
    assert done.code == 0 and done.out.startswith("nothing to pack")


def test_it_refuses_while_a_run_holds_the_archive(path: Path) -> None:
    with Archive.open(path) as archive, archive.run_lock():
        refused = sourcekeep("pack", "--archive", path)
    assert refused.code == 1 and refused.out == ""
    assert "is at work on it; wait until it ends" in refused.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--archive", "nowhere.db"), 1, "no archive here"),
        (("--archive", "text.db"), 1, "not a SQLite file"),
        (("--max-time", "soon"), 2, "write a whole number"),
    ],
)
def test_what_cannot_be_packed_is_told_in_a_sentence(
    tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "text.db").write_text("no database at all")
    refused = sourcekeep("pack", *words, cwd=tmp_path)
    assert refused.code == code and said in refused.err and "Traceback" not in refused.err


def test_damage_is_named_and_has_its_exit_code(path: Path) -> None:
    with closing(sqlite3.connect(path)) as sql, sql:
        digest = sql.execute("SELECT digest FROM payloads ORDER BY rowid DESC LIMIT 1").fetchone()[
            0
        ]
        sql.execute("UPDATE payloads SET bytes = zeroblob(99) WHERE digest = ?", (digest,))
    done = sourcekeep("pack", "--archive", path)
    assert done.code == 4 and f"damaged, left as it is: {digest}" in done.out
    assert value(path, "SELECT length(bytes) FROM payloads WHERE digest = ?", digest) == 99


def test_an_interrupted_pack_ends_its_run_and_the_next_goes_on(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        for number in range(12):
            show(archive, f"https://host{number}.example/", page(number, number, words=2_000))
    path = tmp_path / "archive.db"
    running = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, "pack", "--archive", str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    _, said = running.communicate(timeout=90)
    assert running.returncode == 1 and "run the same command again to go on" in said
    [ended] = rows(path, "SELECT finish_reason, counts ->> 'recoded' AS recoded FROM runs"
                   " WHERE command = 'pack'")  # fmt: skip
    assert ended["finish_reason"] == "shutdown" and ended["recoded"] == 5
    rest = sourcekeep("pack", "--archive", path, "--json").json
    assert (rest["finish_reason"], rest["recoded"]) == ("finished", 7)


# Ctrl-C while the sixth payload is under way.
INTERRUPTED = """
import os, signal, sys
from crawler.archive.payloads import Payloads
from crawler.cli import main
recode, done = Payloads.recode, []
def counted(*given):
    done.append(given)
    if len(done) > 5:
        signal.raise_signal(signal.SIGINT)
    return recode(*given)
Payloads.recode = counted
sys.exit(main())
"""
