"""Real pages under their own names, served by the corpus' replay proxy on loopback."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from crawler.urls import parse_url, unwrap_archive_url, urlkey
from tests.crawling import Outcome, crawl, rows, sourcekeep, value

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("corpus"), pytest.mark.timeout(600)]

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
LATER = timedelta(days=120)  # when all are due again, whatever was seen of them
ENTRIES = 400


@pytest.fixture(scope="module")
def proxy(corpus: Path) -> Iterator[str]:
    served = subprocess.Popen(
        [sys.executable, str(corpus / "replay_proxy.py"), "--port", "0"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert served.stdout is not None
    port = re.search(r":(\d+),", served.stdout.readline())
    assert port is not None
    yield f"http://127.0.0.1:{port[1]}"
    served.kill()
    served.communicate()


def crawl_by(proxy: str, archive: Path, now: datetime, *words: object) -> Outcome:
    return crawl(
        archive, now, *words, "--proxy", proxy, "-s", "SOURCEKEEP_WORKERS=2", timeout=500
    )  # fmt: skip


@pytest.fixture(scope="module")
def expected(corpus: Path) -> dict[str, str]:
    """The digest of each article URL of the corpus that a crawl of its own URL can reach."""
    digests = {}
    for line in (corpus / "articles.jsonl").read_text(encoding="utf-8").splitlines():
        article = json.loads(line)
        if article["url"]:
            digests[article["url"]] = f"sha256:{article['sha256']}"
    return digests


@pytest.fixture(scope="module")
def articles(
    proxy: str, expected: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Outcome]:
    """An archive after one crawl of a list of all article URLs."""
    folder = tmp_path_factory.mktemp("articles")
    listed = folder / "urls.txt"
    listed.write_text("\n".join(expected) + "\n", encoding="utf-8")
    return folder / "a.db", crawl_by(proxy, folder / "a.db", NOW, listed)


def unreachable(url: str) -> bool:
    """Whether a citation of this URL is, on purpose, no request for just this URL.

    An archive link is split, and its original is the source; and `/.` at the end of a path is
    removed before any browser or crawler asks for it, but not by the proxy's index.
    """
    return unwrap_archive_url(parse_url(url)) is not None or urlsplit(url).path.endswith("/.")


def test_every_article_of_the_corpus_is_kept_byte_for_byte(
    articles: tuple[Path, Outcome], expected: dict[str, str]
) -> None:
    archive, outcome = articles
    assert outcome.json["finish_reason"] == "finished"
    kept = {  # what is no article, a wall say, is kept like the others
        (row["urlkey"], row["payload"])
        for row in rows(
            archive, "SELECT s.urlkey, c.payload FROM sources s JOIN captures c ON c.source = s.id"
        )
    }
    wrong = [
        url
        for url, digest in expected.items()
        if not unreachable(url) and (urlkey(parse_url(url)), digest) not in kept
    ]
    assert wrong == []
    assert sum(map(unreachable, expected)) <= 20  # so that the exception stays one


def test_every_page_of_the_corpus_gets_an_article_row(articles: tuple[Path, Outcome]) -> None:
    archive, _ = articles
    assert value(
        archive,
        "SELECT count(*) FROM sources s JOIN captures c ON c.id = s.good_capture"
        " LEFT JOIN articles a ON a.payload = c.payload WHERE a.id IS NULL",
    ) == 0  # fmt: skip
    assert value(archive, "SELECT count(*) FROM articles WHERE status = 'failed'") == 0
    assert value(archive, "SELECT count(*) FROM articles WHERE words >= 50") > 1150


def test_a_second_run_over_the_corpus_adds_only_revisits(
    proxy: str, articles: tuple[Path, Outcome]
) -> None:
    archive, first = articles
    payloads = value(archive, "SELECT count(*) FROM payloads")
    again = crawl_by(proxy, archive, NOW + LATER).json
    assert again["visits"] == first.json["visits"]
    assert again["new_captures"] == 0 and again["articles"] == 0
    assert value(archive, "SELECT count(*) FROM payloads") == payloads


def test_a_folder_of_real_entries_fills_the_ledger_and_the_fetches(
    proxy: str, corpus: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "news"
    folder.mkdir()
    with gzip.open(corpus / "entries" / "zh-entries.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line, _ in zip(lines, range(ENTRIES), strict=False):
            entry = json.loads(line)
            text = entry["versions"][-1]["text"]
            (folder / f"{entry['id']}.md").write_text(text, encoding="utf-8")
    archive = tmp_path / "a.db"
    outcome = crawl_by(proxy, archive, NOW, folder).json
    assert outcome["finish_reason"] == "finished" and outcome["intake"]["problems"] == 0
    assert value(archive, "SELECT count(*) FROM entries") >= ENTRIES - 2
    sources = value(archive, "SELECT count(*) FROM sources")
    assert outcome["visits"] == sources > 200
    assert sum(outcome["outcomes"].values()) == sources
    coverage = sourcekeep("status", "--json", "--archive", archive).json["coverage"]
    assert coverage["sources_held"] + coverage["sources_failing"] == sources
    assert coverage["sources_never_fetched"] == 0
    assert value(archive, "SELECT count(*) FROM sources WHERE due_at <= last_fetched_at") == 0
