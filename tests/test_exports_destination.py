"""Where exports go: whole or not at all, nothing replaced unasked, no link followed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from crawler.errors import ExportNotWritten, UsageError
from crawler.exports.destination import MARKER, Folder, new_file, new_folder


def make_file(path: Path, content: bytes = b"new", *, force: bool = False) -> None:
    with new_file(path, force=force) as file:
        file.write(content)


def make_folder(path: Path, *names: str, force: bool = False) -> None:
    with new_folder(path, format_name="test", force=force) as folder:
        for name in names or ("a.txt", "sub/b.txt"):
            folder.add(name, b"new")


def left_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_a_file_stands_under_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with new_file(path, force=False) as file:
        file.write(b"half")
        file.flush()
        assert not path.exists()
    assert path.read_bytes() == b"half" and left_in(tmp_path) == ["out.jsonl"]


def test_an_export_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), new_file(tmp_path / "out", force=False) as file:
        file.write(b"half")
        raise ZeroDivisionError
    with pytest.raises(KeyboardInterrupt), new_folder(
        tmp_path / "folder", format_name="test", force=False
    ) as folder:  # fmt: skip
        folder.add("a", b"half")
        raise KeyboardInterrupt
    assert left_in(tmp_path) == []


def test_what_is_there_is_replaced_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with pytest.raises(UsageError, match="is there already; replace it with --force"):
        make_file(path)
    assert path.read_bytes() == b"old"
    make_file(path, force=True)
    assert path.read_bytes() == b"new"


def test_what_came_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with (
        pytest.raises(UsageError, match="is there already"),
        new_file(path, force=False) as file,
    ):
        file.write(b"new")
        path.write_bytes(b"somebody else's")
    assert path.read_bytes() == b"somebody else's" and left_in(tmp_path) == ["out"]


def test_a_failed_replacement_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), new_file(path, force=True):
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("force", [False, True])
def test_links_are_not_followed(tmp_path: Path, force: bool) -> None:
    target, folder = tmp_path / "target", tmp_path / "elsewhere"
    target.write_bytes(b"old")
    folder.mkdir()
    for name, to in (("file", target), ("folder", folder), ("broken", tmp_path / "nothing")):
        (tmp_path / name).symlink_to(to)
        for make in (make_file, make_folder):
            with pytest.raises(UsageError, match="is a link, which is not followed"):
                make(tmp_path / name, force=force)
    assert target.read_bytes() == b"old" and left_in(folder) == []


@pytest.mark.parametrize("force", [False, True])
def test_places_that_will_not_do_are_refused(tmp_path: Path, force: bool) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe")
    for place, sentence, make in (
        ("folder", "is a folder; name a file", make_file),
        ("pipe", "is no ordinary file", make_file),
        ("file", "is a file; this format needs a folder", make_folder),
        ("none/x", "does not exist", make_file),
        ("none/x", "does not exist", make_folder),
        ("nul\0", "no place for an export", make_file),
    ):
        with pytest.raises(UsageError, match=sentence):
            make(tmp_path / place, force=force)


def test_a_folder_appears_whole_and_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with new_folder(path, format_name="test", force=False) as folder:
        folder.add("a.txt", b"x")
        assert not path.exists()
    assert left_in(path) == ["a.txt", MARKER]
    assert (path / MARKER).read_text() == '{"format": "test", "files": 1}\n'
    assert stat.S_IMODE(path.stat().st_mode) & 0o700 == 0o700


def test_an_empty_folder_is_filled_and_an_export_is_replaced_by_force(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.mkdir()
    make_folder(path)
    with pytest.raises(UsageError, match="holds an export already; replace it with --force"):
        make_folder(path)
    make_folder(path, "other.txt", force=True)
    assert left_in(path) == ["other.txt", MARKER] and left_in(tmp_path) == ["out"]


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_that_holds_other_things_is_never_replaced(tmp_path: Path, force: bool) -> None:
    path = tmp_path / "out"
    make_folder(path)
    (path / "sub" / "thesis.txt").write_text("three years of work")
    with pytest.raises(UsageError, match="holds other things; name a new folder"):
        make_folder(path, force=force)
    assert (path / "sub" / "thesis.txt").exists()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("three years of work")
    with pytest.raises(UsageError, match="holds other things"):
        make_folder(tmp_path / "home", force=force)


def test_an_export_is_not_put_over_what_was_filled_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with (
        pytest.raises(UsageError, match="holds other things"),
        new_folder(path, format_name="test", force=False) as folder,
    ):
        folder.add("a", b"x")
        path.mkdir()
        (path / "thesis.txt").write_text("three years of work")
    assert left_in(path) == ["thesis.txt"] and left_in(tmp_path) == ["out"]


@pytest.mark.parametrize(
    "name",
    ["../a", "/etc/passwd", "a/../../b", "a\0b", "A", "a b", ".hidden", "", "a/", "x" * 200,
     "a\\b", "c:a", "sub/.x", "a..b", "é"],
)  # fmt: skip
def test_a_format_cannot_write_outside_whatever_name_it_makes(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no name for a file"):
        Folder(tmp_path).add(name, b"x")
    assert left_in(tmp_path) == []


def test_a_name_that_comes_twice_is_an_error(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.add("a", b"x")
    with pytest.raises(FileExistsError):
        folder.add("a", b"y")


def test_a_disk_that_refuses_is_one_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(ExportNotWritten, match="the export cannot be written: No space left"),
        new_file(tmp_path / "out", force=False),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"x")
    assert left_in(tmp_path) == []
