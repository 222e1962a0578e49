"""Files of entries into the ledger: what each of them cites is cited, for as long as it says so."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.archive import Archive
from crawler.errors import InputNotFound
from crawler.intake.files import read_files
from crawler.intake.inputs import add_input, classify_input
from crawler.intake.taking import FetchedPage, Intake, IntakeCounts
from tests.archive_kit import at, rows


def read(archive: Archive, folder: Path, day: int) -> None:
    number = add_input(archive, str(folder), base_url=None, options={}, now=at(days=day))
    (source,) = archive.inputs.enabled([number])
    for _ in read_files(Intake(archive, source, IntakeCounts(), at(days=day))):
        pass


def write(page: Path, *urls: str, headline: str = "The harbour opens") -> None:
    page.parent.mkdir(exist_ok=True, parents=True)
    cited = "".join(f"1. [Paper]({url})\n" for url in urls)
    page.write_text(f"## 2026-03-01\n\n# {headline}\n\nIt opens.\n\n## Sources:\n\n{cited}")


def cited(archive: Archive) -> tuple[set[str], set[str]]:
    """The addresses that are cited, and those that were and no longer are."""
    found = rows(archive, "SELECT url_as_cited AS url, removed_at FROM citations")
    still = {row["url"] for row in found if row["removed_at"] is None}
    return still, {row["url"] for row in found} - still


def test_of_two_files_with_one_day_and_headline_neither_takes_away_what_the_other_cites(
    archive: Archive, tmp_path: Path
) -> None:
    first, second, a = tmp_path / "news" / "a.md", tmp_path / "copies" / "b.md", "http://a.example/"
    write(first, f"{a}1", f"{a}2")
    write(second, f"{a}1", f"{a}3")
    for day, folder in enumerate((first.parent, second.parent, first.parent)):
        read(archive, folder, day)
    assert cited(archive) == ({f"{a}1", f"{a}2", f"{a}3"}, set())
    write(second, f"{a}1")
    read(archive, second.parent, 4)
    assert cited(archive) == ({f"{a}1", f"{a}2"}, {f"{a}3"}), "neither of them says so any more"
    write(first, f"{a}2", headline="The harbour closes")
    read(archive, first.parent, 5)
    write(second, f"{a}4")
    read(archive, second.parent, 6)
    assert cited(archive)[0] == {f"{a}2", f"{a}4"}, "that is another entry by now"


SITE = "http://site.example/"


def fetch(archive: Archive, name: str, day: int, *urls: str, site: str = SITE) -> None:
    """Read what a site answered for the entry, as after a visit."""
    number = add_input(archive, site, base_url=None, options={}, now=at(days=day))
    (source,) = archive.inputs.enabled([number])
    cited = "".join(f'<li><a href="{url}">Paper</a></li>' for url in urls)
    body = (
        "<html><body><main><h2>2026-03-01</h2><h1>The harbour opens</h1><p>It opens.</p>"
        f"<h2>Sources:</h2><ol>{cited}</ol></main></body></html>"
    )
    page = FetchedPage(site + name, body.encode(), "text/html", None)
    assert Intake(archive, source, IntakeCounts(), at(days=day)).take_fetched(page) is not None


def test_a_file_and_the_page_that_a_site_makes_of_it_take_nothing_away_from_each_other(
    archive: Archive, tmp_path: Path
) -> None:
    file, a = tmp_path / "news" / "a.md", "http://a.example/"
    write(file, f"{a}1", f"{a}2")
    read(archive, file.parent, 0)
    fetch(archive, "a", 1, f"{a}1", f"{a}3")
    assert cited(archive) == ({f"{a}1", f"{a}2", f"{a}3"}, set())
    write(file, f"{a}2", f"{a}1")
    read(archive, file.parent, 2)
    fetch(archive, "a", 3, f"{a}1", f"{a}3")
    fetch(archive, "a", 4, f"{a}1", f"{a}4", site="http://mirror.example/")
    assert cited(archive) == ({f"{a}1", f"{a}2", f"{a}3", f"{a}4"}, set())
    ever = "SELECT count(*) AS n FROM citations WHERE last_seen_at < ?"
    assert rows(archive, ever, at(days=4)) == [{"n": 0}]
    assert rows(archive, "SELECT count(*) AS n FROM citations") == [{"n": 4}]

    # What the site says now is what its latest page says, also where that lies elsewhere by now.
    fetch(archive, "moved", 5, f"{a}1")
    assert cited(archive)[1] == {f"{a}3"}
    file.unlink()
    fetch(archive, "moved", 6, f"{a}1")
    assert cited(archive) == ({f"{a}1", f"{a}4"}, {f"{a}2", f"{a}3"})


def test_a_site_that_is_no_input_any_more_does_not_speak_for_its_entries(
    archive: Archive, tmp_path: Path
) -> None:
    file, a = tmp_path / "news" / "a.md", "http://a.example/"
    fetch(archive, "a", 0, f"{a}1")
    write(file, f"{a}2")
    read(archive, file.parent, 1)
    assert cited(archive) == ({f"{a}1", f"{a}2"}, set())
    (site,) = (one for one in archive.inputs.enabled() if one.kind == "url")
    archive.inputs.leave(site.id)
    write(file, f"{a}2", f"{a}3")
    read(archive, file.parent, 2)
    assert cited(archive) == ({f"{a}2", f"{a}3"}, {f"{a}1"})


def test_a_file_that_is_gone_or_no_longer_an_input_does_not_speak_for_its_entry(
    archive: Archive, tmp_path: Path
) -> None:
    old, new, a = tmp_path / "old" / "a.md", tmp_path / "new" / "a.md", "http://a.example/"
    write(old, f"{a}1", f"{a}2")
    read(archive, old.parent, 0)
    new.parent.mkdir()
    old.rename(new)
    write(new, f"{a}1")
    read(archive, new.parent, 1)
    assert cited(archive) == ({f"{a}1"}, {f"{a}2"})
    write(old, f"{a}3")
    read(archive, old.parent, 2)
    assert cited(archive)[0] == {f"{a}1", f"{a}3"}
    archive.inputs.leave(1)
    write(new, f"{a}1", f"{a}4")
    read(archive, new.parent, 3)
    assert cited(archive)[0] == {f"{a}1", f"{a}4"}


def test_a_folder_that_may_not_be_looked_into_is_told_and_the_others_are_read(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "news" / "a.md", "http://a.example/1")
    write(tmp_path / "news" / "shut" / "b.md", "http://a.example/2")
    shut(monkeypatch, tmp_path / "news" / "shut")
    read(archive, tmp_path / "news", 0)
    (problem,) = archive.reading.problems()
    assert problem["locator"] == str(tmp_path / "news" / "shut")
    assert problem["problem"] == "may not be looked into: Permission denied"
    assert cited(archive) == ({"http://a.example/1"}, set())


def test_an_input_behind_a_folder_that_may_not_be_entered_is_refused_in_a_sentence(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "news" / "a.md", "http://a.example/1")
    read(archive, tmp_path / "news", 0)
    shut(monkeypatch, tmp_path)
    (source,) = archive.inputs.enabled()
    with pytest.raises(InputNotFound, match="cannot be read: Permission denied"):
        next(read_files(Intake(archive, source, IntakeCounts(), at())))
    with pytest.raises(InputNotFound, match="cannot be read: Permission denied"):
        classify_input(str(tmp_path / "news"))
    with pytest.raises(InputNotFound, match="no such file"):
        classify_input("~nobody-is-called-so/news")


def shut(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Take away the right to enter a folder, from root too."""
    stat, listing = Path.stat, Path.iterdir

    def refused(path: Path) -> None:
        if folder in path.parents:
            raise PermissionError(errno.EACCES, "Permission denied")

    def stat_or_not(path: Path, **how: bool) -> os.stat_result:
        refused(path)
        return stat(path, **how)

    def list_or_not(path: Path) -> Iterator[Path]:
        refused(path / "any")
        return listing(path)

    monkeypatch.setattr(Path, "stat", stat_or_not)
    monkeypatch.setattr(Path, "iterdir", list_or_not)
