"""How commands end that are told to, or whose disk is full: nothing half-written stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.cli.ending import ending_in_order
from crawler.exports.destination import new_file, new_folder
from tests.archive_kit import begin, hop, new_archive, source, visit

URL = "https://example.org/harbour"
FULL = Path("/dev/full")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    with new_archive(tmp_path) as made:
        number = source(made, URL)
        visit(made, begin(made), number, hop(URL, b"<p>" + os.urandom(200_000) + b"</p>"))
    return made.path


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGHUP])
def test_an_export_that_is_told_to_end_takes_away_what_it_began(
    tmp_path: Path, told: signal.Signals
) -> None:
    before = signal.signal(told, signal.SIG_DFL)  # the tests may run under nohup
    with (
        pytest.raises(SystemExit) as ended,
        ending_in_order(),
        new_folder(tmp_path / "out", format_name="warc", force=False) as folder,
        new_file(tmp_path / "file", force=False) as file,
    ):
        folder.add("a", b"half")
        file.write(b"half")
        os.kill(os.getpid(), told)
    assert ended.value.code == 128 + told
    assert list(tmp_path.iterdir()) == []
    assert signal.signal(told, before) == signal.SIG_DFL


def test_what_is_to_outlive_its_terminal_does(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_in_order(), new_file(tmp_path / "file", force=False) as file:
            os.kill(os.getpid(), signal.SIGHUP)
            file.write(b"whole")
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (tmp_path / "file").read_bytes() == b"whole"


def run(words: list[str], output: Path) -> subprocess.CompletedProcess[str]:
    with output.open("w") as out:
        return subprocess.run(
            [sys.executable, "-m", "crawler", *words],
            stdout=out, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", [["export", "wacz", "-"], ["status"]])
def test_an_output_that_takes_nothing_more_is_told_in_one_sentence(
    archive: Path, command: list[str]
) -> None:
    done = run([*command, "--archive", str(archive)], FULL)
    assert done.returncode == 1
    assert done.stderr == "sourcekeep: cannot be written: No space left on device\n"


def test_a_disk_too_full_for_reading_is_told_as_such(archive: Path) -> None:
    limited = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
        " sys.argv[0] = 'sourcekeep'; runpy.run_module('crawler', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, "status", "--archive", str(archive)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.endswith(
        "there is no room for the 32 KiB that SQLite needs beside it"
        f" ({archive.name}-shm): is the disk full?\n"
    )
