"""Hints name the archive that was asked for, so that they can be run as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.cli import COMMANDS, main
from crawler.cli.hints import on_archive
from tests.archive_kit import begin, gone, new_archive, source, visit


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        ("see: sourcekeep history 3", "see: sourcekeep history --archive 'my a.db' 3"),
        ("run sourcekeep crawl, or sourcekeep add X; upgrade sourcekeep",
         "run sourcekeep crawl --archive 'my a.db', or sourcekeep add --archive 'my a.db' X;"
         " upgrade sourcekeep"),
        ("sourcekeep add --archive other.db", "sourcekeep add --archive other.db"),
        ("a page called sourcekeep address", "a page called sourcekeep address"),
    ],
)  # fmt: skip
def test_each_command_that_a_hint_names_is_told_the_archive(problem: str, told: str) -> None:
    assert on_archive(problem, "my a.db", COMMANDS) == told
    assert on_archive(problem, None, COMMANDS) == problem


def test_errors_name_commands_as_they_are_to_be_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_archive(tmp_path, "my a.db") as archive:
        visit(archive, begin(archive), source(archive), gone())
    path = str(archive.path)
    assert main(["show", "1", "--archive", path]) == 2
    assert f"see: sourcekeep history --archive '{path}' 1" in capsys.readouterr().err
    monkeypatch.setenv("SOURCEKEEP_ARCHIVE", path)
    assert main(["show", "1"]) == 2
    assert "see: sourcekeep history 1" in capsys.readouterr().err
    missing = str(tmp_path / "none.db")
    assert main(["status", "--archive", missing]) == 1
    told = capsys.readouterr().err
    assert told.endswith(f"make one with: sourcekeep add --archive {missing} INPUT\n")
