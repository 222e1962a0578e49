"""What the tests share: archives, the demo web, a clock that stands, and the corpus if present."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.archive import Archive
from crawler.demo import DemoWeb
from tests.archive_kit import begin, fill, new_archive
from tests.crawling import sourcekeep

ROOT = Path(__file__).resolve().parent.parent

# Files whose tests wait or compute for long, those first that do for longest. Left to the number of
# their tests they would be begun last, and at the end of a run its workers wait for one another.
LONG = (
    "test_curfew", "test_catalogue", "test_pace", "test_crash", "test_datasette_lines",
    "test_extraction_pool", "test_running", "test_publish", "test_packing_crash", "test_capture",
    "test_transfers", "test_robots", "test_crash_sweep", "test_cli", "test_egress",
    "test_power_loss", "test_rescue_spiders", "test_tls", "test_schema", "test_reports",
    "test_merge", "test_clock_set", "test_inspect_browser", "test_replay_browser",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long files; within a file, and among the others, the order stays."""
    rank = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(LONG)))


def shared_folder() -> Path:
    """The folder beside the project that holds the corpus and the seeds, present or not."""
    return Path(os.environ.get("SOURCEKEEP_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def corpus() -> Path:
    folder = shared_folder() / "corpus"
    if not (folder / "articles.jsonl").exists():
        pytest.skip("the corpus of real pages is not present (set SOURCEKEEP_SHARED)")
    return folder


@pytest.fixture(scope="session")
def seeds() -> Path:
    folder = shared_folder() / "seeds"
    if not folder.exists():
        pytest.skip("the seed entries are not present (set SOURCEKEEP_SHARED)")
    return folder


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """A fresh archive, open for writing."""
    with new_archive(tmp_path) as made:
        yield made


@pytest.fixture
def run(archive: Archive) -> int:
    """A run of that archive, which has begun."""
    return begin(archive)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with a little of everything; the tests of a module share it."""
    with new_archive(tmp_path_factory.mktemp("filled")) as made:
        fill(made)
    return made.path


@pytest.fixture
def web() -> Iterator[DemoWeb]:
    """The demo web on its first day."""
    with DemoWeb() as running:
        yield running


@dataclass(frozen=True)
class Demonstrated:
    """What ``sourcekeep demo`` left; read it only, because all tests share it."""

    archive: Path
    out: str


@pytest.fixture(scope="session")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> Demonstrated:
    """The demo, run once for all workers, over the archive of a demo before it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "demonstrated"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "out").exists():
            with Archive.open(folder / "demo.db", create=True) as before:
                before.inputs.add("url", "http://127.0.0.1:1/", now="2026-02-20T08:00:00Z")
            done = sourcekeep("demo", cwd=folder)
            assert done.code == 0, done.err
            (folder / "out").write_text(done.out, encoding="utf-8")
    return Demonstrated(folder / "demo.db", (folder / "out").read_text(encoding="utf-8"))
