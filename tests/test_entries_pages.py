"""Which files of a folder are entry pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.entries.pages import PageGroup, find_pages
from crawler.entries.reading import read_page
from crawler.errors import InputNotFound
from crawler.items import Entry


def make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# H\n", encoding="utf-8")


def found(folder: Path) -> list[tuple[str, ...]]:
    return [
        tuple(path.relative_to(folder).as_posix() for path in group.files)
        for group in find_pages(folder)
    ]


def test_a_folder_is_read_in_order_and_twins_are_grouped(tmp_path: Path) -> None:
    make(tmp_path, "b.xml", "b.md", "b.json", "b.html", "a.htm", "c.txt", "c.md", "2017/03/4/d.MD")
    assert found(tmp_path) == [
        ("a.htm",),
        ("b.md", "b.html", "b.json", "b.xml"),
        ("c.md",),
        ("c.txt",),
        ("2017/03/4/d.MD",),
    ]
    groups = list(find_pages(tmp_path))
    assert groups[1].locator == str(tmp_path / "b.md")


def test_readmes_hidden_files_and_other_suffixes_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, "README.md", "x/Readme.html", ".git/a.md", ".b.md")
    make(tmp_path, "photo.jpg", "a.md.orig", "noise", "x/a.md")
    assert found(tmp_path) == [("x/a.md",)]


def test_an_index_is_a_page_like_another(tmp_path: Path) -> None:
    """Generators of sites write `my-post/index.md`; what lists the entries of a day is none."""
    make(tmp_path, "index.md", "my-post/index.html")
    assert found(tmp_path) == [("index.md",), ("my-post/index.html",)]


def test_a_file_is_given_as_it_is(tmp_path: Path) -> None:
    make(tmp_path, "a.md", "a.json", "index.md", "odd.name")
    for name in ("a.md", "index.md", "odd.name"):
        path = tmp_path / name
        assert list(find_pages(path)) == [PageGroup(str(path), (path,))]


def test_symbolic_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    make(tmp_path, "real/a.md", "elsewhere/b.md")
    (tmp_path / "real" / "loop").symlink_to(tmp_path / "real", target_is_directory=True)
    (tmp_path / "real" / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "real" / "dangling.md").symlink_to(tmp_path / "nowhere.md")
    (tmp_path / "real" / "ring").symlink_to(tmp_path / "real" / "ring")
    assert found(tmp_path / "real") == [("a.md",), ("linked/b.md",)]


def test_folders_that_look_like_pages_are_folders(tmp_path: Path) -> None:
    make(tmp_path, "notes.md/a.md")
    assert found(tmp_path) == [("notes.md/a.md",)]


def test_nothing_at_the_path_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputNotFound, match="no such file or folder"):
        find_pages(tmp_path / "nowhere")


def test_an_empty_folder_holds_no_pages(tmp_path: Path) -> None:
    assert list(find_pages(tmp_path)) == []


def test_a_blank_inside_a_query_does_not_end_a_url_in_a_list() -> None:
    entry = read_page(
        b"https://a.example/news tx%5Baction%5D=detail&id=3\n"
        b"https://a.example/other Equal = and & in a label\n",
        "list.txt",
    )
    assert isinstance(entry, Entry)
    assert [citation.url for citation in entry.citations] == [
        "https://a.example/news%20tx%5Baction%5D=detail&id=3",
        "https://a.example/other",
    ]
