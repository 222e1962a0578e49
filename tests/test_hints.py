"""Hints name the archive that was asked for, so that they can be run as they stand."""

from __future__ import annotations

import argparse
import ast
import re
from pathlib import Path

import pytest

from crawler import cli
from crawler.cli import COMMANDS, main
from crawler.cli.hints import hint, on_archive
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


def test_what_is_printed_names_commands_as_they_are_to_be_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(*words: str) -> str:
        assert main([*words]) == 0
        return capsys.readouterr().out

    (tmp_path / "day.md").write_text(
        "# A day\n\n2026-01-02\n\n## Sources\n\n- <http://a.example/>\n"
    )
    path = str(tmp_path / "my a.db")
    named = f"--archive '{path}'"
    assert f"next: sourcekeep crawl {named}\n" in said("add", str(tmp_path), "--archive", path)
    assert f"(sourcekeep rescue {named})" in said("status", "--archive", path)
    assert f": sourcekeep push {named} --on SOURCE" in said("push", "--list", "--archive", path)
    bar = said("add", "--never", "a.example", "--why", "asked", "--archive", path)
    assert "never fetched" in bar
    assert f"(sourcekeep add {named} --list)" in said("status", "--archive", path)
    monkeypatch.setenv("SOURCEKEEP_ARCHIVE", path)
    assert "(sourcekeep rescue)" in said("status")


@pytest.mark.parametrize(
    ("archive", "settings", "named"),
    [
        ("b.db", ["SOURCEKEEP_ARCHIVE=a.db"], "--archive b.db "),
        (None, ["SOURCEKEEP_ARCHIVE=a.db", "X=1", "SOURCEKEEP_ARCHIVE=b.db"], "--archive b.db "),
        (None, [], ""),
    ],
)
def test_an_archive_is_named_by_the_option_or_else_by_a_setting(
    archive: str | None, settings: list[str], named: str
) -> None:
    parsed = argparse.Namespace(archive=archive, settings=settings)
    told = hint("begin with: sourcekeep add FILE", parsed)
    assert told == f"begin with: sourcekeep add {named}FILE"


def test_every_command_that_ordinary_output_names_goes_through_the_hint() -> None:
    """A command stands in no text that is printed, or yielded to be, past it."""
    names_one = re.compile("sourcekeep (?:" + "|".join(COMMANDS) + ")( |$)")
    missed = []
    for module in sorted(Path(cli.__file__).parent.glob("*.py")):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        hinted = {id(part) for call in calls(tree, "hint") for part in ast.walk(call)}
        yielded = [node for node in ast.walk(tree) if isinstance(node, ast.Yield)]
        missed += [
            (module.name, text.value)
            for shown in [*calls(tree, "print"), *yielded]
            for text in ast.walk(shown)
            if isinstance(text, ast.Constant) and isinstance(text.value, str)
            and names_one.search(text.value) and id(text) not in hinted
        ]  # fmt: skip
    assert missed == []


def calls(tree: ast.AST, name: str) -> list[ast.Call]:
    return [
        node for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name
    ]  # fmt: skip
