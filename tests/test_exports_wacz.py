"""WACZ: what is in the file, and that ``wacz validate`` has nothing against it."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from crawler.archive import Archive, Selection
from crawler.exports import wacz
from crawler.exports.order import Order
from tests.archive_kit import (
    GOOD,
    NOW,
    URL,
    article,
    at,
    begin,
    fill,
    hop,
    new_archive,
    source,
    visit,
)
from tests.oracles import program
from tests.test_exports_warc import export

TITLE, TEXT = "Mexico opens centers", "The consulates offer legal help."


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with new_archive(tmp_path_factory.mktemp("filled")) as archive:
        fill(archive)
    return archive.path


def made(archive: Path, *, max_size_bytes: int = 10**9, **asked: Any) -> bytes:
    out = BytesIO()
    with (
        Archive.open_for_reading(archive) as opened,
        opened.selecting.select(Selection(**asked)) as selected,
    ):
        wacz.write(selected, out, Order(NOW, max_size_bytes=max_size_bytes))
    return out.getvalue()


@pytest.fixture(scope="module")
def whole(filled: Path) -> bytes:
    return made(filled)


def inside(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as package:
        assert package.testzip() is None
        return {name: package.read(name) for name in package.namelist()}


def lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def test_it_holds_the_same_warc_as_the_folder(whole: bytes, filled: Path, tmp_path: Path) -> None:
    [file] = export(filled, tmp_path / "out")
    found = inside(whole)
    assert found[f"archive/{file.name}"] == file.read_bytes()
    with zipfile.ZipFile(BytesIO(whole)) as package:
        stored = {i.filename for i in package.infolist() if i.compress_type == zipfile.ZIP_STORED}
    assert stored == {f"archive/{file.name}", "indexes/index.cdx.gz"}


def test_a_page_has_its_title_and_its_text_once(whole: bytes) -> None:
    head, *pages = lines(inside(whole)["pages/pages.jsonl"])
    assert head["format"] == "json-pages-1.0" and head["hasText"]
    assert [(p["url"], p["ts"], p["title"], p.get("text")) for p in pages] == [
        (URL + "?final", at(), TITLE, TEXT),
        (URL + "?final", at(hours=1), TITLE, None),
        (URL, at(hours=3), TITLE, None),
    ]  # neither the redirect, nor the 404, nor robots.txt


def test_every_file_is_listed_with_its_digest(whole: bytes) -> None:
    found = inside(whole)
    listed = json.loads(found["datapackage.json"])
    assert listed["wacz_version"] == "1.1.1"
    assert {r["path"]: (r["hash"], r["bytes"]) for r in listed["resources"]} == {
        name: (f"sha256:{hashlib.sha256(data).hexdigest()}", len(data))
        for name, data in found.items()
        if not name.startswith("datapackage")
    }
    digest = json.loads(found["datapackage-digest.json"])
    assert digest["hash"] == f"sha256:{hashlib.sha256(found['datapackage.json']).hexdigest()}"


def test_a_long_index_is_read_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wacz, "LINES_A_BLOCK", 3)
    with new_archive(tmp_path) as archive:
        run = begin(archive)
        for number in range(10):
            url = f"https://e.example/{number}"
            visit(archive, run, source(archive, url), hop(url))
    found = inside(made(archive.path))
    index = found["indexes/index.cdx.gz"]
    head, *places = found["indexes/index.idx"].decode().splitlines()
    assert json.loads(head.removeprefix("!meta 0 "))["filename"] == "index.cdx.gz"
    blocks = []
    for place in places:
        key, stamp, told = place.split(" ", 2)
        at_ = json.loads(told)
        block = gzip.decompress(index[at_["offset"] : at_["offset"] + at_["length"]]).decode()
        assert block.startswith(f"{key} {stamp} ")
        blocks.append(block)
    assert [block.count("\n") for block in blocks] == [3, 3, 3, 1]
    assert gzip.decompress(index).decode() == "".join(blocks)


def test_several_warcs_lie_in_one_file(filled: Path) -> None:
    found = inside(made(filled, max_size_bytes=3_000))
    files = [name for name in found if name.startswith("archive/")]
    assert len(files) > 2
    index = gzip.decompress(found["indexes/index.cdx.gz"]).decode()
    for line in index.splitlines():
        place = json.loads(line.split(" ", 2)[2])
        start = int(place["offset"])
        record = found[f"archive/{place['filename']}"][start : start + int(place["length"])]
        assert f"WARC-Target-URI: {place['url']}\r\n" in gzip.decompress(record).decode()


def test_what_is_withheld_has_no_text_in_it(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        forbidden = hop(response_headers=(("X-Robots-Tag", "noarchive"),))
        kept = visit(archive, begin(archive), source(archive), forbidden)
        archive.articles.save(str(kept.final_payload), article(), now=at())
    public = inside(made(archive.path, public=True))
    everything = b"".join(
        gzip.decompress(data) if name.endswith(".gz") else data for name, data in public.items()
    )
    assert TEXT.encode() not in everything and GOOD not in everything
    assert TEXT.encode() in inside(made(archive.path))["pages/pages.jsonl"]


def test_it_can_be_written_where_nobody_can_seek(filled: Path) -> None:
    words = ["export", "wacz", "-", "--archive", filled, "--now", at()]
    done = subprocess.run(
        [sys.executable, "-m", "crawler", *words], check=True, capture_output=True
    )
    assert set(inside(done.stdout)) == set(inside(made(filled)))


# ------------------------------------------------------------------ what others say

# The validator is called in a process of its own for all files of a test: it takes a second to
# begin. It answers one line a file.
_VALIDATE = """
import contextlib, io, sys
from wacz.main import main
for path in sys.stdin.read().splitlines():
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            verdict = main(["validate", "-f", path])
    except BaseException as exc:
        verdict = type(exc).__name__
    print("valid" if verdict == 0 else f"invalid {verdict}", flush=True)
"""


@pytest.fixture(scope="module")
def validated(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[bytes]], list[str]]:
    python = program("wacz", "python")

    def validated(files: list[bytes]) -> list[str]:
        folder = tmp_path_factory.mktemp("validate")
        paths = [folder / f"{number}.wacz" for number in range(len(files))]
        for path, data in zip(paths, files, strict=True):
            path.write_bytes(data)
        done = subprocess.run(
            [python, "-c", _VALIDATE], input="\n".join(map(str, paths)), text=True, check=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return done.stdout.splitlines()

    return validated


def test_wacz_validate_finds_it_valid(
    whole: bytes, filled: Path, validated: Callable[[list[bytes]], list[str]]
) -> None:
    assert (
        validated([whole, made(filled, max_size_bytes=3_000), made(filled, public=True)])
        == ["valid"] * 3
    )


def changed(data: bytes, changes: int, seed: int) -> list[tuple[int, bytes]]:
    """The file with one byte changed, so many times, and the place of each."""
    rnd, found = random.Random(seed), []
    for _ in range(changes):
        place = rnd.randrange(len(data))
        other = bytearray(data)
        other[place] ^= rnd.randrange(1, 256)
        found.append((place, bytes(other)))
    return found


def unnoticed(
    whole: bytes, validated: Callable[[list[bytes]], list[str]], changes: int, seed: int
) -> list[int]:
    """The places at which a changed byte is noticed by nobody; none of them changes content."""
    asked = changed(whole, changes, seed)
    verdicts = validated([data for _, data in asked])
    passed = [place for place, verdict in zip(asked, verdicts, strict=True) if verdict == "valid"]
    for place, data in passed:
        assert inside(data) == inside(whole), f"{place}: content has changed, and nobody said so"
    return [place for place, _ in passed]


def structure(data: bytes) -> int:
    """How many bytes are the ZIP itself, and not content."""
    with zipfile.ZipFile(BytesIO(data)) as package:
        return len(data) - sum(info.compress_size for info in package.infolist())


def test_a_changed_byte_is_noticed_unless_it_is_the_zip_itself(
    whole: bytes, validated: Callable[[list[bytes]], list[str]]
) -> None:
    share = structure(whole) / len(whole)
    assert len(unnoticed(whole, validated, 100, seed=1)) <= 100 * share + 2


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_of_a_thousand_changed_bytes_only_some_of_the_zip_itself_pass(
    whole: bytes, validated: Callable[[list[bytes]], list[str]]
) -> None:
    found = unnoticed(whole, validated, 1000, seed=2)
    print(f"{len(found)} of 1,000 unnoticed; {structure(whole)} of {len(whole)} bytes are the ZIP")
    assert len(found) <= 1000 * structure(whole) / len(whole)
