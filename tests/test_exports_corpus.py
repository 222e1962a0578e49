"""Exports of an archive of real pages: nothing is lost, and what is shown is what is held."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt

from crawler.digests import digest_of
from crawler.exports.inert import plain
from crawler.extraction.article import read_payload
from tests.archive_kit import at, begin, cite, entry, hop, new_archive, record, visit
from tests.test_exports_formats import Seen, assert_inert, export, texts

PAGES = 200

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def real(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of every sixth page of the corpus, with their real texts, cited by one entry."""
    listed = [json.loads(line) for line in (corpus / "articles.jsonl").read_text().splitlines()]
    pages = [page for page in listed if page["url"]][:: len(listed) // PAGES][:PAGES]
    with new_archive(tmp_path_factory.mktemp("real")) as archive:
        record(archive, entry(*(cite(page["url"], page["id"]) for page in pages)))
        run = begin(archive)
        for page in pages:
            body = gzip.decompress((corpus / page["html_path"]).read_bytes())
            number = archive.choosing.source(page["url"])
            kept = visit(archive, run, number, hop(page["url"], body))
            found = read_payload(
                body, url=page["url"], content_type="text/html", fetched_on="2026-03-01"
            )
            archive.articles.save(str(kept.final_payload), found.article, now=at())
    return archive.path


def test_json_lines_hold_every_payload_of_real_pages(real: Path, tmp_path: Path) -> None:
    count = 0
    for line in export(real, "jsonl", tmp_path / "out").open():
        known = json.loads(line)
        if "body" in known or "body_base64" in known:
            body = known["body"].encode() if "body" in known else b64decode(known["body_base64"])
            assert digest_of(body) == known["capture"]["payload"]
            count += 1
    assert count > 0.9 * PAGES


def test_markdown_of_real_pages_reads_as_their_text(real: Path, tmp_path: Path) -> None:
    known = {
        line["capture"]["uid"]: line
        for line in map(json.loads, export(real, "jsonl", tmp_path / "lines").open())
    }
    rendered = MarkdownIt("commonmark", {"html": True})
    snapshots = list((export(real, "markdown", tmp_path / "out") / "snapshots").iterdir())
    assert len(snapshots) == len(known)
    for path in snapshots:
        _, front, body = path.read_text().split("---\n", 2)
        line = known[path.stem]
        assert yaml.safe_load(front)["url"] == line["source"]["url"]
        page = rendered.render(body)
        assert {tag for tag, _ in Seen(page).tags} <= {"h1", "p"}, path
        assert " ".join(Seen(page).text.split()).endswith(
            " ".join(plain(line["text"] or "").split())
        ), path


def test_pages_of_html_from_real_pages_are_inert_and_linked(real: Path, tmp_path: Path) -> None:
    folder = export(real, "html", tmp_path / "out")
    for path, text in texts(folder):
        if path.suffix == ".html":
            assert_inert(text, frames=path.parent.name == "pages")
            for _, attributes in Seen(text).tags:
                href = attributes.get("href")
                assert not href or href.startswith("http") or (path.parent / href).exists()
